"""Matcher for credentials that a `Shape` describes: prefixes with a body of known characters and length."""

import re
from collections.abc import Callable, Iterator, Sequence

from pipeline.wire.reference.redact_boundaries import Span, bounded_left, bounded_right
from pipeline.wire.rules import Run, Shape


def shapes(descriptions: Sequence[Shape]) -> Callable[[bytes], Iterator[Span]]:
    """Return the matcher of all these shapes.

    Linear: the boundary before a match is checked before anything is read, what is refused is bounded by the least lengths, and
    what matches is not read again.
    """
    matchers = [(_trigger(shape), shape.ignore_case, _matcher(shape)) for shape in descriptions]

    def spans(text: bytes) -> Iterator[Span]:
        for trigger, ignore_case, matcher in matchers:
            if trigger in (text.lower() if ignore_case else text):
                yield from matcher(text)

    return spans


def _trigger(shape: Shape) -> bytes:
    literal = next(piece for piece in shape.pieces if isinstance(piece, bytes))
    return literal.lower() if shape.ignore_case else literal


def _matcher(shape: Shape) -> Callable[[bytes], Iterator[Span]]:
    at = next(index for index, piece in enumerate(shape.pieces) if isinstance(piece, bytes))
    anchor = _expression(shape.pieces[at], ignore_case=shape.ignore_case)
    before = re.compile(rb"".join(_expression(piece) for piece in shape.pieces[:at]) + rb"\Z")
    reach = sum(piece.most or piece.least for piece in shape.pieces[:at] if isinstance(piece, Run))
    literal = re.compile(anchor)
    whole = re.compile(
        rb"(%b)%b"
        % (
            rb"".join(_expression(piece, ignore_case=shape.ignore_case) for piece in shape.pieces[at : at + shape.kept]),
            rb"".join(_expression(piece, ignore_case=shape.ignore_case) for piece in shape.pieces[at + shape.kept :]),
        )
    )

    def spans(text: bytes) -> Iterator[Span]:
        found = literal.search(text)
        while found is not None:
            resume = found.start() + 1
            start = _start(text, found.start())
            match = None if start is None else whole.match(text, found.start())
            if start is not None and match is not None and (not shape.right or bounded_right(text, match.end())):
                yield (match.end(1) if shape.kept else start), match.end()
                resume = match.end()
            found = literal.search(text, resume)

    def _start(text: bytes, anchor_start: int) -> int | None:
        lead = before.search(text, max(0, anchor_start - reach), anchor_start)
        if lead is None or (shape.left and not bounded_left(text, lead.start())):
            return None
        return lead.start()

    return spans


def _expression(piece: bytes | Run, *, ignore_case: bool = False) -> bytes:
    if isinstance(piece, bytes):
        return (b"(?i:%b)" if ignore_case else b"%b") % re.escape(piece)
    most = b"" if piece.most is None else b"%d" % piece.most
    return b"[%b]{%d,%b}+" % (re.escape(piece.characters), piece.least, most)

"""A line of a source with a run of carets under the offending part and every secret replaced."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

REDACTED: Final = "[REDACTED]"

_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What YAML counts as the end of a line."""


class Excerpt(NamedTuple):
    """What to print, and where its carets stand, counted from 0."""

    line: int
    text: str
    caret: int
    width: int


def split_lines(text: str) -> list[str]:
    """Return the lines as YAML counts them."""
    return _BREAK.split(text)


def draw(text: str, line: int, col: int, end_col: int, hidden: Sequence[tuple[int, int]]) -> Excerpt:
    """Return the excerpt of a line. Columns start at 1, ends are exclusive; a tab is shown as four spaces."""
    shown = ""
    caret = stop = None
    start = 1
    for end, piece in _pieces(text, hidden):
        if start <= col < end:
            caret = len(shown)
        shown += piece
        if start < end_col <= end:
            stop = len(shown)
        start = end
    caret = len(shown) if caret is None else caret
    return Excerpt(line, shown.rstrip(), caret, max((len(shown) if stop is None else stop) - caret, 1))


def _pieces(text: str, hidden: Sequence[tuple[int, int]]) -> Iterator[tuple[int, str]]:
    """Yield what stands for each column or hidden run, with the column after it."""
    col = 1
    while col <= len(text):
        run = col
        while longer := max((end for start, end in hidden if start <= run < end), default=0):
            run = longer
        if run > col:
            yield run, REDACTED
            col = run
        else:
            yield col + 1, _visible(text[col - 1])
            col += 1


def _visible(character: str) -> str:
    if character == "\t":
        return "    "
    return character if character.isprintable() else "\ufffd"

"""JSON inside a string, read in place: where its members, strings and bare words stand, so that an edit leaves all else alone.

The reader is tolerant. It also takes what loggers print that is not quite JSON: several values in a row, single quotes, bare
names and words (`{'user': None}`), a trailing comma. Whatever it can't follow is no JSON, and is scanned as plain text.
"""

import re
from typing import Final, Literal

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 32

_TOKEN: Final = re.compile(
    rb"[ \t\r\n]*+(?:([{\[])|([}\]])|(,)|(:)|(\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+')|([A-Za-z0-9_.+-]++))", re.DOTALL
)
_SPACE: Final = re.compile(rb"[ \t\r\n]*+")
_ESCAPES: Final = dict(zip(b"nrtbf", (b"\n", b"\r", b"\t", b"\b", b"\f"), strict=True))
_UNICODE: Final = re.compile(rb"u([0-9A-Fa-f]{4})(?:(?<=[dD][89abAB]..)\\u([dD][c-fC-F][0-9A-Fa-f]{2}))?", re.DOTALL)


class Node:
    """A value: `text[start:end]`, quotes and brackets included."""

    __slots__ = ("end", "kind", "members", "start")

    def __init__(self, kind: Literal["object", "array", "string", "bare"], start: int, end: int = 0) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.members: list[Member] = []


class Member:
    """A member of an object, or an element of an array (which has no name)."""

    __slots__ = ("name", "value")

    def __init__(self, name: Node | None, value: Node) -> None:
        self.name = name
        self.value = value

    @property
    def start(self) -> int:
        """Where it starts."""
        return self.value.start if self.name is None else self.name.start

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.value.end


def read(text: bytes) -> list[Node] | None:
    """Return the objects and arrays that the text is made of, or None when it is no JSON."""
    if len(text) > MAX_BYTES or not _looks_like_json(text):
        return None
    roots: list[Node] = []
    open_: list[Node] = []
    name: Node | None = None
    expected = "value"  # or "colon" behind a name, "comma" behind a member
    at = 0
    while (token := _TOKEN.match(text, at)) is not None:
        at = token.end()
        opening, closing, comma, colon, string, _ = token.groups()
        start = token.start(token.lastindex or 0)
        if closing:
            if not open_ or text[open_[-1].start] != {0x7D: 0x7B, 0x5D: 0x5B}[closing[0]] or name is not None:
                return None
            open_.pop().end = at
            expected = "comma" if open_ else "value"
        elif comma or colon:
            if not open_ or expected != ("comma" if comma else "colon"):
                return None
            expected = "value"
        elif expected != "value":
            return None
        elif not opening and open_ and open_[-1].kind == "object" and name is None:
            name, expected = Node("string" if string else "bare", start, at), "colon"
        else:
            if not opening and not open_:
                return None
            kind: Literal["object", "array", "string", "bare"]
            kind = ("object" if opening == b"{" else "array") if opening else "string" if string else "bare"
            node = Node(kind, start, at)
            if not open_:
                roots.append(node)
            elif open_[-1].kind == "object" and name is None:
                return None
            else:
                open_[-1].members.append(Member(name, node))
            name = None
            if opening:
                open_.append(node)
                if len(open_) > MAX_DEPTH:
                    return None
            else:
                expected = "comma"
    return roots if not open_ and _SPACE.fullmatch(text, at) else None


def _looks_like_json(text: bytes) -> bool:
    inner = text.strip(b" \t\r\n")
    return (inner[:1], inner[-1:]) in ((b"{", b"}"), (b"[", b"]"))


def content(text: bytes, node: Node) -> tuple[bytes, list[int] | range]:
    """Return what a name or value says, unescaped, and where each of its bytes (and its end) stands in `text`."""
    quoted = node.kind == "string"
    start, end = node.start + quoted, node.end - quoted
    if not quoted or text.find(b"\\", start, end) < 0:
        return text[start:end], range(start, end + 1)
    said = bytearray()
    places: list[int] = []
    at = start
    while at < end:
        stop, piece = _unescaped(text, at) if text[at] == 0x5C else (at + 1, text[at : at + 1])
        said += piece
        places += [at] * len(piece)
        at = stop
    return bytes(said), [*places, end]


def _unescaped(text: bytes, at: int) -> tuple[int, bytes]:
    """Return the offset behind the escape at `at`, and what it stands for."""
    found = _UNICODE.match(text, at + 1)
    if found is None:
        letter = text[at + 1]
        return at + 2, _ESCAPES.get(letter, bytes((letter,)))
    high, low = (int(half or b"0", 16) for half in found.groups())
    code = high if not low else 0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF)
    return found.end(), chr(code).encode("utf-8", "surrogatepass")


def escaped(text: bytes, quote: int) -> bytes:
    """Return text as it is written between quotes of this kind."""
    return re.sub(
        rb"[\x00-\x1f\\]|" + bytes((quote,)),
        lambda found: b"\\u%04x" % ord(found.group()) if found.group() < b" " else b"\\" + found.group(),
        text,
    )


def cuts(members: list[Member], dropped: set[int]) -> dict[int, tuple[int, int]]:
    """Return for each of these indices the range to cut so that the member goes, with the commas that would be left over."""
    tail = len(members)  # where the run of dropped members starts that nothing follows: the comma before it goes too
    while tail and tail - 1 in dropped:
        tail -= 1
    return {
        index: (
            members[index - 1].end if index == tail and index else members[index].start,
            members[index + 1].start if index + 1 < len(members) else members[index].end,
        )
        for index in sorted(dropped)
    }

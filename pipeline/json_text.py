"""Loose JSON, read so that nothing is lost that an attribute can hold.

orjson reads nearly every text. Where it would lose something (a member given twice, an integer beyond 64 bits, half a surrogate
pair, a number beyond a double) the scanner of the standard library reads the text again and is the authority. Finding out costs
no second parse: the members of what orjson returned are counted and compared with the colons of the text.

In what is returned `null` members are gone, integers outside int64 and numbers outside double are text as they were written, half
surrogate pairs are U+FFFD, and nothing is nested deeper than `MAX_DEPTH`.
"""

import json
import re
from math import isinf
from typing import Any, Final, NamedTuple, NoReturn

import orjson

from pipeline.types import Value

MAX_DEPTH: Final = 64

_INT64: Final = 1 << 63
_DISTANT_COLONS: Final = (b" :", b"\t:", b"\r:", b"\n:")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_MARK: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[][{}]', re.DOTALL)
"""A string, so that nothing within it counts, or a bracket."""
_HALF_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_FAULTS: Final = {
    "Expecting property name": "expected a member name",
    "Illegal trailing comma before end of object": "expected a member name",
    "Illegal trailing comma before end of array": "expected a value",
    "Expecting ':'": "expected ':'",
    "Expecting ','": "expected ','",
    "Expecting value": "expected a value",
    "Unterminated string": "string is not closed",
    "Invalid control character": "control character in a string",
    "Invalid \\u": "bad \\u escape",
    "Invalid \\": "bad escape",
    "Extra data": "text after the value",
}


class JsonError(Exception):
    """The text is no JSON that can be taken. The message never holds any of it.

    `position` is how many characters behind the beginning of the value the fault is, 0 where that can't be said.
    """

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


class Parsed(NamedTuple):
    """A JSON value, and how many members it had that were given again later in their object."""

    value: Value
    duplicates: int


def parse(text: bytes) -> Parsed:
    """Return the JSON value that `text` is. Raises `JsonError`."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _parse_again(text)
    walk = _Walk()
    value = walk.clean(value)
    if walk.inexact or walk.members != text.count(b'":') or any(colon in text for colon in _DISTANT_COLONS):
        return _parse_again(text)
    return Parsed(value, 0)


def parse_at(text: str, start: int) -> tuple[Parsed, int]:
    """Return the JSON value that begins at `start`, and where it ends. Raises `JsonError`; columns count from `start`."""
    reader = _Reader()
    try:
        value, end = reader.decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise _fault(error, start) from None
    except RecursionError:
        raise JsonError(f"nested deeper than {MAX_DEPTH}") from None
    value = _Walk().clean(value)
    if _HALF_SURROGATE.search(text, start, end):
        value = _mended(value)
    return Parsed(value, reader.duplicates), end


def place_of(error: json.JSONDecodeError) -> int:
    """Return where the fault is: of a comma too many, what comes behind it. Python 3.13 and newer point at the comma itself."""
    if not error.msg.startswith("Illegal trailing comma"):
        return error.pos
    behind = _SPACE.match(error.doc, error.pos + 1)
    return behind.end() if behind else error.pos


def with_decimals(text: bytes) -> Value:
    """Return the JSON value that `text`, which parses, is; with every number that is not an integer as its decimal text."""
    return json.loads(text, parse_float=str, parse_int=_integer)  # type: ignore[no-any-return]


def decode(text: bytes) -> str:
    """Return UTF-8 as text. Raises `JsonError`."""
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise JsonError(f"invalid UTF-8 at byte {error.start + 1}") from None


def _parse_again(text: bytes) -> Parsed:
    decoded = decode(text)
    start = len(decoded) - len(decoded.lstrip(" \t\r\n"))
    parsed, end = parse_at(decoded, start)
    rest = decoded[end:].lstrip(" \t\r\n")
    if rest:
        raise JsonError(f"invalid JSON at column {len(decoded) - len(rest) + 1}: text after the value")
    return parsed


def _fault(error: json.JSONDecodeError, start: int) -> JsonError:
    place = place_of(error)
    if _too_deep(error.doc, start, place):  # how deep a scanner itself goes is another matter in each version of Python
        return JsonError(f"nested deeper than {MAX_DEPTH}")
    what = next((ours for theirs, ours in _FAULTS.items() if error.msg.startswith(theirs)), "malformed")
    return JsonError(f"invalid JSON at column {place - start + 1}: {what}", place - start)


def _too_deep(text: str, start: int, end: int) -> bool:
    depth = 0
    for mark in _MARK.finditer(text, start, end):
        depth += (mark[0] in "[{") - (mark[0] in "]}")
        if depth > MAX_DEPTH:
            return True
    return False


class _Reader:
    """The standard library's scanner, told to lose nothing."""

    def __init__(self) -> None:
        self.duplicates = 0
        self.decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_int=_integer, parse_float=_number, parse_constant=_refuse_constant
        )

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        self.duplicates += len(pairs) - len(members)
        return members


class _Walk:
    """One pass over a parsed value: drops nulls, writes large integers as text, counts members."""

    def __init__(self) -> None:
        self.members = 0
        self.inexact = False
        """A number may have been an integer that the parser could only read as a double."""

    def clean(self, value: Any, depth: int = 1) -> Any:
        """Return the value, cleaned; containers are cleaned in place. Raises `JsonError`."""
        kind = type(value)
        if kind is int:
            return value if -_INT64 <= value < _INT64 else str(value)
        if kind is float:
            self.inexact = self.inexact or abs(value) >= _INT64
        elif kind is dict:
            self._check(depth)
            self._object(value, depth)
        elif kind is list:
            self._check(depth)
            for index, item in enumerate(value):
                value[index] = self.clean(item, depth + 1)
        return value

    def _object(self, members: dict[str, Any], depth: int) -> None:
        self.members += len(members)
        nulls = []
        for key, item in members.items():
            if type(item) is str:
                continue
            if item is None:
                nulls.append(key)
            else:
                members[key] = self.clean(item, depth + 1)
        for key in nulls:
            del members[key]

    def _check(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise JsonError(f"nested deeper than {MAX_DEPTH}")


def _mended(value: Any) -> Any:
    if type(value) is str:
        return _SURROGATES.sub("\ufffd", value)
    if type(value) is dict:
        return {_mended(key): _mended(item) for key, item in value.items()}
    if type(value) is list:
        return [_mended(item) for item in value]
    return value


def _integer(text: str) -> int | str:
    if len(text) > 20:
        return text
    number = int(text)
    return number if -_INT64 <= number < _INT64 else text


def _number(text: str) -> float | str:
    number = float(text)
    return text if isinf(number) else number


def _refuse_constant(_: str) -> NoReturn:
    raise JsonError("NaN and Infinity are no JSON")

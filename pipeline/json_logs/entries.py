"""A body cut into its entries: objects, lines of text, and what is neither (json-logs contract §6)."""

import re
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from pipeline import json_text
from pipeline.json_text import JsonError
from pipeline.wire.lines import Lines

Kind: TypeAlias = Literal["json", "lines", "text"]
"""One JSON text or several, one object a line, or one record a line whatever it is."""

_BOM: Final = b"\xef\xbb\xbf"
_LINE: Final = re.compile(rb"[^\n]+")
_SPACES: Final = " \t\r\n"
_SPACE: Final = re.compile(f"[{_SPACES}]*")
_BYTE_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_MAX_BROKEN: Final = 16
"""Broken objects over several lines after which every line is read for itself: it bounds what one body can cost."""

_NO_OBJECT: Final = "expected a JSON object"


class Object(NamedTuple):
    """A JSON object; `number` is its line, or its place in the array, from 1."""

    number: int
    raw: bytes
    members: dict[str, Any]
    duplicates: int


class Text(NamedTuple):
    """A line of plain text."""

    number: int
    text: str


class Bad(NamedTuple):
    """What can't be taken. `error` holds nothing of it."""

    number: int
    raw: bytes
    reason: Literal["bad_line", "line_too_long"]
    error: str


Entry: TypeAlias = Object | Text | Bad


def read(body: bytes, kind: Kind | None, max_line: int, lines: Lines | None = None) -> Iterator[Entry]:
    """Return the entries of a body in order; without a kind its first byte decides. `max_line` is in bytes.

    What `lines` takes for itself is left out.
    """
    body = body.removeprefix(_BOM)
    first = body.lstrip()[:1]
    if kind is None:
        kind = "json" if first in (b"[", b"{") else "text"
    if kind != "json":
        return _lines(body, max_line, lines, strict=kind == "lines")
    return _array(body, max_line, lines) if first == b"[" else _objects_of_lines(body, max_line, lines)


def _lines(body: bytes, max_line: int, lines: Lines | None, *, strict: bool) -> Iterator[Entry]:
    number, counted = 1, 0
    place = lines.take(body, 0, max_line) if lines else 0
    while match := _LINE.search(body, place):
        place = match.end()
        line = match[0].removesuffix(b"\r")
        if line and not line.isspace():
            number += body.count(b"\n", counted, match.start())
            counted = match.start()
            if strict or line.lstrip()[:1] == b"{":
                yield _object(number, line, max_line)
            elif len(line) > max_line:
                yield _bad(number, line, "", max_line)
            else:
                try:
                    yield Text(number, json_text.decode(line))
                except JsonError as error:
                    yield _bad(number, line, str(error), max_line)
        if lines:
            place = lines.take(body, place, max_line)


def _objects_of_lines(body: bytes, max_line: int, lines: Lines | None) -> Iterator[Entry]:
    """Objects one after the other: as long as each line is one, without looking any further."""
    number, counted = 1, 0
    place = _skip_bytes(body, lines.take(body, 0, max_line) if lines else 0)
    while place < len(body):
        number += body.count(b"\n", counted, place)
        counted = place
        end = body.find(b"\n", place)
        end = len(body) if end < 0 else end
        entry = _object(number, body[place:end], max_line)
        if not isinstance(entry, Object):
            yield from _objects(body[place:].decode(errors="surrogateescape"), max_line, number)
            return
        yield entry
        place = _skip_bytes(body, lines.take(body, end, max_line) if lines else end)


def _objects(text: str, max_line: int, number: int) -> Iterator[Entry]:
    """One object or several one after the other: one a line, many in a line, or one over many lines."""
    attempts = _MAX_BROKEN
    line, line_start, line_end = "", 0, -1
    end = 0
    while (start := _skip(text, end)) < len(text):
        entry: Entry | None = None
        if start > line_end:
            number += text.count("\n", line_start, start)
            line_start, line_end = start, _end_of_line(text, start)
            line = text[start:line_end]
            entry, end = _object(number, _bytes(line), max_line), line_end
        if text[start] != "{":
            end = line_end
            entry = entry or _bad(number, _bytes(text[start:end]), _NO_OBJECT, max_line)
        elif not isinstance(entry, Object):
            window, before = (text, 0) if attempts else (line, line_start)
            try:
                parsed, stop = json_text.parse_at(window, start - before)
                end = before + stop
                entry = _parsed(number, _bytes(text[start:end]), parsed, max_line)
            except JsonError as error:
                attempts -= attempts > 0
                end = _end_of_broken(text, line_end, start + error.position)
                entry = _bad(number, _bytes(text[start:end]), str(error), max_line)
        yield entry


def _end_of_broken(text: str, line_end: int, fault: int) -> int:
    """Return where a broken object ends: with its first line when the next is an object, else with the line of the fault."""
    if fault <= line_end:
        return line_end
    following = _skip(text, line_end)
    next_line = _bytes(text[following : _end_of_line(text, following)])
    return line_end if isinstance(_object(0, next_line, len(next_line)), Object) else _end_of_line(text, fault)


def _array(body: bytes, max_line: int, lines: Lines | None) -> Iterator[Entry]:
    """The elements of an array. What stands behind a broken one can't be told apart: it is one bad entry."""
    text = body.decode(errors="surrogateescape")
    takes = lines if len(text) == len(body) else None  # characters are bytes: a place in the one is a place in the other
    number, place = 0, _skip(text, text.index("[") + 1)
    if takes:
        place, number = _take_elements(takes, body, place, max_line)
    while (mark := text[(place := _skip(text, place)) : place + 1]) != "]":
        if number:
            if mark != ",":
                yield _bad(number + 1, _bytes(text[place:]), "invalid JSON: expected ',' or ']'", max_line)
                return
            place = _skip(text, place + 1)
            if takes:
                end, taken = _take_elements(takes, body, place, max_line)
                if taken:
                    place, number = end, number + taken
                    continue
        number += 1
        try:
            parsed, end = json_text.parse_at(text, place)
        except JsonError as error:
            yield _bad(number, _bytes(text[place:]), str(error), max_line)
            return
        yield _parsed(number, _bytes(text[place:end]), parsed, max_line)
        place = end
    if text[place + 1 :].strip(_SPACES):
        yield _bad(number + 1, _bytes(text[place + 1 :]), "invalid JSON: text after the array", max_line)


def _take_elements(lines: Lines, body: bytes, place: int, max_line: int) -> tuple[int, int]:
    """Return where the elements end that are taken from a place on, and how many these are."""
    before = lines.count
    end = lines.take(body, place, max_line, elements=True)
    return end, lines.count - before


def _object(number: int, line: bytes, max_line: int) -> Object | Bad:
    if len(line) > max_line:
        return _bad(number, line, "", max_line)
    try:
        return _parsed(number, line, json_text.parse(line), max_line)
    except JsonError as error:
        return _bad(number, line, str(error) if line.lstrip()[:1] == b"{" else _NO_OBJECT, max_line)


def _parsed(number: int, raw: bytes, parsed: json_text.Parsed, max_line: int) -> Object | Bad:
    if not isinstance(parsed.value, dict) or len(raw) > max_line:
        return _bad(number, raw, _NO_OBJECT, max_line)
    if not raw.isascii():
        try:
            json_text.decode(raw)
        except JsonError as error:
            return _bad(number, raw, str(error), max_line)
    return Object(number, raw, parsed.value, parsed.duplicates)


def _bad(number: int, raw: bytes, error: str, max_line: int) -> Bad:
    if len(raw) > max_line:
        return Bad(number, raw, "line_too_long", f"longer than {max_line} bytes")
    return Bad(number, raw, "bad_line", error)


def _skip(text: str, start: int) -> int:
    match = _SPACE.match(text, start)
    return match.end() if match else start


def _skip_bytes(body: bytes, start: int) -> int:
    match = _BYTE_SPACE.match(body, start)
    return match.end() if match else start


def _end_of_line(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")

"""Read OTLP/JSON (otlp contract §3)."""

import base64
import json
import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

from pipeline.json_text import place_of
from pipeline.types import Signal
from pipeline.wire.errors import Malformed
from pipeline.wire.reference.message import RANGES, Values, serialise
from pipeline.wire.reference.tables import Field, Message, root
from pipeline.wire.reference.walk import MAX_DEPTH


def from_json(text: bytes, signal: Signal) -> bytes:
    """Return the payload of an OTLP/JSON request; unknown keys are ignored, integers never pass through a float.

    A lone surrogate escape in a string, which UTF-8 can't hold, becomes U+FFFD. Raises `Malformed` for what is not JSON, and for
    values that their field can't hold.
    """
    try:
        given = _DECODER.decode(text.decode())
        return serialise(root(signal), _message(root(signal), given, 0))
    except UnicodeDecodeError as error:
        raise Malformed(error.start, "invalid UTF-8") from None
    except json.JSONDecodeError as error:
        raise Malformed(len(error.doc[: place_of(error)].encode()), "invalid JSON") from None
    except RecursionError:
        raise Malformed(None, "JSON nested too deep") from None


class _Number(str):
    """A JSON number that is no short integer, as it was written."""

    __slots__ = ()


def _integer(text: str) -> int | _Number:
    return int(text) if len(text) <= _INT_DIGITS and text != "-0" else _Number(text)


def _constant(_: str) -> NoReturn:
    raise Malformed(None, "invalid JSON: NaN and Infinity are strings")


_INT_DIGITS: Final = 20
"""Length of the longest 64-bit integer, and short of where Python's own conversion becomes slow."""

_DECODER: Final = json.JSONDecoder(parse_float=_Number, parse_int=_integer, parse_constant=_constant)
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_HEX: Final = re.compile("[0-9a-fA-F]+")
_SPECIAL: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def _message(message: Message, given: Any, depth: int) -> Values:
    if not isinstance(given, dict):
        raise Malformed(None, f"{message.name} must be an object")
    if message.nests:
        depth += 1
        if depth > MAX_DEPTH:
            raise Malformed(None, f"value nested deeper than {MAX_DEPTH} levels")
    values: Values = {}
    for key, value in given.items():
        field = message.by_json_name.get(key)
        if field is None or field.absent or value is None:
            continue
        if any(rival in values for rival in field.rivals):
            raise Malformed(None, f"{message.name} has two members of the oneof {field.oneof}")
        below = field.message
        if field.repeated and not isinstance(value, list):
            raise _wrong(field, "an array")
        if below is None:
            values[field.name] = [_scalar(field, each) for each in value] if field.repeated else _scalar(field, value)
        else:
            values[field.name] = (
                [_message(below, each, depth) for each in value] if field.repeated else _message(below, value, depth)
            )
    return values


def _scalar(field: Field, value: Any) -> Any:
    match field.kind:
        case "string":
            if not isinstance(value, str) or isinstance(value, _Number):
                raise _wrong(field, "a string")
            return value
        case "bytes":
            if not isinstance(value, str) or isinstance(value, _Number):
                raise _wrong(field, "a string")
            return _id(field, value) if field.id_bytes else _base64(field, value)
        case "bool":
            if not isinstance(value, bool):
                raise _wrong(field, "true or false")
            return value
        case "double":
            return _double(field, value)
        case "enum":
            if not isinstance(value, int | _Number):
                raise _wrong(field, "an integer, not a name")
    return _exact(field, value)


def _exact(field: Field, value: Any) -> int:
    """Return an integer field's value from a number or a decimal string; `1.0` and `1e2` are integers (ProtoJSON)."""
    number: int | Decimal
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        try:
            number = Decimal(value)
        except InvalidOperation:  # an exponent of twenty digits
            raise _wrong(field, "in range") from None
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        raise _wrong(field, "an integer")
    least, greatest = RANGES[field.kind]
    if not least <= number <= greatest:
        raise _wrong(field, "in range")
    if number != int(number):
        raise _wrong(field, "an integer")
    return int(number)


def _double(field: Field, value: Any) -> float:
    if isinstance(value, str) and value in _SPECIAL and not isinstance(value, _Number):
        return _SPECIAL[value]
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, str) and _NUMBER.fullmatch(value))):
        raise _wrong(field, "a number")
    number = float(value)
    if math.isinf(number):
        raise _wrong(field, "in range")
    return number


def _id(field: Field, text: str) -> bytes:
    if text and not (len(text) == 2 * field.id_bytes and _HEX.fullmatch(text)):
        raise _wrong(field, f"{2 * field.id_bytes} hex digits or empty")
    return bytes.fromhex(text)


def _base64(field: Field, text: str) -> bytes:
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    padding = "=" * (-len(bare) % 4)
    if text[len(bare) :] not in ("", padding):
        raise _wrong(field, "base64")
    try:
        return base64.b64decode(bare + padding, validate=True)
    except ValueError:
        raise _wrong(field, "base64") from None


def _wrong(field: Field, what: str) -> Malformed:
    return Malformed(None, f"{field.json_name} must be {what}")

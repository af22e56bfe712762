"""The payload of a delivery: parsed, and looked into."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

from pipeline import json_text
from pipeline.json_text import JsonError
from pipeline.types import Value
from receivers.webhook.delivery import Refused

FORM: Final = "application/x-www-form-urlencoded"
_MAX_FIELDS: Final = 1000


def parse(body: bytes, content_type: str, *, form: bool) -> Value:
    """Return the JSON of a body, or with `form` that of its form field `payload`. Raises `Refused`."""
    if content_type == FORM and form:
        body = _form_field(body)
    elif content_type in (FORM, "text/plain"):
        raise Refused(400, "parse", "the content type has to be application/json")
    elif content_type and content_type != "application/json" and not content_type.endswith("+json"):
        raise Refused(415, "parse", "the content type has to be application/json")
    try:
        return json_text.parse(body).value
    except JsonError as error:
        raise Refused(400, "parse", str(error)) from None


def parse_object(body: bytes, content_type: str, *, form: bool = False) -> Mapping[str, Any]:
    """Return the JSON object of a body. Raises `Refused`."""
    payload = parse(body, content_type, form=form)
    if not isinstance(payload, Mapping):
        raise Refused(400, "parse", "expected a JSON object")
    return payload


def at(payload: Value, *path: str) -> Value:
    """Return what lies on a path of member names, or None."""
    for name in path:
        if not isinstance(payload, Mapping):
            return None
        payload = payload.get(name)
    return payload


def text_at(payload: Value, *path: str) -> str:
    """Return the text, or the number as text, that lies on a path of member names; empty when there is none."""
    value = at(payload, *path)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def point(payload: Value, pointer: str) -> Value:
    """Return what a JSON pointer (RFC 6901) points at, or None."""
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(payload, Mapping):
            payload = payload.get(name)
        elif isinstance(payload, Sequence) and not isinstance(payload, str | bytes) and name.isascii() and name.isdigit():
            payload = payload[int(name)] if len(name) < 10 and int(name) < len(payload) else None
        else:
            return None
    return payload


def _form_field(body: bytes) -> bytes:
    try:
        fields = parse_qs(body, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise Refused(400, "parse", f"more than {_MAX_FIELDS} form fields") from None
    values = fields.get(b"payload", [])
    if len(values) != 1:
        raise Refused(400, "parse", "the form has to hold one field `payload`")
    return values[0]

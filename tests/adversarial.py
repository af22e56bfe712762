"""Texts that are meant to make a redactor slow (redaction contract §10, and more), each about as long as asked for."""

from collections.abc import Callable
from typing import Final

from processors.redact.detectors import DETECTORS


def _repeated(piece: str, before: str = "") -> Callable[[int], str]:
    return lambda size: before + piece * (size // len(piece))


_LITERALS: Final = "".join(
    piece.decode() for detector in DETECTORS for shape in detector.shapes for piece in shape.pieces if isinstance(piece, bytes)
)
"""What the trigger scan looks for, one behind the other."""

ADVERSARIAL: Final[dict[str, Callable[[int], str]]] = {
    "a": _repeated("a"),
    "@": _repeated("@"),
    "a@": _repeated("a@"),
    "a.": _repeated("a.", "a@"),
    "-eyJ": _repeated("-eyJ"),
    ".eyJ": _repeated(".eyJaaaaaaaa"),
    "eyJ long": _repeated("A", "eyJ"),
    "eyJ without dots": _repeated("eyJaaaaaaaa"),
    "1.1.1.": _repeated("1.1.1."),
    "1-": _repeated("1-"),
    "pem": _repeated("-----BEGIN RSA " + "PRIVATE KEY-----"),
    "://a": _repeated("://a"),
    "://a:": _repeated("://a:"),
    "password=": _repeated("password="),
    "password_": _repeated("password "),
    "password quoted": _repeated('password="'),
    "password escaped": _repeated('password=\\"'),
    "templates": _repeated("password=${x "),
    "templates of braces": _repeated("token={{x "),
    "abcd:": _repeated("abcd:"),
    "::": _repeated("::"),
    "sk-ant": _repeated("xsk-ant-"),
    "sk-ant at boundaries": _repeated(" sk-ant-"),
    "sk-ant alone": _repeated("sk-ant-"),
    "tokens in tokens": _repeated("glsoat--"),
    "key inside names": _repeated("key:x"),
    "9": _repeated("9"),
    "9 ": _repeated("9 "),
    "deep": _repeated('{"a":'),
    "backslash": _repeated("\\"),
    "backslashes in JSON": lambda size: '{"a":"' + "\\\\" * (size // 2) + '"}',
    "unicode": _repeated("\\u0040"),
    "%40": _repeated("%40"),
    "AKIA": _repeated("AKIA"),
    "AKIA at boundaries": _repeated(" AKIA"),
    "Bearer": _repeated("Bearer "),
    "Bearer long": _repeated("A", "bearer "),
    "Authorization": _repeated("Authorization: "),
    "cookie": _repeated("a=b;", "Cookie: "),
    "iban": _repeated("AA99"),
    "token": _repeated("?token="),
    "sessionid": _repeated("sessionid="),
    "dsn": _repeated(";password=a b "),
    "mysql": _repeated("mysql -"),
    "option": _repeated("--password "),
    "plus": _repeated("+1 2 "),
    "tags": _repeated("[email] jo@example.com "),
    "url": _repeated("=%41+"),
    "triggers": _repeated("ghp_ sk-proj- xoxb- https://a:b@c eyJ -----BEGIN Bearer password= 4000 DE36 2001:db8:: +1 @ "),
    "literals": _repeated(_LITERALS),
    "JSON in JSON": lambda size: '["' + '{\\"a\\":\\"jo@example.com\\"},' * (size // 26) + '"]',
    "JSON escapes": lambda size: '{"a":"[' + "{\\u0022token\\u0022: \\u0022abcd\\u0022}," * (size // 40) + ']"}',
    "numbers in JSON in JSON": lambda size: '["' + '{\\"token\\": 1},' * (size // 16) + '"]',
    "objects with data for names": lambda size: "[" + '{"a@b.example":1},' * (size // 18) + "]",
    "JSON members": lambda size: "{" + ",".join('"jo@example.com":"x"' for _ in range(size // 21)) + "}",
}

"""Reading small files that a user named, with reasons fit for a message."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

_REASONS: Final[Mapping[type[OSError], str]] = {
    FileNotFoundError: "no such file",
    NotADirectoryError: "no such file",
    PermissionError: "permission denied",
    IsADirectoryError: "is a directory",
}


class Unreadable(Exception):
    """The file can't be used; the text says why."""


def read_bytes(file: Path, most: int) -> bytes:
    """Return at most the first `most` bytes of a file. Raises Unreadable."""
    try:
        with file.open("rb") as opened:
            return opened.read(most)
    except OSError as error:
        raise Unreadable(_REASONS.get(type(error), (error.strerror or "cannot be opened").lower())) from error
    except ValueError as error:
        raise Unreadable("not a file name") from error


def read_text(file: Path, limit: int) -> str:
    """Return the text of a file of at most `limit` bytes (whole MiB) without its last newline. Raises Unreadable."""
    content = read_bytes(file, limit + 1)
    if len(content) > limit:
        raise Unreadable(f"larger than {limit // 1024**2} MiB")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise Unreadable("not UTF-8 text") from error
    return text.removesuffix("\n").removesuffix("\r")


def is_text(text: str) -> bool:
    """Return whether a string can be written as UTF-8: bytes of a variable that are not, and halves of pairs, can't."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)

"""How what came from outside is shown: nothing in it moves a terminal's cursor, hides text or turns it round."""

import re
from datetime import UTC, datetime
from typing import Final

_UNUSUAL: Final = re.compile(r"[^\x20-\x7e\n]")


def plain(text: str) -> str:
    """Return a text for one line of a terminal: what does not print is written as an escape."""
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def plain_json(text: str) -> str:
    """Return JSON that means the same and prints: what does not is written as an escape. Line ends between objects stay."""
    if text.isascii() and "\x7f" not in text:
        return text
    return _UNUSUAL.sub(lambda found: found[0] if found[0].isprintable() else _escape(found[0]), text)


def when(nanoseconds: int) -> str:
    """Return a time in UTC, to the second; empty for none."""
    if not nanoseconds:
        return ""
    try:
        return datetime.fromtimestamp(nanoseconds // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(nanoseconds)


def size(number: int) -> str:
    """Return bytes as people read them."""
    amount = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{number} B" if unit == "B" else f"{amount:.1f} {unit}"


def counted(number: int, word: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {word}{'s' if number != 1 else ''}"


def table(rows: "list[tuple[str, ...]]") -> str:
    """Return rows as aligned columns; the first one is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{int.from_bytes(units[at : at + 2], 'big'):04x}" for at in range(0, len(units), 2))

"""Messages as text for people, JSON for programs, and annotations for GitHub workflows."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from config.messages import Message

_BOLD, _RED, _YELLOW, _CYAN, _OFF = "\x1b[1m", "\x1b[31m", "\x1b[33m", "\x1b[36m", "\x1b[0m"
_COLORS = {"error": _RED, "warning": _YELLOW, "info": _CYAN}


def render_text(messages: Sequence[Message], *, color: bool = False) -> str:
    """Return the messages, an empty line between two, and their number in a last line; nothing for no messages."""
    paragraphs = [paragraph(message, color=color) for message in messages]
    if total := summary(messages):
        paragraphs.append(total)
    return "\n\n".join(paragraphs)


def paragraph(message: Message, *, color: bool = False) -> str:
    """Return one message as it is printed (config contract §8)."""
    bold, tint, off = (_BOLD, _COLORS[message.severity], _OFF) if color else ("", "", "")
    where = message.file if message.line is None else f"{message.file}:{message.line}:{message.col}"
    subject = f"{message.path}: " if message.path else ""
    head = f"{bold}{where}: {tint}{message.severity}[{message.code}]{off}{bold}: {subject}{message.message}{off}"
    gutter = 2
    lines = [head]
    if message.excerpt is None:
        lines[0] += f", {message.label}" if message.label else ""
    else:
        excerpt = message.excerpt
        gutter = max(2, len(str(excerpt.line)))
        label = f" {message.label}" if message.label else ""
        lines.append(f"{excerpt.line:>{gutter}} | {excerpt.text}")
        lines.append(f"{'':>{gutter}} | {'':>{excerpt.caret}}{tint}{'^' * excerpt.width}{label}{off}")
    lines += [f"{'':>{gutter}} = help: {advice}" for advice in message.help]
    return "\n".join(line.rstrip() for line in lines)


def summary(messages: Sequence[Message]) -> str:
    """Return `2 errors, 1 warning`, without what there is none of."""
    counts = Counter(message.severity for message in messages)
    words = [(counts["error"], "error"), (counts["warning"], "warning")]
    return ", ".join(f"{count} {word}{'s' if count > 1 else ''}" for count, word in words if count)


def render_json(messages: Sequence[Message]) -> bytes:
    """Return the messages as a JSON array of objects."""
    names = [name for name in Message._fields if name != "excerpt"]
    rows = [{name: getattr(message, name) for name in names} for message in messages]
    return msgspec.json.format(msgspec.json.encode(rows), indent=2)


def render_github(messages: Sequence[Message]) -> str:
    """Return one workflow command a message, which GitHub shows beside the line of the file."""
    return "\n".join(_annotation(message) for message in messages)


def _annotation(message: Message) -> str:
    level = "notice" if message.severity == "info" else message.severity
    properties = {"file": message.file, "title": message.code}
    if message.line is not None:
        properties |= {"line": str(message.line), "col": str(message.col), "endColumn": str((message.end_col or 1) - 1)}
    place = ",".join(f"{name}={_escaped(value).replace(':', '%3A').replace(',', '%2C')}" for name, value in properties.items())
    subject = f"{message.path}: " if message.path else ""
    label = f" ({message.label})" if message.label else ""
    return f"::{level} {place}::{_escaped(subject + message.message + label)}" + "".join(
        _escaped(f"\nhelp: {advice}") for advice in message.help
    )


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

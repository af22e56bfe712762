"""Stack traces of the JVM: newest exception first, callees first, causes behind."""

import re
from typing import Final

from msgspec import Struct, field

from exporters.sentry.stacktrace.frames import Frame, Parsed, Thrown, bounded, split_type

LIBRARIES: Final = (
    *("java.", "javax.", "jakarta.", "jdk.", "sun.", "com.sun.", "kotlin.", "scala.", "org.springframework.", "org.apache."),
    *("io.netty.", "org.hibernate."),
)

_HEADER: Final = re.compile(r'(?:Exception in thread "[^"]*" )?([A-Za-z_$][\w$]*(?:\.[\w$]+)*)(?:: (.*))?')
_CALL: Final = re.compile(r"at ([^()]+)\(([^()]*)\)")
_FILE: Final = re.compile(r"([^/:<>]+?)(?::(\d{1,9}))?|<generated>")
_COMMON: Final = re.compile(r"\.\.\. (\d{1,9}) (?:more|common frames omitted)")


class _Block(Struct):
    """One exception as it is printed: frames newest first."""

    header: list[str]
    frames: list[Frame] = field(default_factory=list)


def parse(lines: list[str]) -> Parsed | None:
    """Return the exceptions of a stack trace, or None when it has no frame. Suppressed exceptions are left to the text."""
    blocks = [_Block([])]
    suppressed: int | None = None
    for line in lines:
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if suppressed is not None and indent >= suppressed:
            continue
        suppressed = None
        if text.startswith("Suppressed: "):
            suppressed = indent
        elif text.startswith("Caused by: "):
            blocks.append(_Block([text.removeprefix("Caused by: ")]))
        elif common := _COMMON.fullmatch(text):
            _copy_common(blocks, int(common[1]))
        elif frame := _frame(text):
            blocks[-1].frames.append(frame)
        elif not blocks[-1].frames:
            blocks[-1].header.append(text)
    if not any(block.frames for block in blocks):
        return None
    complete = not any(line.lstrip().startswith("Suppressed: ") for line in lines)
    return Parsed("java", [_thrown(block) for block in reversed(blocks)], complete)


def _copy_common(blocks: list[_Block], count: int) -> None:
    """Append the last `count` frames that the enclosing exception printed: the two stacks are alike from there on."""
    if len(blocks) > 1 and count:
        blocks[-1].frames += bounded(blocks[-2].frames[-count:])


def _thrown(block: _Block) -> Thrown:
    frames = bounded(block.frames[::-1])
    header = _HEADER.fullmatch(block.header[0]) if block.header else None
    if header is None:
        return Thrown(value="\n".join(block.header), frames=frames)
    kind, module = split_type(header[1])
    return Thrown(kind, module, "\n".join([header[2] or "", *block.header[1:]]).strip(), frames)


def _frame(text: str) -> Frame | None:
    call = _CALL.match(text)
    if call is None:
        return None
    place = _FILE.fullmatch(call[2])
    parts = call[1].split("/")  # loader/module@version/class; the name of a hidden class holds a slash itself
    while len(parts) > 1 and "$$Lambda" not in parts[0]:
        del parts[0]
    module, _, method = "/".join(parts).rpartition(".")
    if place is None or not module or not method or method.endswith(" "):
        return None
    named = place[1] not in (None, "Native Method", "Unknown Source")
    return Frame(
        function=method,
        module=module,
        filename=place[1] if named else "",
        lineno=int(place[2] or 0),
        in_app=not module.startswith(LIBRARIES),
    )

"""Secrets: files beside the configuration, credentials written into it, what no excerpt may show (config contract §5)."""

import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from config.excerpt import split_lines
from config.messages import Place, Report
from config.reading import Unreadable, read_text
from config.tree import ListNode, MapNode, Node, ScalarNode
from pipeline.types import Secret

MAX_BYTES: Final = 1024 * 1024
WORTH_A_WARNING: Final = 8
"""Characters of a literal secret from which on it is taken for a real one."""
_TOO_OPEN: Final = 0o037
"""Mode bits beyond 0640 that concern others than the owner."""
_TELLING: Final = re.compile(
    r"secret|token|passw|passphrase|dsn$|credential|authorization|cookie|(?:^|[-_.])key$|apikey$", re.IGNORECASE
)
_KEY: Final = re.compile(r"""([A-Za-z0-9_.-]+)["']?\s*:\s*""")
_FILE: Final = re.compile(r"_(file|path|dir)$", re.IGNORECASE)


def telling(key: str) -> bool:
    """Return whether a key sounds as if a credential stood under it."""
    return bool(_TELLING.search(key)) and not _FILE.search(key)


def hide_suspects(node: Node, report: Report, key: str = "") -> None:
    """Keep literals under telling keys out of every excerpt, also where nobody will find out what they are."""
    match node:
        case ScalarNode() if telling(key) and "${" not in node.text and not node.null:
            report.hide(node.place)
        case ListNode():
            for child in node.items:
                hide_suspects(child, report, key)
        case MapNode():
            for name, entry in node.entries.items():
                hide_suspects(entry.value, report, name)


def hide_suspect_lines(file: str, text: str, report: Report) -> None:
    """Do the same for text that is no YAML, by its lines: hide what follows a telling key, and what is indented below it."""
    below: int | None = None
    for number, line in enumerate(split_lines(text), 1):
        indent = len(line) - len(line.lstrip())
        if below is not None and line.strip() and indent <= below:
            below = None
        hidden = [0] if below is not None else [found.end() for found in _KEY.finditer(line) if telling(found[1])]
        if hidden and "${" not in line[hidden[0] :] and line[hidden[0] :].strip():
            start = max(hidden[0], indent)
            report.hide(Place(file, number, start + 1, number, len(line) + 1))
        if hidden and below is None:
            below = indent


class Secrets:
    """Reads the files of secrets, and says what is wrong with the way a secret is given."""

    def __init__(self, directories: Mapping[str, Path], report: Report, *, forbid_inline: bool) -> None:
        self._directories = directories
        self._report = report
        self._forbid_inline = forbid_inline

    def check(self, node: ScalarNode, path: str, twin: str | None, *, warn: bool = True) -> None:
        """Hide what stands in the configuration itself of a secret; a credential there is worth a message."""
        literal = len(node.text) if node.literal is None else node.literal
        if literal == len(node.text) or literal >= WORTH_A_WARNING:
            self._report.hide(node.place)
        if warn and (literal >= WORTH_A_WARNING or (literal and self._forbid_inline)):
            code = "E401" if self._forbid_inline else "W102"
            advice = "use ${env:NAME} or ${file:/path}" + (f", or give `{twin}`" if twin else "")
            self._report.add(code, node.place, path, "secret is written into the configuration", help=(advice,))

    def of_file(self, node: Node, path: str) -> Secret | None:
        """Return the secret in the file that a value names; None, reported, when there is none."""
        if not isinstance(node, ScalarNode):
            self._report.add("E102", node.place, path, "expected text, got a list or a map")
            return None
        file = self._directories.get(node.place.file, Path()) / node.text
        self._report.part(file)
        shown = "the secret file" if node.origin else node.text
        try:
            text = read_text(file, MAX_BYTES)
            mode = stat.S_IMODE(file.stat().st_mode)
        except (Unreadable, OSError) as error:
            self._report.add("E402", node.place, path, f"cannot read {shown}: {error}", label=node.origin)
            return None
        if not text.strip():
            self._report.add("E402", node.place, path, f"{shown} is empty", label=node.origin)
            return None
        if mode & _TOO_OPEN:
            message = f"{shown} is open to others: mode {mode:04o}"
            self._report.add("W103", node.place, path, message, help=("chmod 0640 or less",))
        return Secret(text)

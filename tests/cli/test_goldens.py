"""What people read first, word for word. A golden is what its command prints: `sluice run --help > tests/cli/goldens/run.txt`.

With `SLUICE_KERNEL=python`, so that it is the same with and without a compiler.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.verbs import sluice

GOLDENS = {
    "sluice": ["--help"],
    "run": ["run", "--help"],
    "validate": ["validate", "--help"],
    "components": ["components", "--help"],
    "health": ["health", "--help"],
    "send": ["send", "--help"],
    "queue": ["queue", "--help"],
    "queue-inspect": ["queue", "inspect", "--help"],
    "queue-export": ["queue", "export", "--help"],
    "queue-drop": ["queue", "drop", "--help"],
    "dlq": ["dlq", "--help"],
    "dlq-list": ["dlq", "list", "--help"],
    "dlq-show": ["dlq", "show", "--help"],
    "dlq-replay": ["dlq", "replay", "--help"],
    "dlq-purge": ["dlq", "purge", "--help"],
    "component-types": ["components"],
    "default-pipeline": ["validate", "--config", "config/pipelines/default.yaml"],
}


@pytest.mark.parametrize("columns", ["40", "200"])
@pytest.mark.parametrize(("name", "command"), GOLDENS.items(), ids=GOLDENS)
def test_every_word_and_whatever_the_terminal(name: str, command: Sequence[str], columns: str) -> None:
    golden = (Path(__file__).parent / "goldens" / f"{name}.txt").read_text()
    printed = sluice(*command, environ={"COLUMNS": columns, "SLUICE_KERNEL": "python"})
    assert printed.stderr == b""
    assert printed.returncode == 0
    assert without_hash(printed.stdout.decode()) == without_hash(golden)
    assert max(map(len, golden.splitlines())) <= 110


def without_hash(text: str) -> str:
    """Return a text without the hash of a configuration, which changes with every default of every setting."""
    return re.sub(r"\bhash [0-9a-f]{12}$", "hash", text, flags=re.MULTILINE)

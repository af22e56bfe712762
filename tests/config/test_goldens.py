"""The messages of config contract §8, letter by letter: `goldens.txt` says how each changes `sluice.yaml` and what comes then."""

import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from config.load import load
from config.render import render_text

HERE = Path(__file__).parent


class Golden(NamedTuple):
    name: str
    change: str
    expected: str

    def arguments(self) -> tuple[list[str], list[str]]:
        """Return the values of `--config` and `--set`."""
        if config := re.search(r"`--config (.+?)`", self.change):
            return [config[1]], []
        setting = re.search(r"`--set (.+?)`", self.change)
        return ["sluice.yaml"], [setting[1]] if setting else []

    def environ(self) -> dict[str, str]:
        return dict(re.findall(r", ([A-Z]+)=`(.+?)`", self.change))

    def text(self, base: str) -> str:
        lines = base.splitlines()
        for number, line in re.findall(r"line (\d+) := `(.+?)`(?=,| \(| and|$)", self.change):
            lines[int(number) - 1] = line.replace("<TAB>", "\t")
        for number in re.findall(r"line (\d+) deleted", self.change):
            del lines[int(number) - 1]
        return "\n".join(lines) + "\n"


def read_goldens() -> list[Golden]:
    paragraphs = re.split(r"^# (?=G)", (HERE / "goldens.txt").read_text(), flags=re.MULTILINE)[1:]
    heads = [paragraph.partition("\n") for paragraph in paragraphs]
    return [Golden(head[:3], head[4:], text.strip("\n")) for head, _, text in heads]


GOLDENS = read_goldens()
BOTH = {"G40": ("G01", "G30")}
"""The golden that is two others at once."""


@pytest.fixture(autouse=True)
def _in_a_directory_with_the_base_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(HERE / "sluice.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)


def test_base_file_is_valid_without_a_word() -> None:
    loaded = load(["sluice.yaml"], environ={})
    assert loaded.spec
    assert not loaded.messages


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)
def test_golden(golden: Golden) -> None:
    text = (HERE / "sluice.yaml").read_text()
    for change in [GOLDENS[int(name[1:]) - 1] for name in BOTH[golden.name]] if golden.name in BOTH else [golden]:
        text = change.text(text)
    Path("sluice.yaml").write_text(text)
    sources, settings = golden.arguments()
    loaded = load(sources, overrides=settings, environ=golden.environ())
    errors = [message for message in loaded.messages if message.severity == "error"] or loaded.messages
    printed = render_text(errors)
    if golden.name not in BOTH:
        printed = printed.rpartition("\n\n")[0]
    assert printed == golden.expected
    assert (loaded.spec is None) == any(message.severity == "error" for message in errors)


def test_all_goldens_of_the_contract_are_here() -> None:
    assert [golden.name for golden in GOLDENS] == [f"G{number:02}" for number in range(1, 41)]

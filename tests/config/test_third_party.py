"""What a component refuses or warns of by itself finds its place too (config contract §7, L4)."""

from pathlib import Path

import pytest

from config.load import Loaded
from config.render import render_text
from tests.config.checking import over, said
from tests.third_party import install


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch)


def configured(settings: str, **environ: str) -> Loaded:
    text = f"processors:\n  acme:\n    {settings}\nservice:\n  pipelines:\n    logs: {{processors+: [acme]}}\n"
    return over(text, environ=environ)


def test_refused_settings_are_shown() -> None:
    assert render_text(configured("pace: furious").messages) == (
        "<yaml 2>:3:11: error[E105]: processors.acme.pace: no pace is furious\n"
        " 3 |     pace: furious\n"
        "   |           ^^^^^^^ be slow\n"
        "   = help: slow down\n"
        "\n"
        "1 error"
    )


def test_values_from_the_environment_are_not_repeated() -> None:
    assert said(configured("pace: ${env:P}", P="furious")) == [
        "E105 processors.acme.pace: no pace is [REDACTED] (value of P (7 characters))"
    ]


def test_secrets_are_not_repeated() -> None:
    printed = render_text(configured("license: expired-" + "license").messages)
    assert "[REDACTED] has expired" in printed
    assert "expired-license" not in printed


def test_settings_may_warn() -> None:
    assert said(configured("pace: slow")) == ["W108 processors.acme.pace: that is slow"]


def test_a_module_that_cannot_be_imported() -> None:
    assert said(over("processors: {acme_broken: }")) == [
        "E011 processors.acme_broken: processor type `acme_broken` cannot be loaded: No module named 'a_module_that_nobody_has'"
    ]


def test_an_unused_component_is_not_built() -> None:
    assert said(over("processors: {acme: {pace: furious}}")) == ["W101 processors.acme: defined but not used by any pipeline"]

"""A distribution that somebody else ships, with components behind entry points."""

from pathlib import Path
from textwrap import dedent

import pytest

ENTRY_POINTS = """
[sluice.processors]
acme = acme_processor
acme_class = acme_processor:Acme
acme_two = acme_two
acme_broken = acme_broken

[sluice.exporters]
acme = acme_exporter

[sluice.connectors]
acme = acme_connector
"""
MODULES = {
    "acme_processor": '''
        """Pass everything on, at Acme's pace."""
        from typing import Annotated
        from pipeline import Batch, ConfigError, Processor
        from pipeline.settings import Settings, about
        from pipeline.types import Secret

        class Config(Settings, frozen=True, kw_only=True):
            pace: Annotated[str, about("Pace.")] = "steady"
            license: Annotated[Secret | None, about("License.")] = None

            def warnings(self):
                return [ConfigError("W108", "that is slow", path=("pace",))] if self.pace == "slow" else []

        class Acme(Processor):
            def __init__(self, config: Config) -> None:
                if config.pace == "furious":
                    raise ConfigError("E105", f"no pace is {config.pace}", path=("pace",), label="be slow", help="slow down")
                if config.license and config.license.reveal() == "expired-license":
                    raise ConfigError("E403", f"{config.license.reveal()} has expired", path=("license",))

            def process(self, batch: Batch) -> Batch:
                return batch
        ''',
    "acme_exporter": """
        from pipeline import DirectExporter
        from pipeline.settings import Settings

        class Config(Settings, frozen=True, kw_only=True):
            pass

        class Acme(DirectExporter):
            def __init__(self, config: Config) -> None:
                pass
        """,
    "acme_connector": """
        from pipeline import Connector
        from pipeline.settings import Settings

        class Config(Settings, frozen=True, kw_only=True):
            pass

        class Acme(Connector):
            def __init__(self, config: Config) -> None:
                pass
        """,
    "acme_two": """
        from pipeline import Processor

        class One(Processor):
            pass

        class Two(Processor):
            pass
        """,
    "acme_broken": "import a_module_that_nobody_has",
}


def install(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the distribution into a directory and put it on the path."""
    information = directory / "acme-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(ENTRY_POINTS)
    for name, text in MODULES.items():
        (directory / f"{name}.py").write_text(dedent(text))
    monkeypatch.syspath_prepend(directory)

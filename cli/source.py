"""Where the daemon reads its configuration, at the start and at each reload."""

import os
from collections.abc import Sequence
from pathlib import Path

from config.load import Loaded, load
from config.render import render_text
from pipeline.reload import ConfigRefused
from pipeline.spec import DaemonSpec


class Sources:
    """The arguments of `sluice run`, read anew each time."""

    def __init__(self, sources: Sequence[str], overrides: Sequence[str]) -> None:
        self._sources = sources
        self._overrides = overrides
        self._files = dict.fromkeys(Path(source) for source in sources if Path(source).exists())

    def load(self) -> Loaded:
        """Read and check."""
        loaded = load(self._sources, overrides=self._overrides, environ=os.environ)
        self._files |= dict.fromkeys(loaded.report.files())
        return loaded

    def reload(self) -> DaemonSpec:
        """Read and check anew. Raises `ConfigRefused` with what `sluice validate` prints."""
        loaded = self.load()
        if loaded.spec is None:
            raise ConfigRefused(render_text([message for message in loaded.messages if message.code != "I002"]))
        return loaded.spec

    def files(self) -> Sequence[Path]:
        """Return every file and directory that had a part in it."""
        return tuple(self._files)

"""The version of sluice that runs."""

from importlib.metadata import version
from typing import Final

VERSION: Final = version("sluice")

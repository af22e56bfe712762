"""Configurations small enough to stand in a test, and what the loader says to them."""

from collections.abc import Mapping
from textwrap import dedent

from config.load import Loaded, load

PIPELINES = """
receivers:
  otlp:
processors:
  redact:
exporters:
  debug:
service:
  pipelines:
    logs: {receivers: [otlp], processors: [redact], exporters: [debug]}
"""
"""Valid; a test puts what it is about into a later source."""


def over(text: str, *settings: str, environ: Mapping[str, str] | None = None) -> Loaded:
    """Load a text over `PIPELINES`."""
    return load([f"yaml:{PIPELINES}", f"yaml:{dedent(text)}"], overrides=settings, environ=environ or {})


def alone(text: str, environ: Mapping[str, str] | None = None) -> Loaded:
    """Load a text by itself."""
    return load([f"yaml:{dedent(text)}"], environ=environ or {})


def said(loaded: Loaded, *codes: str) -> list[str]:
    """Return `code path: message (label)` of each message, or of those with these codes."""
    return [
        f"{message.code} {message.path}: {message.message}" + (f" ({message.label})" if message.label else "")
        for message in loaded.messages
        if not codes or message.code in codes
    ]


def codes(loaded: Loaded) -> list[str]:
    """Return the codes of all messages."""
    return [message.code for message in loaded.messages]

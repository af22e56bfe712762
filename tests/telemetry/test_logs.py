"""sluice's own logs: one line an event, and nothing of the telemetry in them."""

import subprocess
import sys

import pytest

_PROGRAM = """
import sys
from pipeline.telemetry.logs import configure
from pipeline.telemetry.metrics import Metrics

log = configure("info", sys.argv[1], lambda text: text.replace("jo.doe@example.com", "[email]"), Metrics())
try:
    payload = "body of jo.doe@example.com"
    raise ValueError(payload)
except ValueError:
    log.exception("a batch of jo.doe@example.com failed")
"""


@pytest.mark.parametrize("form", ["json", "text"])
def test_an_exception_shows_neither_its_text_nor_its_variables(form: str) -> None:
    logged = subprocess.run([sys.executable, "-c", _PROGRAM, form], capture_output=True, text=True, check=True).stderr
    assert logged.count("\n") == 1
    assert "a batch of [email] failed" in logged
    assert "jo.doe" not in logged

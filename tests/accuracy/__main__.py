"""Measure the detectors and write `docs/redaction-accuracy.md`: `make accuracy`."""

from pipeline.wire import IMPLEMENTATION, Redactor
from processors.redact import Config, compile_rules
from tests.accuracy.table import PAGE, page

redactor = Redactor(compile_rules(Config()))
PAGE.write_text(page(lambda payload: redactor.redact(payload, "logs")[0]))
print(f"{PAGE}: written as the {IMPLEMENTATION} has it")

"""JSON and text that loggers wrote, as OTLP log records (json-logs contract §2-§6): what every receiver of such logs shares."""

from pipeline import wire
from pipeline.json_logs.entries import Bad, Kind, read
from pipeline.json_logs.normalise import Normaliser, Options
from pipeline.json_logs.plans import line_table
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

__all__ = ["Bad", "JsonBodies", "Kind", "Normaliser", "Options", "TooManyRecords", "count"]

MAX_RECORDS: int = 100_000
"""Records in one body (json-logs contract §6)."""


class TooManyRecords(Exception):
    """The body holds more records than one may."""


class JsonBodies:
    """Reads bodies of one origin."""

    def __init__(self, options: Options, max_line: int) -> None:
        self._max_line = max_line
        self._lines = wire.LogLines(line_table(options))

    def payload(self, body: bytes, kind: Kind | None, normaliser: Normaliser) -> tuple[bytes, int, list[Bad]]:
        """Return the payload of a body, the number of its records, and what can't be taken. Raises `TooManyRecords`."""
        lines = self._lines.begin(now=normaliser.now, most=MAX_RECORDS, service=normaliser.service, context=normaliser.context)
        bad: list[Bad] = []
        for entry in read(body, kind, self._max_line, lines):
            if isinstance(entry, Bad):
                bad.append(entry)
            else:
                lines.add(normaliser.record(entry))
            _refuse_more(lines.count + len(bad))
        _refuse_more(lines.count + len(bad))
        normaliser.tally.formats.update(lines.formats())
        normaliser.tally.bad_ids += lines.bad_ids
        return lines.payload(), lines.count, bad


def count(normaliser: Normaliser, metrics: Metrics) -> None:
    """Count what a normaliser noticed."""
    tally = normaliser.tally
    for format_id, number in tally.formats.items():
        metrics.add(catalogue.JSON_RECORDS, number, format=format_id)
    metrics.add(catalogue.JSON_BAD_TIMESTAMPS, tally.bad_times)
    metrics.add(catalogue.JSON_BAD_IDS, tally.bad_ids)
    metrics.add(catalogue.JSON_DUPLICATE_KEYS, tally.duplicates)


def _refuse_more(records: int) -> None:
    if records > MAX_RECORDS:
        raise TooManyRecords(f"more than {MAX_RECORDS} records")

"""JSON and text that loggers wrote, as OTLP log records (json-logs contract §2-§6): what every receiver of such logs shares."""

from pipeline import wire
from pipeline.json_logs.entries import Bad, Kind, Text, read
from pipeline.json_logs.normalise import Normaliser, Options
from pipeline.json_logs.plans import line_table
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics
from pipeline.wire.lines import Lines

__all__ = ["Bad", "JsonBodies", "Kind", "Normaliser", "Options", "Reading", "TooManyRecords", "count"]

MAX_RECORDS: int = 100_000
"""Records in one body (json-logs contract §6)."""


class TooManyRecords(Exception):
    """The body holds more records than one may."""


class JsonBodies:
    """Reads bodies of one origin."""

    def __init__(self, options: Options, max_line: int) -> None:
        self._max_line = max_line
        self._lines = wire.LogLines(line_table(options))

    def begin(self, normaliser: Normaliser) -> "Reading":
        """Return what reads bodies into one payload."""
        lines = self._lines.begin(now=normaliser.now, most=MAX_RECORDS, service=normaliser.service, context=normaliser.context)
        return Reading(lines, normaliser, self._max_line)

    def payload(self, body: bytes, kind: Kind | None, normaliser: Normaliser) -> tuple[bytes, int, list[Bad]]:
        """Return the payload of a body, the number of its records, and what can't be taken. Raises `TooManyRecords`."""
        reading = self.begin(normaliser)
        bad = reading.add(body, kind)
        return *reading.payload(), bad


class Reading:
    """Bodies on their way into one payload, of at most `MAX_RECORDS` records."""

    def __init__(self, lines: Lines, normaliser: Normaliser, max_line: int) -> None:
        self._lines = lines
        self._normaliser = normaliser
        self._max_line = max_line

    @property
    def count(self) -> int:
        """How many records there are so far."""
        return self._lines.count

    def add(self, body: bytes, kind: Kind | None) -> list[Bad]:
        """Add the records of a body; return what can't be taken. Raises `TooManyRecords`: then nothing is of use any more."""
        lines = self._lines
        bad: list[Bad] = []
        for entry in read(body, kind, self._max_line, lines):
            if isinstance(entry, Bad):
                bad.append(entry)
            else:
                lines.add(self._normaliser.record(entry))
            _refuse_more(lines.count + len(bad))
        _refuse_more(lines.count + len(bad))
        return bad

    def add_text(self, text: str) -> None:
        """Add one record of a text, whatever it looks like."""
        self._lines.add(self._normaliser.record(Text(1, text)))

    def payload(self) -> tuple[bytes, int]:
        """Return the payload of all records, and their number. To be asked once."""
        lines, tally = self._lines, self._normaliser.tally
        tally.formats.update(lines.formats())
        tally.bad_ids += lines.bad_ids
        return lines.payload(), lines.count


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

"""Read lines of JSON as log records: none of them. Whoever defines the table reads all that is not taken."""

from pipeline.wire.lines import Lines, LineTable
from pipeline.wire.model import LogRecord
from pipeline.wire.reference.encode import encode


class LogLines:
    """Takes lines by a table."""

    def __init__(self, table: LineTable) -> None:
        self._table = table

    def begin(self, **_: object) -> Lines:
        """Return lines that were observed `now`, of which `most` are taken (both are needed).

        `service` is that of records whose plan names none, and `context` (a trace context) lends its ids to records without.
        """
        return _Lines()


class _Lines:
    def __init__(self) -> None:
        self.count = 0
        self.bad_ids = 0
        self._records: list[LogRecord] = []

    def take(self, _: bytes, at: int, __: int, *, elements: bool = False) -> int:  # noqa: ARG002  # nothing is taken of either
        return at

    def add(self, record: LogRecord) -> None:
        self.count += 1
        self._records.append(record)

    def formats(self) -> dict[str, int]:
        return {}

    def payload(self) -> bytes:
        return encode(self._records, "logs")

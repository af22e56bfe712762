"""The books: every item ends in exactly one counted outcome (delivery contract §9).

    pipeline:  received = filtered + sampled_out + dropped + in_flight + accepted
    exporter:  resumed + accepted + replayed = sent + rejected + skipped + dropped + queued

A refused batch was never received: its client still has it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.journal import Backlog, Cursor
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics
from pipeline.types import Signal


@dataclass
class PipelineAccount:
    """Items of one pipeline, up to its journal lane."""

    received: int = 0
    filtered: int = 0
    sampled_out: int = 0
    dropped: int = 0
    in_flight: int = 0
    accepted: int = 0

    def imbalance(self) -> int:
        """Return left side less right side."""
        return self.received - self.filtered - self.sampled_out - self.dropped - self.in_flight - self.accepted


@dataclass
class ExporterAccount:
    """Items of one exporter in one pipeline. What entered and what is queued is its cursor's to say, where it has one."""

    backlog: Callable[[], Backlog] | None = None
    accepted: int = 0
    """Of an exporter without a cursor."""
    sent: int = 0
    rejected: int = 0
    skipped: int = 0
    dropped: int = 0
    replayed: int = 0
    """Items of dead letters that were sent again, and found an end again."""
    pipeline: str = ""

    def add(self, other: "ExporterAccount") -> None:
        """Take over what another account counted."""
        self.sent += other.sent
        self.rejected += other.rejected
        self.skipped += other.skipped
        self.dropped += other.dropped
        self.replayed += other.replayed

    def imbalance(self) -> int:
        """Return left side less right side."""
        entered, queued = self.accepted, 0
        if self.backlog:
            backlog = self.backlog()
            entered, queued = backlog.resumed + backlog.accepted, backlog.items
        return entered + self.replayed - self.sent - self.rejected - self.skipped - self.dropped - queued


class Books:
    """All accounts of the process, exposed as `sluice_conservation_imbalance`."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._pipelines: dict[str, PipelineAccount] = {}
        self.exporters: dict[Cursor, ExporterAccount] = {}

    def open_pipeline(self, pipeline: str, signal: Signal) -> PipelineAccount:
        """Open and expose the account of a pipeline, or go on with the one it has."""
        if (known := self._pipelines.get(pipeline)) is not None:
            return known
        account = self._pipelines[pipeline] = PipelineAccount()
        self._metrics.watch(catalogue.CONSERVATION, account.imbalance, pipeline=pipeline, signal=signal, exporter="")
        return account

    def open_exporter(self, cursor: Cursor, signal: Signal, backlog: Callable[[], Backlog] | None) -> ExporterAccount:
        """Open and expose the account of an exporter in a pipeline, or go on with the one it has."""
        if (known := self.exporters.get(cursor)) is not None:
            return known
        account = self.exporters[cursor] = ExporterAccount(backlog, pipeline=cursor.lane)
        labels = {"pipeline": cursor.lane, "signal": signal, "exporter": cursor.exporter}
        self._metrics.watch(catalogue.CONSERVATION, account.imbalance, **labels)
        return account

    def close_exporter(self, cursor: Cursor, signal: Signal) -> None:
        """Close the account of an exporter that is gone."""
        if self.exporters.pop(cursor, None) is not None:
            labels = {"pipeline": cursor.lane, "signal": signal, "exporter": cursor.exporter}
            self._metrics.remove(catalogue.CONSERVATION, **labels)

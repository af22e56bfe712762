"""The queues that `sluice queue` is about: in a journal's directory, or a running daemon's."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

import click

from cli.place import Daemon, Place
from pipeline.journal import Backlog, Cursor, JournalError
from pipeline.journal.at_rest import JournalAtRest
from pipeline.queue_routes import LAST, LOOK_BYTES, PREFIX, Queue, otlp_lines


class Queues(Protocol):
    """What both can do."""

    def list(self) -> Sequence[Queue]:
        """Return all of them."""

    def lines(self, queue: Queue) -> Iterator[bytes]:
        """Yield what waits in one as lines of OTLP/JSON, in portions."""

    def drop(self, queue: Queue) -> Backlog:
        """Throw away what waits in one; return what that was."""


class DaemonQueues:
    """The queues of a running daemon."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def list(self) -> Sequence[Queue]:
        """Return all of them."""
        return self._daemon.ask(f"{PREFIX}/list", list[Queue])

    def lines(self, queue: Queue) -> Iterator[bytes]:
        """Yield what waits in one as lines of OTLP/JSON, in portions."""
        after = "-1"
        while True:
            body, headers = self._daemon.fetch(f"{PREFIX}/entries", {**_named(queue), "after": after})
            if not body:
                return
            yield body
            after = next(value for name, value in headers.items() if name.lower() == LAST)

    def drop(self, queue: Queue) -> Backlog:
        """Throw away what waits in one; return what that was."""
        return self._daemon.ask(f"{PREFIX}/drop", Backlog, _named(queue), method="POST")


class QueuesAtRest:
    """The queues in a journal's directory."""

    def __init__(self, journal: JournalAtRest) -> None:
        self._journal = journal

    def list(self) -> Sequence[Queue]:
        """Return all of them."""
        journal = self._journal
        return [Queue(cursor.lane, cursor.exporter, orphan, journal.backlog(cursor)) for cursor, orphan in journal.cursors()]

    def lines(self, queue: Queue) -> Iterator[bytes]:
        """Yield what waits in one as lines of OTLP/JSON, in portions."""
        after = -1
        while found := self._journal.look(Cursor(queue.pipeline, queue.exporter), after, LOOK_BYTES):
            yield otlp_lines(found)
            after = found[-1].position

    def drop(self, queue: Queue) -> Backlog:
        """Throw away what waits in one; return what that was."""
        return self._journal.drop(Cursor(queue.pipeline, queue.exporter))


@contextmanager
def queues_of(place: Place) -> Iterator[Queues]:
    """Yield the queues of a place: its daemon's while one runs on it."""
    with place.at_rest() as directory:
        if directory is None:
            yield DaemonQueues(place.daemon())
            return
        try:
            journal = JournalAtRest(directory)
            try:
                yield QueuesAtRest(journal)
            finally:
                journal.close()
        except (JournalError, OSError) as error:
            raise click.ClickException(str(error)) from None


def _named(queue: Queue) -> Mapping[str, str]:
    return {"pipeline": queue.pipeline, "exporter": queue.exporter}

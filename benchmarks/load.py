"""Load for a daemon: OTLP/HTTP logs in, OTLP/HTTP logs out, and an account of every record.

Records carry a name, `load-` + number of the request + number in the request, in letters that no detector takes for anything. A
request is a template with its number put in: one copy of the bytes, whatever it holds.
"""

import asyncio
import gzip
import re
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import zstandard
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from benchmarks.corpus import corpus, put
from benchmarks.http import Client, Server
from benchmarks.measure import Scale

PERCENT: Final = 5
"""Of the records hold something to redact."""
PATIENCE: Final = 60.0
"""Seconds without an arrival after which a record counts as lost."""
PAUSE: Final = 0.05
"""Seconds before a request that was refused for now is sent again."""

_NUMBER: Final = b"zzzzzzzz"
_LETTERS: Final = bytes.maketrans(b"0123456789abcdef", b"abcdefghijklmnop")
_NAME: Final = re.compile(rb"load-([a-p]{8})-([a-p]{4})")
_HEAD: Final = "POST /v1/logs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n"


def letters(number: int, width: int) -> bytes:
    """Return a number in letters."""
    return f"{number:0{width}x}".encode().translate(_LETTERS)


class Template(NamedTuple):
    """A request with `records` records, whole but for its number."""

    request: bytes
    records: int

    def numbered(self, number: int) -> bytes:
        """Return the request with its number."""
        return self.request.replace(_NUMBER, letters(number, len(_NUMBER)))


def templates(records: int, scale: Scale) -> list[Template]:
    """Return requests of the 5 % corpus with this many records each.

    Trace ids are such that a sampler keeps them all at 25 % and above: it has to decide and to mark each record, and drops none.
    So every record goes all the way, as it does through a daemon that does not sample.
    """
    payloads = corpus("logs", PERCENT, scale._replace(records=records)).payloads
    return [_template(payload) for payload in payloads]


def _template(payload: bytes) -> Template:
    root: Any = LogsData.FromString(payload)
    logs = root.resource_logs[0].scope_logs[0].log_records
    for at, record in enumerate(logs):
        put(record.attributes, {"load.record": f"load-{_NUMBER.decode()}-{letters(at, 4).decode()}"})
        record.trace_id = record.trace_id[:9] + bytes((record.trace_id[9] | 0xC0,)) + record.trace_id[10:]
    body = root.SerializeToString()
    return Template(_HEAD.format(len(body)).encode() + body, len(logs))


class Sink:
    """An OTLP/HTTP destination. It only keeps bodies while it is under load; they are read when somebody asks."""

    def __init__(self) -> None:
        self.received: Counter[tuple[bytes, bytes]] = Counter()
        self._bodies: list[tuple[bytes, bytes]] = []

    def connection(self) -> Server:
        """Return what takes the requests of one connection."""
        return Server(self._take)

    def _take(self, head: bytes, body: bytes) -> None:
        self._bodies.append((head, body))

    def read(self) -> bool:
        """Read the names in what came in; tell whether there was anything."""
        bodies, self._bodies = self._bodies, []
        for head, body in bodies:
            self.received.update(_NAME.findall(_decoded(head.lower(), body)))
        return bool(bodies)


def _decoded(head: bytes, body: bytes) -> bytes:
    if b"content-encoding: gzip" in head:
        return gzip.decompress(body)
    if b"content-encoding: deflate" in head:
        return zlib.decompress(body)
    if b"content-encoding: zstd" in head:
        return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    return body


class Sent(NamedTuple):
    """What one stretch of load came to."""

    records: int
    """That the daemon answered 200 for."""
    refused: int
    """Requests that it wanted to be sent later, which they were."""
    seconds: float
    """Until the last answer."""


async def taken(client: Client, request: bytes) -> bool:
    """Send a request; tell whether it was taken, or refused for now. Raises RuntimeError for any other answer."""
    try:
        status = await client.exchange(request)
    except ConnectionError:  # a server that refuses a body unread may close before its answer is seen
        return False
    if status in (429, 503):
        return False
    if status != 200:
        raise RuntimeError(f"the daemon answered {status}")
    return True


class Load:
    """Clients that each send a request once the one before is answered, for as long as told."""

    def __init__(self, port: int, requests: Sequence[Template], clients: int, first: int = 0) -> None:
        """`first`: number of the first request, where several loads have one sink."""
        self._port = port
        self._requests = requests
        self._clients = clients
        self._next = first
        self._owed: dict[bytes, int] = {}

    async def run(self, seconds: float, most: int) -> Sent:
        """Send for some seconds, or until `most` records are sent."""
        started = time.monotonic()
        last = self._next + max(most // self._requests[0].records, 1)
        clients = min(self._clients, last - self._next)
        before = sum(self._owed.values())
        refused = await asyncio.gather(*(self._send(started + seconds, last) for _ in range(clients)))
        return Sent(sum(self._owed.values()) - before, sum(refused), time.monotonic() - started)

    async def _send(self, ends: float, last: int) -> int:
        client = await Client.connect(self._port)
        refused, first = 0, True
        try:
            while self._next < last and (first or time.monotonic() < ends):
                first = False
                number, template = self._next, self._requests[self._next % len(self._requests)]
                self._next += 1
                while not await taken(client, template.numbered(number)):
                    refused += 1
                    client.transport.close()
                    await asyncio.sleep(PAUSE)
                    client = await Client.connect(self._port)
                self._owed[letters(number, len(_NUMBER))] = template.records
        finally:
            client.transport.close()
        return refused

    async def arrived(self, sink: Sink) -> None:
        """Return once every record that was answered 200 is in the sink. Raises RuntimeError when one does not come."""
        progress = time.monotonic()
        while missing := self._missing(sink):
            if sink.read():
                progress = time.monotonic()
            elif time.monotonic() - progress > PATIENCE:
                raise RuntimeError(f"{missing} of {sum(self._owed.values())} acknowledged records did not arrive")
            else:
                await asyncio.sleep(0.01)

    def _missing(self, sink: Sink) -> int:
        """Count the records that are owed and not there; quickly while there can't be enough."""
        short = sum(self._owed.values()) - len(sink.received)
        if short > 0:
            return short
        numbers = [letters(at, 4) for at in range(self._requests[0].records)]
        return sum(
            (request, number) not in sink.received for request, records in self._owed.items() for number in numbers[:records]
        )

    def duplicates(self, sink: Sink) -> int:
        """Return how many records came more than once."""
        return sum(count - 1 for count in sink.received.values())

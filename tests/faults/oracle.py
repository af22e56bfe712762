"""The oracle: ids that a client got an answer for, held against ids that a destination received.

Neither side shares code with sluice: the client posts JSON lines, the sink reads OTLP with the published protobuf classes.
"""

import gzip
import itertools
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

LINES_A_REQUEST = 20


class Load:
    """Clients that post log lines with ids of their own until told to stop. `owed`: ids whose request was answered 200."""

    def __init__(self, port: int, clients: int = 4, *, keeps_alive: bool = True, pause: float = 0.0, padding: int = 0) -> None:
        self.port = port
        self._keeps_alive = keeps_alive
        self._pause = pause
        """Seconds that a client waits before its next request."""
        self._padding = "x" * padding
        """What makes each line longer."""
        self.owed: set[str] = set()
        self.refused = 0
        """Requests that were answered with another status."""
        self.broken: Counter[str] = Counter()
        """Requests that got no answer, by what happened."""
        self.seconds: list[float] = []
        """How long each answer took, the connection included where it is new."""
        self._ids = itertools.count()
        self._next_id = 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]

    def begin_at(self, number: int) -> None:
        """Number the ids from here, so that several loads have different ones."""
        self._ids = itertools.count(number)

    @property
    def unsure(self) -> int:
        """Requests whose records may have been taken or not."""
        return self.refused + self.broken.total()

    def issued(self, name: str) -> bool:
        """Return whether an id is one of those that were sent, whatever the answer. Once the load has ended."""
        prefix, _, number = name.partition("-")
        return prefix == "id" and number.isdecimal() and int(number) < self._next_id

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
        self._next_id = next(self._ids)

    def _run(self) -> None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not self._stop.wait(self._pause):
            ids = [f"id-{next(self._ids):09}" for _ in range(LINES_A_REQUEST)]
            lines = "\n".join(
                json.dumps({"message": name, "level": "info", "service": "load", "padding": self._padding}) for name in ids
            )
            started = time.monotonic()
            try:
                connection.request("POST", "/logs", lines.encode(), {"content-type": "application/x-ndjson"})
                answer = connection.getresponse()
                answer.read()
                self.seconds.append(time.monotonic() - started)
                if not self._keeps_alive:
                    connection.close()
            except (OSError, HTTPException) as error:
                self.broken[type(error).__name__] += 1
                connection.close()
                time.sleep(0.01)
                continue
            if answer.status == 200:
                self.owed.update(ids)
            else:
                self.refused += 1
                time.sleep(0.05)
        connection.close()


Behaviour = Callable[["Handler", list[str]], bool]
"""Answers a request itself and returns True, or returns False: then it is taken and answered 200."""


class Sink:
    """An OTLP/HTTP destination on a port of its own that counts what it got. `behave` scripts its faults."""

    def __init__(self, port: int, handler: type["Handler"] | None = None) -> None:
        self.port = port
        self._handler = handler or Handler
        self.received: Counter[str] = Counter()
        self.behave: Behaviour | None = None
        self.requests = 0
        self._server: ThreadingHTTPServer | None = None

    def open(self) -> None:
        """Listen."""
        server = _Server(("127.0.0.1", self.port), self._handler)
        server.sink = self
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self._server = server

    def close(self) -> None:
        """Stop listening; connections are refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128
    sink: Sink

    def handle_error(self, *_: Any) -> None:
        """A peer that was killed leaves broken connections behind."""


class Handler(BaseHTTPRequestHandler):
    """One connection to a sink."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        request = ExportLogsServiceRequest.FromString(body)
        ids = [
            record.body.string_value
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]
        sink = self.server.sink
        sink.requests += 1
        if sink.behave is not None and sink.behave(self, ids):
            return
        sink.received.update(ids)
        self.answer(200)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def reset(self) -> None:
        """Cut the connection with a TCP reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

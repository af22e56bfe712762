"""A destination that a test refuses through: it takes, refuses or does not answer, and keeps what it took."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Destination(ThreadingHTTPServer):
    """An OTLP/HTTP intake. `status` is what it answers; while `open` is clear it waits before that."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.open = threading.Event()
        self.open.set()
        self.asked = 0
        self.taken: list[bytes] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def times(self, text: str) -> int:
        """Return how often a text was taken."""
        return sum(body.count(text.encode()) for body in self.taken)

    def handle_error(self, *_: Any) -> None:
        """A daemon that was killed is no fault of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Destination

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked += 1
        self.server.open.wait(30)
        if self.server.status == 200:
            self.server.taken.append(body)
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def listening() -> Iterator[Destination]:
    with Destination() as destination:
        thread = threading.Thread(target=destination.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield destination
        finally:
            destination.open.set()
            destination.shutdown()
            thread.join()

"""One delivery as its sender made it, and how it is refused."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from multidict import CIMultiDictProxy

Reason: TypeAlias = Literal[
    "missing_header", "bad_header", "mismatch", "too_old", "too_new", "too_large", "unlisted", "parse", "replay_store_full"
]
"""Why a delivery is refused (webhooks contract §8)."""


class Refused(Exception):
    """The delivery is refused with an HTTP status. The message holds nothing of the delivery and no secret (rule W10)."""

    def __init__(self, status: int, reason: Reason, message: str, challenge: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.challenge = challenge
        """Value of `WWW-Authenticate`."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery. `body` is what its signature is checked over."""

    method: str
    path: str
    headers: CIMultiDictProxy[str]
    content_type: str
    body: bytes
    received_at: int
    """Nanoseconds since the epoch."""

    def text(self, name: str) -> str:
        """Return a header as text that can be recorded, joined when it is there more than once; empty when it is missing."""
        return ", ".join(self.headers.getall(name, [])).encode("utf-8", "surrogateescape").decode(errors="replace")

    def header(self, name: str) -> str:
        """Return a header. Raises `Refused` when it is missing, empty or there twice (rule W7)."""
        values = self.headers.getall(name, [])
        if len(values) > 1:
            raise Refused(400, "bad_header", f"{name} is there twice")
        if not values or not values[0].strip():
            raise Refused(400, "missing_header", f"{name} is missing")
        return values[0].strip()

    def list_header(self, name: str) -> str:
        """Return a header whose syntax is a list, joined when it is there more than once. Raises `Refused` when it is missing."""
        joined = ",".join(self.headers.getall(name, []))
        if not joined.strip(" ,"):
            raise Refused(400, "missing_header", f"{name} is missing")
        return joined

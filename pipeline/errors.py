"""What can go wrong on a batch's way, as exceptions that say what to do.

Only two matter to a receiver: `Busy` (the client tries again) and `Rejected` (the data is bad). The send path knows the
rest. No message may hold telemetry: it may be logged, stored and answered as it stands.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

Reason: TypeAlias = Literal[
    "malformed",
    "line_too_long",
    "bad_line",
    "too_large",
    "rejected_4xx",
    "partial_success",
    "retry_exhausted",
    "auth_expired",
    "corrupt",
    "poison",
    "processor_error",
    "too_old",
    "unroutable",
    "ratelimit_backoff",
    "queue_full",
    "max_age",
]
"""Why data is given up: the closed list of delivery contract §8."""


class StartError(Exception):
    """A component can't do its work here; the message says which, and why."""


class Busy(Exception):
    """Not now: nothing was accepted, the same data may be sent again after `retry_after` seconds (None: own back-off)."""

    def __init__(self, message: str, retry_after: float | None = None, *, code: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.code = code
        """Label of `sluice_exporter_failed_attempts_total`: an HTTP status, a gRPC code or a short word such as `timeout`."""


class Held(Busy):
    """The exporter holds the request back itself, for as long as it sees fit: no attempt was made, and none has failed."""


class Unauthorized(Busy):
    """A destination refused our credential: keep the data, pause the exporter, alert (delivery contract §7)."""


class Rejected(Exception):
    """Never: sending the same bytes again can't help."""

    def __init__(self, reason: Reason, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.reason: Reason = reason
        self.code = code


class TooLarge(Rejected):
    """The request is larger than its destination takes: split it, never resend it as it is."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__("too_large", message, code=code)


class Partial(Exception):
    """The destination took the request but for `rejected` items, and must not get it again (delivery contract A7)."""

    def __init__(self, rejected: int, message: str) -> None:
        super().__init__(message)
        self.rejected = rejected


class ConfigError(Exception):
    """A component refuses its settings. `path` leads from the component's own settings to the fault.

    `code` is one of config contract §8. `label` stands behind the caret, `help` on a line of its own.
    """

    def __init__(self, code: str, message: str, *, path: Sequence[str | int] = (), label: str = "", help: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.path = tuple(path)
        self.label = label
        self.help = help

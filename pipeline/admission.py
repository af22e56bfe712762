"""Room in memory for what comes in: asked for before a byte of a body is read, given back when it was dealt with.

Delivery contract §5. The budget bounds what all requests under way may hold; who does not fit is told when to come again. No
client gets all of it by many requests, so that others find room beside one that floods. A second guard watches the process's
own size and closes the door while that is near the limit.
"""

import asyncio
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from pipeline.errors import Busy, TooLarge
from pipeline.settings import Limits
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

MIN_BODY_BYTES: Final = 64 * 1024
"""A smaller body counts as this much."""
PLAIN_FACTOR: Final = 2
"""What a byte of an uncompressed body costs: itself, and its edited copy."""
COMPRESSED_FACTOR: Final = 8
"""What a byte of a compressed body costs before it is known what it holds."""
GROWTH_BYTES: Final = 1 << 20
"""A body of unknown length is charged in steps of this."""

CLIENT_SHARE: Final = 4
"""What a client's requests hold together may be this many times what is left: alone it comes to four fifths of the budget."""

_SAMPLE_SECONDS: Final = 0.25
_CLOSE_AT, _OPEN_BELOW = 0.90, 0.85
_PRESSURE_SECONDS: Final = 10.0
_MOST_WAIT: Final = 30
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


def declared_cost(length: int, *, compressed: bool) -> int:
    """Return the cost of a body of a declared length."""
    return max(length, MIN_BODY_BYTES) * (COMPRESSED_FACTOR if compressed else PLAIN_FACTOR)


class Admission:
    """The budget. One event loop uses it; nothing in it waits."""

    def __init__(self, limit_bytes: int, metrics: Metrics, *, memory_bytes: int | None = None) -> None:
        self.limit_bytes = limit_bytes
        self._memory_bytes = memory_bytes
        self._metrics = metrics
        self._used = 0
        self._clients: dict[str, int] = {}
        """What each client's requests hold, of clients that hold anything."""
        self._memory_closed = False
        self._pressure = 0.0
        metrics.watch(catalogue.ADMISSION_INFLIGHT, lambda: self._used)
        metrics.set(catalogue.ADMISSION_LIMIT, limit_bytes)

    @classmethod
    def of(cls, limits: Limits, metrics: Metrics) -> Self:
        """Return the admission that the `service.limits` settings ask for on this machine."""
        admission = cls(1, metrics)
        admission.configure(limits)
        return admission

    def configure(self, limits: Limits) -> None:
        """Take over other limits; what is reserved stays reserved."""
        memory = limits.memory if isinstance(limits.memory, int) else int(memory_limit() * limits.memory)
        self._memory_bytes = memory
        self.limit_bytes = limits.inflight if limits.inflight is not None else memory // 4
        self._metrics.set(catalogue.ADMISSION_LIMIT, self.limit_bytes)

    @property
    def used_bytes(self) -> int:
        """What the requests under way have reserved."""
        return self._used

    @property
    def open(self) -> bool:
        """Whether the process's size allows any request; readiness shows it."""
        return not self._memory_closed

    def lease(self, cost: int, client: str = "") -> "Lease":
        """Return a lease of `cost` bytes, to be entered with `async with`. `client` is an address; without one there is no share.

        Entering raises `TooLarge` when the whole budget would not do, and `Busy` when there is no room now.
        """
        return Lease(self, cost, client)

    async def run(self) -> None:
        """Watch the process's size until cancelled."""
        while True:
            self.sample(resident_bytes())
            await asyncio.sleep(_SAMPLE_SECONDS)

    def sample(self, resident: int) -> None:
        """Take one reading of the process's size, due each 250 ms: close above 90 % of its limit, open below 85 %."""
        if self._memory_bytes is not None:
            self._memory_closed = resident > self._memory_bytes * (_OPEN_BELOW if self._memory_closed else _CLOSE_AT)
        fill = 1.0 if self._memory_closed else self._used / self.limit_bytes
        self._pressure += (fill - self._pressure) * _SAMPLE_SECONDS / _PRESSURE_SECONDS

    def take(self, size: int, client: str = "", held: int = 0) -> None:
        """Reserve `size` bytes more for a request that holds `held` already. Raises as `lease` does."""
        if held + size > self.limit_bytes:
            self._metrics.add(catalogue.ADMISSION_REFUSED, reason="too_large")
            raise TooLarge("the request needs more memory than service.limits.inflight allows")
        if self._memory_closed and not held:
            self._refuse("memory")
        left = self.limit_bytes - self._used - size
        if left < 0:
            self._refuse("inflight")
        of_client = self._clients.get(client, 0)
        if of_client > held and of_client + size > CLIENT_SHARE * left:
            self._refuse("client")
        self._used += size
        if client:
            self._clients[client] = of_client + size

    def give_back(self, size: int, client: str = "") -> None:
        """Free what was reserved."""
        self._used -= size
        if client:
            self._clients[client] -= size
            if not self._clients[client]:
                del self._clients[client]

    def _refuse(self, reason: str) -> None:
        """Raise Busy with a hint of 1 to 30 s: how full it was over the last seconds, not at this instant."""
        self._metrics.add(catalogue.ADMISSION_REFUSED, reason=reason)
        raise Busy("no memory for the request now", retry_after=round(1 + (_MOST_WAIT - 1) * self._pressure))


class Lease:
    """A reservation of one request: taken at `async with`, given back when the block is left, whatever happened in it.

    What goes on though the block is left, and is held with `hold`, has to end first.
    """

    def __init__(self, admission: Admission, cost: int, client: str) -> None:
        self._admission = admission
        self._client = client
        self._size = cost
        self._held: set[asyncio.Future[Any]] = set()
        self._left = False

    @property
    def size(self) -> int:
        """Bytes reserved."""
        return self._size

    def grow(self, size: int) -> None:
        """Reserve `size` bytes more. Raises `TooLarge` or `Busy`; what was held stays held."""
        self._admission.take(size, self._client, self._size)
        self._size += size

    def cover(self, total: int) -> None:
        """Grow, in steps of 1 MiB, until at least `total` bytes are reserved. Raises as `grow` does."""
        if total > self._size:
            self.grow(-(-(total - self._size) // GROWTH_BYTES) * GROWTH_BYTES)

    def hold(self, work: "asyncio.Future[Any]") -> None:
        """Keep the reservation until `work` has ended too."""
        self._held.add(work)
        work.add_done_callback(self._ended)

    def _ended(self, work: "asyncio.Future[Any]") -> None:
        self._held.discard(work)
        if self._left and not self._held:
            self._admission.give_back(self._size, self._client)

    async def __aenter__(self) -> Self:
        self._admission.take(self._size, self._client)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._left = True
        if not self._held:
            self._admission.give_back(self._size, self._client)


def resident_bytes() -> int:
    """Return the resident size of this process; 0 where the system does not tell."""
    try:
        statm = Path("/proc/self/statm").read_text(encoding="ascii")
    except FileNotFoundError:
        return 0
    return int(statm.split()[1]) * _PAGE_BYTES


def memory_limit(root: Path = Path("/")) -> int:
    """Return the memory that this process may use: the lowest limit of its cgroups (v2 or v1), at most the machine's RAM."""
    limits = [os.sysconf("SC_PHYS_PAGES") * _PAGE_BYTES]
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return limits[0]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            limits += _limits(root / "sys/fs/cgroup", path, "memory.max")
        elif "memory" in controllers.split(","):
            limits += _limits(root / "sys/fs/cgroup/memory", path, "memory.limit_in_bytes")
    return min(limits)


def _limits(mount: Path, path: str, name: str) -> list[int]:
    """Return the limits of a cgroup and of all above it that can be seen."""
    group = mount / path.lstrip("/")
    files = [level / name for level in (group, *group.parents) if level.is_relative_to(mount)]
    texts = [file.read_text(encoding="ascii").strip() for file in files if file.is_file()]
    return [int(text) for text in texts if text != "max"]

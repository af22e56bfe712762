"""How far an exporter has come in one partition: which offsets are under way, and up to which one all is settled."""


class Offsets:
    """The offsets of a partition that were read, in order, and not settled yet."""

    def __init__(self) -> None:
        self.committed = -1
        """What the broker keeps for the group, as far as we know."""
        self.stopped = False
        """Not to be read on: a message could neither be delivered nor set aside."""
        self._unsettled: dict[int, None] = {}
        self._next: int | None = None
        self._again = False

    @property
    def low(self) -> int | None:
        """The low-water mark: everything before it is settled. None before the first message."""
        return next(iter(self._unsettled), self._next)

    @property
    def owed(self) -> int | None:
        """The offset to commit; None where the broker knows it, or a later one of another node."""
        low = self.low
        return low if low is not None and low > self.committed else None

    @property
    def under_way(self) -> bool:
        """Whether anything that was read is not settled."""
        return bool(self._unsettled)

    def take(self, offset: int) -> bool:
        """Read a message; False when it is under way or settled already, since the partition came back to us meanwhile."""
        if self._next is not None and offset < self._next:
            if self._again:
                return False
            self._unsettled, self.committed = {}, -1  # the partition was cut off, or made anew: this is another message
        self._again = False
        self._unsettled[offset] = None
        self._next = offset + 1
        return True

    def settle(self, offset: int) -> None:
        """Be done with a message."""
        self._unsettled.pop(offset, None)

    def give_back(self, offset: int) -> None:
        """Not have read a message, nor any behind it."""
        for later in [one for one in self._unsettled if one >= offset]:
            del self._unsettled[later]
        self._next = offset if self._next is None else min(self._next, offset)

    def came_back(self) -> None:
        """Be read again from what is committed on, after a rebalance that brought the partition back with messages under way."""
        self._again = True

"""Drop the items that conditions name (components contract §2)."""

from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.conditions import Condition
from pipeline.types import Signal
from pipeline.wire.reference.items import Item, judge_items


class Filter:
    """Drops an item when any `drop` condition matches, or when there are `keep` conditions and none matches."""

    def __init__(self, drop: Sequence[Condition] = (), keep: Sequence[Condition] = ()) -> None:
        self._drop = tuple(drop)
        self._keep = tuple(keep)

    def keep(self, payload: bytes, signal: Signal) -> tuple[bytes, Mapping[str, int]]:
        """Return what is kept of a payload, and how many items each rule dropped.

        A rule goes by the text of its condition; what no `keep` condition matched is dropped by the rule `keep`.
        """
        rules: Counter[str] = Counter()

        def judge(item: Item) -> bytes | None:
            for condition in self._drop:
                if condition.matches(item.record):
                    rules[condition.text] += 1
                    return None
            if self._keep and not any(condition.matches(item.record) for condition in self._keep):
                rules["keep"] += 1
                return None
            return item.wire()

        return judge_items(payload, signal, judge)[0], rules

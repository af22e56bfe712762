from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.packing import Entry, halves, packed

ENTRIES = st.lists(st.integers(0, 12).map(lambda size: Entry(b"x" * size, [], 1)), max_size=20)


@given(ENTRIES, st.integers(1, 5), st.integers(1, 30))
def test_groups_keep_order_and_limits(entries: list[Entry], most: int, max_bytes: int) -> None:
    groups = packed(entries, most=most, max_bytes=max_bytes)
    assert [entry for group in groups for entry in group] == entries
    for group in groups:
        assert 1 <= len(group) <= most
        assert len(group) == 1 or len(b",".join(entry.body for entry in group)) <= max_bytes
    for one, other in pairwise(groups):
        together = [*one, other[0]]
        assert len(together) > most or len(b",".join(entry.body for entry in together)) > max_bytes


@given(ENTRIES.filter(lambda entries: len(entries) > 1))
def test_halves_are_both_there_and_in_order(entries: list[Entry]) -> None:
    first, second = halves(entries)
    assert [*first, *second] == entries
    assert 0 <= len(first) - len(second) <= 1

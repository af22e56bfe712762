import pytest

from exporters.datadog.tags import normalised_tag
from exporters.prometheus.labels import label_name
from exporters.prometheus.names import metric_name
from exporters.sentry.strip import is_sensitive
from pipeline.remembered import LONGEST, remembered


def test_only_short_texts_are_remembered() -> None:
    calls: list[tuple[str, str]] = []

    @remembered(2)
    def joined(one: str, other: str) -> str:
        calls.append((one, other))
        return one + other

    long = "x" * (LONGEST + 1)
    for one, other in [("a", "b"), (long, "b"), ("a", long)] * 2:
        assert joined(one, other) == one + other
    assert calls == [("a", "b"), (long, "b"), ("a", long), (long, "b"), ("a", long)]


@pytest.mark.parametrize(
    "function", [normalised_tag, label_name, metric_name, is_sensitive], ids=lambda function: function.__name__
)
def test_functions_of_what_clients_send_remember_so(function: object) -> None:
    assert not hasattr(function, "cache_info"), "a bare lru_cache bounds the entries, not their length"

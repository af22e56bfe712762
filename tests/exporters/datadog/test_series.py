from typing import Any

import orjson
import pytest

from exporters.datadog.deltas import Deltas
from exporters.datadog.origins import Origins
from exporters.datadog.series import PointMapping, bound_text, metric_name, series
from pipeline.packing import Entry
from pipeline.types import Value
from pipeline.wire.model import Buckets, Metric, Point, Resource, Scope
from tests.exporters.datadog.models import is_metric_payload

NOW = 1_700_000_000
NS = 1_000_000_000
GAUGE = Metric(name="g", type="gauge")
DELTA_SUM = Metric(name="s", type="sum", temporality=1, monotonic=True)
CUMULATIVE_SUM = Metric(name="s", type="sum", temporality=2, monotonic=True)
UP_DOWN_SUM = Metric(name="s", type="sum", temporality=2)
HISTOGRAM = Metric(name="h", type="histogram", temporality=1)
CUMULATIVE_HISTOGRAM = Metric(name="h", type="histogram", temporality=2)


def point(metric: Metric, at: float = 0, resource: dict[str, Value] | None = None, **fields: Any) -> Point:
    fields.setdefault("start_time", (NOW - 60) * NS)
    return Point(resource=Resource(resource or {}), scope=Scope(), metric=metric, time=int((NOW + at) * NS), **fields)


def entries(*points: Point, mode: Any = "nobuckets", first: Any = "auto", hostname: str = "") -> list[Entry]:
    mapping = PointMapping(Deltas((NOW - 1000) * NS), mode, first)
    return series(points, mapping, Origins(hostname), NOW)


def mapped(*points: Point, **options: Any) -> list[dict[str, Any]]:
    found = [orjson.loads(entry.body) for entry in entries(*points, **options)]
    assert is_metric_payload({"series": found})
    return found


def by_name(*points: Point, **options: Any) -> dict[str, list[float]]:
    return {one["metric"]: [at["value"] for at in one["points"]] for one in mapped(*points, **options)}


def test_a_gauge_is_a_gauge_with_tags_and_host() -> None:
    resource: dict[str, Value] = {"service.name": "cart", "host.name": "web-1"}
    assert mapped(point(GAUGE, resource=resource, value=1.5, attributes={"Zone": "A", "empty": "", "n": 2})) == [
        {
            "metric": "g",
            "type": 3,
            "points": [{"timestamp": NOW, "value": 1.5}],
            "tags": ["empty:n/a", "n:2", "service:cart", "zone:a"],
            "resources": [{"type": "host", "name": "web-1"}],
        }
    ]


def test_the_configured_host_stands_in() -> None:
    assert mapped(point(GAUGE, value=1), hostname="gateway")[0]["resources"] == [{"type": "host", "name": "gateway"}]
    assert "resources" not in mapped(point(GAUGE, value=1))[0]


def test_a_delta_sum_is_a_count_as_it_is() -> None:
    (one,) = mapped(point(DELTA_SUM, value=3))
    assert (one["type"], one["points"]) == (1, [{"timestamp": NOW, "value": 3}])


def test_a_cumulative_sum_is_a_count_of_differences() -> None:
    assert by_name(*(point(CUMULATIVE_SUM, at, value=value) for at, value in enumerate([10, 15, 15, 4, 9]))) == {
        "s": [10, 5, 0, 4, 5]
    }


def test_first_points_follow_the_setting() -> None:
    points = [point(CUMULATIVE_SUM, at, value=value) for at, value in enumerate([10, 15, 15, 4, 9])]
    assert by_name(*points, first="drop") == {"s": [5, 0, 5]}


def test_each_series_has_its_own_state() -> None:
    points = [point(CUMULATIVE_SUM, at, value=at + 1, attributes={"k": k}) for at in (0, 1) for k in ("a", "b")]
    assert [[at["value"] for at in one["points"]] for one in mapped(*points)] == [[1, 1], [1, 1]]


def test_a_cumulative_sum_that_may_fall_is_a_gauge() -> None:
    (one,) = mapped(point(UP_DOWN_SUM, value=3))
    assert (one["type"], one["points"]) == (3, [{"timestamp": NOW, "value": 3}])


def test_a_delta_histogram_is_count_sum_min_and_max() -> None:
    found = by_name(point(HISTOGRAM, count=3, sum=12.0, min=1.0, max=10.0, bounds=[5.0], counts=[2, 1]))
    assert found == {"h.count": [3], "h.sum": [12.0], "h.min": [1.0], "h.max": [10.0]}


def test_counters_are_tagged_with_their_bounds() -> None:
    found = mapped(point(HISTOGRAM, count=3, bounds=[0.0, 0.25, 5.0], counts=[0, 1, 2, 0]), mode="counters")
    assert [(one["tags"], one["points"][0]["value"]) for one in found if one["metric"] == "h.bucket"] == [
        (["lower_bound:-inf", "upper_bound:0"], 0),
        (["lower_bound:0", "upper_bound:0.25"], 1),
        (["lower_bound:0.25", "upper_bound:5.0"], 2),
        (["lower_bound:5.0", "upper_bound:inf"], 0),
    ]


@pytest.mark.parametrize(
    ("bound", "text"), [(0.0, "0"), (1, "1.0"), (0.25, "0.25"), (float("inf"), "inf"), (float("-inf"), "-inf")]
)
def test_bounds_are_written_as_datadog_writes_them(bound: float, text: str) -> None:
    assert bound_text(bound) == text


def test_a_cumulative_histogram_gives_nothing_at_first_and_differences_then() -> None:
    points = [
        point(CUMULATIVE_HISTOGRAM, 0, count=3, sum=12.0, min=1.0, bounds=[5.0], counts=[2, 1]),
        point(CUMULATIVE_HISTOGRAM, 1, count=5, sum=10.0, min=-3.0, bounds=[5.0], counts=[4, 1]),
    ]
    assert by_name(points[0]) == {}
    assert by_name(*points) == {"h.count": [2], "h.sum": [-2.0]}
    buckets = [one["points"][0]["value"] for one in mapped(*points, mode="counters") if one["metric"] == "h.bucket"]
    assert buckets == [2, 0]


def test_bounds_that_do_not_grow_give_nothing() -> None:
    assert mapped(point(HISTOGRAM, count=3, bounds=[5.0, 1.0], counts=[1, 1, 1])) == []


def test_an_exponential_histogram_is_count_and_sum() -> None:
    metric = Metric(name="e", type="exponential_histogram", temporality=1)
    assert by_name(point(metric, count=2, sum=3.0, scale=1, positive=Buckets(0, [1, 1]))) == {"e.count": [2], "e.sum": [3.0]}


def test_a_summary_is_counts_of_differences() -> None:
    metric = Metric(name="q", type="summary")
    points = [point(metric, at, count=3 + at, sum=4.0 + at, quantiles=[(0.5, 1.0)]) for at in (0, 1)]
    assert by_name(*points) == {"q.count": [1], "q.sum": [1.0]}


@pytest.mark.parametrize(
    "fields", [{"value": float("nan")}, {"value": float("inf")}, {"value": float("-inf")}, {"value": 1, "flags": 1}, {}]
)
def test_a_point_without_a_number_is_left_out(fields: dict[str, Any]) -> None:
    assert mapped(point(GAUGE, **fields)) == []
    assert mapped(point(DELTA_SUM, **fields)) == []


@pytest.mark.parametrize(("at", "kept"), [(-3600, True), (-3601, False), (600, True), (601, False), (-NOW, False)])
def test_points_outside_the_intakes_window_are_left_out(at: int, kept: bool) -> None:
    assert bool(mapped(point(GAUGE, at, value=1))) is kept


def test_values_of_one_second_become_one() -> None:
    assert by_name(point(DELTA_SUM, 0.1, value=2), point(DELTA_SUM, 0.9, value=3)) == {"s": [5]}
    assert by_name(point(GAUGE, 0.9, value=2), point(GAUGE, 0.1, value=3)) == {"g": [2]}


def test_every_point_is_an_item_once() -> None:
    points = [
        point(HISTOGRAM, count=3, sum=1.0),
        point(HISTOGRAM, 5, count=3, sum=1.0),
        point(GAUGE, value=1),
        point(GAUGE, value=float("nan")),
    ]
    assert sum(entry.items for entry in entries(*points)) == 3


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("http.server.duration", "http.server.duration"),
        ("a-b/c", "a_b_c"),
        ("9_lives", "lives"),
        ("größe", "gr__e"),
        ("x" * 300, "x" * 200),
    ],
)
def test_metric_names_are_what_datadog_takes(raw: str, name: str) -> None:
    assert metric_name(raw) == name


def test_a_long_name_keeps_its_suffix() -> None:
    name = metric_name("x" * 300, ".count")
    assert (len(name), name[-6:]) == (200, ".count")


def test_a_metric_without_a_letter_in_its_name_is_left_out() -> None:
    assert mapped(point(Metric(name="123", type="gauge"), value=1)) == []

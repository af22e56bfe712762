"""What a scrape shows (prometheus contract §2, §4)."""

import math
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporters.prometheus.exposition import Form, bound, expose, number
from exporters.prometheus.store import MAX_SERIES_PER_FAMILY, Naming, Store
from pipeline.wire.model import Buckets, Exemplar, Metric, Point, Resource, Scope
from tests.strategies import records_of

OPENMETRICS, TEXT = Form(openmetrics=True), Form(openmetrics=False)
NOWHERE, SCOPE = Resource(), Scope()
SECOND = 10**9
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def store(clock: Clock | None = None, **naming: Any) -> Store:
    return Store(Naming(**naming), 300, clock or Clock())


def text(of: Store, form: Form = TEXT) -> str:
    return expose(of.snapshot(), form, lambda: None).decode()


def lines(points: Sequence[Point], form: Form = TEXT, **naming: Any) -> list[str]:
    of = store(**naming)
    of.fold(points)
    list(parse_openmetrics(text(of, OPENMETRICS)))
    return text(of, form).splitlines()


def metric(type: Any = "gauge", name: str = "x", **fields: Any) -> Metric:
    fields = {"temporality": 0 if type in ("gauge", "summary") else 2, **fields}
    return Metric(name=name, type=type, **fields)


def point(of: Metric, value: Any = None, **fields: Any) -> Point:
    fields = {"resource": NOWHERE, "scope": SCOPE, "time": SECOND, **fields}
    return Point(metric=of, value=value, **fields)


COUNTER = metric("sum", monotonic=True)
DELTA = metric("sum", monotonic=True, temporality=1)


@pytest.mark.parametrize(
    ("each", "in_text", "in_openmetrics"),
    [
        (point(metric(), 1.5), ["# TYPE x gauge", "x 1.5"], ["# TYPE x gauge", "x 1.5", "# EOF"]),
        (point(COUNTER, 3), ["# TYPE x_total counter", "x_total 3"], ["# TYPE x counter", "x_total 3", "# EOF"]),
        (point(metric("sum"), -3), ["# TYPE x gauge", "x -3"], ["# TYPE x gauge", "x -3", "# EOF"]),
        (
            point(metric(metadata={"prometheus.type": "unknown"}), math.nan),
            ["# TYPE x untyped", "x NaN"],
            ["# TYPE x unknown", "x NaN", "# EOF"],
        ),
        (
            point(metric("histogram", unit="s", description='a "b"\\\n'), bounds=[1, 2.5], counts=[3, 0, 4], sum=20.0),
            [
                "# TYPE x_seconds histogram", '# HELP x_seconds a "b"\\\\\\n',
                'x_seconds_bucket{le="1.0"} 3', 'x_seconds_bucket{le="2.5"} 3', 'x_seconds_bucket{le="+Inf"} 7',
                "x_seconds_count 7", "x_seconds_sum 20.0",
            ],
            [
                "# TYPE x_seconds histogram", "# UNIT x_seconds seconds", '# HELP x_seconds a \\"b\\"\\\\\\n',
                'x_seconds_bucket{le="1.0"} 3', 'x_seconds_bucket{le="2.5"} 3', 'x_seconds_bucket{le="+Inf"} 7',
                "x_seconds_count 7", "x_seconds_sum 20.0", "# EOF",
            ],
        ),
        (
            point(metric("histogram"), bounds=[1], counts=[3, 4]),
            ["# TYPE x histogram", 'x_bucket{le="1.0"} 3', 'x_bucket{le="+Inf"} 7', "x_count 7"],
            ["# TYPE x histogram", 'x_bucket{le="1.0"} 3', 'x_bucket{le="+Inf"} 7', "# EOF"],
        ),
        (
            point(metric("histogram"), bounds=[-1, math.inf], counts=[3, 4, 5], sum=1.0),
            ["# TYPE x histogram", 'x_bucket{le="-1.0"} 3', 'x_bucket{le="+Inf"} 12', "x_count 12", "x_sum 1.0"],
            ["# TYPE x histogram", 'x_bucket{le="-1.0"} 3', 'x_bucket{le="+Inf"} 12', "# EOF"],
        ),
        (
            point(metric("histogram"), count=4, sum=8.0),
            ["# TYPE x histogram", 'x_bucket{le="+Inf"} 4', "x_count 4", "x_sum 8.0"],
            ["# TYPE x histogram", 'x_bucket{le="+Inf"} 4', "x_count 4", "x_sum 8.0", "# EOF"],
        ),
        (
            point(metric("summary"), count=4, sum=8.0, quantiles=[(0.99, 3.0), (0.5, -1.0)], attributes={"k": "v"}),
            [
                "# TYPE x summary", 'x{k="v",quantile="0.5"} -1.0', 'x{k="v",quantile="0.99"} 3.0',
                'x_count{k="v"} 4', 'x_sum{k="v"} 8.0',
            ],
            ["# TYPE x summary", 'x{k="v",quantile="0.99"} 3.0', 'x_count{k="v"} 4', 'x_sum{k="v"} 8.0', "# EOF"],
        ),
        (
            point(metric("exponential_histogram"), count=9, sum=8.0, scale=0, zero_count=2,
                  positive=Buckets(-1, [3, 0, 1]), negative=Buckets(0, [1, 2])),
            [
                "# TYPE x histogram", 'x_bucket{le="-4.0"} 0', 'x_bucket{le="-2.0"} 2', 'x_bucket{le="-1.0"} 3',
                'x_bucket{le="0.0"} 5', 'x_bucket{le="0.5"} 5', 'x_bucket{le="1.0"} 8', 'x_bucket{le="2.0"} 8',
                'x_bucket{le="4.0"} 9', 'x_bucket{le="+Inf"} 9', "x_count 9", "x_sum 8.0",
            ],
            None,
        ),
    ],
)  # fmt: skip
def test_every_type_has_its_form(each: Point, in_text: list[str], in_openmetrics: list[str] | None) -> None:
    assert lines([each]) == in_text
    if in_openmetrics is not None:
        assert lines([each], OPENMETRICS) == in_openmetrics


def test_nothing_is_an_exposition_too() -> None:
    assert text(store()) == ""
    assert text(store(), OPENMETRICS) == "# EOF\n"


def test_bounds_are_spelt_one_way() -> None:
    spelt = "0.0 0.001 0.005 0.25 1.0 2.5 10.0 100000.0 1e+06 1.234567e+06 1.5e+07 0.0001 1e-05 1e-10 1e+10"
    assert [bound(float(each)) for each in spelt.split()] == spelt.split()
    assert (bound(-2.5), bound(-1e6), bound(-0.0)) == ("-2.5", "-1e+06", "0.0")


@given(st.floats())
def test_numbers_read_back(value: float) -> None:
    read = float(number(value))
    assert read == value or math.isnan(value)
    if math.isfinite(value):
        assert float(bound(value)) == value


def test_targets_come_first_and_once() -> None:
    web = Resource(
        attributes={"service.name": "cart", "service.namespace": "shop", "service.instance.id": "i", "host.name": "web"}
    )
    points = [point(metric(name=name), 1, resource=web) for name in ("b", "a")]
    job = 'instance="i",job="shop/cart"'
    assert lines(points) == [
        "# TYPE target_info gauge", "# HELP target_info What the resources say about themselves.",
        f'target_info{{host_name="web",{job}}} 1',
        "# TYPE a gauge", f"a{{{job}}} 1", "# TYPE b gauge", f"b{{{job}}} 1",
    ]  # fmt: skip
    assert lines(points, OPENMETRICS)[:2] == ["# TYPE target info", "# HELP target What the resources say about themselves."]


def test_what_has_no_name_has_no_target_info() -> None:
    assert lines([point(metric(), 1, resource=Resource(attributes={"host.name": "web"}))]) == ["# TYPE x gauge", "x 1"]


@pytest.mark.parametrize("extra", [{"service.name": "s" * 1025, "a": 1}, {"a.b": "x" * 600, "a_b": "x" * 600}])
def test_a_resource_with_labels_that_are_too_long_spoils_no_other(extra: dict[str, Any]) -> None:
    resources = [Resource(attributes={"service.name": name, "a": 1}) for name in ("cart", "shop")]
    odd = Resource(attributes={"service.name": "odd", **extra})
    shown = lines([point(metric(), 1, resource=resource) for resource in (resources[0], odd, resources[1])])
    assert [line for line in shown if line.startswith("target_info{")] == [
        'target_info{a="1",job="cart"} 1', 'target_info{a="1",job="shop"} 1',
    ]  # fmt: skip


def test_scopes_and_chosen_resource_attributes_are_labels() -> None:
    each = point(
        metric(),
        1,
        scope=Scope(name="app", version="2"),
        resource=Resource(attributes={"env": "test", "host": "h"}),
        attributes={"k": 1},
    )
    assert lines([each], resource_labels=("env",)) == [
        "# TYPE x gauge", 'x{env="test",k="1",otel_scope_name="app",otel_scope_version="2"} 1'
    ]  # fmt: skip
    assert lines([each], scope_labels=False) == ["# TYPE x gauge", 'x{k="1"} 1']


def test_timestamps_and_start_times_are_shown_when_asked_for() -> None:
    each = [point(COUNTER, 3, start_time=1_500_000_000, time=1_700_000_000_123_456_789)]
    assert lines(each, TEXT._replace(timestamps=True, created=True)) == ["# TYPE x_total counter", "x_total 3 1700000000123"]
    form = OPENMETRICS._replace(timestamps=True, created=True)
    assert lines(each, form) == [
        "# TYPE x counter", "x_total 3 1700000000.123456789", "x_created 1.5 1700000000.123456789", "# EOF"
    ]  # fmt: skip


def test_suffixes_can_be_left_out() -> None:
    strategy = "UnderscoreEscapingWithoutSuffixes"
    assert lines([point(COUNTER, 3)], strategy=strategy) == ["# TYPE x counter", "x 3"]
    assert lines([point(COUNTER, 3)], OPENMETRICS, strategy=strategy) == ["# TYPE x counter", "x_total 3", "# EOF"]


# ---- what is left out ----

REFUSED = [
    (point(COUNTER, -1), "negative"),
    (point(COUNTER, math.nan), "negative"),
    (point(metric()), "no_value"),
    (point(metric("sum", temporality=0), 1), "no_temporality"),
    (point(metric(name="---"), 1), "bad_name"),
    (point(metric("histogram"), bounds=[1], counts=[1]), "bad_histogram"),
    (point(metric("histogram"), bounds=[2, 1], counts=[1, 1, 1]), "bad_histogram"),
    (point(metric("histogram"), bounds=[math.nan], counts=[1, 1]), "bad_histogram"),
    (point(metric("exponential_histogram"), scale=-11), "bad_histogram"),
    (point(metric("exponential_histogram"), scale=0, positive=Buckets(2**31 - 1, [1])), "bad_histogram"),
    (point(metric("summary"), quantiles=[(1.5, 1.0)]), "bad_summary"),
    (point(metric(), 1, attributes={"k": "x" * 1025}), "label_limit"),
    (point(metric(name="target"), 1), "name_conflict"),
    (point(metric(name="target_info"), 1), "name_conflict"),
]


@pytest.mark.parametrize(("each", "reason"), REFUSED)
def test_what_can_not_be_shown_is_counted(each: Point, reason: str) -> None:
    of = store()
    assert of.fold([each]).refused == {reason: 1}
    assert text(of) == ""
    assert len(of) == 0


def test_exponential_histograms_can_be_left_out() -> None:
    of = store(exponential=False)
    assert of.fold([point(metric("exponential_histogram"))]).refused == {"exponential_histogram": 1}


def test_labels_that_can_not_be_are_counted_once() -> None:
    of = store()
    each = point(metric(), 1, attributes={"ключ": "x", "k": "v"})
    assert of.fold([each]).refused["label_dropped"] == 1
    assert not of.fold([each]).refused
    assert text(of) == '# TYPE x gauge\nx{k="v"} 1\n'


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (metric(), metric("histogram")),
        (metric(name="x"), metric("sum", name="x", monotonic=True)),
        (metric("histogram"), metric(name="x_count")),
        (metric(name="x_sum"), metric("summary")),
        (metric("sum", name="x", monotonic=True), metric(name="x_created")),
    ],
)
def test_the_later_of_two_that_clash_is_left_out_whole(first: Metric, second: Metric) -> None:
    of = store()
    folded = of.fold([point(first, 1), point(second, 1), point(second, 2)])
    assert sum(folded.refused.values()) == 2
    assert len(folded.conflicts) == 1
    assert len(list(parse_openmetrics(text(of, OPENMETRICS)))) == 1


def test_of_two_descriptions_the_first_counts_and_both_have_points() -> None:
    of = store()
    one, other = metric(description="one"), metric(description="other")
    folded = of.fold([point(one, 1, attributes={"k": "a"}), point(other, 2, attributes={"k": "b"})])
    assert (folded.refused.get("type_conflict"), folded.conflicts) == (None, ["x"])
    assert not of.fold([point(other, 3, attributes={"k": "b"}, time=2 * SECOND)]).conflicts
    assert text(of) == '# TYPE x gauge\n# HELP x one\nx{k="a"} 1\nx{k="b"} 3\n'


# ---- time ----


def shown(*points: Point, refused: str = "") -> Any:
    of = store()
    counted = of.fold(points).refused
    assert {reason for reason, count in counted.items() if count} == ({refused} if refused else set())
    (family,) = parse_openmetrics(text(of, OPENMETRICS._replace(created=True)))
    return {sample.name: sample.value for sample in family.samples}


def at(of: Metric, value: Any, start: int, time: int) -> Point:
    return point(of, value, start_time=start * SECOND, time=time * SECOND)


@pytest.mark.parametrize(
    ("points", "value", "created", "refused"),
    [
        ([(1, 10, 20), (2, 20, 30), (4, 30, 40)], 7, 10, ""),
        ([(1, 10, 20), (2, 25, 30)], 2, 25, ""),
        ([(1, 10, 20), (2, 20, 30), (4, 15, 20)], 3, 10, "out_of_order"),
        ([(1, 10, 20), (2, 20, 30), (4, 20, 30)], 3, 10, "out_of_order"),
        ([(1, 10, 20), (2, 15, 30)], 1, 10, "overlap"),
        ([(1, 0, 20), (2, 0, 30)], 3, None, ""),
    ],
)
def test_delta_chains(points: list[tuple[int, int, int]], value: int, created: int | None, refused: str) -> None:
    samples = shown(*(at(DELTA, *each) for each in points), refused=refused)
    assert samples == {"x_total": value, **({"x_created": created} if created else {})}


def test_delta_histograms_add_up_by_bucket() -> None:
    delta = metric("histogram", temporality=1)
    points = [
        replace(at(delta, None, start, start + 10), bounds=[1.0], counts=counts, sum=2.0)
        for start, counts in ((10, [1, 2]), (20, [3, 4]))
    ]
    of = store()
    of.fold(points)
    assert text(of).splitlines()[1:] == ['x_bucket{le="1.0"} 4', 'x_bucket{le="+Inf"} 10', "x_count 10", "x_sum 4.0"]
    of.fold([replace(points[1], bounds=[2.0], start_time=30 * SECOND, time=40 * SECOND)])
    assert text(of).splitlines()[1:] == ['x_bucket{le="2.0"} 3', 'x_bucket{le="+Inf"} 7', "x_count 7", "x_sum 2.0"]


def test_delta_exponential_histograms_align_their_scales() -> None:
    delta = metric("exponential_histogram", temporality=1)
    fine = replace(at(delta, None, 10, 20), scale=1, positive=Buckets(0, [1, 2, 4]), zero_count=1, sum=1.0)
    coarse = replace(at(delta, None, 20, 30), scale=0, positive=Buckets(1, [8]), sum=1.0)
    of = store()
    of.fold([fine, coarse])
    assert [line.split()[-1] for line in text(of).splitlines()[1:]] == ["1", "1", "4", "16", "16", "16", "2.0"]


def test_the_newer_start_wins_then_the_newer_time() -> None:
    assert shown(at(COUNTER, 5, 10, 20), at(COUNTER, 1, 15, 18)) == {"x_total": 1, "x_created": 15}
    assert shown(at(COUNTER, 5, 10, 20), at(COUNTER, 9, 5, 30), refused="duplicate_series")["x_total"] == 5
    assert shown(at(COUNTER, 5, 10, 20), at(COUNTER, 4, 10, 15), refused="duplicate_series")["x_total"] == 5
    assert shown(at(metric(), 5, 0, 20), at(metric(), 4, 12, 15), refused="duplicate_series") == {"x": 5}


def test_a_point_without_a_value_takes_its_series_out() -> None:
    of = store()
    of.fold([point(metric(), 1, attributes={"k": k}) for k in "ab"])
    of.fold([point(metric(), None, attributes={"k": "a"}, flags=1)])
    assert text(of) == '# TYPE x gauge\nx{k="b"} 1\n'
    of.fold([point(metric(), None, attributes={"k": k}, flags=1) for k in "ab"])
    assert (text(of), len(of)) == ("", 0)
    of.fold([point(COUNTER, 1)])
    assert "x_total 1" in text(of)


def test_idle_series_and_targets_leave() -> None:
    clock = Clock()
    of = store(clock)
    cart = Resource(attributes={"service.name": "cart", "host.name": "web"})
    of.fold([point(metric(), 1, attributes={"k": k}, resource=cart) for k in "ab"])
    clock.now += 200
    of.fold([point(metric(), 2, attributes={"k": "b"}, time=2 * SECOND)])
    clock.now += 200
    assert text(of) == '# TYPE x gauge\nx{k="b"} 2\n'
    clock.now += 200
    assert (text(of), len(of)) == ("", 0)


def test_a_flood_of_series_is_refused_and_the_rest_lives_on() -> None:
    of = store()
    flood = [point(metric(), 1, attributes={"k": n}) for n in range(MAX_SERIES_PER_FAMILY + 50)]
    assert of.fold(flood).refused["cardinality_limited"] == 50
    assert len(of) == MAX_SERIES_PER_FAMILY
    assert of.fold([point(metric(), 2, attributes={"k": 7}, time=2 * SECOND)]).refused == {}
    assert of.fold([point(metric(name="y"), 1)]).refused["cardinality_limited"] == 0


# ---- exemplars ----


def exemplar(value: float, time: int = SECOND, **fields: Any) -> Exemplar:
    return Exemplar(value=value, time=time, trace_id=TRACE, span_id=SPAN, **fields)


IDS = f'trace_id="{TRACE}",span_id="{SPAN}"'


def test_counters_show_their_newest_exemplar() -> None:
    each = point(COUNTER, 3, exemplars=[exemplar(1, 1_500_000_000), exemplar(2, SECOND)])
    assert lines([each], OPENMETRICS)[1] == f"x_total 3 # {{{IDS}}} 1.0 1.5"
    assert lines([each])[1] == "x_total 3"


def test_buckets_show_their_newest_exemplar() -> None:
    of = store()
    histogram = metric("histogram")
    of.fold([point(histogram, bounds=[1, 2], counts=[1, 1, 1], exemplars=[exemplar(1.0), exemplar(0.5, 0), exemplar(9.0)])])
    of.fold([point(histogram, bounds=[1, 2], counts=[1, 2, 1], exemplars=[exemplar(1.5)], time=2 * SECOND)])
    assert text(of, OPENMETRICS).splitlines()[1:4] == [
        f'x_bucket{{le="1.0"}} 1 # {{{IDS}}} 1.0 1',
        f'x_bucket{{le="2.0"}} 3 # {{{IDS}}} 1.5 1',
        f'x_bucket{{le="+Inf"}} 4 # {{{IDS}}} 9.0 1',
    ]


def test_gauges_show_none() -> None:
    assert lines([point(metric(), 3, exemplars=[exemplar(1)])], OPENMETRICS)[1] == "x 3"


@pytest.mark.parametrize(("length", "there"), [(65, True), (66, False)])
def test_exemplar_labels_have_128_characters(length: int, there: bool) -> None:
    ids = len("trace_id") + len(TRACE) + len("span_id") + len(SPAN)
    rest = {"k": "v" * (length - 1), "trace_id": "other"}
    each = point(COUNTER, 3, exemplars=[exemplar(1, attributes=rest)])
    (line,) = (line for line in lines([each], OPENMETRICS) if line.startswith("x_total"))
    assert ids + 65 == 128
    assert ('k="v' in line) is there
    assert "other" not in line


# ---- any input ----


def unreserved(exposition: str) -> str:
    """Rename labels such as `__x__`, which prometheus contract §3 keeps and prometheus_client's parser refuses."""
    return re.sub(r"(?<=[{,])__(\w+)__(?==)", r"reserved_\1", exposition)


@given(st.lists(records_of("metrics"), max_size=3), st.booleans())
def test_no_input_breaks_a_scrape(batches: list[Any], created: bool) -> None:
    of = store()
    for points in batches:
        folded = of.fold(points)
        assert all(count >= 0 for count in folded.refused.values())
        families = list(parse_openmetrics(unreserved(text(of, OPENMETRICS._replace(created=created)))))
        assert list(parse_text(unreserved(text(of)))) or not families
        assert sum(len(family.series) for family, _ in of.snapshot().families) == len(of)


def test_a_reserved_label_name_does_not_break_a_scrape() -> None:
    of = store()
    of.fold([point(COUNTER, 3, attributes={"__dict__": "v"})])
    (family,) = parse_openmetrics(unreserved(text(of, OPENMETRICS)))
    assert family.samples[0].labels["reserved_dict"] == "v"

"""Names and labels (prometheus contract §3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.prometheus.labels import TooManyLabels, block, label_name, labels_of, scope_labels, target, target_info
from exporters.prometheus.names import metric_name
from pipeline.wire.model import Resource, Scope
from tests.strategies import attributes

NAMES = [
    ("http.server.request.duration", "s", "histogram", "http_server_request_duration_seconds"),
    ("http.server.active_requests", "{request}", "gauge", "http_server_active_requests"),
    ("requests", "1", "counter", "requests_total"),
    ("requests_total", "", "counter", "requests_total"),
    ("total.errors", "{error}", "counter", "errors_total"),
    ("foo_total_bar", "", "counter", "foo_bar_total"),
    ("system.cpu.utilization", "1", "gauge", "system_cpu_utilization_ratio"),
    ("ratio.hit", "1", "gauge", "hit_ratio"),
    ("disk.io", "By", "counter", "disk_io_bytes_total"),
    ("disk_bytes", "By", "counter", "disk_bytes_total"),
    ("net.rate", "By/s", "gauge", "net_rate_bytes_per_second"),
    ("net.rate", "{packet}/s", "gauge", "net_rate_per_second"),
    ("x", "1/s", "gauge", "x_per_second"),
    ("speed", "m/s", "gauge", "speed_meters_per_second"),
    ("jvm.gc.time", "ms", "counter", "jvm_gc_time_milliseconds_total"),
    ("latency_seconds", "s", "histogram", "latency_seconds"),
    ("seconds.latency", "s", "histogram", "seconds_latency"),
    ("bat.level", "%", "gauge", "bat_level_percent"),
    ("weird", "m^2", "gauge", "weird_m_2"),
    ("2xx.count", "", "counter", "_2xx_count_total"),
    ("a..b--c", "", "gauge", "a_b_c"),
    ("ns:rule", "", "gauge", "ns:rule"),
    ("---", "", "gauge", None),
    ("net_rate_per_second", "By/s", "gauge", "net_rate_per_second_bytes"),
    ("size", "KBy", "gauge", "size_kilobytes"),
    ("size", "kBy", "gauge", "size_kilobytes"),
]


@pytest.mark.parametrize(("name", "unit", "kind", "wanted"), NAMES)
def test_the_table_of_names(name: str, unit: str, kind: str, wanted: str | None) -> None:
    found = metric_name(name, unit, counter=kind == "counter", gauge=kind == "gauge")
    assert (found and found.text) == wanted


@pytest.mark.parametrize(
    ("name", "unit", "words"),
    [("http.duration", "s", "seconds"), ("seconds.latency", "s", ""), ("rate", "By/s", "bytes_per_second"), ("x", "1", "")],
)
def test_a_unit_is_said_only_where_the_name_ends_with_it(name: str, unit: str, words: str) -> None:
    found = metric_name(name, unit)
    assert found is not None
    assert found.unit == words


def test_a_namespace_stands_in_front() -> None:
    found = metric_name("1st.count", "", namespace="acme.shop")
    assert found is not None
    assert found.text == "acme_shop_1st_count"


def test_suffixes_can_be_left_out() -> None:
    found = metric_name("disk.io", "By", counter=True, strategy="UnderscoreEscapingWithoutSuffixes")
    assert found == ("disk_io", "")


@given(st.text(max_size=20), st.text(alphabet="msBy/{}1%^2", max_size=6), st.booleans(), st.booleans())
def test_every_name_is_legal(name: str, unit: str, counter: bool, gauge: bool) -> None:
    found = metric_name(name, unit, counter=counter, gauge=gauge)
    if found is not None:
        assert found.text.isascii()
        assert all(letter.isalnum() or letter in "_:" for letter in found.text)
        assert not found.text[0].isdigit()


LABELS = [
    ("http.method", "http_method"),
    ("label:with:colons", "label_with_colons"),
    ("http..method", "http_method"),
    ("http__method", "http_method"),
    ("k8s.pod/name", "k8s_pod_name"),
    ("a!b&", "a_b_"),
    ("1st", "key_1st"),
    ("_private", "_private"),
    ("__name", "_name"),
    ("__reserved__label__name__", "__reserved_label_name__"),
    ("__", None),
    ("", None),
    ("ключ", None),
]


@pytest.mark.parametrize(("key", "wanted"), LABELS)
def test_the_table_of_labels(key: str, wanted: str | None) -> None:
    assert label_name(key) == wanted


@pytest.mark.parametrize(
    ("attributes", "reserved", "wanted"),
    [
        ({"a.b": "x", "a_b": "y"}, (), 'a_b="x;y"'),
        ({"a_b": "y", "a.b": "x"}, (), 'a_b="x;y"'),
        ({"job": "a", "instance": "b", "__name__": "c"}, (), 'exported___name__="c",exported_instance="b",exported_job="a"'),
        ({"le": 1}, ("le",), 'exported_le="1"'),
        ({"le": 1}, (), 'le="1"'),
        ({"n": 5, "f": 0.5, "t": True, "e": "", "none": None}, (), 'f="0.5",n="5",t="true"'),
        ({"l": [1, "a"], "m": {"k": None}, "b": b"\x00\x01"}, (), 'b="AAE=",l="[1,\\"a\\"]",m="{\\"k\\":null}"'),
        ({"quote": 'a"b\\c\nd'}, (), 'quote="a\\"b\\\\c\\nd"'),
    ],
)
def test_attributes_become_labels(attributes: dict[str, object], reserved: tuple[str, ...], wanted: str) -> None:
    assert block(labels_of(attributes, reserved, {})) == wanted  # type: ignore[arg-type]


def test_labels_are_bounded() -> None:
    assert labels_of({"k": "x" * 1024}, (), {}) == {"k": "x" * 1024}
    with pytest.raises(TooManyLabels):
        labels_of({"k": "ü" * 513}, (), {})
    with pytest.raises(TooManyLabels):
        labels_of({f"k{n}": "x" for n in range(65)}, (), {})


@given(attributes(), attributes())
def test_labels_are_legal_unique_and_ordered(first: dict[str, object], fixed: dict[str, object]) -> None:
    labels = labels_of(first, ("le",), {name: "x" for key in fixed if (name := label_name(key))})  # type: ignore[arg-type]
    assert list(labels) == sorted(labels)
    assert all(name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit() for name in labels)
    assert all(labels.values())


def test_resources_are_targets() -> None:
    attributes = {"service.name": "cart", "service.namespace": "shop", "service.instance.id": "i-1", "host.name": "web-1"}
    assert target(Resource(attributes=attributes)) == {"job": "shop/cart", "instance": "i-1"}  # type: ignore[arg-type]
    assert target(Resource(attributes={"service.name": "cart"})) == {"job": "cart", "instance": ""}
    assert target_info(Resource(attributes=attributes)) == {"host.name": "web-1"}  # type: ignore[arg-type]
    assert not target_info(Resource(attributes={"process.command_line": "x" * 1025}))


def test_scopes_are_labels() -> None:
    scope = Scope(name="app", version="1", schema_url="u", attributes={"name": "other", "schema.url": "other", "team": "shop"})
    assert scope_labels(scope) == {
        "otel_scope_name": "app",
        "otel_scope_version": "1",
        "otel_scope_schema_url": "u",
        "otel_scope_team": "shop",
    }

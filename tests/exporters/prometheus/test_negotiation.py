"""Content negotiation (prometheus contract §1)."""

import pytest

from exporters.prometheus.negotiation import choose

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/plain", TEXT),
        ("application/json", TEXT),
        ("text/plain;version=1.0.0", "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"),
        ("text/plain;version=1.0.0;escaping=allow-utf-8", "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"),
        ("text/plain;version=1.0.0;escaping=other", "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"),
        ("application/openmetrics-text;version=1.0.0", OPENMETRICS),
        ("application/openmetrics-text; version=1.0.0; escaping=dots", f"{OPENMETRICS}; escaping=dots"),
        ("application/openmetrics-text;version=2.0.0", TEXT),
        ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1", OPENMETRICS),
        ("text/plain;version=0.0.4;q=0.9,application/openmetrics-text;version=1.0.0;q=0.5", TEXT),
        ("application/openmetrics-text;version=1.0.0;q=0,*/*;q=0.1", TEXT),
        ("application/openmetrics-text;version=1.0.0;q=x", TEXT),
        ("application/openmetrics-text;version=1.0.0;q=nan", TEXT),
        ("text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0", TEXT),
        ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", TEXT),
        (";;,=;q==", TEXT),
    ],
)
def test_the_best_known_entry_is_chosen(accept: str, wanted: str) -> None:
    choice = choose(accept)
    assert choice.content_type == wanted
    assert choice.openmetrics == wanted.startswith("application/")

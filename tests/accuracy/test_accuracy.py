"""Precision and recall of every detector, on sets whose generators know none of them."""

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import pytest

from processors.redact import Config, compile_rules
from processors.redact.detectors import DETECTORS
from tests.accuracy.chance import rates
from tests.accuracy.judge import Redact, judged
from tests.accuracy.sets import LabelledSet, labelled_sets
from tests.accuracy.table import PAGE, page
from tests.differential import both

RULES = compile_rules(Config())
KERNEL, REFERENCE = both("redact", "Redactor")
BARS = {"phone": (0.95, 0.90)}
"""Least precision and recall (issue bars), where they are not those of a checksum or a fixed prefix."""
UNBARRED = frozenset(
    ("auth_header", "cookie", "session_kv", "url_param", "url_cred", "kv_secret", "cli_secret", "dsn_kv", "email", "ipv4", "ipv6")
)
"""Neither a checksum nor a prefix: what they are is a matter of the words around them, or of form alone."""
SAMPLE = 2500


def redact_by(implementation: Callable[[Any], Any]) -> Redact:
    redactor = implementation(RULES)
    return lambda payload: redactor.redact(payload, "logs")[0]


@cache
def sets() -> dict[str, LabelledSet]:
    return {labelled.name: labelled for labelled in labelled_sets()}


@pytest.mark.parametrize("name", ["own", "held-out"])
def test_the_bars_are_held(name: str) -> None:
    labelled = sets()[name]
    assert len(labelled.planted) >= 4000
    assert len(labelled.clean) >= 10_000
    print(f"{name}: seed {labelled.seed}, SHA-256 {labelled.sha256}")
    scores = judged(redact_by(KERNEL), (*labelled.planted, *labelled.clean)).scores()
    assert scores.keys() <= {detector.id for detector in DETECTORS}
    missed = {
        rule: score
        for rule, score in scores.items()
        if score.precision < BARS.get(rule, (0.99, 0.98))[0] or score.recall < BARS.get(rule, (0.99, 0.98))[1]
    }
    assert not missed.keys() - UNBARRED, missed


def test_what_has_neither_checksum_nor_prefix_is_found_wherever_it_was_planted() -> None:
    labelled = sets()["held-out"]
    planted = [sample for sample in labelled.planted if sample.label in UNBARRED]
    assert min(score.recall for score in judged(redact_by(KERNEL), planted).scores().values()) >= 0.98


@pytest.mark.parametrize("name", ["own", "held-out", "public near misses"])
def test_the_reference_finds_the_same(name: str) -> None:
    labelled = sets()[name]
    texts = [*labelled.planted, *labelled.clean]
    some = Random(labelled.seed).sample(texts, min(SAMPLE, len(texts)))
    kernel, reference = (judged(redact_by(each), some) for each in (KERNEL, REFERENCE))
    assert kernel.found == reference.found
    assert kernel.missed == reference.missed
    assert kernel.mistaken == reference.mistaken


def test_no_uuid_and_no_hex_id_is_a_card() -> None:
    cards = {rate.kind: rate.cards for rate in rates(redact_by(KERNEL), 100_000)}
    assert cards["UUID"] == cards["hex id, 32 characters"] == cards["epoch time in µs, 2001 to 2033"] == 0
    assert cards["16 digits"] < 4000


def test_the_page_says_what_is_measured() -> None:
    assert PAGE.read_text() == page(redact_by(KERNEL)), "run make accuracy"

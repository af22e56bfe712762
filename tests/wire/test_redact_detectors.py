"""Every detector finds what it must and leaves what it must, wherever in a text it stands (redaction contract §2, R1)."""

import json
import random
import uuid
from urllib.parse import quote

import pytest

from pipeline.wire import Redactor
from pipeline.wire.reference.redact_personal import is_card
from processors.redact import Config, Ip, compile_rules
from processors.redact.detectors import DETECTORS, OPTIONAL
from tests.redaction import (
    CARDS,
    JWT,
    NEAR_MISSES,
    OPTIONAL_NEAR_MISSES,
    OPTIONAL_POSITIVES,
    POSITIVES,
    Positive,
)

REDACTOR = Redactor(compile_rules(Config()))
scrub = REDACTOR.scrub
scrub_all = Redactor(compile_rules(Config(detectors=("default", *(each.id for each in OPTIONAL))))).scrub
NATIONAL = tuple(each.id for each in DETECTORS if each.family == "national_id")
scrub_national = Redactor(compile_rules(Config(national_ids=NATIONAL))).scrub


def ids(positive: Positive | str) -> str:
    return ascii(positive.text if isinstance(positive, Positive) else positive)[:40]


def test_every_detector_has_a_positive() -> None:
    assert {positive.rule for positive in POSITIVES} == {detector.id for detector in DETECTORS}
    assert {positive.rule for positive in OPTIONAL_POSITIVES} == {detector.id for detector in OPTIONAL}


@pytest.mark.parametrize("positive", POSITIVES, ids=ids)
def test_finds(positive: Positive) -> None:
    assert scrub(positive.text) == positive.tagged


@pytest.mark.parametrize("text", NEAR_MISSES, ids=ids)
def test_leaves_near_misses(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.parametrize("positive", OPTIONAL_POSITIVES, ids=ids)
def test_what_is_off_is_found_where_it_is_named(positive: Positive) -> None:
    assert scrub_all(positive.text) == positive.tagged
    assert scrub(positive.text) == positive.text


@pytest.mark.parametrize("text", OPTIONAL_NEAR_MISSES, ids=ids)
def test_what_is_off_leaves_near_misses_where_it_is_named(text: str) -> None:
    assert scrub_all(text) == text


@pytest.mark.parametrize("positive", [each for each in POSITIVES if each.rule in NATIONAL], ids=ids)
def test_national_identifiers_need_no_keyword_where_they_are_named(positive: Positive) -> None:
    assert scrub_national(positive.found).startswith("[")
    assert scrub_national(f"x {positive.found} y") != f"x {positive.found} y"


def test_special_addresses_are_found_where_they_are_meant() -> None:
    scrub_special = Redactor(compile_rules(Config(ip=Ip(special=True)))).scrub
    for address, rule in (
        ("127.0.0.1", "ipv4"),
        ("0.0.0.0", "ipv4"),
        ("255.255.255.255", "ipv4"),
        ("::1", "ipv6"),
        ("::", "ipv6"),
    ):
        assert scrub_special(f"from {address} on") == f"from [{rule}] on"
    assert scrub_special("std::vector<int>") == "std::vector<int>"


@pytest.mark.parametrize("positive", POSITIVES, ids=ids)
def test_finds_at_every_offset(positive: Positive) -> None:
    for offset in range(0, 71, 7):
        text = "~ " * (offset // 2) + " " * (offset % 2)
        assert scrub(f"{text}{positive.text}\nend") == f"{text}{positive.tagged}\nend" or positive.rule in ("pem", "auth_header")


@pytest.mark.parametrize("text", NEAR_MISSES, ids=ids)
def test_leaves_near_misses_in_a_line(text: str) -> None:
    line = f"~ {text}\n~"
    assert scrub(line) == line


@pytest.mark.parametrize("positive", POSITIVES, ids=ids)
def test_finds_in_a_json_string(positive: Positive) -> None:
    redacted = scrub(json.dumps({"outer": [{"text": positive.text}]}))
    assert json.loads(redacted) == {"outer": [{"text": scrub(positive.text)}]}
    assert positive.found not in redacted


@pytest.mark.parametrize("text", NEAR_MISSES, ids=ids)
def test_leaves_near_misses_in_a_json_string(text: str) -> None:
    document = json.dumps({"outer": [{"text": text}]})
    assert scrub(document) == document


@pytest.mark.parametrize("positive", [each for each in POSITIVES if each.rule not in ("teams_webhook", "pem")], ids=ids)
def test_finds_in_url_encoded_text(positive: Positive) -> None:
    redacted = scrub(f"q={quote(positive.text, safe='')}&x=%20")
    assert quote(positive.found, safe="") not in redacted


def test_a_longer_secret_is_covered_to_its_end() -> None:
    assert scrub("ghp_" + "a" * 600) == "[github]"
    assert scrub(JWT + "a" * 20_000 + " tail") == "[jwt] tail"


def test_test_numbers_of_all_schemes_are_cards() -> None:
    assert all(is_card(number.encode()) for number in CARDS)


def test_no_uuid_and_no_hex_id_is_anything() -> None:
    source = random.Random(20261121)
    for _ in range(1000):
        bits = source.getrandbits(128)
        for text in (str(uuid.UUID(int=bits)), f"{bits:032x}", f"trace {bits:032x} span {bits >> 64:016x}"):
            assert scrub(text) == text


def test_no_time_is_a_card() -> None:
    source = random.Random(20261121)
    for _ in range(1000):
        seconds = source.randrange(946_684_800, 1_900_000_000)
        for text in (f"{seconds}", f"{seconds}{source.randrange(1000):03}", f"{seconds}{source.randrange(10**6):06}"):
            assert scrub(text) == text


def test_short_texts_are_not_scanned() -> None:
    assert scrub("a@b.c") == "a@b.c"
    assert scrub("a@b.cd") == "[email]"


def test_a_valid_text_stays_valid() -> None:
    text = "é" * 40 + "@bücher.example"
    assert scrub(text).encode().endswith(b"[email]")
    assert scrub(text).startswith("é")

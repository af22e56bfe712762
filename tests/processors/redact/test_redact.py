"""The `redact` processor: its settings, its counters, and that it never passes on what it could not read."""

from typing import Any

import pytest
import re2

from pipeline import Batch, ConfigError, Host, wire
from pipeline.telemetry import catalogue
from pipeline.types import Secret
from pipeline.wire import model
from pipeline.wire.model import LogRecord, Resource
from processors.redact import (
    Action,
    Allow,
    AllowedPattern,
    AllowedValue,
    Config,
    Hmac,
    Keys,
    Near,
    Pattern,
    Redact,
    Scope,
    compile_rules,
    scrubber,
)
from processors.redact.detectors import DETECTORS

KEY = Secret("sluice-test-key-" + "0123456789abcdef")


def batch(body: str, **attributes: Any) -> Batch:
    resource, scope = Resource(), model.Scope()
    payload = wire.encode([LogRecord(resource=resource, scope=scope, body=body, attributes=attributes)], "logs")
    return Batch(payload, "logs", 1)


def processor(host: Host, **settings: Any) -> Redact:
    redact = Redact(Config(**settings))
    redact.host = host
    return redact


async def test_redacts_and_counts(host: Host) -> None:
    before = batch("card 4000 0000 " + "0000 0010 of jo@example.com", password="hunter2", plain="text")
    after = processor(host).process(before)
    assert after is not None
    (record,) = after.records()
    assert isinstance(record, LogRecord)
    assert (record.body, record.attributes) == ("card [card] of [email]", {"password": "***REDACTED***", "plain": "text"})
    value = host.metrics.value
    assert value(catalogue.REDACTION_MATCHES) == 3
    assert value(catalogue.REDACTION_MATCHES, rule="card", signal="logs", location="body", action="tag") == 1
    assert value(catalogue.REDACTION_MATCHES, rule="key", signal="logs", location="attribute", action="mask") == 1
    assert value(catalogue.REDACTION_RECORDS, signal="logs", outcome="changed") == 1
    assert value(catalogue.REDACTION_BYTES, direction="in") == len(before.payload)
    assert value(catalogue.REDACTION_BYTES, direction="out") == len(after.payload)


async def test_a_clean_batch_is_the_same_object(host: Host) -> None:
    clean = batch("nothing to see")
    assert processor(host).process(clean) is clean
    assert host.metrics.value(catalogue.REDACTION_RECORDS, signal="logs", outcome="clean") == 1


async def test_a_malformed_batch_is_not_passed_on(host: Host) -> None:
    with pytest.raises(wire.Malformed):
        processor(host).process(Batch(b"\x0a\x05ab", "logs", 1))
    assert host.metrics.value(catalogue.REDACTION_FAILURES, reason="malformed") == 1


async def test_unknown_fields_are_counted(host: Host) -> None:
    processor(host).process(Batch(b"\x0a\x04\xea\x04\x01x", "logs", 1))
    assert host.metrics.value(catalogue.REDACTION_UNKNOWN_FIELDS, signal="logs") == 1


def test_it_says_that_it_redacts() -> None:
    assert Redact.redacts


def scrub(text: str, **settings: Any) -> str:
    return wire.Redactor(compile_rules(Config(**settings))).scrub(text)


MAIL = "jo@example.com from 203.0.113.9"


@pytest.mark.parametrize(
    ("settings", "redacted"),
    [
        ({}, "[email] from [ipv4]"),
        ({"detectors": "none"}, MAIL),
        ({"detectors": "ipv4"}, "jo@example.com from [ipv4]"),
        ({"detectors": ("email", "card")}, "[email] from 203.0.113.9"),
        ({"action": "mask"}, "***REDACTED*** from ***REDACTED***"),
        ({"action": "mask", "mask": "xxx"}, "xxx from xxx"),
        ({"actions": {"email": "none"}}, "jo@example.com from [ipv4]"),
        ({"actions": {"personal": "mask", "email": Action(type="keep_last", n=3)}}, "****com from ***REDACTED***"),
        ({"patterns": (Pattern(id="word", regex="from", action="mask"),)}, "[email] ***REDACTED*** [ipv4]"),
        ({"patterns": (Pattern(id="word", regex="FROM"),)}, "[email] from [ipv4]"),
        ({"patterns": (Pattern(id="word", regex="FROM", ignore_case=True, literal="FRO"),)}, "[email] [word] [ipv4]"),
        ({"patterns": (Pattern(id="word", regex="from (2)0", group=1),)}, "[email] from [word]03.0.113.9"[:13] + "[ipv4]"),
        ({"patterns": (Pattern(id="all", regex=".+"),)}, "[email][all][ipv4]"),
        ({"patterns": (Pattern(id="part", regex="email|REDACTED|part"),)}, "[email] from [ipv4]"),
    ],
)
def test_settings(settings: dict[str, Any], redacted: str) -> None:
    assert scrub(MAIL, **settings) == redacted
    assert scrub(redacted, **settings) == redacted


def test_a_pattern_works_without_its_literal_as_with_it() -> None:
    for text in ("a ORD-123456, ord-99", "ORD-", "nothing"):
        with_literal = scrub(text, patterns=(Pattern(id="order_no", regex="ORD-[0-9]+", literal="ORD-"),))
        assert with_literal == scrub(text, patterns=(Pattern(id="order_no", regex="ORD-[0-9]+"),))


SHORT = Secret("short")


@pytest.mark.parametrize(
    ("settings", "code", "path", "message"),
    [
        (
            {"action": Action(type="hmac", key=SHORT)},
            "E403",
            ("action", "key"),
            "HMAC key has 5 bytes, needs at least 32",
        ),
        ({"action": "hmac"}, "E403", ("action",), "`hmac` needs a key"),
        ({"action": "hmac", "hmac": Hmac(key=SHORT)}, "E403", ("hmac", "key"), "HMAC key has 5 bytes, needs at least 32"),
        ({"actions": {"card": "hmac"}}, "E403", ("actions", "card"), "`hmac` needs a key"),
        ({"keys": Keys(action="hmac")}, "E403", ("keys", "action"), "`hmac` needs a key"),
        ({"action": "hmac", "hmac": Hmac(key=KEY, key_id="K 1")}, "E102", ("hmac", "key_id"), "bad key id"),
        ({"detectors": "emial"}, "E105", ("detectors",), "unknown detector `emial`"),
        ({"detectors": ("email", "mak")}, "E105", ("detectors", 1), "unknown detector `mak`"),
        ({"national_ids": ("uk_nhs", "ssn")}, "E105", ("national_ids", 1), "unknown national identifier `ssn`"),
        ({"actions": {"emial": "tag"}}, "E105", ("actions", "emial"), "unknown detector `emial`"),
        ({"mask": ""}, "E104", ("mask",), "a mask has 1 to 64 bytes"),
        ({"mask": "é" * 33}, "E104", ("mask",), "a mask has 1 to 64 bytes"),
        ({"keys": Keys(sensitive=("a", "**"))}, "E111", ("keys", "sensitive", 1), "`**` is not a name"),
        ({"keys": Keys(sensitive=("--",))}, "E111", ("keys", "sensitive", 0), "`--` is not a name"),
        ({"patterns": (Pattern(id="Bad", regex="x"),)}, "E102", ("patterns", 0, "id"), "bad rule id"),
        ({"patterns": (Pattern(id="email", regex="x"),)}, "E002", ("patterns", 0, "id"), "rule id `email` is taken"),
        ({"patterns": (Pattern(id="key", regex="x"),)}, "E002", ("patterns", 0, "id"), "rule id `key` is taken"),
        ({"patterns": (Pattern(id="a1", regex="x"),) * 2}, "E002", ("patterns", 1, "id"), "rule id `a1` is taken"),
        ({"patterns": (Pattern(id="a1", regex="x*"),)}, "E110", ("patterns", 0, "regex"), "the pattern matches the empty text"),
        ({"patterns": (Pattern(id="a1", regex="(x)", group=2),)}, "E104", ("patterns", 0, "group"), "the pattern has 1 groups"),
        ({"patterns": (Pattern(id="a1", regex="x", action="hmac"),)}, "E403", ("patterns", 0, "action"), "`hmac` needs a key"),
        (
            {"patterns": (Pattern(id="a1", regex="x", literal="x"),)},
            "E104",
            ("patterns", 0, "literal"),
            "a literal has at least 3 bytes",
        ),
        (
            {"patterns": (Pattern(id="a1", regex="x", validator="crc"),)},
            "E105",
            ("patterns", 0, "validator"),
            "unknown validator",
        ),
        (
            {"patterns": (Pattern(id="a1", regex="x", validator="entropy>=9"),)},
            "E105",
            ("patterns", 0, "validator"),
            "unknown validator",
        ),
        (
            {"patterns": (Pattern(id="a1", regex="x", near=Near(words=("a", "-"))),)},
            "E111",
            ("patterns", 0, "near", "words", 1),
            "`-` is not a word",
        ),
        ({"patterns": (Pattern(id="bytes", regex="x"),)}, "E002", ("patterns", 0, "id"), "rule id `bytes` is taken"),
        ({"keys": Keys(safe="all")}, "E105", ("keys", "safe"), "expected `default` or a list of names"),
        (
            {"allow": Allow(values=(AllowedValue(value="x", rule="emial"),))},
            "E105",
            ("allow", "values", 0, "rule"),
            "unknown rule `emial`",
        ),
        (
            {"allow": Allow(patterns=("x", AllowedPattern(regex="x", rule="a")))},
            "E105",
            ("allow", "patterns", 1, "rule"),
            "unknown rule `a`",
        ),
        ({"scopes": (Scope(path="log.bodies"),)}, "E111", ("scopes", 0, "path"), "`log.bodies` is no part of an item"),
        ({"scopes": (Scope(path="log.attributes"),)}, "E111", ("scopes", 0, "path"), "`log.attributes` is no part of an item"),
        ({"scopes": (Scope(path="resource", detectors=("x",)),)}, "E105", ("scopes", 0, "detectors", 0), "unknown detector `x`"),
        ({"scopes": (Scope(path="resource", action="hmac"),)}, "E403", ("scopes", 0, "action"), "`hmac` needs a key"),
        (
            {"scopes": (Scope(path="resource", keys=Keys(safe="x")),)},
            "E105",
            ("scopes", 0, "keys", "safe"),
            "expected `default` or a list of names",
        ),
    ],
)
def test_refuses_settings_that_cannot_work(
    settings: dict[str, Any], code: str, path: tuple[str | int, ...], message: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{re2.escape(message)}$") as refused:
        Redact(Config(**settings))
    assert (refused.value.code, refused.value.path) == (code, path)


@pytest.mark.parametrize(
    ("settings", "warning"),
    [
        ({}, None),
        ({"dry_run": True}, ("W104", ("dry_run",))),
        ({"allow": Allow(values=("*@example.com",), patterns=("10[.].*",))}, None),
        ({"allow": Allow(values=("a", "*"))}, ("W107", ("allow", "values", 1))),
        ({"allow": Allow(values=(AllowedValue(value=""),))}, ("W107", ("allow", "values", 0))),
        ({"allow": Allow(patterns=(".*",))}, ("W107", ("allow", "patterns", 0))),
        ({"allow": Allow(patterns=("x", AllowedPattern(regex="a|")))}, ("W107", ("allow", "patterns", 1))),
        ({"keys": Keys(sensitive_defaults=False)}, ("W107", ("keys", "sensitive_defaults"))),
        ({"keys": Keys(allowed_only=())}, ("W107", ("keys", "allowed_only"))),
        ({"keys": Keys(safe=("default", "http.route", "db.statement"))}, None),
        ({"keys": Keys(safe=("default", "session.token"))}, ("W107", ("keys", "safe", 1))),
        ({"keys": Keys(safe=("badge.no",), sensitive=("badge",))}, ("W107", ("keys", "safe", 0))),
        ({"scopes": (Scope(path="log.body", detectors="none"),)}, ("W107", ("scopes", 0, "detectors"))),
        ({"scopes": (Scope(path="scope", keys=Keys(allowed_only=())),)}, ("W107", ("scopes", 0, "keys", "allowed_only"))),
        ({"patterns": (Pattern(id="order", regex="ORD-[0-9]+"),)}, None),
        ({"patterns": (Pattern(id="order", regex="[a-z]+-ORD", literal="-ORD"),)}, None),
        ({"patterns": (Pattern(id="order", regex="[a-z]+-ORD"),)}, ("W108", ("patterns", 0, "regex"))),
        ({"patterns": (Pattern(id="order", regex="(?i)order"),)}, ("W108", ("patterns", 0, "regex"))),
    ],
)
def test_warns_of_what_is_a_risk(settings: dict[str, Any], warning: tuple[str, tuple[str | int, ...]] | None) -> None:
    config = Config(**settings)
    compile_rules(config)
    assert [(each.code, each.path) for each in config.warnings()] == ([] if warning is None else [warning])


async def test_a_dry_run_changes_nothing_and_counts(host: Host) -> None:
    before = batch("jo@example.com", password="hunter2")
    dry = processor(host, dry_run=True)
    assert dry.process(before) is before
    value = host.metrics.value
    assert value(catalogue.REDACTION_MATCHES, action="dry_run") == value(catalogue.REDACTION_MATCHES) == 2
    assert value(catalogue.REDACTION_RECORDS, outcome="clean") == 1
    assert not dry.redacts


async def test_counts_types_that_changed_and_bytes_unseen(host: Host) -> None:
    processor(host).process(batch("x", password=4711, picture=b"\xff\xfe"))
    assert host.metrics.value(catalogue.REDACTION_TYPE_CHANGED, signal="logs") == 1
    assert host.metrics.value(catalogue.REDACTION_OPAQUE_BYTES, signal="logs") == 1


def test_the_table_is_in_order() -> None:
    ids = [detector.id for detector in DETECTORS]
    assert len(set(ids)) == len(ids)
    assert [detector.id for detector in DETECTORS if detector.in_keys and not detector.shapes] == ["card", "iban", "ssn", "email"]


def test_scrubs_own_logs() -> None:
    assert scrubber()("could not send to https://user:pass@host/x for jo@example.com") == (
        "could not send to https://[url_cred]@host/x for [email]"
    )
    assert scrubber()("lone \udcff surrogate") == "lone \udcff surrogate"

"""`Redactor`: kernel and reference."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import chain, product
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline.wire.kernel.redact_rules import supported  # type: ignore[import-not-found]

from pipeline.types import SIGNALS, Secret, Signal
from pipeline.wire.reference.walk import MAX_DEPTH, delimited
from pipeline.wire.rules import Detector, Rules, Run, Shape
from processors.redact import Allow, AllowedPattern, AllowedValue, Config, Hmac, Ip, Keys, Near, Pattern, Scope, compile_rules
from processors.redact.detectors import DETECTORS, OPTIONAL
from tests.differential import both, mutants, outcome, signals_and_inputs
from tests.fuzz.payloads import payload
from tests.fuzz.texts import text
from tests.redaction import NEAR_MISSES, OPTIONAL_NEAR_MISSES, OPTIONAL_POSITIVES, POSITIVES

KERNEL, REFERENCE = both("redact", "Redactor")
HMAC = Hmac(key=Secret("sluice-test-key-" + "0123456789abcdef"))

SETTINGS = {
    "default": Config(),
    "drop": Config(action="drop", keys=Keys(action="drop"), unknown_fields="drop"),
    "mask": Config(action="mask", mask="a\"'\\b", detectors=("email", "card", "kv_secret")),
    "keep_last": Config(action="keep_last", keys=Keys(action="keep_last")),
    "hmac": Config(action="hmac", keys=Keys(action="hmac"), hmac=HMAC),
    "none": Config(action="none", keys=Keys(action="none")),
    "mixed": Config(actions={"email": "none", "card": "drop", "secret": "mask"}, mask="[email"),
    "keys only": Config(detectors="none", keys=Keys(sensitive=("k", "user name", "é"))),
    "all": Config(
        detectors=("default", *(each.id for each in OPTIONAL)),
        national_ids=("nl_bsn", "be_nn", "in_pan"),
        ip=Ip(special=True),
        action="mask",
    ),
    "patterns": Config(
        patterns=(
            Pattern(id="order", regex="ORD-[0-9]{3}", literal="ORD-"),
            Pattern(id="any_case", regex="o(rd)er", literal="ORDER", ignore_case=True, group=1, action="mask"),
            Pattern(id="no_literal", regex="^[a-z]{2}[0-9]+"),
            Pattern(id="short", regex="§[0-9]+|~[a-z]"),
        )
    ),
}
OPTIONS = {
    "names": Config(
        keys=Keys(
            sensitive=("k*", "x", "**.é?", "a.?"),
            sensitive_defaults=False,
            safe=("default", "password", "user.*", "m**"),
            allowed_only=("**a**", "k*", "?", "user.*", "password", "token"),
        )
    ),
    "listed": Config(keys=Keys(allowed_only=()), action="drop"),
    "allowed": Config(
        allow=Allow(
            values=("*@example.com", "hunter2", AllowedValue(value="4*", rule="card"), "203.*"),
            patterns=("(?i)[a-z.]+@[a-z.]+[.]de", AllowedPattern(regex=".*", rule="phone")),
        ),
        patterns=(Pattern(id="word", regex="[a-z]{5,}"),),
    ),
    "searched": Config(
        patterns=(
            Pattern(id="lines", regex=r"(?s)^.{3}[ae].+t$", ignore_case=True),
            Pattern(id="edges", regex=r"\b[0-9]{2}\b|x\B."),
            Pattern(id="luhn", regex="[0-9 -]{8,}", validator="luhn", priority="high"),
            Pattern(id="dense", regex="[A-Za-z0-9]{12,}", validator="entropy>=3.2", near=Near(words=("for", "id"), bytes=20)),
            Pattern(id="begun", regex="exam[a-z]+|examine", action="none"),
        )
    ),
    "searched alone": Config(patterns=(Pattern(id="ends", regex=r"\A[a-z ]+\z|[0-9]+\z"),), action="keep_last"),
    "bytes": Config(bytes="drop", numbers="keyed", json_strings=False, url_decode=False, scan_keys=False),
    "lenient": Config(bytes="pass", numbers="off", on_wire_mismatch="unknown", unknown_fields="drop", keys=Keys(action="drop")),
    "scopes": Config(
        scopes=(
            Scope(path="log.body", detectors=("ipv4", "email", "kv_secret"), keys=Keys(sensitive=("a",), action="drop")),
            Scope(path="log.attributes.user.*", detectors="none"),
            Scope(path="log.attributes.*", action="drop", keys=Keys(allowed_only=("**e**",))),
            Scope(path="resource", action="keep_last", detectors=("github", "email"), keys=Keys(safe=("**",))),
            Scope(path="span.name", detectors="none"),
            Scope(path="span.attributes.*k*", action="none"),
            Scope(path="span.events.*", detectors=("card",)),
            Scope(path="span.links.*", action="mask"),
            Scope(path="metric.datapoints.*", keys=Keys(allowed_only=())),
            Scope(path="metric.*", detectors="none"),
        ),
        unknown_fields="drop",
    ),
    "summary": Config(summary="counts", action="drop", actions={"email": "none", "ipv4": "tag"}),
    "told": Config(summary="debug", keys=Keys(allowed_only=("**a**", "**e**"), sensitive=("n*",)), unknown_fields="drop"),
}
"""What users set up beyond the defaults."""
SETTINGS |= OPTIONS
PAIRS = {name: (KERNEL(compile_rules(config)), REFERENCE(compile_rules(config))) for name, config in SETTINGS.items()}


def log(body: bytes) -> bytes:
    return delimited(1, delimited(2, delimited(2, delimited(5, delimited(1, body)))))


def check(name: str, payload: bytes, signal: Signal) -> None:
    kernel, reference = PAIRS[name]
    wanted, given = outcome(lambda: reference.redact(payload, signal)), outcome(lambda: kernel.redact(payload, signal))
    assert given == wanted
    assert (given[0] is payload) is (wanted[0] is payload)


# ---- payloads ----


@given(signals_and_inputs(), st.sampled_from(list(SETTINGS)))
def test_the_same_of_all_inputs(drawn: tuple[Signal, bytes], name: str) -> None:
    check(name, drawn[1], drawn[0])


@given(st.sampled_from(SIGNALS), st.integers(0, 2**64), st.sampled_from(list(SETTINGS)))
def test_the_same_of_payloads_with_much_to_find(signal: Signal, seed: int, name: str) -> None:
    check(name, payload(signal, Random(seed)), signal)


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_same_of_mutants(signal: Signal) -> None:
    names = list(SETTINGS)
    for number, mutant in enumerate(mutants(signal, 2_000)):
        check(names[number % len(names)], mutant, signal)


@pytest.mark.parametrize("name", list(OPTIONS))
def test_the_same_of_payloads_with_what_users_set_up(name: str) -> None:
    random = Random(20_261_121)
    for number in range(200):
        signal = SIGNALS[number % 3]
        check(name, payload(signal, random), signal)


@pytest.mark.parametrize("levels", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 5_000])
def test_the_same_of_deep_values(levels: int) -> None:
    value = delimited(1, b"jo@example.com")
    for level in range(levels):
        value = delimited(5, delimited(1, value)) if level % 2 else delimited(6, delimited(1, delimited(2, value)))
    check("default", delimited(1, delimited(2, delimited(2, delimited(5, value)))), "logs")


def test_counts_of_dropped_attributes_next_to_each_other() -> None:
    secret = delimited(1, b"secret") + delimited(2, delimited(1, b"x"))
    event = delimited(11, delimited(3, secret))
    span = delimited(9, secret) + event + b"\xd0\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" + event
    check("drop", delimited(1, delimited(2, delimited(2, span))), "traces")


# ---- texts ----

CONTEXTS: tuple[Callable[[str], str], ...] = (
    lambda found: found,
    lambda found: f"x {found} y",
    lambda found: f"x{found}",
    lambda found: f"{found}1",
    lambda found: f"{found}.",
    lambda found: f"\\n{found}\\n",
    lambda found: f"%20{found}",
    lambda found: f"\\u0020{found}",
    lambda found: f"a={found}%20b",
    lambda found: "a=" + found.replace(" ", "+").replace("@", "%40") + "%20",
    lambda found: '{"a": "' + found.replace('"', '\\"').replace("\n", "\\n") + '"}',
    lambda found: '[{"password": "' + found.replace('"', "") + '"}, {"a": \'' + found.replace("'", "") + "'}]",
    lambda found: "{'a': " + found + "}",
    lambda found: f"{found} {found}",
    lambda found: f"[email]{found}***REDACTED***",
    lambda found: found.swapcase(),
)


def samples() -> Iterator[str]:
    yield from (positive.text for positive in (*POSITIVES, *OPTIONAL_POSITIVES))
    yield from (*NEAR_MISSES, *OPTIONAL_NEAR_MISSES)


@pytest.mark.parametrize("name", ["default", "mask", "mixed", "none", "all", "allowed", "searched"])
def test_the_same_of_each_example_in_each_context(name: str) -> None:
    for sample in samples():
        for within in CONTEXTS:
            check(name, log(within(sample).encode()), "logs")


NEIGHBOURS = ["", *"-.+ /:@#,;=_(?&<>\"'\\%\n1aZ$~é"]


def test_the_same_of_each_example_beside_anything() -> None:
    """What can end in a boundary, or be part of something longer: a screen must not judge that by one byte alone."""
    kernel, reference = PAIRS["default"]
    for positive in POSITIVES:
        for neighbour, further in product(NEIGHBOURS, ("", "1")):
            behind = positive.before + positive.found + neighbour + further + positive.after
            before = positive.before + further + neighbour + positive.found + positive.after
            for made in (log(behind.encode()), log(before.encode())):
                assert kernel.redact(made, "logs") == reference.redact(made, "logs")


@pytest.mark.parametrize("detector", [detector for detector in DETECTORS if detector.words], ids=lambda each: each.id)
def test_the_same_of_each_keyword_however_it_is_written(detector: Detector) -> None:
    kernel, reference = PAIRS["default"]
    found = next(positive.found for positive in POSITIVES if positive.rule == detector.id)
    for word, joiner in product(detector.words, (*" _-./:+\n", "", "%20", "  ")):
        spelt = word.replace(" ", joiner)
        for written, before, between in product((spelt, spelt.title()), ("", "x", "/x-"), (" ", "=", "%")):
            made = log(f"{before}{written}{between}{found}".encode())
            assert kernel.redact(made, "logs") == reference.redact(made, "logs")


@pytest.mark.parametrize("rule", [detector.id for detector in (*DETECTORS, *OPTIONAL)])
def test_each_detector_alone_finds_the_same(rule: str) -> None:
    rules = compile_rules(Config(detectors=(rule,)))
    kernel, reference = KERNEL(rules), REFERENCE(rules)
    found = 0
    for positive in (*POSITIVES, *OPTIONAL_POSITIVES):
        for within in CONTEXTS if positive.rule == rule else CONTEXTS[:2]:
            made = log(within(positive.text).encode())
            wanted = reference.redact(made, "logs")
            assert kernel.redact(made, "logs") == wanted
            found += bool(wanted[1].matches)
    assert found


def test_the_same_of_texts_glued_at_random() -> None:
    random = Random(20_261_121)
    for _ in range(4_000):
        check("default", log(text(random)), "logs")


@pytest.mark.parametrize("quote", ['"', '\\"', "'", "\\u0022", "\\'"])
@pytest.mark.parametrize("value", ["{}", "4000000000000010", "Qhunter2Q", "Qx\\nhunter2Q", "Qjo\\\\u0040example.comQ", "null"])
@pytest.mark.parametrize("name", ["token", "a"])
def test_the_same_of_json_inside_json(quote: str, value: str, name: str) -> None:
    inner = f"{{Q{name}Q: {value}, QxQ: Qjo@example.comQ}}".replace("Q", quote)
    for around in ('"', "'"):
        check("default", log(f'{{"b\\n": "x\\u00e9 jo@example.com", "c\\n": {around}{inner}{around}}}'.encode()), "logs")


def test_scrub_is_the_same() -> None:
    kernel, reference = PAIRS["default"]
    for sample in (*samples(), "a \udcff jo@example.com", "", '{"token": "x\\u0041"}'):
        assert kernel.scrub(sample) == reference.scrub(sample)


# ---- the scan ----


def at_all_offsets() -> Iterator[bytes]:
    """Yield a payload with each example at each place of a window of the scan, and behind the end of one."""
    for positive in POSITIVES:
        for offset in chain(range(71), (110, 111, 112, 113)):
            yield log(("~" * offset + " " + positive.text + " " + "~" * (offset % 3)).encode())


def test_a_scan_finds_the_same_at_all_offsets() -> None:
    kernel, reference = PAIRS["default"]
    for made in at_all_offsets():
        assert kernel.redact(made, "logs") == reference.redact(made, "logs")


def digest() -> str:
    """Return the digest of all that comes of examples at all offsets. This module, run as a program, prints it."""
    return hashlib.sha256(b"".join(PAIRS["default"][0].redact(made, "logs")[0] for made in at_all_offsets())).hexdigest()


def test_the_portable_scan_finds_the_same() -> None:
    portable = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import digest; print(digest())"],
        env={**os.environ, "SLUICE_KERNEL": "scalar", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert portable.strip() == digest()


# ---- memory ----


def test_names_that_never_come_again_take_no_memory() -> None:
    def attributes(start: int) -> bytes:
        named = (delimited(1, b"name-%d" % number) + delimited(2, delimited(1, b"value")) for number in range(start, start + 500))
        return delimited(1, delimited(2, delimited(2, b"".join(delimited(6, each) for each in named))))

    kernel = KERNEL(compile_rules(Config()))
    for start in range(0, 50_000, 500):
        kernel.redact(attributes(start), "logs")
    before = resident()
    for start in range(50_000, 200_000, 500):
        kernel.redact(attributes(start), "logs")
    assert resident() - before < 4 << 20


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# ---- rules that the kernel leaves to the reference ----


@pytest.mark.parametrize(
    "rules",
    [
        Rules(detectors=(Detector(id="a|b", family="secret", priority=1, shapes=(Shape((b"ab", Run(b"0123456789", 4))),)),)),
        Rules(detectors=(), mask=""),
    ],
)
def test_odd_rules_are_the_references(rules: Rules) -> None:
    made = log(b"x ab1234 password=hunter2")
    assert KERNEL(rules).redact(made, "logs") == REFERENCE(rules).redact(made, "logs")
    assert KERNEL(rules).scrub("ab1234") == REFERENCE(rules).scrub("ab1234")


@pytest.mark.parametrize("name", list(SETTINGS))
def test_no_settings_are_the_references(name: str) -> None:
    assert supported(compile_rules(SETTINGS[name]))

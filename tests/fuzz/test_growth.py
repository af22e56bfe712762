"""What the kernel takes for twice as much is about twice as long, whatever is sent (redaction contract §10)."""

import time
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import pytest

from pipeline.types import Signal
from pipeline.wire.reference.records import records
from pipeline.wire.reference.to_json import OTLP, to_json
from pipeline.wire.reference.walk import delimited
from processors.redact import Config, compile_rules
from tests.adversarial import ADVERSARIAL
from tests.parts.found import kernel

MOST: Final = 2.5
"""Contract §10. Linear is 2; quadratic is 4."""
MOST_OF_CLEAN: Final = 20
"""Time per byte that is read or written, of that of clean text."""
TRIES: Final = 10
KIB: Final = 1024
Redact: TypeAlias = Callable[[bytes], tuple[bytes, object]]
CLEAN: Final = "GET /index.html 200 in 12 ms for order 4711, at com.example.Main.run(Main.java:42); "


def best(call: Callable[[], object], rounds: int = 5) -> float:
    """Return the CPU seconds of the fastest of several calls, each of a repetition that a clock can see."""
    started = time.process_time()
    call()
    repeat = max(1, int(0.002 / max(time.process_time() - started, 1e-6)))
    fastest = float("inf")
    for _ in range(rounds):
        started = time.process_time()
        for _ in range(repeat):
            call()
        fastest = min(fastest, (time.process_time() - started) / repeat)
    return fastest


def check_growth(call: Callable[[Any], object], make: Callable[[int], Any], size: int) -> None:
    """Fail when twice the size always takes clearly more than twice the time: others may be using the machine."""
    small, large = make(size), make(2 * size)
    ratios = []
    for _ in range(TRIES):
        ratios.append(best(lambda: call(large)) / best(lambda: call(small)))
        if ratios[-1] <= MOST:
            return
    pytest.fail(f"twice the size took {', '.join(f'{ratio:.1f}' for ratio in ratios)} times as long")


def log(*fields: bytes) -> bytes:
    return delimited(1, delimited(2, delimited(2, b"".join(fields))))


def body(text: str) -> bytes:
    return delimited(5, delimited(1, text.encode()))


def attribute(key: bytes, text: bytes) -> bytes:
    return delimited(6, delimited(1, key) + delimited(2, delimited(1, text)))


@pytest.fixture(scope="module")
def redact() -> Redact:
    redactor = kernel("redact").Redactor(compile_rules(Config()))
    return lambda payload: redactor.redact(payload, "logs")


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_redaction_of_one_leaf(name: str, redact: Redact) -> None:
    check_growth(redact, lambda size: log(body(ADVERSARIAL[name](size))), 64 * KIB)


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_redaction_of_many_leaves(name: str, redact: Redact) -> None:
    leaf = body(ADVERSARIAL[name](KIB))
    check_growth(redact, lambda size: log(leaf) * size, 100)


def check_cost(redact: Redact, payload: bytes) -> None:
    """Fail when a payload takes much longer than clean text, however often it is tried.

    What is written counts as what is read where it is more: a text that is nothing but secrets comes out longer.
    """
    clean = log(body(CLEAN * (64 * KIB // len(CLEAN))))
    size = max(len(payload), (len(payload) + len(redact(payload)[0])) / 2)
    costs = []
    for _ in range(TRIES):
        costs.append((best(lambda: redact(payload)) / size) / (best(lambda: redact(clean)) / len(clean)))
        if costs[-1] <= MOST_OF_CLEAN:
            return
    pytest.fail(f"a byte took {', '.join(f'{cost:.0f}' for cost in costs)} times as long as one of clean text")


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_no_text_takes_much_longer_than_clean_text(name: str, redact: Redact) -> None:
    check_cost(redact, log(body(ADVERSARIAL[name](64 * KIB))))


NAMES: Final[dict[str, Callable[[int], bytes]]] = {
    "never the same": lambda number: b"a_b%x_c_d_e_f_g_h" % number,
    "long": lambda number: b"%d" % number + b"a.B1" * 80,
    "the same data": lambda number: b"jo@example.com",
    "nearly data": lambda number: b"jo%d@example" % number,
    "alike at both ends": lambda number: b"aaaaaaaa%05dbbbbbbbb" % number,
    "sensitive": lambda number: b"a.token_%d" % number,
}


@pytest.mark.parametrize("name", NAMES)
def test_no_name_takes_much_longer_than_clean_text(name: str, redact: Redact) -> None:
    check_cost(redact, log(b"".join(attribute(NAMES[name](number), b"v") for number in range(3_000))))


def test_redaction_of_one_huge_leaf(redact: Redact) -> None:
    check_growth(redact, lambda size: log(body("a" * size)), 8 * KIB * KIB)


REPEATED: Final[dict[str, bytes]] = {
    "short attributes": attribute(b"a", b"b"),
    "attributes with data for names": attribute(b"jo@example.com", b"b"),
    "sensitive attributes": attribute(b"password", b"hunter2"),
    "unknown fields": delimited(77, b"text"),
    "bodies": body("jo@example.com"),
    "empty values": delimited(6, b""),
}


@pytest.mark.parametrize("name", REPEATED)
def test_redaction_of_many_fields(name: str, redact: Redact) -> None:
    check_growth(redact, lambda size: log(REPEATED[name] * size), 20_000)


def nested(levels: int) -> bytes:
    value = delimited(1, b"jo@example.com")
    for _ in range(levels):
        value = delimited(6, delimited(1, delimited(1, b"k") + delimited(2, value)))
    return value


def test_redaction_of_deep_values(redact: Redact) -> None:
    check_growth(redact, lambda size: log(delimited(5, nested(size)) * 200), 50)


IDS: Final = delimited(1, b"t" * 16) + delimited(2, b"s" * 8)


def spans(*each: bytes) -> bytes:
    return delimited(1, delimited(2, b"".join(each)))


PAYLOADS: Final[dict[str, tuple[Signal, Callable[[int], bytes]]]] = {
    "items": ("logs", lambda size: spans(delimited(2, body("text")) * size)),
    "groups": ("logs", lambda size: log(body("text")) * size),
    "attributes": ("logs", lambda size: log(b"".join(attribute(b"k%d" % number, b"v") for number in range(size)))),
    "empty groups": ("traces", lambda size: delimited(1, b"") * size),
    "spans without ids": ("traces", lambda size: spans(delimited(2, b"") * size)),
    "links": ("traces", lambda size: spans(delimited(2, IDS + delimited(13, IDS) * size))),
    "types of a metric": ("metrics", lambda size: spans(delimited(2, (delimited(5, b"") + delimited(7, b"")) * size))),
    "parts of a metric": ("metrics", lambda size: spans(delimited(2, delimited(5, delimited(1, b"")) * size))),
    "packed values": ("metrics", lambda size: spans(delimited(2, delimited(9, delimited(1, delimited(6, bytes(8) * size)))))),
}
OTHERS: Final[dict[str, tuple[Callable[[bytes, Signal], Any], dict[str, Any]]]] = {
    "validate": (lambda payload, signal: payload, {}),
    "split": (lambda payload, signal: payload, {"max_items": 10, "max_bytes": 10**9}),
    "partition": (lambda payload, signal: payload, {"n": 12}),
    "records": (lambda payload, signal: payload, {}),
    "encode": (records, {}),
    "to_json": (lambda payload, signal: payload, {"layout": OTLP}),
    "from_json": (lambda payload, signal: to_json(payload, signal, OTLP), {}),
}
"""What each function takes, made of a payload, and its other arguments."""


@pytest.mark.parametrize("shape", PAYLOADS)
@pytest.mark.parametrize("name", OTHERS)
def test_other_functions(name: str, shape: str) -> None:
    function: Any = getattr(kernel(name), name)
    signal, make = PAYLOADS[shape]
    argument, others = OTHERS[name]
    check_growth(lambda given: function(given, signal, **others), lambda size: argument(make(size), signal), 2_000)


def test_validation_of_bad_ids() -> None:
    validate = kernel("validate").validate
    bad = delimited(4, b"odd") + delimited(13, delimited(1, b"odd"))
    check_growth(lambda payload: validate(payload, "traces"), lambda size: spans(delimited(2, IDS + bad * size)), 2_000)

"""What is compared: every name of the wire API that the kernel serves, with the ways in which it can be asked."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from importlib import import_module
from itertools import product
from random import Random
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from exporters.datadog.logs import layout
from pipeline import wire
from pipeline.conditions import parse
from pipeline.json_logs.entries import Kind
from pipeline.json_logs.normalise import Normaliser
from pipeline.json_logs.plans import line_table
from pipeline.types import Secret, Signal
from pipeline.wire import model, rules
from pipeline.wire.reference.records import records as reference_records
from pipeline.wire.sampling import threshold
from processors.redact import Action, Config, Hmac, Ip, Keys, Pattern, compile_rules
from processors.redact.detectors import DETECTORS, OPTIONAL
from receivers.json_logs import Config as JsonLogsConfig
from receivers.json_logs import JsonLogs
from tests.fuzz.sanitizer import exact

Form: TypeAlias = Literal["wire", "json", "lines"]


class Input(NamedTuple):
    """One input."""

    signal: Signal
    form: Form
    data: bytes


class Refusal(NamedTuple):
    """`wire.Malformed`, as a value."""

    offset: int | None
    what: str


class Raised(NamedTuple):
    """Another exception, as a value."""

    type: str
    text: str


Ask: TypeAlias = Callable[[Any, Input], Any]
"""Asks one implementation, which is the function or an object of the class; returns what can be compared."""


class Target(NamedTuple):
    """One name of the wire API."""

    name: str
    module: str
    form: Form
    options: tuple[tuple[str, Callable[[Any], Any], Ask], ...]
    """Of each way: what it is called, what makes an object of the class (or leaves the function), and the asking."""
    may_raise: bool = False
    """Whether exceptions other than `Malformed` are answers too."""

    @property
    def compiled(self) -> bool:
        """Whether the kernel serves it."""
        try:
            import_module(f"pipeline.wire.kernel.{self.module}")
        except ImportError:
            return False
        return True


class Difference(NamedTuple):
    """The kernel's answer is not the reference's."""

    target: str
    option: str
    expected: Any
    given: Any

    @property
    def kind(self) -> tuple[str, ...]:
        """What it has in common with others that have the same cause, perhaps."""
        return (
            self.target,
            type(self.expected).__name__,
            type(self.given).__name__,
            *sorted(_words(self.expected) ^ _words(self.given)),
        )


_UNTYPED: Final = ("AttributeError", "TypeError")
"""What the reference raises for values that the types forbid: nothing is promised there but that the process lives."""


def compare(target: Target, option: int, given: Input) -> tuple[Difference | None, set[str]]:
    """Ask both; return the difference, and what was remarkable about the answer."""
    label, make, ask = target.options[option]
    reference, kernel = (_made(each, target.module, target.name, make) for each in ("reference", "kernel"))
    expected = _answer(target, lambda: ask(reference, given))
    data, release = exact(given.data)
    try:
        compiled = _answer(target, lambda: ask(kernel, given._replace(data=data)))
    finally:
        release()
    if expected == compiled or (isinstance(expected, Raised) and expected.type in _UNTYPED):
        return None, {f"{target.name} {label} {word}" for word in _words(expected)}
    return Difference(target.name, label, expected, compiled), set()


def _answer(target: Target, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except wire.Malformed as refusal:
        return Refusal(refusal.offset, refusal.what)
    except Exception as error:
        if not target.may_raise:
            return Raised(f"{type(error).__name__} (never an answer)", str(error))
        return Raised(type(error).__name__, str(error))


def _words(answer: Any) -> set[str]:
    """Return what is remarkable about an answer: why it was refused, whether anything changed, what was counted."""
    match answer:
        case Refusal() | Raised():
            return {str(answer[-1])}
        case dict():
            flags = {f"{key} {value}" for key, value in answer.items() if isinstance(value, bool)}
            return flags | {str(rule) for rule in answer.get("rules", ())}
    return {str(answer)}


@cache
def _made(implementation: str, module: str, name: str, make: Callable[[Any], Any]) -> Any:
    return make(getattr(import_module(f"pipeline.wire.{implementation}.{module}"), name))


def _function(named: Any) -> Any:
    return named


# ---- validate, split, partition ----


def _validate(validate: Any, given: Input) -> Any:
    payload, items, rejected = validate(given.data, given.signal)
    return {"payload": payload, "same": payload is given.data, "items": items, "rejected": rejected}


def _split(max_items: int, max_bytes: int, split: Any, given: Input) -> Any:
    parts = split(given.data, given.signal, max_items=max_items, max_bytes=max_bytes)
    return {"parts": parts, "same": [part is given.data for part in parts]}


def _partition(n: int, partition: Any, given: Input) -> Any:
    parts = partition(given.data, given.signal, n)
    return {"parts": parts, "same": [part is given.data for part in parts]}


_LIMITS: Final = tuple(product((1, 2, 3, 10**9), (0, 1, 60, 130, 250, 600, 2_000, 10**9)))

# ---- Redactor ----

_KEY: Final = Secret("sluice-test-key-" + "0123456789abcdef")
_PATTERNS: Final = (
    Pattern(id="order_no", regex="ORD-[0-9]{6}|order"),
    Pattern(id="anchored", regex=r"(?:user|x)=(\w+)", group=1, ignore_case=True, action="mask"),
    Pattern(id="digits", regex="[0-9]{3,5}", action=Action(type="keep_last", n=1)),
)


def _config(**settings: Any) -> Callable[[Any], Any]:
    return lambda named: named(compile_rules(Config(**settings)))


def _with_rules(**changes: Any) -> Callable[[Any], Any]:
    return lambda named: named(msgspec.structs.replace(compile_rules(Config()), **changes))


_ACTIONS: Final = {"email": "drop", "card": Action(type="keep_last", n=4), "secret": "mask", "ipv4": "none"}
_ONLY_COUNTED: Final = rules.KeyRules(sensitive=("k", "message", "x"), exceptions=("*.k",), action=rules.Action("none"))
_ALL: Final = ("default", *(detector.id for detector in OPTIONAL))
_NATIONAL: Final = tuple(detector.id for detector in DETECTORS if detector.family == "national_id")
RULES: Final[tuple[tuple[str, Callable[[Any], Any]], ...]] = (
    ("default", _config()),
    ("mask", _config(action="mask", mask="∎", keys=Keys(action="tag"))),
    ("keep_last", _config(action=Action(type="keep_last", n=4), keys=Keys(action=Action(type="keep_last", n=1)))),
    ("drop", _config(action="drop", keys=Keys(action="drop"), unknown_fields="drop")),
    ("hmac", _config(action="hmac", hmac=Hmac(key=_KEY), keys=Keys(action=Action(type="hmac")))),
    ("none", _config(action="none", keys=Keys(action="none"))),
    ("mixed", _config(actions=_ACTIONS, unknown_fields="drop")),
    ("patterns", _config(patterns=_PATTERNS, keys=Keys(sensitive=("k", "user email", "ü")))),
    ("only patterns", _config(detectors="none", patterns=_PATTERNS)),
    ("all detectors", _config(detectors=_ALL, ip=Ip(special=True), actions={"phone": "drop", "national_id": "mask"})),
    ("national", _config(national_ids=_NATIONAL, actions={"phone": "none"})),
    ("few", _config(detectors=("email", "card", "kv_secret"), action="drop")),
    ("no detectors", _config(detectors="none", keys=Keys(action="drop"))),
    ("no words", _with_rules(secret_words=(), option_words=(), keys=rules.KeyRules(safe=("*.email", "k?", "[ab]")))),
    ("all keys", _with_rules(keys=_ONLY_COUNTED)),
)  # fmt: skip
"""Rules for redaction, the default ones first."""


def _redact(redactor: Any, given: Input) -> Any:
    payload, hits = redactor.redact(given.data, given.signal)
    counts = sorted(hits.matches.items())
    return {
        "payload": payload,
        "same": payload is given.data,
        "counts": counts,
        "rules": [hit for hit, _ in counts],
        "unknown fields": hits.unknown_fields,
    }


# ---- Sampler, Filter, Enricher ----

_CONDITIONS: Final = (
    "severity_number >= ERROR",
    'attributes["k"] == nil or body =~ "^G"',
    'resource.attributes["service.name"] in ["order", "x"]',
    "duration > 250ms",
    'not (name != "GET" and kind == SPAN_KIND_SERVER)',
    'trace_id =~ "^4"',
    'metric.type == "sum" or metric.name =~ "o"',
    'scope.name == nil and severity_text != "x"',
    'attributes["message"] != true and span_id != nil',
    'attributes["service.name"] < 5 or event_name !~ "a"',
    "status.code == STATUS_CODE_ERROR",
)


def _sampler(share: float, **settings: Any) -> Callable[[Any], Any]:
    ruled = tuple((parse(text), threshold(other)) for text, other in settings.pop("rules", ()))
    return lambda named: named(threshold(share, 14 if settings.get("mode") else 4), rules=ruled, **settings)


_SAMPLERS: Final = (
    ("half", _sampler(0.5)),
    ("none", _sampler(0)),
    ("all", _sampler(1)),
    ("errors", _sampler(0.1, keep_errors=True)),
    ("proportional", _sampler(0.3, mode="proportional")),
    ("proportional errors", _sampler(0.01, mode="proportional", keep_errors=True)),
    ("all logs", _sampler(0.25, logs="all")),
    ("rules", _sampler(0.1, rules=[(_CONDITIONS[0], 1), (_CONDITIONS[2], 0), (_CONDITIONS[10], 0.5)])),
    ("proportional rules", _sampler(0.9, mode="proportional", rules=[(_CONDITIONS[1], 0.001), (_CONDITIONS[5], 1)])),
)


def _sample(sampler: Any, given: Input) -> Any:
    payload, dropped = sampler.keep(given.data, given.signal)
    sampled = sampler.sample(given.data, given.signal)
    return {
        "payload": payload,
        "same": payload is given.data,
        "again": sampled.payload,
        "dropped": (dropped, sampled.dropped),
        "counts": sorted(sampled.decisions.items()),
        "rules": sorted(sampled.decisions),
        "inconsistent": sampled.inconsistent,
    }


def _filter(drop: Sequence[str], keep: Sequence[str]) -> Callable[[Any], Any]:
    return lambda named: named([parse(text) for text in drop], [parse(text) for text in keep])


_FILTERS: Final = (
    ("nothing", _filter((), ())),
    *((f"drop {number}", _filter((text,), ())) for number, text in enumerate(_CONDITIONS)),
    *((f"keep {number}", _filter((), (text,))) for number, text in enumerate(_CONDITIONS)),
    ("several", _filter(_CONDITIONS[:3], _CONDITIONS[3:])),
    ("others", _filter(_CONDITIONS[4:7], _CONDITIONS[:2])),
)


def _filtered(filtering: Any, given: Input) -> Any:
    payload, dropped = filtering.keep(given.data, given.signal)
    return {"payload": payload, "same": payload is given.data, "counts": sorted(dropped.items()), "rules": sorted(dropped)}


def _enricher(**settings: Any) -> Callable[[Any], Any]:
    return lambda named: named(**settings)


_ADDED: Final[dict[str, Any]] = {
    "service.name": "cart",
    "deployment.environment.name": "prod",
    "k": 5,
    "list": [1, "two", {"three": 3.5}],
    "é": b"\xff",
    "nothing": None,
}
_ENRICHERS: Final = (
    ("default", _enricher()),
    ("nothing", _enricher(ids=(), derive=False)),
    ("move", _enricher(move=True, namespace="tenant")),
    ("attributes only", _enricher(ids=("attributes",), derive=False, move=True)),
    ("text first", _enricher(ids=("text", "json"), derive=True)),
    ("json", _enricher(ids=("json",), derive=False, attributes={"k": "v"})),
    ("resource", _enricher(ids=(), derive=False, resource=_ADDED)),
    ("resource anew", _enricher(resource=_ADDED, overwrite=True)),
    ("all", _enricher(resource=_ADDED, attributes=_ADDED, move=True)),
    ("all anew", _enricher(resource={"service.name": "cart"}, attributes={"k": True, "message": "x"}, overwrite=True, move=True)),
)


def _enriched(enricher: Any, given: Input) -> Any:
    payload = enricher.enrich(given.data, given.signal)
    return {"payload": payload, "same": payload is given.data}


# ---- records, encode, JSON ----


def _records(records: Any, given: Input) -> Any:
    decoded = records(given.data, given.signal)
    order: dict[int, int] = {}
    shared = [getattr(record, name, None) for record in decoded for name in ("resource", "scope", "metric")]
    return {
        "records": repr(list(decoded)),
        "shared": [order.setdefault(id(each), len(order)) for each in shared],
        "items": len(decoded),
    }


_FIELDS: Final = sorted(
    {
        name
        for struct in vars(model).values()
        if isinstance(struct, type) and issubclass(struct, msgspec.Struct) and struct is not msgspec.Struct
        for name in struct.__struct_fields__
        if name not in ("resource", "scope", "metric")
    }
)
_STRANGE: Final[tuple[Any, ...]] = (
    None, True, -1, 2**32, 2**63, 2**64, -(2**63) - 1, 1.5, float("nan"), float("inf"), "", "\ud800", "text", "ab" * 8, "AB" * 16,
    "xy", b"", b"b", [], [1, None, "x"], (1.0, 2.0), [(1.0, 2.0)], {}, {"k": {"k": [1, b"2", None]}}, {1: 2},
    {"\udc00": "\ud800"}, object, range(3), "gauge", "sum",
)  # fmt: skip


_STRANGE_WAYS: Final = 400


def _encode(way: int, encode: Any, given: Input) -> Any:
    """Encode what the payload holds; in all ways but the first, with something strange in all fields of some name."""
    try:
        decoded = list(reference_records(given.data, given.signal))
    except wire.Malformed:
        return "no records"
    random = Random(way)
    name, value = random.choice(_FIELDS), random.choice(_STRANGE)
    for part in [part for record in decoded for part in _structs(record)] if way else ():
        if name in part.__struct_fields__:
            setattr(part, name, value)
    return {"payload": encode(decoded, given.signal)}


def _structs(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for each in value:
            yield from _structs(each)
    elif isinstance(value, msgspec.Struct):
        yield value
        for name in value.__struct_fields__:
            yield from _structs(getattr(value, name))


def _from_json(from_json: Any, given: Input) -> Any:
    return {"payload": from_json(given.data, given.signal)}


_LOG_LAYOUT: Final = layout("fallback")


def _to_json(to_json: Any, given: Input) -> Any:
    return {"text": to_json(given.data, given.signal, wire.OTLP)}


def _log_objects(log_objects: Any, given: Input) -> Any:
    """Read payloads of all signals as logs: they are as good as any other malformed ones."""
    found = log_objects(given.data, _LOG_LAYOUT)
    counts = (found.shortened, found.bad_trace_ids, found.bad_span_ids)
    return {"text": found.text, "ends": found.ends, "counts": counts, "items": len(found.ends)}


def _receiver(**settings: Any) -> Callable[[Any], Any]:
    def make(named: Any) -> JsonLogs:
        receiver = JsonLogs(JsonLogsConfig(**settings))
        receiver._bodies._lines = named(line_table(receiver._options))  # with either implementation
        return receiver

    return make


def _log_lines(kind: Kind | None, receiver: Any, given: Input) -> Any:
    normaliser = Normaliser(receiver._options, _NOW)
    payload, accepted, bad = receiver._normalise(given.data, kind, normaliser)  # all but HTTP
    tally = normaliser.tally
    counts = (sorted(tally.formats.items()), tally.duplicates, tally.bad_times, tally.bad_ids)
    return {"payload": payload, "accepted": accepted, "bad": bad, "counts": counts, "rules": sorted(tally.formats)}


_NOW: Final = 1_772_600_767_000_000_000
_LINES: Final = (
    ("lines", _receiver(), partial(_log_lines, "lines")),
    ("json", _receiver(format="generic", service_name="shop"), partial(_log_lines, "json")),
    ("text", _receiver(max_line_size=300), partial(_log_lines, "text")),
    ("any", _receiver(timezone="Europe/Berlin"), partial(_log_lines, None)),
)

TARGETS: Final = (
    Target("validate", "validate", "wire", (("", _function, _validate),)),
    Target(
        "split", "split", "wire", tuple((f"{items} {size}", _function, partial(_split, items, size)) for items, size in _LIMITS)
    ),
    Target("partition", "partition", "wire", tuple((f"{n}", _function, partial(_partition, n)) for n in (1, 2, 3, 12, 200))),
    Target("Redactor", "redact", "wire", tuple((name, make, _redact) for name, make in RULES)),
    Target("Sampler", "sample", "wire", tuple((name, make, _sample) for name, make in _SAMPLERS)),
    Target("Filter", "filter", "wire", tuple((name, make, _filtered) for name, make in _FILTERS)),
    Target("Enricher", "enrich", "wire", tuple((name, make, _enriched) for name, make in _ENRICHERS)),
    Target("records", "records", "wire", (("", _function, _records),)),
    Target(
        "encode",
        "encode",
        "wire",
        tuple((f"strange {way}", _function, partial(_encode, way)) for way in range(_STRANGE_WAYS)),
        may_raise=True,
    ),
    Target("to_json", "to_json", "wire", (("", _function, _to_json),)),
    Target("log_objects", "log_objects", "wire", (("", _function, _log_objects),)),
    Target("LogLines", "log_lines", "lines", _LINES),
    Target("from_json", "from_json", "json", (("", _function, _from_json),)),
)

"""Take personal data and secrets out, before anything is stored, printed or sent.

    processors:
      redact:
        action: tag                              # [email], [card], [kv_secret] in the place of what was found
        actions:
          card: {type: keep_last, n: 4}          # ****0010
        keys:
          sensitive: [session_token]             # beside password, api_key, token, secret, ssn and their kin
        patterns:
          - {id: order_no, regex: 'ORD-[0-9]{6}'}

Every text of logs, traces and metrics is scanned: resources, attributes and their names, bodies, JSON inside a string, span
names, events, exemplars. A value under a sensitive key is replaced unseen. Redaction is idempotent, and fails closed: what
can't be followed byte for byte is refused, never passed on. It runs before the journal, so put it first.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Final, Literal

import re2
from msgspec import Meta
from msgspec.structs import replace

from pipeline import Batch, ConfigError, Processor, wire
from pipeline.settings import Settings, about
from pipeline.telemetry import catalogue
from pipeline.types import Regex, Secret
from pipeline.wire import rules
from processors.redact.detectors import DETECTORS, OPTIONAL, PATTERN_PRIORITY
from processors.redact.keys import EXCEPTIONS, OPTION_WORDS, SAFE, SECRET_WORDS, SENSITIVE

MIN_KEY_BYTES: Final = 32
MAX_MASK_BYTES: Final = 64
KEY_ID: Final = re.compile("[a-z0-9]{1,8}")
PATTERN_ID: Final = re.compile("[a-z][a-z0-9_]{1,30}")

ActionName = Literal["tag", "mask", "keep_last", "drop", "hmac", "none"]


class Action(Settings, frozen=True, kw_only=True):
    """An action with its settings."""

    type: Annotated[
        ActionName,
        about(
            "`tag` writes `[rule]`, `mask` a fixed text, `keep_last` the last characters; `drop` removes the attribute, "
            "array element or JSON member; `hmac` writes a keyed pseudonym; `none` only counts."
        ),
    ]
    n: Annotated[int, Meta(ge=1, le=4, description="`keep_last`: how many characters stay.")] = 4
    key: Annotated[Secret | None, about("`hmac`: at least 32 bytes; the key of `hmac:` when absent.")] = None
    key_id: Annotated[str | None, about("`hmac`: named in the pseudonym; that of `hmac:` when absent.")] = None


class Hmac(Settings, frozen=True, kw_only=True):
    """The key of every `hmac` action that has none of its own."""

    key: Annotated[Secret | None, about("At least 32 bytes.")] = None
    key_id: Annotated[str, about("1 to 8 of a-z and 0-9, named in each pseudonym, so that keys can be rotated.")] = "k1"


class Keys(Settings, frozen=True, kw_only=True):
    """Names whose value is replaced unseen."""

    sensitive: Annotated[
        tuple[str, ...], about("Names beside the built-in ones; `api key` also means `apiKey`, `X-API-KEY` and `user.api_key`.")
    ] = ()
    action: Annotated[ActionName | Action, about("What replaces the value.")] = "mask"


class Pattern(Settings, frozen=True, kw_only=True):
    """A rule of your own."""

    id: Annotated[str, about("Rule id, in tags and counters: a letter, then up to 30 of a-z, 0-9 and `_`.")]
    regex: Annotated[Regex, about("RE2 syntax.")]
    literal: Annotated[str, about("Text that every match comes with; texts without it are skipped fast.")] = ""
    group: Annotated[int, Meta(ge=0, description="Which group is replaced; 0 is the whole match.")] = 0
    ignore_case: Annotated[bool, about("Upper and lower case are the same.")] = False
    action: Annotated[ActionName | Action | None, about("What replaces a match; `action` of the processor when absent.")] = None


class Ip(Settings, frozen=True, kw_only=True):
    """Which addresses are meant."""

    special: Annotated[bool, about("Also loopback, `0.0.0.0`, `255.255.255.255` and `::`.")] = False


class Config(Settings, frozen=True, kw_only=True):
    """Settings of `redact`."""

    detectors: Annotated[
        str | tuple[str, ...],
        about("`default`, `none`, or a list of detector ids, in which `default` stands for the default ones."),
    ] = "default"
    action: Annotated[ActionName | Action, about("What replaces what a detector or pattern finds.")] = "tag"
    actions: Annotated[
        Mapping[str, ActionName | Action], about("By detector id, or by family: `personal`, `national_id`, `secret`.")
    ] = {}
    mask: Annotated[str, about("What `mask` writes; at most 64 bytes.")] = "***REDACTED***"
    hmac: Annotated[Hmac, about("The key of `hmac` actions.")] = Hmac()
    keys: Annotated[Keys, about("Key rules: names whose value is replaced unseen.")] = Keys()
    patterns: Annotated[tuple[Pattern, ...], about("Rules of your own.")] = ()
    national_ids: Annotated[
        tuple[str, ...], about("National identifiers, by detector id, that are meant without a keyword near them too.")
    ] = ()
    ip: Annotated[Ip, about("Addresses of the internet protocol.")] = Ip()
    unknown_fields: Annotated[
        Literal["keep", "drop"], about("Fields that the OTLP schema does not know are counted, and kept or dropped.")
    ] = "keep"


class Redact(Processor):
    """Redacts every batch, or fails."""

    redacts = True

    def __init__(self, config: Config) -> None:
        self._redactor = wire.Redactor(compile_rules(config))

    def process(self, batch: Batch) -> Batch | None:
        """Return the batch without what the rules find in it. Raises what the redactor raises: nothing is passed on then."""
        metrics = self.host.metrics
        started = time.perf_counter()
        try:
            payload, hits = self._redactor.redact(batch.payload, batch.signal)
        except Exception as error:
            reason = "malformed" if isinstance(error, wire.Malformed) else "internal"
            metrics.add(catalogue.REDACTION_FAILURES, reason=reason)
            raise
        finally:
            metrics.add(catalogue.REDACTION_SECONDS, time.perf_counter() - started)
        for (rule, location, action), count in hits.matches.items():
            metrics.add(catalogue.REDACTION_MATCHES, count, rule=rule, signal=batch.signal, location=location, action=action)
        outcome = "clean" if payload is batch.payload else "changed"
        metrics.add(catalogue.REDACTION_RECORDS, signal=batch.signal, outcome=outcome)
        metrics.add(catalogue.REDACTION_BYTES, len(batch.payload), direction="in")
        metrics.add(catalogue.REDACTION_BYTES, len(payload), direction="out")
        if hits.unknown_fields:
            metrics.add(catalogue.REDACTION_UNKNOWN_FIELDS, hits.unknown_fields, signal=batch.signal)
        return batch.replaced(payload)


def compile_rules(config: Config) -> rules.Rules:
    """Return the rules that the settings mean. Raises `ConfigError`."""
    general = _action(config.action, config.hmac, ["action"])
    special = {name: _action(action, config.hmac, ["actions", name]) for name, action in config.actions.items()}
    known = {name for detector in (*DETECTORS, *OPTIONAL) for name in (detector.id, detector.family)}
    for name in sorted(special.keys() - known):
        raise ConfigError("E105", f"unknown detector `{name}`", path=("actions", name), label="no such detector or family")
    if not 0 < len(config.mask.encode()) <= MAX_MASK_BYTES:
        raise ConfigError("E104", f"a mask has 1 to {MAX_MASK_BYTES} bytes", path=("mask",))
    return rules.Rules(
        detectors=tuple(
            replace(detector, action=special.get(detector.id, special.get(detector.family, general)))
            for detector in _detectors(config)
        ),
        patterns=_patterns(config, general),
        keys=rules.KeyRules(
            sensitive=SENSITIVE + _sensitive(config.keys.sensitive),
            exceptions=EXCEPTIONS,
            safe=SAFE,
            action=_action(config.keys.action, config.hmac, ["keys", "action"]),
        ),
        secret_words=SECRET_WORDS,
        option_words=OPTION_WORDS,
        special_addresses=config.ip.special,
        mask=config.mask,
        unknown_fields=config.unknown_fields,
    )


def _detectors(config: Config) -> tuple[rules.Detector, ...]:
    wanted = (config.detectors,) if isinstance(config.detectors, str) else config.detectors
    every = (*DETECTORS, *OPTIONAL)
    known = {"default", *(detector.id for detector in every)}
    for index, name in enumerate(wanted):
        if name not in known and wanted != ("none",):
            path = ("detectors",) if isinstance(config.detectors, str) else ("detectors", index)
            raise ConfigError(
                "E105", f"unknown detector `{name}`", path=path, help="`default`, `none`, or a list of detector ids"
            )
    national = {detector.id for detector in DETECTORS if detector.family == "national_id"}
    for index, name in enumerate(config.national_ids):
        if name not in national:
            raise ConfigError("E105", f"unknown national identifier `{name}`", path=("national_ids", index), label="no such id")
    ids = {*wanted, *config.national_ids}
    if "default" in wanted:
        ids.update(detector.id for detector in DETECTORS)
    return tuple(
        replace(detector, free=detector.free or detector.id in config.national_ids) for detector in every if detector.id in ids
    )


def _action(action: ActionName | Action, hmac: Hmac, path: Sequence[str | int]) -> rules.Action:
    settings = Action(type=action) if isinstance(action, str) else action
    if settings.type != "hmac":
        return rules.Action(settings.type, settings.n)
    key = settings.key or hmac.key
    if key is None:
        raise ConfigError("E403", "`hmac` needs a key", path=path, help="set `hmac.key_file` to a file with at least 32 bytes")
    size = len(key.reveal().encode())
    if size < MIN_KEY_BYTES:
        place = [*path, "key"] if settings.key else ["hmac", "key"]
        raise ConfigError("E403", f"HMAC key has {size} bytes, needs at least {MIN_KEY_BYTES}", path=place)
    key_id = settings.key_id or hmac.key_id
    if not KEY_ID.fullmatch(key_id):
        place = [*path, "key_id"] if settings.key_id else ["hmac", "key_id"]
        raise ConfigError("E102", "bad key id", path=place, label="1 to 8 of a-z and 0-9")
    return rules.Action("hmac", key=key, key_id=key_id)


def _patterns(config: Config, general: rules.Action) -> tuple[rules.Pattern, ...]:
    taken = {rules.KEY_RULE, *(detector.id for detector in (*DETECTORS, *OPTIONAL))}
    compiled = []
    for index, pattern in enumerate(config.patterns):
        if not PATTERN_ID.fullmatch(pattern.id):
            raise ConfigError("E102", "bad rule id", path=("patterns", index, "id"), label="a letter, then a-z, 0-9 and _")
        if pattern.id in taken:
            raise ConfigError("E002", f"rule id `{pattern.id}` is taken", path=("patterns", index, "id"))
        taken.add(pattern.id)
        action = _action(pattern.action, config.hmac, ["patterns", index, "action"]) if pattern.action else general
        rule = rules.Pattern(
            id=pattern.id,
            regex=pattern.regex,
            priority=PATTERN_PRIORITY,
            literal=pattern.literal,
            group=pattern.group,
            ignore_case=pattern.ignore_case,
            action=action,
        )
        _check_pattern(rule, index)
        compiled.append(rule)
    return tuple(compiled)


def _check_pattern(pattern: rules.Pattern, index: int) -> None:
    compiled = re2.compile(pattern.regex)
    if compiled.search(""):
        raise ConfigError("E110", "the pattern matches the empty text", path=("patterns", index, "regex"))
    if pattern.group > compiled.groups:
        raise ConfigError("E104", f"the pattern has {compiled.groups} groups", path=("patterns", index, "group"))


def _sensitive(names: tuple[str, ...]) -> tuple[str, ...]:
    for index, name in enumerate(names):
        if not any(map(str.isalnum, name)) or set("*?[") & set(name):
            raise ConfigError(
                "E111",
                f"`{name}` is not a name",
                path=("keys", "sensitive", index),
                help="words, such as `session_token`; no globs",
            )
    return names


def scrubber() -> Callable[[str], str]:
    """Return a function that redacts a text by the default rules, for sluice's own logs."""
    return wire.Redactor(compile_rules(Config())).scrub

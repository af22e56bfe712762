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
from itertools import filterfalse
from typing import Annotated, Final, Literal

import re2
from msgspec import Meta
from msgspec.structs import replace

from pipeline import Batch, ConfigError, Processor, wire
from pipeline.settings import Settings, about
from pipeline.telemetry import catalogue
from pipeline.types import Regex, Secret
from pipeline.wire import rules
from pipeline.wire.reference.redact_patterns import validator
from processors.redact.detectors import DETECTORS, HIGH_PRIORITY, OPTIONAL, PATTERN_PRIORITY
from processors.redact.keys import EXCEPTIONS, OPTION_WORDS, PROTECTED, SAFE, SECRET_WORDS, SENSITIVE
from processors.redact.risks import risks

MIN_KEY_BYTES: Final = 32
MAX_MASK_BYTES: Final = 64
KEY_ID: Final = re.compile("[a-z0-9]{1,8}")
MIN_LITERAL_BYTES: Final = 3
SCOPE_PATH: Final = re.compile(
    r"(?P<whole>resource|scope|log\.body|span\.name)|(?P<part>(?:span\.(?:events|links)|metric(?:\.datapoints)?)\.\*)"
    r"|(?P<attributes>(?:log|span)\.attributes)\.(?P<names>.+)"
)
SCOPE_PATHS: Final = "such as `resource`, `log.body`, `span.attributes.http.*` or `metric.datapoints.*`"
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
    """What the names of attributes and JSON members say of their value."""

    sensitive: Annotated[
        tuple[str, ...],
        about(
            "Names beside the built-in ones: `api key` also means `apiKey`, `X-API-KEY` and `user.api_key`. Or globs over the "
            "whole name, in any case: `**` is anything, `*` anything without a dot, `?` one character."
        ),
    ] = ()
    sensitive_defaults: Annotated[
        bool, about("Whether the built-in names count; without them password, api_key, token, secret, ssn and tax_id still do.")
    ] = True
    action: Annotated[ActionName | Action, about("What replaces a sensitive value.")] = "mask"
    safe: Annotated[
        str | tuple[str, ...],
        about(
            "Attributes whose text is not scanned, as globs; `default` stands for the built-in ones. A name without a wildcard "
            "is also exempt from the sensitive names."
        ),
    ] = "default"
    allowed_only: Annotated[
        tuple[str, ...] | None, about("Globs over names: every attribute that none of them fits is dropped.")
    ] = None


class AllowedValue(Settings, frozen=True, kw_only=True):
    """A value that stays."""

    value: Annotated[str, about("The whole match; `*` is any text, `?` one byte.")]
    rule: Annotated[str | None, about("The only rule that it is allowed for; any when absent.")] = None


class AllowedPattern(Settings, frozen=True, kw_only=True):
    """A shape of values that stay."""

    regex: Annotated[Regex, about("RE2 syntax; it has to fit the whole match.")]
    rule: Annotated[str | None, about("The only rule that it is allowed for; any when absent.")] = None


class Allow(Settings, frozen=True, kw_only=True):
    """Matches that stay as they are. Values under sensitive names are replaced all the same."""

    values: Annotated[
        tuple[str | AllowedValue, ...], about("Whole matches; `*@example.com` allows that address, not the text around it.")
    ] = ()
    patterns: Annotated[tuple[Regex | AllowedPattern, ...], about("Whole matches, in RE2 syntax.")] = ()


class Scope(Settings, frozen=True, kw_only=True):
    """Other rules for a part of the items; what is absent is as elsewhere."""

    path: Annotated[
        str,
        about(
            "`resource`, `scope`, `log.body`, `log.attributes.<glob>`, `span.name`, `span.attributes.<glob>`, `span.events.*`, "
            "`span.links.*`, `metric.*` or `metric.datapoints.*`."
        ),
    ]
    detectors: Annotated[str | tuple[str, ...] | None, about("As `detectors` of the processor.")] = None
    action: Annotated[ActionName | Action | None, about("What replaces whatever is found here.")] = None
    keys: Annotated[Keys | None, about("As `keys` of the processor, in place of them all.")] = None


class Near(Settings, frozen=True, kw_only=True):
    """Words without which a match does not count."""

    words: Annotated[tuple[str, ...], about("One of them has to stand near, whole and in any case.")]
    bytes: Annotated[int, Meta(ge=1, le=200, description="Bytes before or behind the match in which it counts as near.")] = 40


class Pattern(Settings, frozen=True, kw_only=True):
    """A rule of your own."""

    id: Annotated[str, about("Rule id, in tags and counters: a letter, then up to 30 of a-z, 0-9 and `_`.")]
    regex: Annotated[Regex, about("RE2 syntax.")]
    literal: Annotated[
        str,
        about(
            "Text of 3 or more bytes that stands wherever the pattern matches: texts without it are skipped fast. When absent, "
            "the beginning that all matches share."
        ),
    ] = ""
    group: Annotated[int, Meta(ge=0, description="Which group is replaced; 0 is the whole match.")] = 0
    ignore_case: Annotated[bool, about("Upper and lower case are the same.")] = False
    action: Annotated[ActionName | Action | None, about("What replaces a match; `action` of the processor when absent.")] = None
    priority: Annotated[
        Literal["normal", "high"], about("Of two matches that start together: `high` wins over all but secrets, `normal` loses.")
    ] = "normal"
    validator: Annotated[str, about("What a match has to pass: `luhn`, `mod97` or `entropy>=3.5` (bits a byte).")] = ""
    near: Annotated[Near | None, about("Words without which a match does not count.")] = None


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
    keys: Annotated[Keys, about("Key rules: what names say of their value.")] = Keys()
    allow: Annotated[Allow, about("Matches that stay as they are.")] = Allow()
    scopes: Annotated[
        tuple[Scope, ...], about("Other rules for parts of the items; the first that fits a place decides there.")
    ] = ()
    patterns: Annotated[tuple[Pattern, ...], about("Rules of your own.")] = ()
    national_ids: Annotated[
        tuple[str, ...], about("National identifiers, by detector id, that are meant without a keyword near them too.")
    ] = ()
    ip: Annotated[Ip, about("Addresses of the internet protocol.")] = Ip()
    unknown_fields: Annotated[
        Literal["keep", "drop"], about("Fields that the OTLP schema does not know are counted, and kept or dropped.")
    ] = "keep"
    on_wire_mismatch: Annotated[
        Literal["reject", "unknown"],
        about("A known field of the wrong wire type: the batch is malformed, or the field is an unknown one."),
    ] = "reject"
    json_strings: Annotated[bool, about("Take a text that is JSON apart, so that key rules apply to its members.")] = True
    url_decode: Annotated[bool, about("Also scan a text that holds `=` and `%` with `%HH` and `+` decoded.")] = True
    scan_keys: Annotated[bool, about("Replace names of attributes and JSON members that are data themselves.")] = True
    numbers: Annotated[
        Literal["auto", "keyed", "off"],
        about("Whole numbers: `auto` scans for card numbers and what a name says they are, `keyed` only for the latter."),
    ] = "auto"
    bytes: Annotated[
        Literal["scan", "drop", "pass"],
        about("Byte values: `scan` those of up to 64 KiB that are UTF-8, and pass others on; `drop` or `pass` them all."),
    ] = "scan"
    summary: Annotated[
        Literal["off", "counts", "debug"],
        about(
            "Log records and spans that changed get an attribute `redaction.masked.count`; with `debug` also "
            "`redaction.masked.keys`. Each costs a second pass over the batch."
        ),
    ] = "off"
    dry_run: Annotated[bool, about("Pass everything on unchanged, and only count what would have been done.")] = False

    def warnings(self) -> Sequence[ConfigError]:
        """Warn of what lets more through than it seems to, or costs more."""
        return list(risks(self))


class Redact(Processor):
    """Redacts every batch, or fails."""

    redacts = True

    def __init__(self, config: Config) -> None:
        self._redactor = wire.Redactor(compile_rules(config))
        self._dry_run = config.dry_run
        if config.dry_run:
            self.redacts = False  # type: ignore[misc]  # what it returns may hold anything

    def process(self, batch: Batch) -> Batch | None:
        """Return the batch without what the rules find in it. Raises what the redactor raises: nothing is passed on then."""
        metrics = self.host.metrics
        started = time.perf_counter()
        try:
            redacted, hits = self._redactor.redact(batch.payload, batch.signal)
        except Exception as error:
            reason = "malformed" if isinstance(error, wire.Malformed) else "internal"
            metrics.add(catalogue.REDACTION_FAILURES, reason=reason)
            raise
        finally:
            metrics.add(catalogue.REDACTION_SECONDS, time.perf_counter() - started)
        for (rule, location, action), count in hits.matches.items():
            done = "dry_run" if self._dry_run else action
            metrics.add(catalogue.REDACTION_MATCHES, count, rule=rule, signal=batch.signal, location=location, action=done)
        payload = batch.payload if self._dry_run else redacted
        outcome = "clean" if payload is batch.payload else "changed"
        metrics.add(catalogue.REDACTION_RECORDS, signal=batch.signal, outcome=outcome)
        metrics.add(catalogue.REDACTION_BYTES, len(batch.payload), direction="in")
        metrics.add(catalogue.REDACTION_BYTES, len(payload), direction="out")
        metrics.add(catalogue.REDACTION_UNKNOWN_FIELDS, hits.unknown_fields, signal=batch.signal)
        metrics.add(catalogue.REDACTION_TYPE_CHANGED, 0 if self._dry_run else hits.type_changed, signal=batch.signal)
        metrics.add(catalogue.REDACTION_OPAQUE_BYTES, hits.opaque_bytes, signal=batch.signal)
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
    everywhere = rules.Rules(
        detectors=tuple(
            replace(
                detector,
                action=special.get(detector.id, special.get(detector.family, general)),
                in_keys=detector.in_keys and config.scan_keys,
                free=detector.free or detector.id in config.national_ids,
            )
            for detector in _detectors(config.detectors, ["detectors"], _national(config))
        ),
        patterns=_patterns(config, general),
        keys=_keys(config.keys, config.hmac, ["keys"]),
        secret_words=SECRET_WORDS,
        option_words=OPTION_WORDS,
        special_addresses=config.ip.special,
        mask=config.mask,
        unknown_fields=config.unknown_fields,
        allowed=_allowed(config),
        json_strings=config.json_strings,
        url_decode=config.url_decode,
        numbers=config.numbers,
        bytes_values=config.bytes,
        on_wire_mismatch=config.on_wire_mismatch,
        summary=config.summary,
    )
    return replace(everywhere, scopes=tuple(_scope(config, index, everywhere) for index in range(len(config.scopes))))


def _scope(config: Config, index: int, everywhere: rules.Rules) -> rules.Scope:
    scope = config.scopes[index]
    path: list[str | int] = ["scopes", index]
    found = SCOPE_PATH.fullmatch(scope.path)
    if found is None:
        raise ConfigError("E111", f"`{scope.path}` is no part of an item", path=(*path, "path"), help=SCOPE_PATHS)
    made = everywhere
    if scope.detectors is not None:
        every = replace(config, detectors=scope.detectors, scopes=())
        _detectors(scope.detectors, [*path, "detectors"])
        made = replace(made, detectors=compile_rules(every).detectors)
    if scope.action is not None:
        action = _action(scope.action, config.hmac, [*path, "action"])
        made = replace(
            made,
            detectors=tuple(replace(each, action=action) for each in made.detectors),
            patterns=tuple(replace(each, action=action) for each in made.patterns),
        )
    if scope.keys is not None:
        made = replace(made, keys=_keys(scope.keys, config.hmac, [*path, "keys"]))
    names = found["names"] if found["names"] not in (None, "*") else "**"
    place: rules.ScopePlace = (found["whole"] or found["part"] or found["attributes"]).removesuffix(".*")  # type: ignore[assignment]
    return rules.Scope(place, made, names)


def _keys(keys: Keys, hmac: Hmac, path: Sequence[str | int]) -> rules.KeyRules:
    for index, name in enumerate(keys.sensitive):
        if not any(map(str.isalnum, name)):
            raise ConfigError("E111", f"`{name}` is not a name", path=(*path, "sensitive", index), help="words, or a glob")
    if isinstance(keys.safe, str) and keys.safe != "default":
        raise ConfigError("E105", "expected `default` or a list of names", path=(*path, "safe"))
    safe = (keys.safe,) if isinstance(keys.safe, str) else keys.safe
    own = tuple(name for name in safe if name != "default")
    return rules.KeyRules(
        sensitive=(SENSITIVE if keys.sensitive_defaults else PROTECTED) + tuple(filterfalse(_is_glob, keys.sensitive)),
        exceptions=EXCEPTIONS,
        safe=(SAFE if "default" in safe else ()) + own,
        action=_action(keys.action, hmac, [*path, "action"]),
        sensitive_globs=tuple(filter(_is_glob, keys.sensitive)),
        exempt=tuple(filterfalse(_is_glob, own)),
        listed=keys.allowed_only,
    )


def _is_glob(name: str) -> bool:
    return "*" in name or "?" in name


def _allowed(config: Config) -> tuple[rules.Allowed, ...]:
    known = {detector.id for detector in (*DETECTORS, *OPTIONAL)} | {pattern.id for pattern in config.patterns}
    allowed = []
    for index, value in enumerate(config.allow.values):
        entry = AllowedValue(value=value) if isinstance(value, str) else value
        regex = "(?s)" + "".join({"*": ".*", "?": r"\C"}.get(character, re2.escape(character)) for character in entry.value)
        allowed.append((rules.Allowed(regex, entry.rule), ("allow", "values", index)))
    for index, pattern in enumerate(config.allow.patterns):
        shape = AllowedPattern(regex=pattern) if isinstance(pattern, str) else pattern
        allowed.append((rules.Allowed(shape.regex, shape.rule), ("allow", "patterns", index)))
    for each, path in allowed:
        if each.rule is not None and each.rule not in known:
            raise ConfigError("E105", f"unknown rule `{each.rule}`", path=(*path, "rule"), label="no such detector or pattern")
    return tuple(each for each, _ in allowed)


def _detectors(
    wanted: str | tuple[str, ...], at: Sequence[str | int], national: tuple[str, ...] = ()
) -> tuple[rules.Detector, ...]:
    """Return the detectors of these ids, and those of these national identifiers."""
    ids = (wanted,) if isinstance(wanted, str) else wanted
    every = (*DETECTORS, *OPTIONAL)
    known = {"default", *(detector.id for detector in every)}
    for index, name in enumerate(ids):
        if name not in known and ids != ("none",):
            path = at if isinstance(wanted, str) else (*at, index)
            raise ConfigError(
                "E105", f"unknown detector `{name}`", path=path, help="`default`, `none`, or a list of detector ids"
            )
    chosen = {*ids, *national, *(detector.id for detector in DETECTORS if "default" in ids)}
    return tuple(detector for detector in every if detector.id in chosen)


def _national(config: Config) -> tuple[str, ...]:
    known = {detector.id for detector in DETECTORS if detector.family == "national_id"}
    for index, name in enumerate(config.national_ids):
        if name not in known:
            raise ConfigError("E105", f"unknown national identifier `{name}`", path=("national_ids", index), label="no such id")
    return config.national_ids


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
    taken = {rules.KEY_RULE, rules.BYTES_RULE, *(detector.id for detector in (*DETECTORS, *OPTIONAL))}
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
            priority=HIGH_PRIORITY if pattern.priority == "high" else PATTERN_PRIORITY,
            literal=pattern.literal,
            group=pattern.group,
            ignore_case=pattern.ignore_case,
            validator=pattern.validator,
            near=pattern.near.words if pattern.near else (),
            near_bytes=pattern.near.bytes if pattern.near else 0,
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
    if 0 < len(pattern.literal.encode()) < MIN_LITERAL_BYTES:
        raise ConfigError("E104", f"a literal has at least {MIN_LITERAL_BYTES} bytes", path=("patterns", index, "literal"))
    for word, text in enumerate(pattern.near):
        if not (text and text.isascii() and text[0].isalnum() and text[-1].isalnum()):
            raise ConfigError("E111", f"`{text}` is not a word", path=("patterns", index, "near", "words", word))
    try:
        validator(pattern.validator)
    except ValueError:
        raise ConfigError(
            "E105", "unknown validator", path=("patterns", index, "validator"), help="`luhn`, `mod97` or `entropy>=3.5`"
        ) from None


def scrubber() -> Callable[[str], str]:
    """Return a function that redacts a text by the default rules, for sluice's own logs."""
    return wire.Redactor(compile_rules(Config())).scrub

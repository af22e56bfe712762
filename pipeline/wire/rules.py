"""What a `Redactor` is told: plain immutable data, made by `processors.redact`, read by the reference and by a compiled kernel.

Terms: a *leaf* is one string or bytes field; a *rule* is a detector, a key rule or a user's pattern; an *action* is what replaces
a match.
"""

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from pipeline.types import Secret

ActionType = Literal["tag", "mask", "keep_last", "drop", "hmac", "none"]

KEY_RULE: Final = "key"
"""Rule id of whatever a key's name decides."""

BYTES_RULE: Final = "bytes"
"""Rule id of byte values that have to go because they are bytes."""

ScopePlace = Literal[
    "resource",
    "scope",
    "log.body",
    "log.attributes",
    "span.name",
    "span.attributes",
    "span.events",
    "span.links",
    "metric",
    "metric.datapoints",
]
"""A part of the items that can have rules of its own (redaction contract §5)."""


class Action(Struct, frozen=True):
    """What replaces a match (redaction contract §4)."""

    type: ActionType
    n: int = 4
    """`keep_last`: how many characters stay."""
    key: Secret = Secret("")
    """`hmac`: at least 32 bytes."""
    key_id: str = "k1"
    """`hmac`: named in the pseudonym, so that keys can be rotated."""


TAG: Final = Action("tag")
MASK: Final = Action("mask")


class Run(Struct, frozen=True):
    """A run of bytes out of `characters`: at least `least`, at most `most`; without `most` it goes on as long as they do."""

    characters: bytes
    least: int
    most: int | None = None


class Shape(Struct, frozen=True):
    """What a credential looks like: literals and runs in order. The first literal is what a scan looks for.

    Each run takes all it can and gives nothing back, so a match is found or refused in one pass.
    """

    pieces: tuple[bytes | Run, ...]
    kept: int = 0
    """How many pieces at the front stay as they are."""
    left: bool = True
    """Needs a boundary before it (redaction contract B2, B3)."""
    right: bool = False
    """Needs a boundary behind it."""
    ignore_case: bool = False
    """Of its literals."""


class Detector(Struct, frozen=True, kw_only=True):
    """A rule for values. Its matcher is described by `shapes`, or is the built-in one that its id names."""

    id: str
    family: Literal["personal", "national_id", "secret"]
    priority: int
    """Of two matches that start at the same byte the smaller wins (redaction contract §3.1)."""
    shapes: tuple[Shape, ...] = ()
    words: tuple[str, ...] = ()
    """Runs of words, one of which has to stand near what is too common alone, such as ten digits (redaction contract §2.2)."""
    free: bool = False
    """What is too common alone is meant wherever it stands: no word is needed."""
    in_keys: bool = False
    """Also looks at the names of attributes: keys that are data."""
    action: Action = TAG


class Pattern(Struct, frozen=True, kw_only=True):
    """A user's rule for values: RE2 syntax."""

    id: str
    regex: str
    priority: int
    literal: str = ""
    """A leaf without this text is not looked at."""
    group: int = 0
    """Which group is replaced; 0 is the whole match."""
    ignore_case: bool = False
    validator: str = ""
    """What a match has to pass beside: `luhn`, `mod97` or `entropy>=x`."""
    near: tuple[str, ...] = ()
    """Words of which one has to stand near the match, whole and in any case."""
    near_bytes: int = 40
    """How many bytes lie at most between such a word and the match."""
    action: Action = TAG


class Allowed(Struct, frozen=True):
    """Matches that stay as they are."""

    regex: str
    """RE2 syntax, anchored to the whole match."""
    rule: str | None = None
    """The only rule whose matches it excuses; None excuses those of all."""


class KeyRules(Struct, frozen=True):
    """What the name of an attribute or JSON member says about its value."""

    sensitive: tuple[str, ...] = ()
    """Runs of whole words such as `api key`: a name that holds one has its whole value replaced."""
    exceptions: tuple[str, ...] = ()
    """Globs over the words of a name, lower case, joined by `.`: such names are not sensitive."""
    safe: tuple[str, ...] = ()
    """Globs over names: text under them is not scanned."""
    action: Action = MASK
    sensitive_globs: tuple[str, ...] = ()
    """Globs over names, in any case: beside `sensitive`, and without exceptions."""
    exempt: tuple[str, ...] = ()
    """Whole names that are not sensitive, whatever words they hold."""
    listed: tuple[str, ...] | None = None
    """Globs over names: an attribute under any other name is dropped. None: all attributes stay."""


Rule: TypeAlias = Detector | Pattern


class Rules(Struct, frozen=True, kw_only=True):
    """All that a `Redactor` goes by."""

    detectors: tuple[Detector, ...]
    patterns: tuple[Pattern, ...] = ()
    keys: KeyRules = KeyRules()
    secret_words: tuple[str, ...] = ()
    """Runs of words that name a secret in text such as `db_password=…` (detector `kv_secret`)."""
    option_words: tuple[str, ...] = ()
    """Runs of words that name a secret on a command line, as in `--token=…` (detector `cli_secret`)."""
    special_addresses: bool = False
    """Loopback addresses, and those of nobody and everybody, are addresses too."""
    mask: str = "***REDACTED***"
    unknown_fields: Literal["keep", "drop"] = "keep"
    allowed: tuple[Allowed, ...] = ()
    scopes: "tuple[Scope, ...]" = ()
    """The first that fits a place decides there, with rules that are whole in themselves."""
    json_strings: bool = True
    """Texts that are JSON are taken apart."""
    url_decode: bool = True
    """Texts with `=` and `%` are also scanned decoded."""
    numbers: Literal["auto", "keyed", "off"] = "auto"
    """Whole numbers are scanned for cards and for what their name says they are, only for the latter, or not at all."""
    bytes_values: Literal["scan", "drop", "pass"] = "scan"
    """What becomes of byte values."""
    on_wire_mismatch: Literal["reject", "unknown"] = "reject"
    """A known field with a wire type that it can't have is malformed, or counts as an unknown field."""
    summary: Literal["off", "counts", "debug"] = "off"
    """Whether log records and spans that changed say how often, and under which keys."""

    def of_values(self) -> tuple[Rule, ...]:
        """Return the rules for values, in table order."""
        return *self.detectors, *self.patterns


class Scope(Struct, frozen=True):
    """Rules of a part of the items."""

    place: ScopePlace
    rules: Rules
    """Only what is about values and keys counts; patterns are those of all places."""
    names: str = "**"
    """Glob over the name of the attribute, for the places `log.attributes` and `span.attributes`."""


class Hits(Struct):
    """What a redaction did."""

    matches: dict[tuple[str, str, str], int] = {}
    """How many edits, by rule id, location and action; the action of a match that was only counted is `dry_run`."""
    unknown_fields: int = 0
    """Fields that the schema does not know."""
    type_changed: int = 0
    """Values that were no string and became one."""
    opaque_bytes: int = 0
    """Byte values that were passed on unseen, because they are no text or because the rules say so."""

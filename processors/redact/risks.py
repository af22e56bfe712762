"""What a configuration of `redact` allows and yet deserves a warning (redaction contract §5, §8)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import re2

from pipeline import ConfigError
from pipeline.wire import rules
from pipeline.wire.reference.redact_keys import KeyJudge
from pipeline.wire.reference.redact_patterns import anchor
from processors.redact.keys import EXCEPTIONS, SENSITIVE

if TYPE_CHECKING:
    from processors.redact import Config, Keys

Path = tuple[str | int, ...]

_ANYTHING: Final = ("", "jo@example.com", "4 0~\t[x]")
"""A pattern that excuses one of the first two, or the last, excuses whatever it meets."""


def risks(config: "Config") -> Iterator[ConfigError]:
    """Yield a warning for each risk."""
    if config.dry_run:
        yield ConfigError("W104", "nothing is redacted: matches are only counted", path=("dry_run",))
    for index, value in enumerate(config.allow.values):
        text = value if isinstance(value, str) else value.value
        if not text.strip("*?"):
            yield _too_wide(("allow", "values", index))
    for index, each in enumerate(config.allow.patterns):
        if too_wide(each if isinstance(each, str) else each.regex):
            yield _too_wide(("allow", "patterns", index))
    yield from _of_keys(config.keys, ("keys",))
    for index, scope in enumerate(config.scopes):
        if scope.path == "log.body" and scope.detectors in ("none", ()):
            yield ConfigError("W107", "the bodies of logs are not scanned", path=("scopes", index, "detectors"))
        if scope.keys is not None:
            yield from _of_keys(scope.keys, ("scopes", index, "keys"))
    for index, pattern in enumerate(config.patterns):
        made = rules.Pattern(
            id=pattern.id, regex=pattern.regex, priority=0, literal=pattern.literal, ignore_case=pattern.ignore_case
        )
        if not anchor(made):
            yield ConfigError(
                "W108",
                "no text is sure to begin a match: RE2 searches every text of every batch",
                path=("patterns", index, "regex"),
                help="set `literal` to a text that every match holds",
            )


def too_wide(regex: str) -> bool:
    """Tell whether a pattern excuses just anything."""
    return any(re2.fullmatch(regex, text) for text in (_ANYTHING[0], _ANYTHING[2]))


def _too_wide(path: Path) -> ConfigError:
    return ConfigError("W107", "too wide: it allows whatever it meets", path=path)


def _of_keys(keys: "Keys", path: Path) -> Iterator[ConfigError]:
    if not keys.sensitive_defaults:
        yield ConfigError(
            "W107", "only a few built-in names stay sensitive", path=(*path, "sensitive_defaults"), label="see `keys.sensitive`"
        )
    if keys.allowed_only == ():
        yield ConfigError("W107", "no attribute stays", path=(*path, "allowed_only"))
    judge = KeyJudge(rules.KeyRules(sensitive=SENSITIVE, exceptions=EXCEPTIONS))
    own = KeyJudge(rules.KeyRules(sensitive=tuple(name for name in keys.sensitive if not set("*?") & set(name))))
    for index, name in enumerate(keys.safe if isinstance(keys.safe, tuple) else ()):
        if judge.sensitive(name.encode()) or own.sensitive(name.encode()):
            message = "stays sensitive: only a whole name is exempt" if set("*?") & set(name) else "is passed on unseen"
            yield ConfigError("W107", f"`{name}` names something sensitive and {message}", path=(*path, "safe", index))

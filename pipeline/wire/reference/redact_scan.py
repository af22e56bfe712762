"""Finding what a set of rules means in a text, and choosing among what overlaps (redaction contract §3.1)."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from pipeline.wire.reference import redact_personal, redact_secrets
from pipeline.wire.reference.redact_actions import Actions
from pipeline.wire.reference.redact_boundaries import Span
from pipeline.wire.reference.redact_keyed import KEYED
from pipeline.wire.reference.redact_keys import last_word, remembered
from pipeline.wire.reference.redact_keywords import Near, near
from pipeline.wire.reference.redact_national import NATIONAL
from pipeline.wire.reference.redact_patterns import allowance, pattern_matcher
from pipeline.wire.reference.redact_shapes import shapes
from pipeline.wire.rules import Pattern, Rule, Rules

MIN_BYTES: Final = 6
"""Shorter texts are not scanned (B6)."""

Matcher = Callable[[bytes], Iterable[Span]]


class Match(NamedTuple):
    """A rule means `text[start:end]`."""

    rule: str
    start: int
    end: int


class _Rule(NamedTuple):
    id: str
    priority: int
    order: int
    spans: Matcher
    keyed: Matcher
    """What it means only where a word is near."""
    near: Near
    free: bool
    in_keys: bool

    def all_spans(self, text: bytes, name: bytes) -> Iterator[Span]:
        yield from self.spans(text)
        for start, end in self.keyed(text):
            if self.free or self.near(text, start, name):
                yield start, end


class Scanner:
    """Finds the matches of a set of rules. Immutable: safe to share by threads."""

    def __init__(self, rules: Rules, actions: Actions) -> None:
        self._actions = actions
        self.excused = allowance(rules.allowed)
        """Tells whether a rule's match of a text is allowed to stay."""
        matchers = _matchers(rules, actions.token)
        self._rules = [
            _rule(rule, order, _matcher(rule, matchers, actions.tokens)) for order, rule in enumerate(rules.of_values())
        ]
        key_rules = [rule for rule in self._rules if rule.in_keys]
        self.first_in_key: Callable[[bytes], Match | None] = remembered(
            lambda name: next(iter(self._selected(name, key_rules, b"")), None)
        )
        """Returns the first match in the name of an attribute or member, by the rules that look there."""

    def matches(self, text: bytes, name: bytes) -> list[Match]:
        """Return the matches in a text, none overlapping: leftmost first, then by priority, then the longest, then table order.

        `name` is that of the attribute or member whose value the text is. What has been replaced already is never matched again.
        """
        return self._selected(text, self._rules, name)

    def of_number(self, digits: bytes, name: bytes) -> str | None:
        """Return the rule that means a whole number under this name: one whose word is in the name."""
        meant = (
            (rule.priority, rule.order, rule.id)
            for rule in self._rules
            if rule.near(b"", 0, name) and (0, len(digits)) in rule.keyed(digits) and not self.excused(rule.id, digits)
        )
        return min(meant, default=(0, 0, None))[2]

    def _selected(self, text: bytes, rules: Sequence[_Rule], name: bytes) -> list[Match]:
        if len(text) < MIN_BYTES:
            return []
        tokens = [found.span() for found in self._actions.tokens.finditer(text)]
        candidates = sorted(
            (start, rule.priority, -end, rule.order, rule.id)
            for rule in rules
            for start, end in rule.all_spans(text, name)
            if not (tokens and _in_token(tokens, start, end)) and not self.excused(rule.id, text[start:end])
        )
        selected = []
        behind = 0
        for start, _, minus_end, _, rule_id in candidates:
            if start >= behind and not self._actions.settled(rule_id, text[start:-minus_end]):
                selected.append(Match(rule_id, start, -minus_end))
                behind = -minus_end
        return selected


def _in_token(tokens: list[Span], start: int, end: int) -> bool:
    """Tell whether a match lies inside a token."""
    index = bisect_right(tokens, start, key=lambda token: token[0])
    return index > 0 and end <= tokens[index - 1][1]


def _rule(rule: Rule, order: int, spans: Matcher) -> _Rule:
    if isinstance(rule, Pattern):
        return _Rule(rule.id, rule.priority, order, spans, _nothing, near(()), free=False, in_keys=False)
    keyed = KEYED.get(rule.id, _nothing)
    return _Rule(rule.id, rule.priority, order, spans, keyed, near(rule.words), rule.free, rule.in_keys)


def _matcher(rule: Rule, matchers: dict[str, Matcher], tokens: "re.Pattern[bytes]") -> Matcher:
    if isinstance(rule, Pattern):
        return pattern_matcher(rule, tokens)
    return shapes(rule.shapes) if rule.shapes else matchers.get(rule.id, _nothing)


def _nothing(_: bytes) -> Iterable[Span]:
    return ()


def _matchers(rules: Rules, token: bytes) -> dict[str, Matcher]:
    """Return the built-in matchers by detector id."""
    return {
        **NATIONAL,
        "email": redact_personal.email,
        "phone": redact_personal.phone,
        "ssn": redact_personal.ssn,
        "itin": redact_personal.itin,
        "card": redact_personal.card,
        "iban": redact_personal.iban,
        "rupay": redact_personal.rupay,
        "ipv4": partial(redact_personal.ipv4, special=rules.special_addresses),
        "ipv6": partial(redact_personal.ipv6, special=rules.special_addresses),
        "jwt": redact_secrets.jwt,
        "pem": redact_secrets.pem,
        "auth_header": redact_secrets.auth_header(token),
        "url_cred": redact_secrets.url_cred,
        "url_param": redact_secrets.url_param(token),
        "cookie": redact_secrets.cookie(token),
        "session_kv": redact_secrets.session_kv(token),
        "kv_secret": redact_secrets.kv_secret(token, last_word(rules.secret_words)),
        "cli_secret": redact_secrets.cli_secret(token, last_word(rules.option_words)),
        "dsn_kv": redact_secrets.dsn_kv(token),
    }

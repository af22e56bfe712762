"""What stands in the place of a match (redaction contract §4), and how to know that it stands there already (§3.3)."""

import hashlib
import hmac
import ipaddress
import re
from typing import Final, NamedTuple

from pipeline.wire.rules import BYTES_RULE, KEY_RULE, Action, Rules

DRY_RUN: Final = "dry_run"
"""Action label of a match that was only counted."""
_DOMAIN: Final = b"sluice/pseudo/v1"
_SEPARATORS: Final = re.compile(rb"[ .()-]|\xc2\xa0|\xe2\x80\x93")
_DIGITS_ONLY: Final = frozenset({"card", "iban", "ssn", "phone"})
_STARS: Final = "****"


class Place(NamedTuple):
    """Where a text stands, and what may happen to it there."""

    location: str
    """Label of the counters."""
    identifies: bool = False
    """The text identifies its item: it may be tagged or masked, nothing else."""
    droppable: bool = False
    """An attribute or array element holds the text and can go as a whole."""
    name: bytes = b""
    """Of the attribute or JSON member whose value the text is, or an element of its value."""


class Actions:
    """The replacements of a set of rules."""

    def __init__(self, rules: Rules) -> None:
        self._actions: dict[str, Action] = {rule.id: rule.action for rule in rules.of_values()}
        self._actions[KEY_RULE] = rules.keys.action
        if rules.bytes_values == "drop":
            self._actions[BYTES_RULE] = Action("drop")
        self.mask = rules.mask.encode()
        ids = "|".join(sorted(self._actions))
        masks = b"|".join({re.escape(mask): None for mask in (self.mask, b"***REDACTED***")})
        self.token = rb"(?:%b|\[(?:%b)(?:#[a-z0-9]{1,8}\.[0-9a-f]{32})?\])" % (masks, ids.encode())
        """Expression of a replacement token: a mask, a tag or a pseudonym."""
        self.tokens = re.compile(self.token)

    def replacement(self, rule: str, matched: bytes | None, place: Place) -> tuple[bytes | None, str]:
        """Return what replaces a match, and the label of the action; None: it stays and is only counted.

        `matched` is None for a value that is no text. The label is `drop` only where the place allows it; what to remove is up
        to the caller then.
        """
        action = self._actions[rule]
        match action.type:
            case "none":
                return None, DRY_RUN
            case "tag":
                return b"[%b]" % rule.encode(), "tag"
            case "drop" if place.droppable and not place.identifies:
                return b"", "drop"
            case "hmac" if matched is not None and not place.identifies:
                return _pseudonym(rule, matched, action), "hmac"
            case "keep_last" if matched is not None and not place.identifies and (kept := _kept(rule, matched, action.n)):
                return kept, "keep_last"
        return self.mask, "mask"

    def settled(self, rule: str, text: bytes) -> bool:
        """Tell whether a text is a replacement already: a token, or what `keep_last` leaves."""
        if self.tokens.fullmatch(text):
            return True
        action = self._actions[rule]
        return (
            action.type == "keep_last"
            and text.startswith(_STARS.encode())
            and len(text.decode("utf-8", "replace")) == len(_STARS) + action.n
        )


def _kept(rule: str, matched: bytes, n: int) -> bytes | None:
    text = matched.decode("utf-8", "replace")
    if rule in _DIGITS_ONLY:
        text = re.sub("[^0-9]", "", text)
    return (_STARS + text[-n:]).encode() if len(text) >= 3 * n else None


def _pseudonym(rule: str, matched: bytes, action: Action) -> bytes:
    message = b"\x00".join((_DOMAIN, rule.encode(), _normalised(rule, matched)))
    digest = hmac.new(action.key.reveal().encode(), message, hashlib.sha256).hexdigest()
    return f"[{rule}#{action.key_id}.{digest[:32]}]".encode()


def _normalised(rule: str, matched: bytes) -> bytes:
    """Return the form under which equal values get equal pseudonyms."""
    if rule == "email":
        return (
            re.sub(rb"%40|\\u0040", b"@", matched)
            .decode("utf-8", "surrogateescape")
            .casefold()
            .encode("utf-8", "surrogateescape")
        )
    if rule in ("card", "iban", "ssn", "phone"):
        return _SEPARATORS.sub(b"", matched).upper()
    if rule in ("ipv4", "ipv6"):
        return str(ipaddress.ip_address(matched.decode())).encode()
    return matched

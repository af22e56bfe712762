"""What a redactor does to one text, and in which order (redaction contract §3.1, §6).

A text that is JSON is taken apart: key rules apply to its members, detectors to each string in it. Any other text is scanned
as it stands, then with `%HH` and `+` decoded. Each is done again until nothing is left to do, so redaction is idempotent by
construction: what a replacement brings to light is found now and not by the next redactor on the way.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from pipeline.wire.reference import redact_json
from pipeline.wire.reference.redact_actions import DRY_RUN, Actions, Place
from pipeline.wire.reference.redact_json import Node
from pipeline.wire.reference.redact_keys import DistinctKeys, KeyJudge, last_word
from pipeline.wire.reference.redact_personal import is_card
from pipeline.wire.reference.redact_scan import Scanner
from pipeline.wire.reference.redact_secrets import is_secret_value
from pipeline.wire.rules import BYTES_RULE, KEY_RULE, Rules

MAX_ROUNDS: Final = 8
"""A text that still changes after so many rounds is replaced as a whole."""
MAX_NESTED_JSON: Final = 2

_URL_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})|\+")
_SCALAR: Final = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|True|False|NaN")
_NOTHING: Final = frozenset((b"null", b"None"))
_DOUBLE_QUOTE: Final = 0x22
_LEAST_DIGITS: Final = 9
"""Of a whole number that a name can say what it is."""


class Edit(NamedTuple):
    """`replacement` stands in the place of `text[start:end]`; None is counted only."""

    start: int
    end: int
    replacement: bytes | None
    rule: str
    action: str
    drops_holder: bool = False
    """Whatever holds this text goes as a whole."""


class Redacted(NamedTuple):
    """A text after redaction."""

    text: bytes
    edits: Sequence[tuple[str, str]] = ()
    """(rule id, action) of each edit."""
    dropped: bool = False
    """What holds the text has to go; `edits` is the one drop."""


class TextRedactor:
    """Redacts texts by a set of rules. Immutable: safe to share by threads."""

    def __init__(self, rules: Rules) -> None:
        self.keys = KeyJudge(rules.keys)
        self._actions = Actions(rules)
        self._scanner = Scanner(rules, self._actions)
        ids = {detector.id for detector in rules.detectors}
        self._finds_cards = "card" in ids and rules.numbers == "auto"
        self._reads_numbers = rules.numbers != "off"
        self._levels = MAX_NESTED_JSON if rules.json_strings else 0
        self._decodes = rules.url_decode
        self._secret_word = last_word(rules.secret_words if "kv_secret" in ids else ())

    def redact(self, text: bytes, place: Place) -> Redacted:
        """Return the text without what the rules find in it."""
        done: list[tuple[str, str]] = []
        for _ in range(MAX_ROUNDS):
            edits = self._edits(text, place, self._levels)
            drop = next((edit for edit in edits if edit.drops_holder), None)
            if drop is not None:
                return Redacted(b"", [(drop.rule, drop.action)], dropped=True)
            changes = [edit for edit in edits if edit.replacement is not None]
            if not changes:
                return Redacted(text, [*done, *((edit.rule, edit.action) for edit in edits)])
            done += [(edit.rule, edit.action) for edit in changes]
            text = _applied(text, changes)
        return Redacted(self._actions.mask, done)

    def redact_key(self, name: bytes, place: Place) -> Redacted:
        """Return a key; one that holds data is replaced as a whole (redaction contract §5)."""
        found = self._scanner.first_in_key(name)
        return Redacted(name) if found is None else self._replaced(found.rule, name, name[found.start : found.end], place)

    def redact_number(self, digits: bytes, place: Place) -> Redacted:
        """Return the digits of a whole number, or what replaces a card number, or what the name of the attribute says it is."""
        if self._finds_cards and is_card(digits) and not self._scanner.excused("card", digits):
            return self._replaced("card", digits, digits, place)
        named = self._reads_numbers and place.name and len(digits) >= _LEAST_DIGITS
        rule = self._scanner.of_number(digits, place.name) if named else None
        return Redacted(digits) if rule is None else self._replaced(rule, digits, digits, place)

    def redact_sensitive(self, text: bytes | None, place: Place) -> Redacted:
        """Return what replaces a value under a sensitive key. Of a value that is no text (None) nothing can be kept."""
        if text is not None and self._actions.settled(KEY_RULE, text):
            return Redacted(text)
        return self._replaced(KEY_RULE, text or b"", text, place)

    def dropped_bytes(self, data: bytes, place: Place) -> Redacted:
        """Return what stays of a byte value that has to go: nothing, or a mask where nothing can be removed."""
        return Redacted(data) if self._actions.settled(BYTES_RULE, data) else self._replaced(BYTES_RULE, data, None, place)

    def _replaced(self, rule: str, text: bytes, matched: bytes | None, place: Place) -> Redacted:
        replacement, action = self._actions.replacement(rule, matched, place)
        return Redacted(text if replacement is None else replacement, [(rule, action)], dropped=action == "drop")

    def _edits(self, text: bytes, place: Place, levels: int) -> list[Edit]:
        roots = redact_json.read(text) if levels else None
        if roots is not None:
            return [edit for root in roots for edit in self._container(text, root, place, levels - 1)]
        edits = self._scan(text, place)
        if self._decodes and b"=" in text and b"%" in text and all(edit.replacement is None for edit in edits):
            decoded, offsets = _url_decoded(text)
            more = (_moved(edit, offsets, edit.replacement) for edit in self._scan(decoded, place))
            edits += [edit for edit in more if edit not in edits]
        return edits

    def _scan(self, text: bytes, place: Place) -> list[Edit]:
        edits = []
        for rule, start, end in self._scanner.matches(text, place.name):
            replacement, action = self._actions.replacement(rule, text[start:end], place)
            edits.append(Edit(start, end, replacement, rule, action, action == "drop"))
        return edits

    def _stays(self, rule: str, said: bytes) -> bool:
        return self._actions.settled(rule, said) or self._scanner.excused(rule, said)

    # ---- JSON ----

    def _container(self, text: bytes, node: Node, place: Place, levels: int) -> list[Edit]:
        inner = place._replace(droppable=not place.identifies)
        edits: list[Edit] = []
        dropped: dict[int, Edit] = {}
        names = self._names(text, node, inner)
        for index, member in enumerate(node.members):
            found = names.get(index, []) + self._member(text, member.name, member.value, inner, levels)
            drop = next((edit for edit in found if edit.drops_holder), None)
            if drop is None:
                edits += found
            else:
                dropped[index] = drop
        for index, (start, end) in redact_json.cuts(node.members, set(dropped)).items():
            edits.append(Edit(start, end, b"", dropped[index].rule, dropped[index].action))
        return edits

    def _names(self, text: bytes, node: Node, place: Place) -> dict[int, list[Edit]]:
        """Return the edits of an object's names that are data, by the index of their member."""
        names = [(member.name, redact_json.content(text, member.name)[0]) for member in node.members if member.name is not None]
        redacted = [(index, written, self.redact_key(name, place)) for index, (written, name) in enumerate(names)]
        redacted = [each for each in redacted if each[2].edits]
        if not redacted:
            return {}
        new = {index for index, _, result in redacted if result.edits[0][1] != DRY_RUN}
        keys = DistinctKeys(name for index, (_, name) in enumerate(names) if index not in new)
        return {
            index: [_json_edit(text, written, result._replace(text=keys.claim(result.text) if index in new else result.text))]
            for index, written, result in redacted
        }

    def _member(self, text: bytes, written: Node | None, value: Node, place: Place, levels: int) -> list[Edit]:
        if written is None:
            return self._value(text, value, place, levels)
        name, _ = redact_json.content(text, written)
        place = place._replace(name=name)
        quote = text[written.start] if written.kind == "string" else _DOUBLE_QUOTE
        said, _ = redact_json.content(text, value)
        if self.keys.sensitive(name):
            if value.kind == "bare" and said in _NOTHING:
                return []
            result = self.redact_sensitive(said if value.kind in ("string", "bare") else None, place)
            return [_json_edit(text, value, result, quote)] if result.edits else []
        word = self._secret_word(name) if value.kind == "string" else None
        if word is not None and is_secret_value(word, said) and not self._stays("kv_secret", said):
            return [_json_edit(text, value, self._replaced("kv_secret", said, said, place))]
        return self._value(text, value, place, levels)

    def _value(self, text: bytes, value: Node, place: Place, levels: int) -> list[Edit]:
        if value.kind in ("object", "array"):
            return self._container(text, value, place, levels)
        said, offsets = redact_json.content(text, value)
        if value.kind == "string":
            quote = text[value.start]
            edits = self._edits(said, place, levels)
            return [
                _moved(edit, offsets, None if edit.replacement is None else redact_json.escaped(edit.replacement, quote))
                for edit in edits
            ]
        edits = self._scan(said, place)
        if edits and _SCALAR.fullmatch(said):  # a number can't hold a tag: it becomes a string
            return [_json_edit(text, value, self._replaced(edits[0].rule, said, said, place))]
        return [_moved(edit, offsets, edit.replacement) for edit in edits]


def _json_edit(text: bytes, node: Node, result: Redacted, quote: int = _DOUBLE_QUOTE) -> Edit:
    """Return the edit that writes a replacement over a whole name or value: as a string, but a bare word stays bare."""
    rule, action = result.edits[0]
    said = text[node.start : node.end]
    if action == DRY_RUN:
        replacement = None
    elif node.kind == "bare" and not _SCALAR.fullmatch(said):
        replacement = result.text
    else:
        quote = said[0] if node.kind == "string" else quote
        replacement = b"%c%b%c" % (quote, redact_json.escaped(result.text, quote), quote)
    return Edit(node.start, node.end, replacement, rule, action, result.dropped)


def _moved(edit: Edit, offsets: Sequence[int], replacement: bytes | None) -> Edit:
    """Return an edit of a decoded text as an edit of the text it was decoded from."""
    return edit._replace(start=offsets[edit.start], end=offsets[edit.end], replacement=replacement)


def _url_decoded(text: bytes) -> tuple[bytes, list[int]]:
    """Return the text with `%HH` and `+` decoded, and where each of its bytes (and its end) stands in the original."""
    decoded = bytearray()
    offsets: list[int] = []
    at = 0
    for found in _URL_ESCAPE.finditer(text):
        decoded += text[at : found.start()]
        offsets += range(at, found.start() + 1)
        decoded += bytes((int(found.group(1), 16),)) if found.group(1) else b" "
        at = found.end()
    decoded += text[at:]
    return bytes(decoded), [*offsets, *range(at, len(text) + 1)]


def _applied(text: bytes, edits: Iterable[Edit]) -> bytes:
    pieces: list[bytes] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        pieces += (text[at : edit.start], edit.replacement or b"")
        at = edit.end
    return b"".join((*pieces, text[at:]))

"""Holds what a redactor makes of a labelled set against the labels."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, LogsData

from tests.accuracy.samples import Sample

Redact = Callable[[bytes], bytes]

_RANKS: Final = (
    ("key",), ("pem",), ("jwt",), (), ("url_cred",), ("auth_header",), ("cookie",), ("session_kv",),
    ("url_param",), ("kv_secret",), ("cli_secret",), ("dsn_kv",), ("card",), ("iban",),
    (
        "uk_nhs", "uk_nino", "de_idnr", "fr_nir", "es_dni", "es_nie", "it_cf", "nl_bsn", "be_nn", "pl_pesel", "se_pnr",
        "no_fnr", "fi_hetu", "ch_ahv", "br_cpf", "br_cnpj", "ca_sin", "au_tfn", "in_aadhaar", "in_pan", "cn_ric", "kr_rrn",
        "za_id", "mx_curp",
    ),
    ("ssn", "itin"), ("email",), ("ipv6",), ("ipv4",), ("mac",), ("phone",), ("imei", "geo", "dob"),
)  # fmt: skip
"""Classes of detectors, the highest first (redaction contract §3.1); tokens, the fourth, are all that are not named here.

Of secrets in one class that mean the same text the first in the table of §2.7 wins, so that one ranks above.
"""
_RANK: Final = {rule: rank for rank, rules in enumerate(_RANKS) for rule in rules}
_TOKENS: Final = 3
_TAG: Final = re.compile(r"\[([a-z0-9_]+)\]|\*\*\*REDACTED\*\*\*")


class Score(NamedTuple):
    """What a detector found, and what it should not have, and what it missed."""

    true_positives: int
    false_positives: int
    false_negatives: int

    @property
    def precision(self) -> float:
        return self.true_positives / max(1, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        return self.true_positives / max(1, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        return 2 * self.true_positives / max(1, 2 * self.true_positives + self.false_positives + self.false_negatives)


class Verdicts:
    """Counts by detector, and the samples behind each fault."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self.missed: list[tuple[Sample, str]] = []
        """Planted values of which something stayed or that have a tag of another kind, and what became of their text."""
        self.mistaken: list[tuple[str, Sample, str]] = []
        """Detectors that replaced what is none of theirs, in which sample, and what became of its text."""

    def add(self, sample: Sample, redacted: str) -> None:
        """Judge one text.

        A planted value is found when nothing of it stays and one tag stands there, of its detector or of one that ranks above;
        a full stop behind it may go with it. Whatever else has changed is a false positive of the detector whose tag is there.
        """
        new = tags(redacted) - tags(sample.text)
        if sample.value:
            tag = _tag_between(redacted, sample.before, sample.after) or _tag_between(
                redacted, sample.before, sample.after.removeprefix(".")
            )
            if tag is not None and (tag == sample.label or _rank(tag) < _rank(sample.label)):
                self.found[sample.label] += 1
                return
            self.missed.append((sample, redacted))
            del new[sample.label]
        elif redacted != sample.text and not new:
            new["?"] = 1
        self.mistaken += [(tag, sample, redacted) for tag in new]

    def scores(self) -> dict[str, Score]:
        """Return the score of each detector that had something to find, or found something."""
        missed = Counter(sample.label for sample, _ in self.missed)
        mistaken = Counter(rule for rule, _, _ in self.mistaken)
        rules = sorted({*self.found, *missed, *mistaken})
        return {rule: Score(self.found[rule], mistaken[rule], missed[rule]) for rule in rules}


def tags(text: str) -> Counter[str]:
    """Return how often the tag of each rule stands in a text; clean ones may hold words in brackets themselves."""
    return Counter(found[1] or "key" for found in _TAG.finditer(text))


def _tag_between(text: str, before: str, after: str) -> str | None:
    """Return the rule whose tag is all that stands between."""
    if not (len(text) > len(before) + len(after) and text.startswith(before) and text.endswith(after)):
        return None
    found = _TAG.fullmatch(text, len(before), len(text) - len(after))
    return found and (found[1] or "key")


def _rank(rule: str) -> int:
    return _RANK.get(rule, _TOKENS)


def judged(redact: Redact, samples: Sequence[Sample], *, at_once: int = 500) -> Verdicts:
    """Return the verdicts on all samples, which come in payloads of so many log records, each in a place of its own kind."""
    verdicts = Verdicts()
    for start in range(0, len(samples), at_once):
        some = samples[start : start + at_once]
        for sample, text in zip(some, _redacted(redact, some), strict=True):
            verdicts.add(sample, text)
    return verdicts


def _redacted(redact: Redact, samples: Sequence[Sample]) -> Iterator[str]:
    data = LogsData()
    records = data.resource_logs.add().scope_logs.add().log_records
    for index, sample in enumerate(samples):
        _leaf(records.add(), sample.name, index).string_value = sample.text
    answer = LogsData.FromString(redact(data.SerializeToString()))
    for index, record in enumerate(answer.resource_logs[0].scope_logs[0].log_records):
        yield _leaf_of(record, index).string_value


def _leaf(record: LogRecord, name: str, index: int) -> Any:
    """Return what holds the text of a new record: its body, an attribute, a member of a nested map, an element of an array."""
    if index % 4 == 0:
        return record.body
    value = record.attributes.add(key=name).value
    if index % 4 == 1:
        return value
    return value.kvlist_value.values.add(key=name).value if index % 4 == 2 else value.array_value.values.add()


def _leaf_of(record: LogRecord, index: int) -> Any:
    """Return the value that `_leaf` returned."""
    if index % 4 == 0:
        return record.body
    value = record.attributes[0].value
    if index % 4 == 1:
        return value
    return value.kvlist_value.values[0].value if index % 4 == 2 else value.array_value.values[0]

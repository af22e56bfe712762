"""The page `docs/redaction-accuracy.md`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.accuracy.chance import Rate, rates
from tests.accuracy.judge import Redact, Score, Verdicts, judged
from tests.accuracy.sets import LabelledSet, labelled_sets

PAGE: Final = Path(__file__).parents[2] / "docs/redaction-accuracy.md"

_HEAD: Final = """\
# How accurate redaction is

Measured with the default settings on labelled sets that `tests/accuracy` generates. Its generators know nothing of the detectors:
identifiers with checksums are completed by python-stdnum, telephone numbers come from libphonenumber's metadata, names, mails,
cards, addresses and passwords from Faker, tokens from the formats that their issuers document. `make accuracy` writes
this page, and a test holds that it would write the same again.

A planted value is found when nothing of it stays and the tag in its place is that of its detector, or of one that ranks above
(an e-mail address inside a password is `kv_secret`). A false positive is anything else that changed, in clean texts and around
planted values. *Own* and *held-out* have the same kinds of values by another seed, in other texts. Samples stand in turn in the
body, an attribute, a nested map and an array of a log record; one text in ten is JSON.

Bars, held by `tests/accuracy/test_accuracy.py` on both sets: recall 0.98 and precision 0.99 for every detector with a checksum
or a fixed prefix, 0.90 and 0.95 for telephone numbers.

What the figures do not show: the sets are made up, so shares are not those of your traffic, and a precision depends on the share
of positives. Telephone numbers are planted with their country code (North American ones also as they are written at home);
national forms of other countries, postal addresses and names of people are not looked for. The numbers of the public lists that
are taken for accounts and addresses have the checksum and form of one and belong to nobody; nothing in them says so.
"""


def page(redact: Redact) -> str:
    """Return the page as this redactor deserves it."""
    sets = list(labelled_sets())
    verdicts = [judged(redact, (*labelled.planted, *labelled.clean)) for labelled in sets]
    parts = (_HEAD, *_sets(sets, verdicts), *_scores(sets, verdicts), *_faults(sets, verdicts), *_chance(list(rates(redact))))
    return "\n".join(parts) + "\n"


def _sets(sets: Sequence[LabelledSet], verdicts: Sequence[Verdicts]) -> Iterator[str]:
    yield "## The sets\n"
    yield from _table(
        ("Set", "Seed", "Planted values", "Clean texts", "Clean texts changed", "SHA-256"),
        (
            (
                each.name,
                str(each.seed),
                f"{len(each.planted):,}",
                f"{len(each.clean):,}",
                str(_changed(verdict)),
                f"`{each.sha256}`",
            )
            for each, verdict in zip(sets, verdicts, strict=True)
        ),
    )


def _changed(verdicts: Verdicts) -> int:
    return len({sample for _, sample, _ in verdicts.mistaken if not sample.value})


def _scores(sets: Sequence[LabelledSet], verdicts: Sequence[Verdicts]) -> Iterator[str]:
    for labelled, verdict in zip(sets, verdicts, strict=True):
        if labelled.planted:
            yield f"\n## By detector: {labelled.name}\n"
            yield from _table(
                ("Detector", "TP", "FP", "FN", "Precision", "Recall", "F1"),
                ((f"`{rule}`", *_row(score)) for rule, score in verdict.scores().items()),
            )


def _row(score: Score) -> tuple[str, ...]:
    counts = score.true_positives, score.false_positives, score.false_negatives
    return *map(str, counts), *(f"{rate:.4f}" for rate in (score.precision, score.recall, score.f1))


def _faults(sets: Sequence[LabelledSet], verdicts: Sequence[Verdicts]) -> Iterator[str]:
    yield "\n## What was taken for something else\n"
    counts: dict[tuple[str, str, str], int] = {}
    for labelled, verdict in zip(sets, verdicts, strict=True):
        for rule, sample, _ in verdict.mistaken:
            kind = f"planted `{sample.label}`" if sample.value else sample.label
            counts[labelled.name, rule, kind] = counts.get((labelled.name, rule, kind), 0) + 1
    yield from _table(
        ("Set", "Detector", "Found in", "Texts"),
        ((name, f"`{rule}`", kind, str(count)) for (name, rule, kind), count in sorted(counts.items())),
    )


def _chance(measured: Sequence[Rate]) -> Iterator[str]:
    yield "\n## Numbers at random that are taken for cards\n"
    yield "One in ten numbers passes Luhn's check by chance; the issuers' ranges leave what is here. One in 1,800 hex ids of 16"
    yield "characters has digits only: nothing tells those from a number.\n"
    yield from _table(
        ("Kind", "Numbers", "Taken for cards", "Rate"),
        ((rate.kind, f"{rate.numbers:,}", f"{rate.cards:,}", f"{rate.cards / rate.numbers:.6f}") for rate in measured),
    )


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    for cells in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(cells)} |"

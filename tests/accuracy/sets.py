"""The three labelled sets: what we wrote ourselves, the same held out by seed and wording, and what others published."""

import hashlib
from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

from tests.accuracy import clean, keyed, national_ids, payments, personal, public_lists, surroundings, tokens
from tests.accuracy.samples import HELD_OUT, OWN, Sample, Style


class LabelledSet(NamedTuple):
    """Texts of which is known what is in them."""

    name: str
    seed: int
    planted: tuple[Sample, ...]
    clean: tuple[Sample, ...]

    @property
    def sha256(self) -> str:
        """The digest of all labels, texts and places of values."""
        digest = hashlib.sha256()
        for sample in (*self.planted, *self.clean):
            digest.update("\x1f".join(sample).encode() + b"\x1e")
        return digest.hexdigest()


_FAMILIES: Final = (personal, payments, national_ids, tokens, surroundings, keyed)


def labelled_sets() -> Iterator[LabelledSet]:
    """Yield the sets. What they hold depends on the seeds and on the versions in `requirements/dev.txt`, on nothing else."""
    for name, seed, style in (("own", 20_261_120, OWN), ("held-out", 7_730_941, HELD_OUT)):
        yield LabelledSet(name, seed, tuple(_planted(seed, style)), tuple(clean.samples(seed, style)))
    yield LabelledSet("public near misses", 1, (), tuple(public_lists.samples(1, OWN)))


def _planted(seed: int, style: Style) -> Iterator[Sample]:
    return chain.from_iterable(family.samples(seed, style) for family in _FAMILIES)

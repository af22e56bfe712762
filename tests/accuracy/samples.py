"""What a labelled set consists of, and the texts that samples are written into.

Nothing here or in the generators imports a detector, its tables or its examples: what is planted comes from the public formats.
"""

import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final, NamedTuple


class Sample(NamedTuple):
    """`value` stands between `before` and `after`; without a value the text is clean."""

    label: str
    """The id of the detector that has to find the value; of a clean text, what kind of text it is."""
    before: str
    value: str = ""
    after: str = ""
    name: str = "note"
    """Of the attribute that holds the text, where one does."""

    @property
    def text(self) -> str:
        return f"{self.before}{self.value}{self.after}"


class Frame(NamedTuple):
    """A text around a value."""

    before: str
    after: str
    is_json: bool = False
    """The value is written as part of a JSON string."""

    def around(self, label: str, value: str) -> Sample:
        return Sample(label, self.before, json.dumps(value)[1:-1] if self.is_json else value, self.after)


class Style(NamedTuple):
    """How the texts of a set are written; each set has its own."""

    frames: Sequence[Frame]
    """Around anything."""
    lines: Sequence[Frame]
    """Around what has surroundings of its own and ends where its line ends."""
    keyed: Sequence[Frame]
    """Around what needs a name before it, which stands in the place of `{}`."""


OWN: Final = Style(
    frames=(
        Frame("", ""),
        Frame("customer gave ", ", twice"),
        Frame("<", ">"),
        Frame("'", "'"),
        Frame("2026-11-20T10:00:00.123Z INFO [main] handled ", " in 12 ms"),
        Frame("first line\n", "\nlast line"),
        Frame('{"message":"got ', ' today","level":"info"}', is_json=True),
        Frame("a,", ",c"),
        Frame("input=", " level=debug"),
        Frame("größer: ", " » ja"),
    ),
    lines=(Frame("", ""), Frame("2026-11-20 10:00:00 DEBUG ", ""), Frame("sent:\n", "\ndone"), Frame("> ", "\r\n")),
    keyed=(Frame("{}: ", ""), Frame("{} ", " checked"), Frame("form field {}=", "; ok"), Frame("the {} is ", ".")),
)
HELD_OUT: Final = Style(
    frames=(
        Frame("Nov 20 10:00:00 web-3 app[412]: ", ""),
        Frame("\t", "\t"),
        Frame("rejected `", "` as input"),
        Frame('{"detail":{"entries":["x","', '"]}}', is_json=True),
        Frame("| ", " |"),
        Frame("seen: ", "."),
        Frame("(", ")"),
        Frame('answer="', '" status=ok'),
        Frame("目 ", " 。"),
        Frame("[", "] stored"),
    ),
    lines=(Frame("", ""), Frame("level=warn msg: ", ""), Frame("trace | ", "\nnext"), Frame("\t", "")),
    keyed=(
        Frame("applicant, {} no. ", ", accepted"),
        Frame("{} = ", "\n"),
        Frame('{{"{}":"', '"}', is_json=True),
        Frame("{}\t", "\tx"),
    ),
)


def framed(label: str, values: Iterator[str], frames: Sequence[Frame], random: Random) -> Iterator[Sample]:
    """Yield each value in a frame drawn at random."""
    for value in values:
        yield random.choice(frames).around(label, value)

"""Did you mean: the nearest of the names that could have stood there."""

from collections.abc import Iterable
from typing import Final

_LONGEST: Final = 200
"""Nobody mistypes a longer name, and the distance takes time that grows with the square."""


def nearest(written: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate within two edits of what was written (one for up to four letters), ties alphabetical."""
    if len(written) > _LONGEST:
        return None
    limit = 1 if len(written) <= 4 else 2
    ranked = ((edits(written, candidate), candidate) for candidate in candidates if abs(len(candidate) - len(written)) <= limit)
    return min((pair for pair in ranked if pair[0] <= limit), default=(0, None))[1]


def did_you_mean(written: str, candidates: Iterable[str]) -> str:
    """Return the label that offers the nearest candidate, or nothing."""
    found = nearest(written, candidates)
    return f"did you mean `{found}`?" if found else ""


def edits(one: str, other: str) -> int:
    """Return the Damerau-Levenshtein distance (restricted: no edit inside a transposition)."""
    rows = [list(range(len(other) + 1))]
    for index, letter in enumerate(one, 1):
        last, row = rows[-1], [index]
        for column, candidate in enumerate(other, 1):
            cost = min(last[column] + 1, row[column - 1] + 1, last[column - 1] + (letter != candidate))
            if index > 1 and column > 1 and letter == other[column - 2] and one[index - 2] == candidate:
                cost = min(cost, rows[-2][column - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]

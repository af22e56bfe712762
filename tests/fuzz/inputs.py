"""Inputs as lineages of seeds: the first generates one or takes a committed one, each further seed mutates it.

So a lineage says all there is to say: the same input comes of it on every machine, whatever else a fuzzer has found.
"""

from functools import cache, reduce
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

from pipeline.types import SIGNALS, Signal
from pipeline.wire.errors import Malformed
from pipeline.wire.reference.tables import DELIMITED, Message, root
from pipeline.wire.reference.to_json import OTLP, to_json
from pipeline.wire.reference.walk import fields
from tests.fuzz.mutation import mutated, mutated_json
from tests.fuzz.payloads import payload
from tests.fuzz.targets import Form, Input
from tests.json_lines import body

HERE: Final = Path(__file__).parent

Lineage: TypeAlias = tuple[int, ...]


def of_file(path: Path) -> Input:
    """Return the input in a file such as `logs-what.hex` or `traces-what.json`."""
    signal = next(signal for signal in SIGNALS if path.name.startswith(signal))
    if path.suffix == ".json":
        return Input(signal, "json", path.read_bytes())
    return Input(signal, "wire", bytes.fromhex(path.read_text()))


def committed(folder: str) -> list[Path]:
    """Return the inputs that are kept here: `seeds` to begin with, `regressions` of which the kernel was once wrong."""
    return sorted(path for path in (HERE / folder).glob("*") if path.suffix in (".hex", ".json"))


_SEEDS: Final = [of_file(path) for path in committed("seeds")]


def of_lineage(lineage: Lineage) -> Input:
    """Return the input that comes of some seeds."""
    return reduce(descendant, lineage[1:], _born(lineage[0]))


@cache
def several(form: Form, count: int) -> list[Input]:
    """Return always the same inputs of a form: born, mutated once, and mutated twice."""
    made = (of_lineage(tuple(range(seed, seed + 1 + seed % 3))) for seed in range(20 * count))
    return list(islice((given for given in made if given.form == form), count))


def descendant(given: Input, seed: int) -> Input:
    """Return an input as a seed mutates it."""
    random = Random(seed)
    if given.form != "wire":
        return given._replace(data=mutated_json(given.data, random, _born_as(given.signal, given.form, random).data))
    donor = _born_as(given.signal, "wire", random).data if random.random() < 0.3 else given.data
    return given._replace(data=mutated(given.data, given.signal, random, donor))


def lineage(text: str) -> Lineage:
    """Return the lineage that `written` wrote. Raises `ValueError`."""
    return tuple(int(seed) for seed in text.split("."))


def written(lineage: Lineage) -> str:
    """Return a lineage as text: what SEED takes."""
    return ".".join(map(str, lineage))


def _born(seed: int) -> Input:
    random = Random(seed)
    if random.random() < 0.1:
        return random.choice(_SEEDS)
    return _born_as(random.choice(SIGNALS), random.choice(("wire", "wire", "wire", "wire", "json", "lines")), random)


def _born_as(signal: Signal, form: Form, random: Random) -> Input:
    if form == "lines":
        return Input("logs", "lines", body(random))
    made = payload(signal, random)
    if form == "json":
        try:
            return Input(signal, "json", to_json(made, signal, OTLP))
        except Malformed:  # too deep
            return Input(signal, "json", b"{}")
    return Input(signal, "wire", made)


def structure(given: Input) -> set[str]:
    """Return which fields follow each other in a payload, by message: what makes one unlike others."""
    found: set[str] = set()
    if given.form == "wire":
        try:
            _structure(given.data, 0, len(given.data), root(given.signal), found)
        except (Malformed, RecursionError):
            found.add("malformed")
    return found


def _structure(data: bytes, start: int, end: int, message: Message, found: set[str]) -> None:
    visits = list(fields(data, start, end))
    found |= {f"{message.name} {one[1]}/{one[2]} {other[1]}/{other[2]}" for one, other in pairwise(visits)}
    for _, number, wire, value, stop in visits:
        field = message.fields.get(number)
        if field is not None and field.message is not None and wire == DELIMITED:
            _structure(data, value, stop, field.message, found)

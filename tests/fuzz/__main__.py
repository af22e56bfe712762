"""Fuzz the wire kernel against the reference: `make fuzz SECONDS=3600`; `make fuzz SEED=…` replays one input."""

import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import click

from tests.fuzz import fuzzer, inputs, sanitizer
from tests.fuzz.targets import compare

CORPUS = Path(".cache/fuzz/corpus")


KERNEL = Path("pipeline/wire/kernel")


@click.command()
@click.option("--seconds", default=60.0)
@click.option("--begin", type=int, help="Seed of the run; another each time when absent.")
@click.option("--corpus", type=click.Path(path_type=Path), default=CORPUS, help="Lineages that grew here; `-` for none.")
@click.option("--replay", help="Try one input in every way: its lineage, as a failure prints it behind SEED=.")
def main(seconds: float, begin: int | None, corpus: Path, replay: str | None) -> None:
    uncompiled = [source.stem for source in KERNEL.glob("*.pyx") if find_spec(f"pipeline.wire.kernel.{source.stem}") is None]
    if uncompiled:
        sys.exit(f"fuzz: not compiled: {', '.join(sorted(uncompiled))}")
    compared = ", ".join(target.name for target in fuzzer.compiled())
    print(f"fuzz: comparing {compared}{' under AddressSanitizer' if sanitizer.RUNS else ''}", flush=True)
    if replay:
        sys.exit(_replay(inputs.lineage(replay)))
    seed = int.from_bytes(os.urandom(4), "big") if begin is None else begin
    kept = None if str(corpus) == "-" else corpus
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    result = fuzzer.run(fuzzer.Job(seconds, seed, kept))
    took = time.monotonic() - started
    print(
        f"fuzz: begun at {seed}: {result.executions} executions, {result.inputs} inputs, {took:.0f} s, {result.failures} failures"
    )
    sys.exit(bool(result.failures) or not result.executions)


def _replay(seeds: inputs.Lineage) -> int:
    given = inputs.of_lineage(seeds)
    print(f"{given.signal} as {given.form}: {given.data.hex()}", flush=True)
    failures = 0
    for target in fuzzer.compiled():
        for option in range(len(target.options)) if target.form == given.form else ():
            difference, _ = compare(target, option, given)
            if difference is not None:
                failures += 1
                fuzzer.show("DIFFERENCE", seeds, target, option, given, difference)
    return failures


main()

"""A short run of the fuzzer, what it has found before, and the fuzzer itself: that it would find something."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.wire import selection
from tests.fuzz import inputs, targets
from tests.fuzz.minimise import minimised
from tests.fuzz.targets import TARGETS, Target
from tests.parts.found import kernel

SECONDS = 20
BEGIN = 20_261_121
"""Always the same: a test that passes by chance is none. `make fuzz` begins elsewhere each time."""

COMMITTED = [*inputs.committed("seeds"), *inputs.committed("regressions")]


def test_a_short_run_finds_no_difference_and_no_crash() -> None:
    kernel("validate")
    arguments = ["--seconds", str(SECONDS), "--begin", str(BEGIN), "--corpus", "-"]
    run = subprocess.run([sys.executable, "-m", "tests.fuzz", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
@pytest.mark.parametrize("path", COMMITTED, ids=[path.name for path in COMMITTED])
def test_the_same_of_committed_inputs_in_every_way(path: Path, target: Target) -> None:
    given = inputs.of_file(path)
    kernel(target.module)
    if target.form == given.form:
        for option in range(len(target.options)):
            assert targets.compare(target, option, given)[0] is None


def test_every_name_that_a_kernel_can_serve_is_compared() -> None:
    assert {target.name: target.module for target in TARGETS} == selection._MODULES


def test_a_lineage_is_all_that_an_input_comes_of() -> None:
    made = [inputs.of_lineage((seed, seed + 1, seed + 2)) for seed in range(200)]
    assert made == [inputs.of_lineage(inputs.lineage(inputs.written((seed, seed + 1, seed + 2)))) for seed in range(200)]
    assert len({given.data for given in made}) > 150
    assert {given.signal for given in made} == {"logs", "traces", "metrics"}


def test_what_fails_is_made_small() -> None:
    given = next(given for seed in range(1_000) if b"mail" in (given := inputs.of_lineage((seed,))).data and given.form == "wire")
    small = minimised(given, lambda smaller: b"mail" in smaller.data)
    assert b"mail" in small.data
    assert len(small.data) < 30


WRONG = """
import os, signal, sys
from tests.fuzz import fuzzer, targets
validate = next(target for target in targets.TARGETS if target.name == "validate")

def kernel(payload, signal_name):
    if len(payload) > 300:
        {fault}
    return payload, 0, 0

targets._made = lambda implementation, *_: kernel if implementation == "kernel" else lambda payload, _: (payload, 0, 0)
fuzzer.compiled = lambda: (validate,)
fuzzer.MAX_KINDS, fuzzer.MAX_SECONDS_OF_ONE = 1, 2
print(fuzzer.run(fuzzer.Job(30, 1, None)).failures)
"""


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("return payload[1:], 0, 0", "DIFFERENCE in validate"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "CRASH (exit status -11) in validate"),
        ("os._exit(1)", "CRASH (exit status 1) in validate"),
        ("while True: pass", "HANG (over 2 s) in validate"),
        ("raise SystemError('no')", "SystemError (never an answer)"),
    ],
)
def test_a_kernel_that_is_wrong_is_found_and_the_input_can_be_replayed(fault: str, said: str) -> None:
    run = subprocess.run([sys.executable, "-c", WRONG.format(fault=fault)], capture_output=True, text=True, check=True)
    first, second, *_, failures = run.stdout.splitlines()
    assert said in run.stdout
    assert failures == "1"
    seeds = inputs.lineage(first.partition("SEED=")[2])
    given, small = inputs.of_lineage(seeds), bytes.fromhex(second.removeprefix("  input "))
    assert len(given.data) >= len(small) > 300
    assert len(small) < 320 or "HANG" in said

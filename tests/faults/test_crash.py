"""Killed or stopped at any point under load: what was acknowledged arrives."""

import random
import time

import pytest

from tests.daemon import until
from tests.faults.conftest import BenchMaker

ROUNDS = 20


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM"])
def test_what_was_acknowledged_arrives(bench: BenchMaker, how: str) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    stand = bench(2)
    for sink in stand.sinks:
        sink.open()
    with stand.load() as load:
        for _ in range(ROUNDS):
            stand.daemon.start()
            before = len(load.owed)
            until(lambda before=before: len(load.owed) > before, what="an acknowledgement")
            time.sleep(moments.uniform(0, 0.5))  # the moment of the kill is the fault itself
            if how == "SIGKILL":
                stand.daemon.kill()
            else:
                assert stand.daemon.stop() == 0, stand.daemon.text()
    stand.daemon.start()
    for sink in stand.sinks:
        stand.assert_nothing_lost(load.owed, sink)
        again = sum(sink.received.values()) - len(sink.received)
        print(f"{how}: {len(load.owed)} acknowledged in {ROUNDS} rounds, {again} arrivals were repeats")
    stand.assert_books_close()
    assert stand.daemon.stop() == 0

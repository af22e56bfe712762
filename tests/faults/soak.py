"""Many random schedules of faults, one after the other, or one again.

    python -m tests.faults.soak --schedules 200
    python -m tests.faults.soak --seed 1234
    python -m tests.faults.soak --schedules 30 --journal kafka

A point is a schedule that lost nothing and whose books closed. One that failed is told of with its seed, and what it left
behind is kept in .cache/soak.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from tests.faults.kafka_stand import KafkaStand
from tests.faults.outcome import Outcome
from tests.faults.schedule import Schedule, schedule
from tests.faults.shim import build
from tests.faults.stand import Stand
from tests.parts.kafka import KafkaBroker, running_broker

KEPT: Final = Path(".cache/soak")
_ROW: Final = 50


def live_through(plan: Schedule, library: Path, broker: KafkaBroker | None = None) -> Outcome:
    """Run a schedule; keep what it left behind when it failed. A Kafka journal needs a broker."""
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        with KafkaStand(directory, plan, library, broker) if broker else Stand(directory, plan, library) as stand:
            try:
                outcome = stand.run()
            except Exception as error:  # one schedule of many: it is told of, and the others go on
                outcome = stand.outcome
                outcome.faults.append(f"{type(error).__name__}: {str(error)[-400:]}")
        if outcome.faults:
            kept = KEPT / str(plan.seed)
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(directory, kept, ignore=shutil.ignore_patterns("*.sock"))
            (kept / "schedule").write_text(f"{plan}\n")
    return outcome


def summary(outcomes: list[Outcome], seconds: float) -> str:
    """Return the figures of all schedules together."""
    events = Counter(event.what for outcome in outcomes for event in outcome.schedule.events)
    dead = sum((outcome.dead for outcome in outcomes), Counter[str]())
    failed = [outcome for outcome in outcomes if outcome.faults]
    acknowledged = sum(outcome.acknowledged for outcome in outcomes)
    rows = {
        "schedules": f"{len(outcomes)} in {seconds / 60:.1f} min, {len(failed)} failed",
        "acknowledged": f"{acknowledged} records, owed to each of 3 destinations",
        "not acknowledged": f"{sum(outcome.refused for outcome in outcomes)} requests",
        "duplicates": f"{sum(outcome.duplicates for outcome in outcomes)} arrivals",
        "dead letters": ", ".join(f"{count} {reason}" for reason, count in dead.most_common()) or "none",
        "partial success": f"{sum(outcome.declined for outcome in outcomes)} records refused by a destination",
        "failed calls": f"{sum(outcome.failed_calls for outcome in outcomes)} writes, syncs and allocations",
        "power cuts": f"{sum(outcome.torn for outcome in outcomes)} sectors undone or garbled",
        "events": ", ".join(f"{count} {name}" for name, count in events.most_common()),
        "failing seeds": " ".join(str(outcome.schedule.seed) for outcome in failed) or "none",
    }
    return "\n".join(f"{name:17} {value}" for name, value in rows.items())


def soak(plans: Sequence[Schedule], jobs: int) -> list[Outcome]:
    """Run all, and print how it goes."""
    outcomes: list[Outcome] = []
    with ExitStack() as resources:
        built = Path(resources.enter_context(tempfile.TemporaryDirectory()))
        library = build(built)
        on_kafka = any(plan.kind == "kafka" for plan in plans)
        brokers: SimpleQueue[KafkaBroker | None] = SimpleQueue()
        for number in range(jobs):
            brokers.put(resources.enter_context(running_broker(built / f"kafka-{number}")) if on_kafka else None)

        def run(plan: Schedule) -> Outcome:
            broker = brokers.get()
            try:
                return live_through(plan, library, broker)
            finally:
                brokers.put(broker)

        for outcome in resources.enter_context(ThreadPoolExecutor(jobs)).map(run, plans):
            outcomes.append(outcome)
            _print("." if not outcome.faults else f"\nseed {outcome.schedule.seed}: {'; '.join(outcome.faults)}\n")
            if len(outcomes) % _ROW == 0:
                _print(f" {len(outcomes)}\n")
    return outcomes


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schedules", type=int, default=200)
    parser.add_argument("--journal", choices=["disk", "kafka"], default="disk", help="kafka: on real brokers")
    parser.add_argument("--jobs", type=int, default=2, help="schedules at a time")
    parser.add_argument("--seed", type=int, help="run this one, and say what happens in it")
    arguments = parser.parse_args()
    first = random.SystemRandom().randrange(10**9)
    seeds = [arguments.seed] if arguments.seed is not None else range(first, first + arguments.schedules)
    plans = [schedule(seed, arguments.journal) for seed in seeds]
    _print(f"{plans[0]}\n" if arguments.seed is not None else f"seeds {first} to {seeds[-1]} on {arguments.journal}\n")
    begun, outcomes = time.monotonic(), []
    with suppress(KeyboardInterrupt):
        outcomes = soak(plans, min(arguments.jobs, len(plans)))
    _print(f"\n{summary(outcomes, time.monotonic() - begun)}\n")
    if any(outcome.faults for outcome in outcomes):
        _print(f"what they left behind is in {KEPT}; make soak JOURNAL={arguments.journal} SEED=… runs one again\n")
        raise SystemExit(1)


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main()

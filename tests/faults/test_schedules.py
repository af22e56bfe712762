"""Random schedules of faults lose nothing; `make soak` runs many more of them."""

import random
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.kafka_stand import KafkaStand
from tests.faults.schedule import DESTINATIONS, Event, schedule
from tests.faults.shim import build
from tests.faults.soak import live_through
from tests.faults.stand import Stand
from tests.parts.kafka import KafkaBroker

SCHEDULES = 10


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("shim"))


@pytest.mark.parametrize("_", range(SCHEDULES))
def test_a_fresh_schedule_of_faults_loses_nothing_and_the_books_close(library: Path, _: int) -> None:
    seed = random.SystemRandom().randrange(10**9)
    print(f"make soak SEED={seed}\n{schedule(seed)}")
    assert live_through(schedule(seed), library).faults == []


def test_a_fleet_on_kafka_loses_nothing_either(library: Path, kafka_broker: KafkaBroker) -> None:
    seed = random.SystemRandom().randrange(10**9)
    print(f"make soak JOURNAL=kafka SEED={seed}\n{schedule(seed, 'kafka')}")
    assert live_through(schedule(seed, "kafka"), library, kafka_broker).faults == []


def test_the_oracle_sees_what_a_journal_without_syncs_loses(library: Path, tmp_path: Path) -> None:
    """It would miss nothing that a synced journal lost either."""
    dead = [Event(0.0, "turn_destination", (which, "5xx")) for which in range(DESTINATIONS)]
    plan = replace(schedule(1), journal="fsync: os", events=(*dead, Event(1.5, "kill", (True,))))
    with Stand(tmp_path, plan, library) as stand:
        outcome = stand.run()
    assert outcome.torn > 0
    assert len([fault for fault in outcome.faults if "acknowledged ids are lost" in fault]) == DESTINATIONS


def test_the_oracle_tells_what_waits_in_a_topic_from_what_is_lost(
    library: Path, kafka_broker: KafkaBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KafkaStand, "delivery_seconds", 1.0)
    dead = [Event(0.0, "stop_destination", (which,)) for which in range(DESTINATIONS)]
    plan = replace(schedule(1, "kafka"), events=(*dead, Event(1.5, "kill", (False,))))
    with KafkaStand(tmp_path, plan, library, kafka_broker) as stand:
        stand.continue_destination = lambda which: None  # type: ignore[method-assign]
        outcome = stand.run()
        for destination in stand.destinations:
            destination.process.send_signal(signal.SIGCONT)
    told = [fault for fault in outcome.faults if "did not arrive" in fault]
    assert len(told) == DESTINATIONS
    for text in told:
        assert f"of {outcome.acknowledged} that did not arrive" in text
        assert " 0 are in no topic" in text


def test_a_seed_gives_the_same_schedule_again() -> None:
    assert schedule(7) == schedule(7) != schedule(8)

"""Every case runs and keeps its word about its figures. Nothing here looks at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from benchmarks.__main__ import main, run
from benchmarks.bars import BARS, Bar
from benchmarks.cases import CASES, case
from benchmarks.corpus import corpus, json_lines
from benchmarks.load import letters, templates
from benchmarks.measure import Figure, Scale
from benchmarks.report import values

DIGESTS = (
    ("logs", 5, "77bcfe2a403aa865fe5e287f00007d6c55e331421a27553e4c31f780377fe12a"),
    ("logs", 50, "ddc8d8522f8dd751c67f8a4d517912883093b541141315c12b84d35745b0e89e"),
    ("traces", 5, "73bacc6774b94985899886ad178d1199c780fca6dd86cb772b71def72167abda"),
    ("traces", 50, "630479f2df8e1b9884fd0b622fb622c99e17a6547e340362833fb1cb57cddd11"),
)
NEXT_TO_NOTHING = Scale(payloads=2, records=20, rounds=1, seconds=0.0, load_seconds=0.1, share=1e-3)


@pytest.fixture(scope="module", params=CASES)
def figures(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Sequence[Figure]]:
    scale = NEXT_TO_NOTHING._replace(scratch=tmp_path_factory.mktemp(request.param))
    return request.param, list(case(request.param).run(scale))


def test_a_case_has_the_figures_that_its_bars_name(figures: tuple[str, Sequence[Figure]]) -> None:
    name, found = figures
    units = {figure.name: figure.unit for figure in found}
    assert len(units) == len(found) > 0
    assert {bar.figure: bar.unit for bar in BARS if bar.case == name}.items() <= units.items()


def test_every_bar_is_of_a_case() -> None:
    assert {bar.case for bar in BARS} <= set(CASES)
    assert len({(bar.case, bar.figure) for bar in BARS}) == len(BARS)


def test_a_bar_holds_its_bound_on_the_side_that_it_names() -> None:
    most, least = Bar("a", "b", "s", "<=", 1), Bar("a", "b", "s", ">=", 1)
    assert [most.held(value) for value in (0.9, 1, 1.1)] == [True, True, False]
    assert [least.held(value) for value in (0.9, 1, 1.1)] == [False, True, True]


@pytest.mark.parametrize(("signal", "percent", "digest"), DIGESTS)
def test_the_corpus_is_the_same_everywhere(signal: str, percent: int, digest: str) -> None:
    assert corpus(signal, percent, NEXT_TO_NOTHING).sha256 == digest  # type: ignore[arg-type]  # one of the table


def test_planted_values_are_where_they_are_said_to_be() -> None:
    found = corpus("logs", 50, NEXT_TO_NOTHING)
    for payload, secrets in zip(found.payloads, found.planted, strict=True):
        assert secrets
        assert all(secret.encode() in payload for secret in secrets)


def test_there_is_a_json_line_for_each_record() -> None:
    assert [body.count(b"\n") + 1 for body in json_lines(NEXT_TO_NOTHING)] == [20, 20]


def test_every_record_of_the_load_has_a_name_of_its_own() -> None:
    template = templates(20, NEXT_TO_NOTHING)[0]
    names = {b"load-" + letters(7, 8) + b"-" + letters(at, 4) for at in range(20)}
    assert all(template.numbered(7).count(name) == 1 for name in names)


def test_a_broken_case_is_an_error_and_a_missed_bar_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bar = BARS[0]
    missed = bar.bound - 1 if bar.sense == ">=" else bar.bound + 1

    def misses(scale: Scale) -> Iterator[Figure]:
        yield Figure(bar.figure, missed, bar.unit)

    def breaks(scale: Scale) -> Iterator[Figure]:
        yield Figure("before", 1, "s")
        raise RuntimeError("a record did not arrive")

    path = tmp_path / "results.json"
    assert run({bar.case: misses}, NEXT_TO_NOTHING, path) == 0
    assert values(path) == {(bar.case, bar.figure, bar.unit): missed}
    assert "0 bars held, 1 missed" in capsys.readouterr().out
    assert run({"breaks": breaks}, NEXT_TO_NOTHING, path) == 1


def test_a_case_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nonsense"])
    assert "no such case: nonsense" in capsys.readouterr().err

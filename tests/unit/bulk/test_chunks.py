"""Work in chunks: all of it, of whatever size, whoever dies over it."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from anydoa.bulk.chunks import Finished, Lost, run_each, run_in_chunks
from anydoa.bulk.engine import Outcome
from anydoa.bulk.local_engine import LocalEngine
from anydoa.errors import AudioError, ChannelCountError, ConfigError, EngineError
from bulk_work import (
    KILLER,
    dies_once,
    refuses,
    refuses_channels,
    refuses_oddly,
    sleeps_of_many,
    square,
    squares,
    squares_or_death,
    squares_or_death_of_one,
    unreadable,
)


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    with LocalEngine(2) as engine:
        yield engine


class Clerk:
    """An engine in this process that says how long chunks took."""

    def __init__(self, item_s: float, num_workers: int = 2) -> None:
        self.item_s, self.num_workers = item_s, num_workers
        self.sizes: list[int] = []
        self.waiting: list[Outcome] = []
        self.most = 0

    def submit(self, number: int, function: object, items: Sequence[int]) -> None:
        self.sizes.append(len(items))
        self.waiting.append(Outcome(number, squares(items), seconds=self.item_s * len(items)))
        self.most = max(self.most, len(self.waiting))

    def wait(self) -> list[Outcome]:
        return [self.waiting.pop(0)]

    def close(self) -> None:
        self.waiting = []

    def __enter__(self) -> "Clerk":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def test_every_item_is_done_once(engine: LocalEngine) -> None:
    done = [
        value
        for result in run_in_chunks(engine, squares, range(50), total=50)
        if isinstance(result, Finished)
        for value in result.value or ()
    ]
    assert sorted(done) == [number**2 for number in range(50)]
    assert sorted(run_each(engine, square, range(9))) == [number**2 for number in range(9)]
    assert list(run_each(engine, square, [])) == []


def test_an_item_that_ends_every_process_is_named_and_the_rest_is_done(engine: LocalEngine) -> None:
    results = list(run_in_chunks(engine, squares_or_death, range(20), total=20))
    lost = [result for result in results if isinstance(result, Lost)]
    done = [value for result in results if isinstance(result, Finished) for value in result.value or ()]
    assert lost == [Lost(KILLER, "ended with exit code 7")]
    assert sorted(done) == [number**2 for number in range(20) if number != KILLER]


def test_an_item_whose_process_was_killed_from_outside_is_done(engine: LocalEngine, tmp_path: Path) -> None:
    path = str(tmp_path / "there")
    assert list(run_each(engine, dies_once, [path])) == [path]


def test_what_was_done_before_a_death_is_not_done_again(engine: LocalEngine) -> None:
    seen: list[Sequence[int]] = []

    def unfinished(items: Sequence[int]) -> list[int]:
        seen.append(items)
        return [item for item in items if item >= KILLER]

    results = list(run_in_chunks(engine, squares_or_death, [KILLER], total=1, unfinished=lambda items: []))
    assert results == [Finished((KILLER,), None)]
    results = list(run_in_chunks(engine, squares_or_death, range(15), total=15, unfinished=unfinished))
    assert [result.item for result in results if isinstance(result, Lost)] == [KILLER]
    finished = [item for result in results if isinstance(result, Finished) for item in result.items]
    assert sorted([*finished, KILLER]) == list(range(15))
    assert seen


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        (refuses, ConfigError, "3 is refused"),
        (refuses_channels, ChannelCountError, "rule; cure"),
        (refuses_oddly, EngineError, "OddError: rule"),
    ],
)
def test_errors_come_back_as_they_were_raised(
    engine: LocalEngine, function: object, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        list(run_each(engine, function, [3]))  # type: ignore[arg-type]


def test_what_cannot_travel_says_so(engine: LocalEngine) -> None:
    with pytest.raises(Exception, match=r"pickle|local"):
        list(run_each(engine, lambda number: number, [3]))
    assert list(run_each(engine, square, [3])) == [9]


def test_run_each_says_which_item_ends_every_process(engine: LocalEngine) -> None:
    with pytest.raises(EngineError, match="every process that worked on 13 ended with exit code 7"):
        list(run_each(engine, squares_or_death_of_one, [KILLER]))


def test_chunks_are_as_long_as_is_asked_and_shorter_at_the_end() -> None:
    clerk = Clerk(item_s=0.1)
    list(run_in_chunks(clerk, squares, range(5000), total=5000, chunk_s=40.0))
    assert clerk.sizes[:4] == [1, 1, 4, 4]
    assert max(clerk.sizes) == 400
    assert sum(clerk.sizes) == 5000
    assert max(clerk.sizes[-4:]) <= 20
    assert clerk.most == 2


def test_a_long_list_is_taken_as_it_is_worked_on() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(10**9):
            taken += 1
            yield number

    results = run_in_chunks(Clerk(item_s=1.0), squares, items(), total=10**9)
    for _ in range(5):
        next(results)
    assert taken < 200


def test_processes_that_die_whatever_they_are_given_end_the_run() -> None:
    class Grave(Clerk):
        def wait(self) -> list[Outcome]:
            return [Outcome(self.waiting.pop(0).number, lost="was killed by SIGKILL")]

    with pytest.raises(EngineError, match="whatever they are given, the last was killed"):
        list(run_in_chunks(Grave(1.0), squares, range(1000), total=1000))


def test_a_scheduler_that_is_gone_is_no_fault_of_an_item() -> None:
    class Restarted(Clerk):
        restarts = 5

        def wait(self) -> list[Outcome]:
            self.restarts -= 1
            if self.restarts < 0:
                return super().wait()
            return [Outcome(self.waiting.pop(0).number, lost="is gone", is_blameless=True)]

    results = list(run_in_chunks(Restarted(1.0), squares, [4], total=1))
    assert results == [Finished((4,), [16])]


def test_closing_ends_processes_at_once() -> None:
    engine = LocalEngine(1)
    engine.submit(0, sleeps_of_many, [60.0])
    (pid,) = engine.pids
    engine.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert engine.wait() == []


def test_engines_say_what_they_cannot_do() -> None:
    with pytest.raises(ConfigError, match="at least 1 process, got 0"):
        LocalEngine(0)
    with LocalEngine(1) as engine:
        engine.submit(0, sleeps_of_many, [60.0])
        with pytest.raises(EngineError, match="all 1 processes are at work"):
            engine.submit(1, sleeps_of_many, [60.0])


def test_an_audio_error_keeps_its_class(engine: LocalEngine) -> None:
    with pytest.raises(AudioError, match="a file"):
        list(run_each(engine, unreadable, ["a file"]))

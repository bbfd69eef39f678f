"""Runs over lists: what has changed on the way is refused, and failures are those of the newest run."""

import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from anydoa.bulk.engine import Function, Outcome, pack, work_on
from anydoa.bulk.locating import Failure, Located, Locating
from anydoa.bulk.recording_list import Entry, RecordingList
from anydoa.bulk.run import Plan, locate_all
from anydoa.bulk.shard import Shard
from anydoa.errors import ConfigError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.grid import fibonacci_grid
from anydoa.io.array_file import save_array
from recording_corpus import RING, write_corpus

NAMES = [f"{number}.wav" for number in range(12)]


class Here:
    """An engine in this process."""

    num_workers = 1

    def __init__(self) -> None:
        self.over: list[Outcome] = []

    def submit(self, number: int, function: Function, items: Sequence[object]) -> None:
        self.over.append(work_on(number, pack(function, items)))

    def wait(self) -> list[Outcome]:
        return [self.over.pop()]

    def close(self) -> None:
        self.over = []

    def __enter__(self) -> "Here":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


@pytest.fixture(autouse=True)
def _warnings_come_back() -> Iterator[None]:
    """Work that runs here, not in a process of its own, would keep later tests from hearing warnings."""
    logger = logging.getLogger("anydoa")
    level = logger.level
    yield
    logger.setLevel(level)


class Failing(Locating):
    """Localization that finds nothing to be a recording."""

    def __call__(self, entries: Sequence[Entry]) -> Located:
        return Located(0.0, tuple(Failure(entry.name, entry.paths, "broken") for entry in entries))


class Fine(Locating):
    """Localization that is through at once."""

    def __call__(self, entries: Sequence[Entry]) -> Located:
        return Located(1.0, ())


def work_in(folder: Path, kind: type[Locating]) -> Locating:
    return kind(folder, folder, "run", RING, fibonacci_grid(64), "srp-phat")


def test_a_run_over_the_whole_list_removes_what_shards_have_said_of_failures(tmp_path: Path) -> None:
    def run(kind: type[Locating], shard: Shard | None) -> list[str]:
        plan = Plan(RecordingList(NAMES), shard=shard)
        locate_all(plan, work_in(tmp_path, kind), Here(), shard=shard)
        return sorted(file.name for file in tmp_path.glob("failures*"))

    run(Failing, Shard(1, 2))
    assert run(Failing, Shard(2, 2)) == ["failures-1-of-2.jsonl", "failures-2-of-2.jsonl"]
    assert run(Fine, Shard(1, 2)) == ["failures-2-of-2.jsonl"]
    assert run(Failing, None) == ["failures.jsonl"]
    assert run(Fine, None) == []


@pytest.mark.parametrize(
    "now", [["new.wav", *NAMES], NAMES[1:], NAMES[:-1], [*NAMES, "new.wav"], NAMES[::-1]]
)
def test_a_list_that_has_changed_since_it_was_read_is_refused(tmp_path: Path, now: list[str]) -> None:
    manifest = tmp_path / "list.txt"
    manifest.write_text("\n".join(NAMES))
    plan = Plan(RecordingList(manifest=str(manifest)))
    assert [entry.name for entry in plan.left()] == NAMES
    manifest.write_text("\n".join(now))
    with pytest.raises(ConfigError, match="list, or an array that it names, has changed since it was first"):
        list(plan.left())


def test_an_array_that_has_changed_since_the_list_was_read_locates_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = write_corpus(tmp_path, 2)
    (tmp_path / "list.jsonl").write_text(
        "\n".join(json.dumps({"path": name, "array": "a.toml"}) for name in names)
    )
    plan = Plan(RecordingList(manifest="list.jsonl"))
    entries = list(plan.left())
    work = work_in(tmp_path, Locating)
    assert work(entries[:1]).failures == ()
    save_array(MicrophoneArray(2 * np.asarray(RING.positions), "ring"), tmp_path / "a.toml")
    later = Locating(tmp_path, tmp_path, "later", None, fibonacci_grid(64), "srp-phat")
    (failure,) = later(entries[1:]).failures
    assert failure.name == names[1]
    assert failure.reason == "a.toml: has changed since the list was read; give the same command again"
    with pytest.raises(ConfigError, match="an array that it names, has changed"):
        list(plan.left())
    assert later(list(Plan(RecordingList(manifest="list.jsonl")).left())).failures == ()

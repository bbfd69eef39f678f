"""Many recordings on a dask cluster: a scheduler and two workers that are really there."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from distributed import Client

from anydoa.bulk import (
    DaskEngine,
    Locating,
    Plan,
    Progress,
    RecordingList,
    ResultFolder,
    locate_all,
    run_each,
)
from anydoa.cli import main
from anydoa.errors import ConfigError, EngineError
from anydoa.geometry.grid import fibonacci_grid
from bulk_work import refuses, square
from dask_cluster import Cluster, free_port
from deadly_locating import Deadly
from recording_corpus import FAST, RING, write_corpus


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.close()


def test_a_cluster_finds_what_this_machine_finds(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    names = write_corpus(tmp_path, 6)
    monkeypatch.chdir(tmp_path)
    words = ["locate", *names, "gone.wav", *FAST, "--format", "parts", "-o", "results"]
    assert main([*words, "--merge", "all.jsonl", "--engine", "dask", "--scheduler", cluster.address]) == 1
    err = capfd.readouterr().err
    assert "6 of 7 recordings" in err
    assert "1 of 7 recordings have no results" in err
    assert main(["locate", *names, *FAST, "--format", "json", "-o", "-"]) == 0
    assert (tmp_path / "all.jsonl").read_text() == capfd.readouterr().out


def test_errors_come_back_and_a_chunk_that_kills_workers_is_named(cluster: Cluster, tmp_path: Path) -> None:
    names = write_corpus(tmp_path, 4)
    os.link(tmp_path / names[0], tmp_path / "deadly.wav")
    with DaskEngine(cluster.address) as engine:
        assert sorted(run_each(engine, square, range(5))) == [0, 1, 4, 9, 16]
        with pytest.raises(ConfigError, match="3 is refused"):
            list(run_each(engine, refuses, [3]))
        progress, told = run(engine, tmp_path, [*names[:2], "deadly.wav", *names[2:]], Deadly)
    assert (progress.done, progress.failed) == (4, 1)
    assert '"name": "deadly.wav"' in told
    assert "every process that worked on it was lost" in told
    assert len(ResultFolder(tmp_path / "results").done_keys()) == 4


def test_a_scheduler_that_is_restarted_costs_nothing(
    cluster: Cluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    names = write_corpus(tmp_path, 12)
    restarted: list[int] = []

    def restart(progress: Progress) -> None:
        if progress.done and not restarted:
            restarted.append(progress.done)
            cluster.restart()

    with DaskEngine(cluster.address, patience_s=200) as engine:
        progress, _ = run(engine, tmp_path, names, report=restart)
    assert restarted
    assert (progress.done, progress.failed) == (12, 0)
    assert len(ResultFolder(tmp_path / "results").done_keys()) == 12
    assert {client.status for client in Client._instances} <= {"closed"}, "one looks for the first scheduler"
    assert "distributed" not in capfd.readouterr().err, "the client of dask speaks, too"


def test_a_cluster_that_is_not_there_is_named() -> None:
    with pytest.raises(EngineError, match="no dask scheduler answers at"):
        DaskEngine(f"tcp://127.0.0.1:{free_port()}", patience_s=0.5)


def run(
    engine: DaskEngine,
    folder: Path,
    names: list[str],
    kind: type[Locating] = Locating,
    report: Callable[[Progress], None] = lambda progress: None,
) -> tuple[Progress, str]:
    """How a run went, and what is said of those that failed."""
    work = kind(folder / "results", folder, secrets.token_hex(8), RING, fibonacci_grid(64), "srp-phat")
    results = ResultFolder(work.folder)
    with results.begun(work.settings()):
        plan = Plan(RecordingList(names))
        progress = locate_all(plan, work, engine, report=report, chunk_s=0.1)
    told = results.failures_file()
    return progress, told.read_text() if told.exists() else ""

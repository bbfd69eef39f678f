"""Many recordings on processes of this machine, whatever goes wrong: each row of docs/bulk.md."""

import io
import json
import os
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from anydoa.bulk import (
    LocalEngine,
    Locating,
    Plan,
    Progress,
    RecordingList,
    ResultFolder,
    Shard,
    locate_all,
    merge,
)
from anydoa.cli import main
from anydoa.errors import ConfigError
from anydoa.estimators.model.folder import find_model
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.io.result_files import read_all_results
from deadly_locating import Deadly
from recording_corpus import FAST, RING, write_corpus

PARTS = (*FAST, "--format", "parts", "-o", "results")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder, 12)
    return folder


@pytest.fixture
def folder(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, with links to the recordings."""
    for file in corpus.iterdir():
        os.link(file, tmp_path / file.name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def work_in(folder: Path, kind: type[Locating] = Locating) -> Locating:
    return kind(folder / "results", folder, secrets.token_hex(8), RING, fibonacci_grid(64), "srp-phat")


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    """One process for all tests that need no other."""
    with LocalEngine(1) as engine:
        yield engine


def run(
    engine: LocalEngine,
    work: Locating,
    names: list[str],
    report: Callable[[Progress], None] = lambda progress: None,
    shard: Shard | None = None,
) -> Progress:
    """A run, with something that happens on the way."""
    folder = ResultFolder(work.folder)
    with folder.begun(work.settings(), shard):
        plan = Plan(RecordingList(names), folder.done_keys(), shard)
        return locate_all(plan, work, engine, shard=shard, report=report, chunk_s=0.1)


def merged(folder: Path, names: list[str]) -> list[str]:
    """Recordings in a file that is merged in the order of some names."""
    merge(ResultFolder(folder / "results").places(), Plan(RecordingList(names)).order, folder / "all.jsonl")
    return [result.header.file for result in read_all_results(folder / "all.jsonl")]


def names_done(folder: Path) -> Counter[str]:
    """How often each recording is in the indexes."""
    lines = [
        line
        for index in (folder / "results").glob("*.index.jsonl")
        for line in index.read_text().splitlines()
    ]
    return Counter(json.loads(line)["name"] for line in lines)


def failures(folder: Path) -> dict[str, str]:
    lines = (folder / "results" / "failures.jsonl").read_text().splitlines()
    return {line["name"]: line["reason"] for line in map(json.loads, lines)}


def recordings(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("r*.wav"))


def test_many_processes_find_what_one_command_finds(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["locate", "r0*.wav", *PARTS, "--jobs", "2", "--merge", "all.jsonl"]) == 0
    assert "wrote all.jsonl: 10 of 10 recordings" in capfd.readouterr().err
    with redirect_stdout(io.StringIO()) as single:
        assert main(["locate", *recordings(folder)[:10], *FAST, "--format", "json", "-o", "-"]) == 0
    assert (folder / "all.jsonl").read_text() == single.getvalue()
    assert [result.header.file for result in read_all_results("all.jsonl")] == recordings(folder)[:10]


def test_bad_recordings_are_named_and_done_when_they_are_mended(folder: Path, engine: LocalEngine) -> None:
    whole = (folder / "r01.wav").read_bytes()
    (folder / "r01.wav").unlink()
    (folder / "r01.wav").write_bytes(whole[: len(whole) // 2])
    names = ["r00.wav", "r01.wav", "r02.wav", "gone.wav"]
    progress = run(engine, work_in(folder), names)
    assert (progress.done, progress.failed) == (2, 2)
    told = failures(folder)
    assert "truncated, 0.25 of the 0.50 s" in told["r01.wav"]
    assert told["gone.wav"].endswith("gone.wav: no such file; check the name")
    (folder / "r01.wav").write_bytes(whole)
    os.link("r00.wav", "gone.wav")
    progress = run(engine, work_in(folder), names)
    assert (progress.before, progress.done, progress.failed) == (2, 2, 0)
    assert not (folder / "results" / "failures.jsonl").exists()
    assert set(names_done(folder).values()) == {1}
    assert merged(folder, names) == names


def test_a_worker_that_is_killed_costs_nothing(folder: Path, engine: LocalEngine) -> None:
    killed: list[int] = []

    def kill(progress: Progress) -> None:
        if progress.done and not killed:
            killed.extend(engine.pids)
            os.kill(killed[0], signal.SIGKILL)

    progress = run(engine, work_in(folder), recordings(folder), kill)
    assert killed
    assert (progress.done, progress.failed, progress.total) == (12, 0, 12)
    assert names_done(folder) == Counter(recordings(folder))


def test_a_recording_that_kills_every_worker_is_named_and_the_rest_is_done(
    folder: Path, engine: LocalEngine
) -> None:
    os.link("r00.wav", "deadly.wav")
    names = ["r00.wav", "deadly.wav", *recordings(folder)[1:8]]
    progress = run(engine, work_in(folder, Deadly), names)
    assert (progress.done, progress.failed) == (8, 1)
    reason = "every process that worked on it was killed by SIGKILL (no memory left?)"
    assert failures(folder) == {"deadly.wav": reason}
    assert names_done(folder) == Counter(recordings(folder)[:8])


def test_a_folder_of_recordings_that_vanishes_is_named(folder: Path, engine: LocalEngine) -> None:
    (folder / "deep").mkdir()
    names = [f"deep/{name}" for name in recordings(folder)[:4]]
    for name in names:
        os.link(Path(name).name, name)

    def remove(progress: Progress) -> None:
        if progress.done:
            shutil.rmtree("deep", ignore_errors=True)

    progress = run(engine, work_in(folder), [*names, *recordings(folder)[:4]], remove)
    told = failures(folder)
    assert progress.failed == len(told) > 0
    assert all(reason.endswith(f"{name}: no such file; check the name") for name, reason in told.items())
    assert set(recordings(folder)[:4]) <= set(names_done(folder))


def test_a_folder_of_results_that_vanishes_ends_the_run(folder: Path, engine: LocalEngine) -> None:
    def remove(progress: Progress) -> None:
        if progress.done:
            shutil.rmtree("results", ignore_errors=True)

    with pytest.raises(ConfigError, match=r"results.*: cannot be written"):
        run(engine, work_in(folder), recordings(folder), remove)


def test_a_full_disk_ends_the_run_and_what_is_done_is_kept(
    folder: Path, engine: LocalEngine, capfd: pytest.CaptureFixture[str]
) -> None:
    names = recordings(folder)[:6]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, before[1]))  # no file can be larger
    try:
        assert main(["locate", *names, *PARTS, "--quiet"]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    err = capfd.readouterr().err
    assert err.count("\n") == 1
    assert "cannot be written (File too large); what is done is kept" in err
    assert 0 < len(names_done(folder)) < 6
    assert run(engine, work_in(folder), names).failed == 0
    assert names_done(folder) == Counter(names)
    assert merged(folder, names) == names


def start(folder: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "anydoa", "locate", *words], stderr=subprocess.PIPE, text=True, cwd=folder
    )


def wait_for_results(folder: Path, least: int = 1) -> None:
    deadline = time.monotonic() + 200
    while sum(names_done(folder).values()) < least:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def many_links(folder: Path) -> None:
    for number in range(300):
        os.link(folder / f"r0{number % 2}.wav", folder / f"s{number:03d}.wav")


def test_a_command_that_is_killed_is_given_again(folder: Path, engine: LocalEngine) -> None:
    many_links(folder)
    words = ("s*.wav", *PARTS, "--quiet")
    with start(folder, *words) as killed:
        wait_for_results(folder)
        killed.kill()
    done = set(names_done(folder))
    assert len(done) < 300
    names = [*sorted(done), *recordings(folder)]
    (part, *_) = (path for path in (folder / "results").glob("part-*.jsonl") if ".index" not in path.name)
    with part.open("a") as stream:
        stream.write('{"schema": "half of a record')
    progress = run(engine, work_in(folder), names)
    assert (progress.before, progress.done) == (len(done), 12)
    assert merged(folder, names) == names


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_told_to_stop_says_how_to_go_on(
    folder: Path, number: signal.Signals, code: int
) -> None:
    many_links(folder)
    with start(folder, "s*.wav", *PARTS) as stopped:
        wait_for_results(folder)
        stopped.send_signal(number)
        _, err = stopped.communicate(timeout=200)
    assert stopped.returncode == code
    assert "stopped; what is done is in" in err
    assert "Traceback" not in err
    assert ResultFolder(folder / "results").done_keys().size == len(names_done(folder))


def test_a_second_run_into_a_folder_is_refused(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with ResultFolder(folder / "results").begun(work_in(folder).settings()):
        assert main(["locate", "r00.wav", *PARTS]) == 2
    assert "results: another run is at work there; wait" in capfd.readouterr().err


def test_shards_come_together(folder: Path, engine: LocalEngine, capfd: pytest.CaptureFixture[str]) -> None:
    shares = [
        run(engine, work_in(folder), recordings(folder), shard=Shard(number, 2)).done for number in (1, 2)
    ]
    assert sum(shares) == 12
    assert min(shares) > 0
    assert names_done(folder) == Counter(recordings(folder))
    assert main(["locate", "r*.wav", *PARTS, "--merge", "all.parquet"]) == 0
    err = capfd.readouterr().err
    assert "12 of 12 were there already" in err
    assert "wrote all.parquet: 12 of 12 recordings" in err
    table = pq.read_table("all.parquet")
    assert {"recording", "time_s", "talker", "azimuth_deg", "score"} < set(table.column_names)
    assert table["recording"].unique().to_pylist() == recordings(folder)
    assert table["zone"].unique().to_pylist() == [None]


def test_a_manifest_says_arrays_ids_and_channels(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lines = [
        {"path": "r00.wav", "id": "first", "array": "a.toml"},
        {"path": "r00.wav", "id": "turned", "channels": [1, 2, 3, 0]},
        {"path": "r01.wav", "array": "linear-4"},
        {"path": "r01.wav", "array": "no-such-array"},
        {"id": "cut", "sources": [{"type": "file", "channels": [0, 1, 2, 3], "source": "r00.wav"}]},
    ]
    (folder / "list.jsonl").write_text("\n".join(map(json.dumps, lines)))
    words = ["locate", "--manifest", "list.jsonl", *PARTS, "--merge", "all.jsonl", "--progress", "json"]
    assert main(words) == 1
    told = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    assert told[0]["total"] == 5
    assert (told[-1]["done"], told[-1]["failed"], told[-1]["remaining_s"]) == (4, 1, 0.0)
    assert "no array is called 'no-such-array'" in failures(folder)["r01.wav"]
    first, turned, other, cut = read_all_results("all.jsonl")
    assert [result.header.id for result in (first, turned, other, cut)] == ["first", "turned", None, "cut"]
    assert other.header.array == "linear-4"
    assert cut.directions[0].azimuth_deg == first.directions[0].azimuth_deg
    turn = (turned.directions[0].azimuth_deg - first.directions[0].azimuth_deg) % 360
    assert 70 < turn < 110 or 250 < turn < 290  # a ring of four, turned by one microphone


def test_channels_that_a_file_does_not_have_are_named(folder: Path) -> None:
    (folder / "list.jsonl").write_text(json.dumps({"path": "r00.wav", "channels": [0, 1, 2, 7]}))
    assert main(["locate", "--manifest", "list.jsonl", *PARTS, "--quiet"]) == 1
    told = "recording has channels 0..3, but the list names 7; name those that hold the microphones"
    assert failures(folder)["r00.wav"] == told


def test_results_of_another_estimator_are_not_mixed(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    work = work_in(folder)
    with ResultFolder(work.folder).begun(replace(work, num_sources=1).settings()):
        pass
    assert main(["locate", "r00.wav", *PARTS]) == 2
    assert "holds results of sources 1, not None" in capfd.readouterr().err


def test_results_of_another_folder_or_grid_are_not_mixed(folder: Path) -> None:
    work = work_in(folder)
    with ResultFolder(work.folder).begun(work.settings()):
        pass
    (folder / "elsewhere").mkdir()
    turned = DirectionGrid(work.grid.directions[::-1], name=work.grid.name)
    for other in (replace(work, base=folder / "elsewhere"), replace(work, grid=turned)):
        with (
            pytest.raises(ConfigError, match=r"holds results of (working folder|grid)"),
            ResultFolder(work.folder).begun(other.settings()),
        ):
            pass


def test_what_is_odd_about_a_file_stands_in_its_results(folder: Path, engine: LocalEngine) -> None:
    content = (folder / "r00.wav").read_bytes()
    (folder / "r00.wav").unlink()
    (folder / "r00.wav").write_bytes(content[:-200])
    run(engine, work_in(folder), ["r00.wav"])
    merged(folder, ["r00.wav"])
    (result,) = read_all_results(folder / "all.jsonl")
    assert "that the header promises are not there" in result.summary.warnings[0]


def test_a_model_folder_may_have_a_relative_name(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "model").symlink_to(find_model("agg-rl").path)
    seen = []
    monkeypatch.setattr("anydoa.cli.locate.locate_many", lambda files, work, many, quiet: seen.append(work))
    assert main(["locate", "r00.wav", "--array", "a.toml", *PARTS[-4:], "--estimator", "model"]) == 0
    assert seen[0].estimator == str(folder / "model")
    (folder / "srp-phat").mkdir()  # a bundled one is meant all the same
    assert main(["locate", "r00.wav", "--array", "a.toml", *PARTS]) == 0
    assert seen[1].estimator == "srp-phat"


def test_names_from_the_root_mean_the_same_in_every_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["locate", str(folder / "r00.wav"), *FAST, "--format", "parts", "-o", str(folder / "results")]
    words[words.index("a.toml")] = str(folder / "a.toml")
    assert main(words) == 0
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert main(words) == 0
    assert "1 of 1 were there already" in capfd.readouterr().err


def test_one_name_that_means_another_file_elsewhere_ties_results_to_the_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "list.txt").write_text(f"{folder / 'r00.wav'}\nr01.wav\n")
    words = ["locate", "--manifest", str(folder / "list.txt"), *FAST, "--format", "parts"]
    words += ["-o", str(folder / "results"), "--quiet"]
    words[words.index("a.toml")] = str(folder / "a.toml")
    assert main(words) == 0
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "r01.wav").write_bytes((folder / "r02.wav").read_bytes())
    monkeypatch.chdir(folder / "elsewhere")
    assert main(words) == 2
    assert "holds results of working folder '..', not '../elsewhere'" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["r00.wav", *FAST, "--jobs", "2"], "results that lie in one folder; add --format parts"),
        (["r00.wav", *FAST, "--manifest", "x"], "--manifest is for results"),
        (["r00.wav", *FAST, "--format", "parts"], "name it with -o FOLDER"),
        (["r00.wav", *PARTS, "--engine", "dask"], "add --scheduler tcp://HOST:8786"),
        (["r00.wav", *PARTS, "--scheduler", "tcp://h:1"], "add --engine dask"),
        (["r00.wav", *PARTS, "--engine", "dask", "--scheduler", "tcp://h:1", "--jobs", "2"], "leave it out"),
        (["r00.wav", *PARTS, "--shard", "3/2"], "a shard is I/N"),
        (["r00.wav", *PARTS, "--shard", "1/2", "--merge", "a.jsonl"], "once more without --shard"),
        (["r00.wav", *PARTS, "--merge", "a.csv"], ".jsonl or .parquet"),
        (["r00.wav", *PARTS, "--merge", "r00.wav.jsonl/x.jsonl", "--join"], "--join is for single"),
        (["r00.wav", *PARTS, "--plot", "a.png"], "--plot is for single recordings"),
        (["r00.wav", *PARTS, "--skip-existing"], "--skip-existing is for single recordings"),
        (["r00.wav", *PARTS, "--beamformer", "delay-and-sum"], "--beamformer is for single recordings"),
        (["--manifest", "a.toml", *PARTS[-4:], "--unit", "mm"], "--unit changes the array of --array"),
        ([*PARTS], "names no recording"),
        (["--manifest", "a.toml", *PARTS, "--merge", "linked.jsonl"], "would be overwritten"),
        ([*FAST], "Missing argument 'FILE...'"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_one_line(
    folder: Path, words: list[str], problem: str, capfd: pytest.CaptureFixture[str]
) -> None:
    os.link("a.toml", "linked.jsonl")
    assert main(["locate", *words]) == 2
    err = capfd.readouterr().err
    assert problem in err
    assert err.count("\n") == 1

"""Many recordings: how well processes and machines share them. Prints a Markdown table.

    python benchmarks/bulk.py                       # 2,000 recordings of 2 s, two processes, a cluster of two
    python benchmarks/bulk.py --files 40 --lines 1e4          # in a minute, to see that it runs

Recordings are simulated once, in --folder: two talkers at most, 6 microphones. Each estimator locates in all
of them with one process, with --jobs, and with as many workers of a dask cluster on this machine. Efficiency
is the time of one process over that of all together, starts of processes included. The last line is the
memory of the command itself for a manifest of --lines recordings, half of them done.
"""

import argparse
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from recording import BenchmarkRecord, add_record_option

from anydoa.bulk import (
    DaskEngine,
    Engine,
    LocalEngine,
    Located,
    Locating,
    Outcome,
    Plan,
    Progress,
    RecordingList,
    ResultFolder,
    locate_all,
)
from anydoa.evaluation.record import Row
from anydoa.io import load_array, load_grid
from anydoa.simulation import write_voices

ARRAY = "respeaker-6"


def make_recordings(folder: Path, options: argparse.Namespace) -> list[str]:
    """Recordings that are there already, or simulated."""
    speech = options.speech
    if speech is None:
        speech = folder / "voices"
        if not speech.is_dir():
            write_voices(speech, [80.0 + 5 * one for one in range(40)], seconds=8.0)
    clips = folder / f"clips-{options.files}-{options.seconds:g}"
    words = ["simulate", "-o", str(clips), "--speech", str(speech), "--cache", str(folder / "cache")]
    words += ["--count", str(options.files), "--duration", str(options.seconds), "--array", ARRAY]
    subprocess.run([sys.executable, "-m", "anydoa", *words, "--jobs", str(options.jobs)], check=True)
    return [str(clips / f"clip_{number:04d}.wav") for number in range(options.files)]


def locate(engine: Engine, names: Sequence[str], estimator: str, folder: Path) -> Progress:
    """All recordings into a folder of their own."""
    shutil.rmtree(folder, ignore_errors=True)
    array, grid = load_array(ARRAY).replace(channels=None, ignore_channels=()), load_grid("fibonacci:2048")
    work = Locating(folder, Path.cwd(), secrets.token_hex(8), array, grid, estimator)
    with ResultFolder(folder).begun(work.settings()):
        return locate_all(Plan(RecordingList(names)), work, engine)


@contextmanager
def cluster(num_workers: int, folder: Path) -> Iterator[str]:
    """A dask scheduler and its workers on this machine; the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    commands = [["scheduler", "--port", str(port)], *[["worker", address, "--nthreads", "1"]] * num_workers]
    with (folder / "dask.log").open("w") as log:
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "dask", *words, "--host", "127.0.0.1", "--no-dashboard"],
                stdout=log,
                stderr=log,
                env=environment,
            )
            for words in commands
        ]
        try:
            yield address
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()


def measured(
    name: str, engine: Engine, workers: int, names: Sequence[str], estimator: str, folder: Path
) -> Row:
    """One run: seconds from the first chunk to the end of the last process."""
    began = time.perf_counter()
    with engine:
        progress = locate(engine, names, estimator, folder / "results")
    wall_s = time.perf_counter() - began
    if progress.failed:
        sys.exit(
            f"{progress.failed} recordings failed: {(folder / 'results' / 'failures.jsonl').read_text()}"
        )
    return {
        "estimator": estimator,
        "engine": name,
        "workers": workers,
        "recordings": len(names),
        "sound_s": progress.sound_s,
        "wall_s": wall_s,
        "sound_hours_per_core_hour": progress.sound_s / wall_s / workers,
    }


def measure(estimator: str, names: Sequence[str], options: argparse.Namespace) -> Iterator[Row]:
    """One process, several, and a cluster of as many workers."""
    folder, jobs = options.folder, options.jobs
    one = measured("local", LocalEngine(1), 1, names, estimator, folder)
    yield {**one, "efficiency": 1.0}
    several = [measured("local", LocalEngine(jobs), jobs, names, estimator, folder)]
    with cluster(jobs, folder) as address:
        engine = DaskEngine(address)
        while engine.num_workers < jobs:
            time.sleep(0.1)
        several.append(measured("dask", engine, jobs, names, estimator, folder))
    for row in several:
        yield {**row, "efficiency": float(str(one["wall_s"])) / float(str(row["wall_s"])) / jobs}


class Instant:
    """An engine whose chunks are done before they begin, to see what the command itself takes."""

    num_workers = 2

    def __init__(self) -> None:
        self._done: list[Outcome] = []

    def submit(self, number: int, function: object, items: Sequence[object]) -> None:
        self._done.append(Outcome(number, Located(0.0, ()), seconds=0.02 * len(items)))

    def wait(self) -> list[Outcome]:
        done, self._done = self._done, []
        return done

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> "Instant":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def run_for_memory(lines: int) -> None:
    """The command's own part of a run over so many lines, half of them done; prints JSON."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        manifest = folder / "list.jsonl"
        with manifest.open("w") as stream:
            for number in range(lines):
                path = f"/corpus/speaker-{number % 1000:04d}/session-{number:07d}.flac"
                stream.write(json.dumps({"path": path, "id": f"{number:07d}"}) + "\n")
        work = Locating(
            folder / "results", folder, "run", load_array(ARRAY), load_grid("fibonacci:64"), "srp-phat"
        )
        results, recordings = ResultFolder(work.folder), RecordingList(manifest=str(manifest))
        with results.begun(work.settings()):
            (work.folder / "part-x.jsonl").write_text("{}\n")
            with (work.folder / "part-x.index.jsonl").open("w") as stream:
                for number, entry in enumerate(recordings):
                    if number % 2:
                        line = {"key": f"{entry.key:016x}", "name": entry.name, "offset": 0, "length": 3}
                        stream.write(json.dumps(line) + "\n")
            began = time.perf_counter()
            plan = Plan(recordings, results.done_keys())
            planned_s = time.perf_counter() - began
            progress = locate_all(plan, work, Instant())
            places = len(results.places())
        (peak,) = (line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
        print(
            json.dumps(
                {
                    "manifest_lines": lines,
                    "done_before": progress.before,
                    "done": progress.done,
                    "places": places,
                    "parent_mb": int(peak.split()[1]) / 1024,
                    "plan_s": planned_s,
                }
            )
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=2000, help="recordings")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each")
    parser.add_argument("--jobs", type=int, default=2, help="processes, and workers of the cluster")
    parser.add_argument("--estimators", nargs="+", default=["steered", "srp-phat"])
    parser.add_argument("--speech", type=Path, help="folder of dry speech; synthetic voices if none")
    parser.add_argument("--folder", type=Path, default=Path("out/bulk"), help="where recordings are kept")
    parser.add_argument("--lines", type=float, default=1e6, help="of the manifest")
    parser.add_argument("--only-memory", action="store_true", help=argparse.SUPPRESS)
    add_record_option(parser)
    options = parser.parse_args()
    if options.only_memory:
        run_for_memory(round(options.lines))
        return
    recording = BenchmarkRecord(options.record, seed=0)
    options.folder.mkdir(parents=True, exist_ok=True)
    options.folder = options.folder.resolve()
    names = make_recordings(options.folder, options)
    rows: list[Row] = []
    print("| estimator | engine | workers | seconds | efficiency | hours of sound a core-hour |")
    print("|---|---|---|---|---|---|")
    for estimator in options.estimators:
        for row in measure(estimator, names, options):
            rows.append(row)
            print(
                f"| {estimator} | {row['engine']} | {row['workers']} | {row['wall_s']:.1f} | "
                f"{row['efficiency']:.2f} | {row['sound_hours_per_core_hour']:.0f} |",
                flush=True,
            )
    words = [sys.executable, __file__, "--only-memory", "--lines", str(options.lines)]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    rows.append(json.loads(told))
    last = rows[-1]
    print(f"\n{last['manifest_lines']} lines: {last['parent_mb']:.0f} MB, read in {last['plan_s']:.1f} s")
    recording.keep(rows)


if __name__ == "__main__":
    main()

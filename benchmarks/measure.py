"""Measures all that docs/results.md shows, a record in results/ for each command.

    python benchmarks/measure.py --speech DIR --real DIR      # make measure has HEAD=FILE, EVENTS=DIR, too
    python benchmarks/measure.py --list                       # what there is, and what it costs
    python benchmarks/measure.py --speech DIR --only dynamic-s dynamic-u --again

It may be stopped and started: what is recorded with this version and these weights is left out, unless
--again. Commands whose figures are times wait for an idle machine, unless --busy; their records say how busy
it was. Commands whose folder is not given are left out. Of the rest of results/, package.json is made by
`make check-wheel RECORD=results/package.json` and results/paper by `make paper`.
"""

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import anydoa
from anydoa.errors import ConfigError
from anydoa.evaluation.record import read_record

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "results"
WEIGHTS = "src/anydoa/estimators/model/weights/*.onnx"
MAX_IDLE_LOAD = 0.5
ALL = "--estimator steered --estimator srp-phat --estimator music --estimator agg-rl"
NEW = "--estimator steered --estimator srp-phat --estimator agg-rl"
CLASSICAL = "--estimator srp-phat --estimator music"


@dataclass(frozen=True)
class Task:
    """A command and its record.

    Args:
        name: of the record.
        words: the command; SPEECH, REAL, HEAD and EVENTS stand for what is given.
        core_hours: what it takes of one core, about.
        timed: whether its figures are times, which a busy machine spoils.
    """

    name: str
    words: str
    core_hours: float
    timed: bool = False

    def command(self, folders: dict[str, Path | None]) -> list[str] | None:
        """Words to run; None where a folder is missing."""
        program, *words = self.words.split()
        if any(folders.get(word, word) is None for word in words):
            return None
        words = [str(folders.get(word, word)) for word in words]
        if program == "evaluate":
            return [sys.executable, "-m", "anydoa", program, *words, "--quiet"]
        return [sys.executable, str(ROOT / "benchmarks" / program), *words]


def evaluate(name: str, words: str, core_hours: float) -> Task:
    return Task(name, f"evaluate --suite {words}", core_hours)


TASKS = (
    *(evaluate(s, f"{s} {ALL} --speech SPEECH --look-ahead 0", 0.3) for s in ("dynamic-s", "dynamic-u")),
    evaluate("dynamic-s-prompts", f"dynamic-s {ALL} --look-ahead 0", 0.3),
    evaluate("dynamic-u-prompts", f"dynamic-u {CLASSICAL} --look-ahead 0", 0.2),
    *(
        evaluate(f"{s}-maxima", f"{s} {CLASSICAL} --speech SPEECH --look-ahead 0 --rule maxima", 0.2)
        for s in ("dynamic-s", "dynamic-u")
    ),
    evaluate("presets", f"presets {NEW} --speech SPEECH --look-ahead 0", 0.2),
    evaluate(
        "presets-64",
        f"array:matrix-voice,locata-dicit,linear-8 {NEW} --speech SPEECH --look-ahead 0",
        0.1,
    ),
    *(
        evaluate(f"later-{s}", f"{s} --duration 4 --estimator steered --speech SPEECH", 0.4)
        for s in ("dynamic-s", "dynamic-u")
    ),
    evaluate("later-presets", "presets --estimator steered --speech SPEECH", 0.2),
    *(
        evaluate(
            f"grid-{grid.replace(':', '-')}",
            f"dynamic-s --estimator steered --estimator agg-rl --speech SPEECH --look-ahead 0 --grid {grid}",
            0.25,
        )
        for grid in ("fibonacci:1024", "fibonacci:2048", "fibonacci:4096", "icosphere:4")
    ),
    Task("real", "real.py --real REAL", 0.05),
    Task("clean", "clean.py --clips 6 --speech SPEECH", 0.15),
    Task("bodies", "bodies.py --head HEAD --speech SPEECH", 0.3),
    Task("reliability", "reliability.py --suite dynamic-s --limit 100", 0.15),
    Task("tracking", "tracking.py", 0.5),
    Task("beams", "beams.py --clips 30 --quality --speech SPEECH", 0.2),
    Task("events", "events.py --events EVENTS --speech SPEECH", 0.5),
    Task("doctor", "doctor.py --jobs 1", 0.3),
    Task("doctor-fresh", "doctor.py --jobs 1 --repeats 3 --seed 2031", 0.25),
    Task("doctor-hard", "doctor.py --jobs 1 --hard --repeats 5 --seed 2031", 0.25),
    Task("calibration", "calibration.py", 0.2),
    Task("classical", "classical.py", 0.1, timed=True),
    Task("cost", "cost.py --seconds 6", 0.05, timed=True),
    Task("network", "network.py --threads 1 2", 0.2, timed=True),
    Task("training", "training.py", 0.02, timed=True),
    Task("training-plane-waves", "training.py --plane-waves", 0.02, timed=True),
    Task("training-plane-waves-alone", "training.py --plane-waves --learns plane-waves", 0.02, timed=True),
    Task("training-plane-waves-5", "training.py --plane-waves --plane-wave-bins 5", 0.02, timed=True),
    Task(
        "live",
        "live.py cost latency --estimator steered --estimator srp-phat --seconds 15 --repeats 3",
        0.05,
        timed=True,
    ),
    Task("soak", "live.py soak --hours 8 --speed 50", 0.2, timed=True),
    Task("web", "web.py", 0.02, timed=True),
    Task("bulk", "bulk.py", 0.9, timed=True),
)


def is_recorded(name: str) -> bool:
    """Whether there is a record of this version and these weights, measured by a command."""
    try:
        found = read_record(RECORDS / f"{name}.json")
    except ConfigError:
        return False
    if found.machine is None or found.version != anydoa.__version__ or not found.commit:
        return False
    # Of the weights alone: cards change with every figure, and what is new was not measured then.
    options = "--quiet", "--diff-filter=M", found.commit.rstrip("+")
    words = ["git", "-C", str(ROOT), "diff", *options, "--", WEIGHTS]
    return subprocess.run(words, capture_output=True).returncode == 0


def is_idle() -> bool:
    return not hasattr(os, "getloadavg") or os.getloadavg()[0] <= MAX_IDLE_LOAD


def refusal(task: Task, folders: dict[str, Path | None], *, again: bool, busy: bool) -> str | None:
    """Why a task is left out; None if it is to be run."""
    if not again and is_recorded(task.name):
        return "recorded"
    if task.command(folders) is None:
        return "no folder given"
    if task.timed and not busy and not is_idle():
        return f"load above {MAX_IDLE_LOAD:g}; on an idle machine, or with --busy"
    return None


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, help="folder of a corpus, whose test speakers are used")
    parser.add_argument("--real", type=Path, help="folder of real recordings")
    parser.add_argument("--head", type=Path, help="SOFA file of a measured head, such as MIT's KEMAR")
    parser.add_argument("--events", type=Path, help="folder of sounds other than speech, of kinds to test")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="names of records")
    parser.add_argument("--again", action="store_true", help="also what is recorded")
    parser.add_argument("--busy", action="store_true", help="also times, whatever the load")
    parser.add_argument("--list", action="store_true", help="print what would be done, and what it costs")
    return parser.parse_args()


def main() -> None:
    wanted = parse_arguments()
    unknown = set(wanted.only) - {task.name for task in TASKS}
    if unknown:
        sys.exit(f"no records are called {', '.join(sorted(unknown))}; --list names all")
    paths = {"SPEECH": wanted.speech, "REAL": wanted.real, "HEAD": wanted.head, "EVENTS": wanted.events}
    folders = {name: path.resolve() if path else None for name, path in paths.items()}
    failed = []
    for task in TASKS:
        if wanted.only and task.name not in wanted.only:
            continue
        reason = refusal(task, folders, again=wanted.again, busy=wanted.busy)
        print(f"{task.name:28}{task.core_hours:5.2f} core-hours  {reason or 'to measure'}", flush=True)
        if reason or wanted.list:
            continue
        record = RECORDS / f"{task.name}.json"
        words = [*(task.command(folders) or []), "--record", str(record)]
        if subprocess.run(words, cwd=ROOT).returncode:
            failed.append(task.name)
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()

"""The paper's comparison and its ablations: each configuration trained and tried out, one budget for all.

    python benchmarks/paper.py --rooms DIR --speech DIR --noise DIR --runs DIR --results DIR [--only NAME ...]

Writes NAME.json into the folder of results; with --seed 1, NAME-1.json. What is there is left out, and a
run that was stopped goes on, so the same command may be stopped and started until all is done. Every row
has the same rooms and voices, and but for no-geometry-stage the same clips in the same order. Clips last 4
s as published, frames are judged by their past alone. The last to be measured are SRP-PHAT and MUSIC, as
published and as bundled; ``--only classical`` measures these. Tests take the test parts of the same speech
and noise, or of others: the paper learns from LibriSpeech and MS-SNSD and tests with TIMIT and ESC-50,
which is --test-speech TIMIT --test-noise ESC-50.
`benchmarks/paper_tables.py` renders all of it beside the published figures.
"""

import argparse
import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import FrameType

from paper_tables import render_own

from anydoa.evaluation import CachedSuite, ClipScore, Suite, open_suite, run_suite
from anydoa.evaluation.record import Measurement, Record, Row, read_record, write_record
from anydoa.evaluation.report import record_rows
from anydoa.geometry.grid import fibonacci_grid
from anydoa.io.output import write_text
from anydoa.memory import TRAINING_STEP, keep_freed_memory
from anydoa.networks import load_checkpoint
from anydoa.spectrum import SpectrumEstimator
from anydoa.training import (
    ProcessShare,
    RunFolder,
    RunScenes,
    changed_choices,
    config_from_dict,
    load_config,
)
from anydoa.training.agg_rl import TorchEstimator

ROOT = Path(__file__).parents[1]
SUITES = ("dynamic-s", "dynamic-u", "array:nao-v4", "array:em32")
CLIP_S = 4.0
GRID = 2048
CLASSICAL = ("srp-phat-published", "music-published", "srp-phat", "music")
OTHER_GRIDS = (128, 512, 1024, 4096, 8192)  # of the full network, on the first suite
MEASURED_BY = ("limit", "duration", "suites")  # options that a record depends on, and of networks the seed
LIMIT_OF_OTHER_GRIDS = 60  # clips a row


def main() -> None:
    arguments = make_parser().parse_args()
    keep_freed_memory(TRAINING_STEP)  # networks that are measured by torch want it as much
    for suite in arguments.suites:
        clips_of(suite, arguments)[0]  # what cannot be measured is not worth hours of training
    for config in configurations(arguments.configs, arguments.only):
        name = config.stem + (f"-{arguments.seed}" if arguments.seed else "")
        keep(name, partial(learned_rows, config, RunFolder(arguments.runs / name), arguments), arguments)
    if not arguments.only or "classical" in arguments.only:
        for name in CLASSICAL:
            keep(name, partial(rows_on_suites, name, arguments), arguments)
    if arguments.page:
        write_text(arguments.page, render_own(arguments.results, arguments.seed))


def measuring_options() -> argparse.ArgumentParser:
    """The options that say what is measured; also read in the commands of records."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=None, help="most clips of a row")
    parser.add_argument("--duration", type=float, default=CLIP_S, help="seconds of a clip that is measured")
    parser.add_argument("--suites", nargs="+", default=list(SUITES))
    return parser


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, parents=[measuring_options()])
    for name in ("rooms", "speech", "noise", "runs", "results"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--test-speech", type=Path, help="speech of the tests, if not that of --speech")
    parser.add_argument("--test-noise", type=Path, help="noise of the tests, if not that of --noise")
    parser.add_argument("--only", nargs="+", default=[], help="names of configurations, or classical")
    parser.add_argument("--page", type=Path, help="file to write the tables of all records to, at the end")
    parser.add_argument("--configs", type=Path, default=ROOT / "configs", help="with ablations and peers")
    return parser


def keep(name: str, measure: Callable[[], list[Row]], arguments: argparse.Namespace) -> None:
    """Measure and write a record, unless it is there; one that was measured otherwise is no such record.

    Of classical methods the seed changes nothing: it is that of training.
    """
    target = arguments.results / f"{name}.json"
    measurement = Measurement(["python", "benchmarks/paper.py", *sys.argv[1:]], seed=arguments.seed)
    if target.exists():
        options = MEASURED_BY if name in CLASSICAL else (*MEASURED_BY, "seed")
        if differs := differences(read_record(target), measurement.command, options, arguments):
            sys.exit(f"{target} has another {' and '.join(differs)}; remove it or name another --results")
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    write_record(target, measurement.record(measure()))
    print(target, flush=True)


def differences(
    record: Record, command: str, options: Sequence[str], arguments: argparse.Namespace
) -> list[str]:
    """What a record was measured otherwise by than a command, written as records have it.

    A record that does not say of which clips it is, is taken as it is.
    """
    before, _ = measuring_options().parse_known_args(shlex.split(record.command)[2:])
    now, _ = measuring_options().parse_known_args(shlex.split(command)[2:])
    found = [option for option in options if getattr(before, option) != getattr(now, option)]
    heard = {str(row["clips_of"]) for row in record.rows if "clips_of" in row}
    if found or not heard:
        return found
    wanted = {contents_of(clips_of(suite, arguments)) for suite in arguments.suites}
    return [] if heard == wanted else ["speech, noise or draw of rooms"]


def configurations(folder: Path, only: Sequence[str] = ()) -> list[Path]:
    """The full network first: all others are compared with it; the first of those that say the same."""
    every = [path for kind in ("ablations", "peers") for path in sorted((folder / kind).glob("*.toml"))]
    configs = [load_config(path) for path in every]
    first = {path.stem: every[configs.index(config)] for path, config in zip(every, configs, strict=True)}
    unknown = set(only) - {*first, "classical"}
    if unknown:
        sys.exit(f"no configurations are called {', '.join(sorted(unknown))}")
    wanted = dict.fromkeys(first[name] for name in first if not only or name in only)
    return sorted(wanted, key=lambda path: path.stem != "full")


def train(config: Path, run: RunFolder, arguments: argparse.Namespace) -> None:
    sets = [word for choice in settings(arguments) for word in ("--set", choice)]
    words = ["train", config, "--run", run.path, "--threads", "1", *sets]
    run_to_end([sys.executable, "-m", "anydoa", *map(str, words)])


def run_to_end(words: Sequence[str]) -> None:
    """Run a program and leave with it if it fails; it is told of signals and has time for a checkpoint."""
    # Of another group, so that what a terminal sends comes from here: if one is closed, as SIGTERM.
    process = subprocess.Popen(words, process_group=0)

    def pass_on(number: int, frame: FrameType | None) -> None:
        process.send_signal(signal.SIGTERM if number == signal.SIGHUP else number)

    told = {
        number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        code = process.wait()
    finally:
        for number, before in told.items():
            signal.signal(number, before)
    if code:
        sys.exit(code if code > 0 else 128 - code)  # as shells have it


def settings(arguments: argparse.Namespace) -> list[str]:
    """Choices that hold for every configuration."""
    data = {
        "bank": arguments.rooms,
        "speech": arguments.speech,
        "noise": arguments.noise,
        "cache": arguments.runs / "cache",
    }
    return [f"seed={arguments.seed}", *(f"data.{name}={json.dumps(str(at))}" for name, at in data.items())]


def refuse_other_run(config: Path, run: RunFolder, arguments: argparse.Namespace) -> None:
    """A run that learned by other choices, or from other sounds, is none of these rows."""
    if not run.model.exists():
        return
    notes, wanted = load_checkpoint(run.model).notes, load_config(config, settings(arguments))
    changed = changed_choices(config_from_dict(notes["config"]), wanted)
    if notes["training"].get("material") != RunScenes(wanted, run.cache, ProcessShare()).contents:
        changed.append("rooms or recordings")
    if changed:
        sys.exit(f"{run.path} learned with another {' and '.join(changed)}; remove it or name another --runs")


def learned_rows(config: Path, run: RunFolder, arguments: argparse.Namespace) -> list[Row]:
    """Rows of every suite; each also says how large the network is and what it has learned from."""
    refuse_other_run(config, run, arguments)
    train(config, run, arguments)
    notes = load_checkpoint(run.model).notes
    estimator = TorchEstimator(run.model, config.stem)
    about = {
        "parameters": sum(parameter.numel() for parameter in estimator.network.parameters()),
        **{f"training_{name}": value for name, value in notes["training"].items()},
    }
    rows = rows_on_suites(estimator, arguments)
    if config.stem == "full" and SUITES[0] in arguments.suites:
        for size in OTHER_GRIDS:
            rows += rows_of(estimator, SUITES[0], size, arguments, limit=LIMIT_OF_OTHER_GRIDS)
    return [{**row, **about} for row in rows]


def rows_on_suites(estimator: str | SpectrumEstimator, arguments: argparse.Namespace) -> list[Row]:
    return [row for suite in arguments.suites for row in rows_of(estimator, suite, GRID, arguments)]


def clips_of(suite: str, arguments: argparse.Namespace) -> Suite:
    return open_suite(
        suite,
        speech=arguments.test_speech or arguments.speech,
        noise=arguments.test_noise or arguments.noise,
        duration_s=arguments.duration,
        cache=arguments.runs / "cache",
    )


def contents_of(suite: Suite) -> str:
    """What tells the clips of a suite from others of the same name."""
    return suite.contents if isinstance(suite, CachedSuite) else suite.name


def rows_of(
    estimator: str | SpectrumEstimator,
    suite: str,
    grid: int,
    arguments: argparse.Namespace,
    *,
    limit: int | None = None,
) -> list[Row]:
    limits = [one for one in (limit, arguments.limit) if one is not None]
    clips = clips_of(suite, arguments)
    scores = run_suite(
        clips,
        [estimator],
        fibonacci_grid(grid),
        limit=min(limits, default=None),
        look_ahead_s=[0.0],
    )
    rows = record_rows(scores, grid=f"fibonacci:{grid}", rule="published")
    return [{**row, **clip_columns(scores, row), "clips_of": contents_of(clips)} for row in rows]


def clip_columns(scores: Sequence[ClipScore], row: Row) -> dict[str, list[float]]:
    """Errors and shares of each clip of a row, so that methods can be compared clip by clip."""
    frames = [
        score.frames
        for score in scores
        if (score.suite, score.talkers) == (row["suite"], row["talkers"]) and score.frames.num_trials
    ]
    return {"clips_mae_deg": [one.mae_deg for one in frames], "clips_acc10": [one.acc10 for one in frames]}


if __name__ == "__main__":
    main()

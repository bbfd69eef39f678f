"""The paper's comparison and its ablations: each configuration trained and tried out, one budget for all.

    python benchmarks/paper.py --rooms ROOMS --speech SPEECH --noise NOISE --runs FOLDER [--only NAME ...]

Writes results/paper/NAME.json; with --seed 1, NAME-1.json. What is there is left out, and a run that was
stopped goes on, so the same command may be stopped and started until all is done. Every row has the same
rooms, voices and order of clips.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from anydoa.evaluation import open_suite, run_suite
from anydoa.evaluation.report import report_rows, rows_to_json
from anydoa.geometry.grid import fibonacci_grid
from anydoa.training import RunFolder
from anydoa.training.agg_rl import TorchEstimator

ROOT = Path(__file__).parents[1]
SUITES = ("dynamic-s", "dynamic-u", "array:nao-v4", "array:em32")
GRID = 2048
OTHER_GRIDS = (128, 512, 1024, 4096, 8192)  # of the full network, on the first suite
LIMIT_OF_OTHER_GRIDS = 60  # clips a row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rooms", "speech", "noise", "runs"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=[], help="names of configurations")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=None, help="most clips of a row")
    parser.add_argument("--results", type=Path, default=ROOT / "results" / "paper")
    arguments = parser.parse_args()
    for config in configurations(arguments.only):
        name = config.stem + (f"-{arguments.seed}" if arguments.seed else "")
        target = arguments.results / f"{name}.json"
        if target.exists():
            continue
        run = RunFolder(arguments.runs / name)
        train(config, run, arguments)
        measured = measure(run, config.stem, arguments)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".part")
        partial.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
        partial.replace(target)
        print(target, flush=True)


def configurations(only: list[str]) -> list[Path]:
    """The full network first: all others are compared with it."""
    every = [
        path
        for folder in ("ablations", "peers")
        for path in sorted((ROOT / "configs" / folder).glob("*.toml"))
    ]
    unknown = set(only) - {path.stem for path in every}
    if unknown:
        sys.exit(f"no configurations are called {', '.join(sorted(unknown))}")
    return sorted(
        (path for path in every if not only or path.stem in only), key=lambda path: path.stem != "full"
    )


def train(config: Path, run: RunFolder, arguments: argparse.Namespace) -> None:
    options = {
        "--bank": arguments.rooms,
        "--speech": arguments.speech,
        "--noise": arguments.noise,
        "--run": run.path,
    }
    words = [str(word) for pair in options.items() for word in pair]
    choices = [f"seed={arguments.seed}", f"data.cache={arguments.runs / 'cache'}"]
    sets = [word for choice in choices for word in ("--set", choice)]
    subprocess.run(
        [sys.executable, "-m", "anydoa", "train", config, "--threads", "1", *words, *sets], check=True
    )


def measure(run: RunFolder, name: str, arguments: argparse.Namespace) -> dict[str, object]:
    estimator = TorchEstimator(run.model, name)
    rows = [row for suite in SUITES for row in rows_of(estimator, suite, GRID, arguments.limit, arguments)]
    if name == "full":
        for size in OTHER_GRIDS:
            limit = min(arguments.limit or LIMIT_OF_OTHER_GRIDS, LIMIT_OF_OTHER_GRIDS)
            rows += rows_of(estimator, SUITES[0], size, limit, arguments)
    return {
        "name": name,
        "seed": arguments.seed,
        "parameters": sum(parameter.numel() for parameter in estimator.network.parameters()),
        "training": run.read_log()[-1],
        "rows": rows,
    }


def rows_of(
    estimator: TorchEstimator, suite: str, grid: int, limit: int | None, arguments: argparse.Namespace
) -> list[dict[str, object]]:
    clips = open_suite(suite, speech=arguments.speech, noise=arguments.noise, cache=arguments.runs / "cache")
    scores = run_suite(clips, [estimator], fibonacci_grid(grid), limit=limit)
    return [{**row, "grid": grid} for row in json.loads(rows_to_json(report_rows(scores)))]


if __name__ == "__main__":
    main()

"""Does a score of 0.8 mean right 8 times in 10? Prints a Markdown table and draws a picture.

    python benchmarks/reliability.py --suite dynamic-s --limit 100 --plot docs/images/reliability.png

Every peak of every frame, as `anydoa locate` finds them with the threshold lowered to 0.05, is right if
somebody speaks within 10 degrees of it. Speech and noise as in `anydoa evaluate`: Asterisk prompts and
generated noise unless folders are given.
"""

import argparse
import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from recording import BenchmarkRecord, add_record_option
from threadpoolctl import threadpool_limits

from anydoa.estimators import DEFAULT_ESTIMATOR, make_estimator
from anydoa.evaluation import SuiteClip, first_clips, open_suite
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.geometry.grid import fibonacci_grid
from anydoa.metrics.localization import TOLERANCE_DEG
from anydoa.peaks import PeakFinder
from anydoa.plotting import FAINT, INK, picture
from anydoa.spectrum import SpectrumEstimator

LEAST = 0.05
EDGES = np.array([LEAST, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])


def gather(
    clips: Iterable[SuiteClip], estimator: SpectrumEstimator
) -> tuple[Float[np.ndarray, "peak"], Bool[np.ndarray, "peak"]]:
    """Score of every peak, and whether it is right."""
    grid = fibonacci_grid()
    finder = PeakFinder(grid, threshold=LEAST)
    scores, right = [], []
    for clip in clips:
        spectrum = estimator.spectrum(clip.audio, clip.array, grid)
        active = clip.active_at(spectrum.times_s)
        truth = clip.array.ambiguity.fold(clip.directions_at(spectrum.times_s))
        for values, speaks, places in zip(spectrum.values, active, truth, strict=True):
            for peak in finder.find(values):
                heard = clip.array.ambiguity.fold(peak.direction)
                distance = great_circle_distance_deg(heard, places[speaks])
                scores.append(peak.score)
                right.append(bool((distance <= TOLERANCE_DEG).any()))
    return np.array(scores), np.array(right)


def tabulate(scores: np.ndarray, right: np.ndarray) -> list[tuple[float, float, int]]:
    """Mean score, share of right ones and count between the edges; nothing where there are none."""
    rows = []
    for low, high in itertools.pairwise(EDGES):
        here = (scores >= low) & ((scores < high) | (high == EDGES[-1]))
        if here.any():
            rows.append((float(scores[here].mean()), float(right[here].mean()), int(here.sum())))
    return rows


def mean_difference(rows: list[tuple[float, float, int]]) -> float:
    """Between what scores say and how many are right, over all peaks."""
    total = sum(count for _, _, count in rows)
    return sum(abs(said - share) * count for said, share, count in rows) / total


def draw(rows: list[tuple[float, float, int]], path: Path, title: str) -> None:
    """Share of right ones against what was said, with the diagonal they should lie on."""
    said, right, count = (np.array(column) for column in zip(*rows, strict=True))
    with picture(path, (4.2, 4.2)) as figure:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=FAINT, zorder=1)
        axes.scatter(said, right, s=20 + 180 * count / count.max(), color="#2f6fab", zorder=2)
        axes.set(xlabel="score", ylabel="right within 10°", xlim=(0, 1), ylim=(0, 1), title=title)
        axes.tick_params(colors=INK)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--suite", default="dynamic-s")
    parser.add_argument("--estimator", default=DEFAULT_ESTIMATOR)
    parser.add_argument("--limit", type=int, default=None, help="most clips of each number of talkers")
    parser.add_argument("--speech", type=Path, default=None)
    parser.add_argument("--noise", type=Path, default=None)
    parser.add_argument("--cache", type=Path, default=None)
    parser.add_argument("--plot", type=Path, default=None)
    add_record_option(parser)
    arguments = parser.parse_args()
    recording = BenchmarkRecord(arguments.record, seed=0)
    suite = open_suite(arguments.suite, speech=arguments.speech, noise=arguments.noise, cache=arguments.cache)
    clips = (suite[index] for index in first_clips(suite, arguments.limit))
    with threadpool_limits(1):
        scores, right = gather(clips, make_estimator(arguments.estimator))
    rows = tabulate(scores, right)
    print(f"{arguments.estimator} on {arguments.suite}\n\n| said | right | peaks |\n|---|---|---|")
    for said, share, count in rows:
        print(f"| {said:.2f} | {share:.2f} | {count} |")
    print(f"\nmean difference {mean_difference(rows):.3f}")
    recording.keep([{"said": said, "right": share, "peaks": count} for said, share, count in rows])
    if arguments.plot is not None:
        draw(rows, arguments.plot, f"{arguments.estimator}, {arguments.suite}")


if __name__ == "__main__":
    main()

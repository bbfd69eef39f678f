"""From which score on is a peak a talker? F1 of several thresholds, on rooms and voices held out of a run.

    python benchmarks/threshold.py CONFIG --model FOLDER --bank DIR --speech DIR --noise DIR --cache DIR

Half of the clips have one talker, half two; F1 is that of each half, and their mean. None of the clips is one
that the run was validated with. The threshold goes into the card, such as configs/agg-rl.card.json.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from recording import BenchmarkRecord, add_record_option
from threadpoolctl import threadpool_limits

from anydoa.estimators import make_estimator
from anydoa.evaluation import SuiteClip
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import fibonacci_grid
from anydoa.metrics.detection import DetectionCounts, count_detections, score
from anydoa.peaks import PeakFinder
from anydoa.spectrum import SpectrumEstimator
from anydoa.training import ProcessShare, RunScenes, load_config

THRESHOLDS = [round(0.02 * step, 2) for step in range(6, 25)]
FIRST = 1000  # clip; those that validate a run are the first ones


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path, help="configuration of the run")
    parser.add_argument("--model", required=True, metavar="FOLDER", help="model that the run gave")
    for name in ("bank", "speech", "noise", "cache"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="as the run had it")
    parser.add_argument("--clips", type=int, default=60, help="of each number of talkers")
    parser.add_argument("--duration", type=float, default=2.0, help="seconds of a clip")
    add_record_option(parser)
    arguments = parser.parse_args()
    recording = BenchmarkRecord(arguments.record, seed=load_config(arguments.config).seed)
    estimator = make_estimator(arguments.model)
    with threadpool_limits(1):
        counts = {talkers: count(held_out(talkers, arguments), estimator) for talkers in (1, 2)}
    rows = []
    print("| threshold | 1 talker | 2 talkers | mean |\n|--:|--:|--:|--:|")
    for place, threshold in enumerate(THRESHOLDS):
        f1 = [score(counts[talkers][place]).f1 for talkers in (1, 2)]
        rows.append({"estimator": estimator.name, "threshold": threshold, "f1_1": f1[0], "f1_2": f1[1]})
        print(f"| {threshold:.2f} | {f1[0]:.3f} | {f1[1]:.3f} | {np.mean(f1):.3f} |")
    recording.keep(rows)


def held_out(talkers: int, arguments: argparse.Namespace) -> Iterator[SuiteClip]:
    """Clips of rooms and voices that the run has not learned from, with 4 to 12 microphones in turn."""
    folders = {"bank": arguments.bank, "speech": arguments.speech, "noise": arguments.noise}
    config = load_config(arguments.config)
    config = replace(config, data=replace(config.data, **{key: str(path) for key, path in folders.items()}))
    scenes = RunScenes(config, arguments.cache, ProcessShare())
    counts = scenes.held_out().microphone_counts(config.validation.microphones, "validation")
    mixer = scenes.held_out_mixer(talkers, config.mix, duration_s=arguments.duration)
    for number in range(FIRST, FIRST + arguments.clips):
        scene = mixer.scene(number, num_mics=counts[number % len(counts)])
        yield SuiteClip.from_scene(
            scene, MicrophoneArray(scene.positions), name=str(number), suite="held out"
        )


def count(clips: Iterator[SuiteClip], estimator: SpectrumEstimator) -> list[DetectionCounts]:
    """Hits, estimates and talkers of all clips for each threshold, frames judged by their past alone."""
    found = [DetectionCounts()] * len(THRESHOLDS)
    for clip in clips:
        grid = clip.array.ambiguity.distinct(fibonacci_grid())
        spectrum = estimator.spectrum(clip.audio, clip.array, grid)
        active = clip.active_at(spectrum.times_s)
        truth = clip.array.ambiguity.fold(clip.directions_at(spectrum.times_s))
        for place, threshold in enumerate(THRESHOLDS):
            finder = PeakFinder(
                grid, array=clip.array, threshold=threshold, chances=estimator.values_are_chances
            )
            peaks = [
                np.array([peak.direction for peak in finder.find(values)]).reshape(-1, 3)
                for values in spectrum.values
            ]
            found[place] += count_detections(peaks, truth, active)
    return found


if __name__ == "__main__":
    main()

"""Steering vectors of the rigid sphere an array sits on against those of free field. Prints Markdown.

    python benchmarks/sphere.py                # 30 rooms, made voices, some minutes
    python benchmarks/sphere.py --rooms 4
    python benchmarks/sphere.py --speech DIR   # real speech, test speakers of a corpus

Rooms of RT60 0.6 s, each with one talker for 2 s, 20 dB above the noise of the microphones, heard by an
array on a simulated rigid sphere. The same recordings are located twice: told of the sphere, and not. One
thread.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from anydoa.estimators import make_estimator
from anydoa.evaluation import ClipScore, Material, SuiteClip, score_clip
from anydoa.geometry.grid import fibonacci_grid
from anydoa.io import load_array
from anydoa.metrics.localization import LocalizationScore, summarize
from anydoa.simulation import write_voices
from anydoa.simulation.corpus import read_corpus
from anydoa.simulation.mixing import mix_in_new_rooms
from anydoa.simulation.pool import AudioPool, load_pool
from anydoa.simulation.recipe import MixRecipe, RoomRanges
from anydoa.simulation.rooms import RoomPlan

SECONDS = 2.0
RT60_S = 0.6
SNR_DB = 20.0
PITCHES_HZ = [100.0, 140.0, 190.0, 240.0]
GRID = fibonacci_grid(2048)
SEED = 6042


def made_voices() -> AudioPool:
    """Seeded voices, made from nothing."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = read_corpus(write_voices(Path(folder) / "voices", PITCHES_HZ, seconds=20.0), "speech")
        return load_pool(corpus.utterances, kind="speech")


def clips(preset: str, voices: AudioPool, num_rooms: int, num_talkers: int) -> Iterator[SuiteClip]:
    """Recordings of an array on its sphere, a new room each."""
    array = load_array(preset)
    plan = RoomPlan(
        num_rooms=num_rooms,
        seed=SEED + num_talkers,
        num_talkers=num_talkers,
        num_noises=0,
        ranges=RoomRanges(rt60=(RT60_S, RT60_S)),
    ).with_array(array)
    recipe = MixRecipe(
        min_talkers=num_talkers, snr_db=(SNR_DB, SNR_DB), rotation="none", permute=False, min_activity=0.5
    )
    scenes = mix_in_new_rooms(plan, voices, None, duration_s=SECONDS, max_talkers=num_talkers, recipe=recipe)
    for index, scene in enumerate(scenes):
        yield SuiteClip.from_scene(scene, array, name=f"{preset}/{index}", suite=preset)


def in_free_field(clip: SuiteClip) -> SuiteClip:
    """The same recording, told nothing of the sphere."""
    return replace(clip, array=clip.array.replace(rigid_sphere_radius=None))


def shown(scores: list[LocalizationScore]) -> str:
    """Mean error and accuracy with intervals."""
    total = summarize(scores)
    return f"{total.mae_deg:.2f}±{total.mae_ci95:.2f} / {100 * total.acc10:.1f}±{100 * total.acc10_ci95:.1f}"


def row(steering: str, scores: list[ClipScore]) -> str:
    """One line of the table."""
    share = np.sum([one.busy_s for one in scores]) / np.sum([one.duration_s for one in scores])
    return (
        f"| {scores[0].estimator} | {scores[0].talkers} | {steering} "
        f"| {shown([one.frames for one in scores])} | {shown([one.recording for one in scores])} "
        f"| {share:.2f} |"
    )


def print_gain(free: list[ClipScore], around: list[ClipScore]) -> None:
    """What the sphere's steering vectors gain on the same clips, with the paired difference's interval."""
    gain = np.array([a.frames.mae_deg - b.frames.mae_deg for a, b in zip(free, around, strict=True)])
    gain = gain[~np.isnan(gain)]  # where nobody spoke in a scored frame
    half = 1.96 * gain.std(ddof=1) / np.sqrt(len(gain))
    gained = f"{gain.mean():.2f}±{half:.2f} degrees a clip"
    print(f"\n{around[0].estimator}: the sphere's steering vectors gain {gained}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rooms", type=int, default=30)
    parser.add_argument("--speech", type=Path, help="folder of a corpus, whose test speakers are used")
    parser.add_argument("--preset", default="em32", help="array on a rigid sphere")
    parser.add_argument("--talkers", type=int, default=1)
    parser.add_argument("--estimators", nargs="+", default=["srp-phat", "music", "steered"])
    options = parser.parse_args()
    voices = Material(options.speech).speech_pool if options.speech else made_voices()
    estimators = [make_estimator(name) for name in options.estimators]
    free: list[list[ClipScore]] = [[] for _ in estimators]
    around: list[list[ClipScore]] = [[] for _ in estimators]
    with threadpool_limits(1):
        for clip in clips(options.preset, voices, options.rooms, options.talkers):
            for estimator, untold, told in zip(estimators, free, around, strict=True):
                untold.append(score_clip(estimator, in_free_field(clip), GRID))
                told.append(score_clip(estimator, clip, GRID))
    print(
        "| estimator | talkers | steering vectors | frames: MAE ° / ACC10 % | recording: MAE ° / ACC10 % "
        "| share of real time |\n|---|--:|---|--:|--:|--:|"
    )
    for untold, told in zip(free, around, strict=True):
        print(row("free field", untold))
        print(row("sphere", told))
    for untold, told in zip(free, around, strict=True):
        print_gain(untold, told)


if __name__ == "__main__":
    main()

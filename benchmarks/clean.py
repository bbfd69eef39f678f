"""Is an estimator ever worse than SRP-PHAT where nothing is hard? Every bundled array, clean speech, no room.

    python benchmarks/clean.py                # 4 clips an array, a few minutes
    python benchmarks/clean.py --clips 1
    python benchmarks/clean.py --speech DIR   # real speech, test speakers of a corpus

One talker far away, 2 s, no echo and no noise but rounding; around the rigid sphere where the array sits on
one. Errors are those of every frame in which the talker speaks, at the highest of 2048 directions; straight
and flat arrays are asked only for what they can tell apart. A row is marked where an estimator is worse than
SRP-PHAT by more than half the spacing of the grid and the 95 % interval of the difference on the same clips.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from recording import BenchmarkRecord, add_record_option
from threadpoolctl import threadpool_limits

from anydoa.acoustics import sphere_response
from anydoa.estimators import make_estimator
from anydoa.evaluation import ClipScore, Material, SuiteClip, score_clip
from anydoa.evaluation.record import Row
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import great_circle_distance
from anydoa.geometry.grid import fibonacci_grid
from anydoa.io import list_presets, load_array
from anydoa.simulation import write_voices
from anydoa.simulation.corpus import read_corpus
from anydoa.simulation.pool import AudioPool, load_pool
from anydoa.simulation.room import sample_direction

SAMPLE_RATE = 16_000
SECONDS = 2.0
PITCHES_HZ = [100.0, 140.0, 190.0, 240.0]
ROUNDING = 1e-5  # of full scale: half a step of 16 bits
GRID = fibonacci_grid(2048)
SEED = 28
BASELINE = "srp-phat"


def made_voices() -> AudioPool:
    """Seeded voices, made from nothing."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = read_corpus(write_voices(Path(folder) / "voices", PITCHES_HZ, seconds=20.0), "speech")
        return load_pool(corpus.utterances, kind="speech")


def heard(array: MicrophoneArray, direction: np.ndarray, dry: np.ndarray) -> np.ndarray:
    """A plane wave at the microphones, exact at every frequency."""
    frequency = np.fft.rfftfreq(len(dry), 1 / SAMPLE_RATE)
    if array.rigid_sphere_radius is None:
        delay = -(array.centred_positions @ direction) / array.speed_of_sound
        response = array.gains(direction)[:, None] * np.exp(-2j * np.pi * frequency * delay[:, None])
    else:
        wave_number = 2 * np.pi * frequency * array.rigid_sphere_radius / array.speed_of_sound
        response = sphere_response(wave_number, great_circle_distance(array.positions, direction))
    return np.fft.irfft(response * np.fft.rfft(dry), len(dry))


def clip(array: MicrophoneArray, voices: AudioPool, index: int) -> SuiteClip:
    """A talker somewhere around an array; the same voice and direction for every array."""
    rng = np.random.default_rng((SEED, index))
    group = int(rng.integers(len(voices.groups)))
    speech = voices.cut_segment(group, round(SECONDS * SAMPLE_RATE), rng, min_activity=0.7)
    direction = sample_direction(rng)
    audio = heard(array, direction, speech.dry)
    audio += ROUNDING * rng.uniform(-1, 1, audio.shape)
    return SuiteClip(
        name=f"{array.name}/{index}",
        suite=array.name,
        audio=audio.astype(np.float32),
        array=array,
        directions=direction[None, None],
        activity=speech.activity[None],
    )


def difference(scores: list[ClipScore], rivals: list[ClipScore]) -> tuple[float, float]:
    """Mean error of some scores over that of their rivals, and half of the difference's 95 % interval.

    One clip has no interval: 0.
    """
    apart = np.array([a.frames.mae_deg - b.frames.mae_deg for a, b in zip(scores, rivals, strict=True)])
    half = 1.96 * apart.std(ddof=1) / np.sqrt(len(apart)) if len(apart) > 1 else 0.0
    return float(apart.mean()), float(half)


def row(array: MicrophoneArray, scores: dict[str, list[ClipScore]]) -> str:
    """One line of the table."""
    cells = [f"{np.mean([one.frames.mae_deg for one in of_one]):.2f}" for of_one in scores.values()]
    resolution = float(np.degrees(GRID.spacing)) / 2
    worse = []
    for name in list(scores)[1:]:
        mean, half = difference(scores[name], scores[BASELINE])
        if mean > max(half, resolution):
            worse.append(f"{name} by {mean:.1f}" + (f"±{half:.1f}" if half else ""))
    return f"| {array.name} | {array.num_microphones} | {' | '.join(cells)} | {', '.join(worse)} |"


def record_rows(array: MicrophoneArray, scores: dict[str, list[ClipScore]]) -> list[Row]:
    """Mean error of each estimator, and how much more it is than that of SRP-PHAT."""
    rows: list[Row] = []
    for name, of_one in scores.items():
        mean, half = difference(of_one, scores[BASELINE])
        error = float(np.mean([one.frames.mae_deg for one in of_one]))
        more = {"more_than_srp_phat_deg": mean, "more_ci95": half}
        rows.append({"array": array.name, "estimator": name, "clips": len(of_one), "mae_deg": error, **more})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=4, help="of each array")
    parser.add_argument("--speech", type=Path, help="folder of a corpus, whose test speakers are used")
    parser.add_argument("--estimators", nargs="+", default=["steered", "agg-rl"], help="besides srp-phat")
    add_record_option(parser)
    options = parser.parse_args()
    recording, rows = BenchmarkRecord(options.record, seed=SEED), []
    names = [BASELINE, *options.estimators]
    voices = Material(options.speech).speech_pool if options.speech else made_voices()
    print(f"| array | microphones | {' | '.join(names)} | worse than {BASELINE} |")
    print("|---|--:|" + "--:|" * len(names) + "---|", flush=True)
    estimators = [make_estimator(name) for name in names]
    with threadpool_limits(1):
        for array in map(load_array, list_presets()):
            clips = [clip(array, voices, index) for index in range(options.clips)]
            scores = {one.name: [score_clip(one, each, GRID) for each in clips] for one in estimators}
            print(row(array, scores), flush=True)
            rows += record_rows(array, scores)
    recording.keep(rows)


if __name__ == "__main__":
    main()

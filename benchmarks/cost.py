"""How much of one core each estimator takes on a stream. Prints a Markdown table.

    python benchmarks/cost.py                      # 4, 6, 16 and 32 microphones
    python benchmarks/cost.py --mics 6 --seconds 30

Two talkers in free field with noise of the microphones, random arrays in a ball of 8 cm, 2048 directions,
chunks of 64 ms, one thread. Processor time over the time of the recording, without the first second, in which
what depends on the array is prepared. Estimators take turns; the figure is the median of the turns.
"""

import argparse
import time

import numpy as np
from free_field import plane_wave, random_array, random_direction, talker
from recording import BenchmarkRecord, add_record_option
from threadpoolctl import threadpool_limits

from anydoa.estimators import make_estimator
from anydoa.geometry.grid import fibonacci_grid
from anydoa.spectrum import SpectrumEstimator

RATE = 16_000
CHUNK = 1024
GRID = fibonacci_grid(2048)


def load(estimator: SpectrumEstimator, num_mics: int, *, seconds: float, seed: int) -> float:
    """Processor time over recorded time."""
    rng = np.random.default_rng(seed)
    array, count = random_array(rng, num_mics, radius=0.08), round((seconds + 1) * RATE)
    audio = sum(plane_wave(array, random_direction(rng), talker(rng, count)) for _ in range(2))
    audio = (audio + 0.1 * rng.standard_normal(audio.shape)).astype(np.float32)
    stream = estimator.stream(array, GRID)
    stream.push(audio[:, :RATE])
    began = time.process_time()
    for start in range(RATE, count - CHUNK + 1, CHUNK):
        stream.push(audio[:, start : start + CHUNK])
    return (time.process_time() - began) / seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mics", type=int, nargs="+", default=[4, 6, 16, 32])
    parser.add_argument("--estimators", nargs="+", default=["steered", "srp-phat", "music", "agg-rl"])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--turns", type=int, default=3)
    add_record_option(parser)
    arguments = parser.parse_args()
    recording, rows = BenchmarkRecord(arguments.record), []
    estimators = [make_estimator(name) for name in arguments.estimators]
    print("| microphones | " + " | ".join(estimator.name for estimator in estimators) + " |")
    print("|---|" + "---|" * len(estimators))
    with threadpool_limits(1):
        for num_mics in arguments.mics:
            turns = [
                [load(one, num_mics, seconds=arguments.seconds, seed=turn) for one in estimators]
                for turn in range(arguments.turns)
            ]
            medians = np.median(turns, axis=0).tolist()
            rows += [
                {"microphones": num_mics, "estimator": one.name, "core_share": median}
                for one, median in zip(estimators, medians, strict=True)
            ]
            cells = " | ".join(f"{median:.3f}" for median in medians)
            print(f"| {num_mics} | {cells} |", flush=True)
    recording.keep(rows)


if __name__ == "__main__":
    main()

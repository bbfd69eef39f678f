"""How many sources estimators find where there are none. Prints a Markdown table.

    python benchmarks/noise.py                     # 2 to 32 microphones, four kinds of noise
    python benchmarks/noise.py --estimators music --mics 6 16 --seconds 30

Random arrays in a ball of 8 cm, 2048 directions. White noise of each microphone by itself, the same with most
of its power below 500 Hz, a field that comes from everywhere alike, and both at once. A cell has the sources
named for recordings of 5 s, for each minute of them, and the share of frames with a source.
"""

import argparse
from collections.abc import Callable

import numpy as np
from free_field import random_array

from anydoa.estimators import make_estimator
from anydoa.geometry.grid import fibonacci_grid
from anydoa.localizer import Localizer
from anydoa.simulation.noise import coherence_in_free_field, diffuse_noise, sensor_noise

RATE = 16_000
PIECE_S = 5
GRID = fibonacci_grid(2048)

Noise = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]


def white(mics: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    return sensor_noise(len(mics), count, rng)


def rumble(mics: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    frequency = np.fft.rfftfreq(count, 1 / RATE)
    return np.fft.irfft(np.fft.rfft(white(mics, count, rng)) / (1 + frequency / 500), count)


def diffuse(mics: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    return diffuse_noise(coherence_in_free_field(mics), (1, count), rng)[0]


def both(mics: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    return diffuse(mics, count, rng) + 0.3 * white(mics, count, rng)


NOISES: dict[str, Noise] = {"white": white, "rumble": rumble, "diffuse": diffuse, "both": both}


def false_sources(
    name: str, num_mics: int, noise: Noise, *, seconds: float, seed: int
) -> tuple[float, float]:
    """Sources a minute of answers for recordings, and share of frames that name any."""
    rng = np.random.default_rng(seed)
    estimator = make_estimator(name)
    sources = frames = with_source = 0
    pieces = max(1, round(seconds / PIECE_S))
    for _ in range(pieces):
        array = random_array(rng, num_mics, radius=0.08)
        audio = 0.05 * noise(array.positions, PIECE_S * RATE, rng)
        result = Localizer(array, GRID, estimator).locate(audio.astype(np.float32), RATE)
        sources += len(result.directions)
        frames += len(result.frames)
        with_source += sum(bool(frame.sources) for frame in result.frames)
    return sources * 60 / (pieces * PIECE_S), with_source / frames


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mics", type=int, nargs="+", default=[2, 3, 4, 6, 8, 12, 16, 32])
    parser.add_argument("--estimators", nargs="+", default=["steered", "srp-phat", "music", "agg-rl"])
    parser.add_argument("--noises", nargs="+", default=list(NOISES), choices=list(NOISES))
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    print("| estimator | microphones | " + " | ".join(arguments.noises) + " |")
    print("|---|---|" + "---|" * len(arguments.noises))
    for name in arguments.estimators:
        for num_mics in arguments.mics:
            cells = []
            for kind in arguments.noises:
                a_minute, share = false_sources(
                    name, num_mics, NOISES[kind], seconds=arguments.seconds, seed=num_mics
                )
                cells.append(f"{a_minute:.0f} / {share:.0%}")
            print(f"| {name} | {num_mics} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()

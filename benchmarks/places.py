"""How exactly `anydoa.locate` places one talker without echo, on any grid. Prints a Markdown table.

    python benchmarks/places.py                # 40 arrays of each kind, some minutes
    python benchmarks/places.py --arrays 4 --estimator srp-phat --grids product:36x7 product:72x13
    python benchmarks/places.py --on-grid --kinds "20 cm" line --grids fibonacci:12 hemisphere:40,up

A second of sound from far away, 30 dB above the noise of the microphones, of which there are six in a ball of
20 cm; in one of 50 cm; in the small ball, such as turn sound from behind upside down; and on a line of 20 cm,
of which the error is that of the angle to the line. With --on-grid it comes from a direction of the grid.
"""

import argparse

import numpy as np
from free_field import plane_wave, random_array, random_direction, talker
from threadpoolctl import threadpool_limits

import anydoa
from anydoa.estimators import make_estimator
from anydoa.geometry import MicrophoneArray, MicrophonePattern
from anydoa.geometry.coordinates import great_circle_distance_deg, random_rotation, rotate
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.geometry.layouts import linear_positions
from anydoa.io import load_grid
from anydoa.spectrum import SpectrumEstimator

RATE = 16_000
MICS = 6
SNR_DB = 30.0
KINDS = ("20 cm", "50 cm", "20 cm, patterns")
LINE = "line"
GRIDS = ("fibonacci:512", "fibonacci:2048", "fibonacci:8192")


def make_array(kind: str, rng: np.random.Generator) -> MicrophoneArray:
    """An array of a kind."""
    if kind == LINE:
        return MicrophoneArray(rotate(linear_positions(MICS, 0.04), random_rotation(rng)), LINE)
    array = random_array(rng, MICS, radius=0.25 if kind == "50 cm" else 0.1)
    if not kind.endswith("patterns"):
        return array
    axes = rotate(fibonacci_grid(MICS).directions, random_rotation(rng))
    return array.replace(patterns=[MicrophonePattern(0.25, tuple(axis)) for axis in axes])


def error_deg(
    estimator: SpectrumEstimator, kind: str, grid: DirectionGrid, seed: int, *, on_grid: bool = False
) -> float:
    """Error of the one answer for one array; the same array and sound on every grid."""
    rng = np.random.default_rng(seed)
    array, direction = make_array(kind, rng), random_direction(rng)
    if on_grid:
        direction = grid.directions[int(grid.nearest(direction))]
    heard = plane_wave(array, direction, talker(rng, RATE)) * array.gains(direction)[:, None]
    audio = heard + 10 ** (-SNR_DB / 20) * rng.standard_normal(heard.shape)
    result = anydoa.locate(
        (0.2 * audio).astype(np.float32),
        array,
        sample_rate=RATE,
        grid=grid,
        estimator=estimator,
        num_sources=1,
    )
    found = result.directions[0].direction
    if array.ambiguity.cones is None:
        return float(great_circle_distance_deg(found, direction))
    return float(np.rad2deg(np.ptp(array.ambiguity.cones.angles(np.stack([found, direction])))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arrays", type=int, default=40, help="of each kind")
    parser.add_argument("--estimator", default="steered")
    parser.add_argument("--grids", nargs="+", default=GRIDS)
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=(*KINDS, LINE), help="of arrays")
    parser.add_argument("--on-grid", action="store_true", help="talkers in directions of the grid")
    options = parser.parse_args()
    estimator = make_estimator(options.estimator)
    print("Error in degrees, median / 90 % / worst.\n")
    print(f"| grid | {' | '.join(options.kinds)} |")
    print("|---|" + "--:|" * len(options.kinds))
    with threadpool_limits(1):
        for name in options.grids:
            grid, cells = load_grid(name), []
            for kind in options.kinds:
                errors = [
                    error_deg(estimator, kind, grid, seed, on_grid=options.on_grid)
                    for seed in range(options.arrays)
                ]
                cells.append(" / ".join(f"{value:.2f}" for value in np.percentile(errors, [50, 90, 100])))
            print(f"| `{name}` | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

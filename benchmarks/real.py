"""Real recordings whose truth is known, by every bundled estimator; heads also as balls.

    python benchmarks/real.py --real DIR      # a folder of folders, as docs/evaluation.md describes them

As `anydoa evaluate --suite real:DIR --rule maxima --look-ahead 0`, with a row more for two microphones a head
apart: in free air as their array file says, then on a hard ball whose radius is half their distance. Rows say
what part of a direction is known, and how well.
"""

import argparse
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from recording import BenchmarkRecord, add_record_option

from anydoa.evaluation import RealRecording, RealSuite, RecordedSuite, run_suite
from anydoa.evaluation.record import Row
from anydoa.evaluation.report import record_rows
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import fibonacci_grid

ESTIMATORS = ("steered", "srp-phat", "music", "agg-rl")
GRID = fibonacci_grid(2048)
HEAD_M = 0.15, 0.2  # distance between ears


class HeadOnBall(RealRecording):
    """The same recording, its two microphones at the ends of a diameter of a hard ball."""

    @cached_property
    def array(self) -> MicrophoneArray:
        """Centred on the ball, as large as the head."""
        ears = super().array
        centred = ears.body_positions - ears.body_positions.mean(axis=0)
        return ears.replace(body_positions=centred, rigid_sphere_radius=ears.span / 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, required=True, help="folder of folders with a truth.json")
    add_record_option(parser)
    options = parser.parse_args()
    recording, recordings = BenchmarkRecord(options.record), RealSuite(options.real).recordings
    rows = measure([*recordings, *on_balls(recordings)])
    for row in rows:
        print(
            row["estimator"], row["suite"], row["talkers"], row["recording_mae_deg"], row["recording_within"]
        )
    recording.keep(rows)


def on_balls(recordings: Sequence[RealRecording]) -> list[RealRecording]:
    """The recordings of heads among these, as those of balls, under names of their own."""
    return [
        HeadOnBall(one.path, f"{one.folder} on a ball", one.truth, one.own)
        for one in recordings
        if is_head(one.array)
    ]


def is_head(array: MicrophoneArray) -> bool:
    """Whether it is two microphones in free air, a head apart."""
    return array.num_microphones == 2 and HEAD_M[0] <= array.span <= HEAD_M[1] and array.levels_are_equal


def measure(recordings: Sequence[RealRecording]) -> list[Row]:
    """Rows of recordings, with what is known of their directions and within how many degrees."""
    suite = RecordedSuite("real", recordings)
    scores = run_suite(suite, ESTIMATORS, GRID, rule="maxima", look_ahead_s=[0.0])
    truth = {one.row[0]: one.truth for one in recordings}
    return [
        {
            **row,
            "known": truth[str(row["suite"])]["kind"],
            "tolerance_deg": truth[str(row["suite"])]["tolerance_deg"],
        }
        for row in record_rows(scores, grid=GRID.name, rule="maxima")
    ]


if __name__ == "__main__":
    main()

"""Real recordings whose truth is known, by every bundled estimator; heads also as balls.

    python benchmarks/real.py --real DIR      # a folder of folders, as docs/evaluation.md describes them

As `anydoa evaluate --suite real:DIR --rule maxima --look-ahead 0`, with a row more for two microphones a head
apart: in free air as their array file says, then on a hard ball whose radius is half their distance. Rows say
what part of a direction is known, and how well.
"""

import argparse
import os
import tempfile
from pathlib import Path

from recording import Recording, add_record_option

from anydoa.evaluation import RealRecording, RealSuite, run_suite
from anydoa.evaluation.record import Row
from anydoa.evaluation.report import record_rows
from anydoa.geometry.grid import fibonacci_grid
from anydoa.io import save_array

ESTIMATORS = ("steered", "srp-phat", "music", "agg-rl")
GRID = fibonacci_grid(2048)
HEAD_M = 0.15, 0.2  # distance between ears


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, required=True, help="folder of folders with a truth.json")
    add_record_option(parser)
    options = parser.parse_args()
    recording, suite = Recording(options.record), RealSuite(options.real)
    rows = measure(suite)
    with tempfile.TemporaryDirectory() as folder:
        heads = sorted({one.path.parent for one in suite.recordings if is_head(one)})
        for head in heads:
            put_on_ball(head, Path(folder) / f"{head.name} on a ball")
        if heads:
            rows += measure(RealSuite(Path(folder)))
    for row in rows:
        print(
            row["estimator"], row["suite"], row["talkers"], row["recording_mae_deg"], row["recording_within"]
        )
    recording.keep(rows)


def measure(suite: RealSuite) -> list[Row]:
    """Rows of a suite, with what is known of its directions and within how many degrees."""
    scores = run_suite(suite, ESTIMATORS, GRID, rule="maxima", look_ahead_s=[0.0])
    truth = {one.row[0]: one.truth for one in suite.recordings}
    return [
        {
            **row,
            "known": truth[str(row["suite"])]["kind"],
            "tolerance_deg": truth[str(row["suite"])]["tolerance_deg"],
        }
        for row in record_rows(scores, grid=GRID.name, rule="maxima")
    ]


def is_head(recording: RealRecording) -> bool:
    array = recording.array
    return array.num_microphones == 2 and HEAD_M[0] <= array.span <= HEAD_M[1]


def put_on_ball(head: Path, folder: Path) -> None:
    """The same recordings, their two microphones at the ends of a diameter of a hard ball."""
    folder.mkdir()
    recordings = RealSuite(head).recordings
    for path in head.iterdir():
        os.symlink(path.resolve(), folder / path.name)
    array, name = recordings[0].array, recordings[0].truth["array"]
    (folder / name).unlink()
    save_array(array.replace(rigid_sphere_radius=array.span / 2), folder / name)


if __name__ == "__main__":
    main()

"""First result: who is where in the bundled recording, and a picture of it.

    python examples/01_first_result.py [FOLDER]

The picture goes to FOLDER, out by default.
"""

import sys
from pathlib import Path

import numpy as np

from anydoa import Localizer
from anydoa.plotting import AzimuthTrace, draw_spectrum

HERE = Path(__file__).parent


def main(folder: Path) -> None:
    """Locate, print, draw."""
    localizer = Localizer(HERE / "two_talkers.array.toml")
    run = localizer.iterate(HERE / "two_talkers.wav")
    points = [
        (frame.time_s, source.azimuth_deg, source.score) for frame in run for source in frame.sources
    ]  # every source of every frame, as they come

    for source in run.summary.directions:
        print(f"azimuth {source.azimuth_deg:.0f}°, elevation {source.elevation_deg:.0f}°")
    for talker in run.summary.talkers:
        spans = ", ".join(f"{turn.begin_s:.1f} to {turn.end_s:.1f} s" for turn in talker.turns)
        print(f"talker {talker.id} speaks {spans}")

    times_s, azimuth_deg, score = np.array(points).T
    draw_spectrum(
        run.mean_spectrum,
        localizer.grid,
        folder / "first_result.png",
        directions=np.array([source.direction for source in run.summary.directions]),
        title="two_talkers.wav: where sound came from, and when",
        trace=AzimuthTrace(times_s, azimuth_deg, score, run.summary.duration_s),
    )


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
    target.mkdir(parents=True, exist_ok=True)
    main(target)

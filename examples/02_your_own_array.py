"""Your own array: what it looks like, what it cannot tell apart, how sharply it hears.

    python examples/02_your_own_array.py [FOLDER]

Reads own_array.toml beside it. Pictures go to FOLDER, out by default.
"""

import sys
from math import degrees
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from anydoa import load_array
from anydoa.acoustics import steering_phases
from anydoa.geometry import ArrayReport, MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, direction_to_angles_deg
from anydoa.plotting import draw_ambiguity, draw_array

HERE = Path(__file__).parent
FREQUENCIES_HZ = np.array([500.0, 1000.0, 2000.0, 4000.0])
TALKER_DEG = (40.0, 30.0)  # azimuth, elevation


def main(folder: Path) -> None:
    """Say what the geometry can do, and draw it."""
    array = load_array(HERE / "own_array.toml")
    report = ArrayReport.of(array)
    print(f"{array.title}: {array.num_microphones} microphones in a {report.rank}")
    print(f"It {report.sentence}.")
    print(f"Phases tell something from {report.lowest_frequency:.0f} Hz on.")
    for frequency, angle in report.resolvable_angles:
        if degrees(angle) < 180:
            print(f"At {frequency:.0f} Hz two sounds closer than {degrees(angle):.0f}° look like one.")

    talker = angles_deg_to_direction(*TALKER_DEG)
    for twin in array.ambiguity.sounds_like(talker)[1:]:
        azimuth_deg, elevation_deg = direction_to_angles_deg(twin)
        print(f"A talker at {TALKER_DEG} sounds as one at ({azimuth_deg:.1f}, {elevation_deg:.1f}).")

    draw_array(array, folder / "own_array.png")
    draw_ambiguity(array, folder / "own_array_alike.png")
    draw_beams(array, folder / "own_array_beams.png")


def draw_beams(array: MicrophoneArray, path: Path) -> None:
    """How loud the sum of all microphones is when it is steered to azimuth 0 and the sound goes round."""
    azimuth_deg = np.linspace(-180, 180, 721)
    around = steering_phases(angles_deg_to_direction(azimuth_deg, 0 * azimuth_deg), array, FREQUENCIES_HZ)
    front = steering_phases(angles_deg_to_direction(0.0, 0.0)[None], array, FREQUENCIES_HZ)
    beams = np.abs(np.mean(around * front.conj(), axis=-1))  # (frequency, azimuth)

    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots()
    for frequency, beam in zip(FREQUENCIES_HZ, beams, strict=True):
        axes.plot(azimuth_deg, beam, label=f"{frequency:.0f} Hz")
    axes.set_xlim(180, -180)  # left is positive
    axes.set_xticks(range(-180, 181, 45))
    axes.set_xlabel("azimuth of the sound (°), left is positive")
    axes.set_ylabel("level, steered to 0°")
    axes.set_title(f"{array.title}: the higher the tone, the sharper the beam")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
    target.mkdir(parents=True, exist_ok=True)
    main(target)

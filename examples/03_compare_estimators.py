"""Compare estimators: two talkers in a simulated room, the same sound for all.

    python examples/03_compare_estimators.py [FOLDER]

Needs the extra `simulate`. The picture goes to FOLDER, out by default. One scene is an example, not a
measurement: `anydoa evaluate` runs suites of hundreds.
"""

import sys
from pathlib import Path

import numpy as np
import soundfile
from matplotlib.figure import Figure

from anydoa import Localizer, MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.layouts import spherical_positions
from anydoa.metrics.localization import localization_errors_deg
from anydoa.simulation import room_rir
from anydoa.simulation.noise import sensor_noise
from anydoa.simulation.room import shoebox

ESTIMATORS = ("steered", "srp-phat", "music", "agg-rl")
HERE = Path(__file__).parent
RATE = 16000
LENGTH = 2 * RATE
ALONE = (5_000, 37_000), (57_500, 79_000)  # samples of the bundled recording in which one talker is alone
ANGLES_DEG = [0, 120, -120, 60, 180, -60], [35, 35, 35, -35, -35, -35]  # of the microphones
ROOM_M, CENTRE_M, RT60_S = np.array([5.0, 4.0, 2.7]), np.array([2.2, 1.9, 1.0]), 0.4
AZIMUTHS_DEG, ELEVATION_DEG, DISTANCE_M = np.array([50.0, -60.0]), 20.0, 1.3
SNR_DB = 10.0


def simulate(array: MicrophoneArray) -> np.ndarray:
    """Both talkers at once in the room, with noise of the microphones: (channel, time)."""
    rng = np.random.default_rng(3)
    recording = soundfile.read(HERE / "two_talkers.wav")[0][:, 0]
    voices = [np.resize(recording[first:last], LENGTH) for first, last in ALONE]
    voices = [voice / np.std(voice) for voice in voices]
    directions = angles_deg_to_direction(AZIMUTHS_DEG, np.full(2, ELEVATION_DEG))
    responses = room_rir(
        shoebox(ROOM_M, RT60_S), CENTRE_M + DISTANCE_M * directions, CENTRE_M + array.positions, rng
    )
    sound = sum(
        np.stack([np.convolve(voice, taps)[: len(voice)] for taps in response])
        for voice, response in zip(voices, responses, strict=True)
    )
    noise = sensor_noise(array.num_microphones, sound.shape[1], rng)
    noise *= np.sqrt(np.mean(sound**2) / np.mean(noise**2)) * 10 ** (-SNR_DB / 20)
    return sound + noise


def main(folder: Path) -> None:
    """Run every estimator over the scene; print errors of frames, draw azimuths over time."""
    array = MicrophoneArray(spherical_positions(*ANGLES_DEG, 0.05), name="ball of six")
    audio, truth = simulate(array), angles_deg_to_direction(AZIMUTHS_DEG, np.full(2, ELEVATION_DEG))
    figure = Figure(figsize=(10, 8), layout="constrained")
    panels = figure.subplots(len(ESTIMATORS), 1, sharex=True)
    print(f"{'estimator':<10}  mean error  within 10°")
    for axes, name in zip(panels, ESTIMATORS, strict=True):
        localizer = Localizer(array, "fibonacci:1024", name, num_sources=2)
        frames = list(localizer.iterate(audio, RATE))
        found = np.full((len(frames), 2, 3), np.nan)
        for number, frame in enumerate(frames):
            for rank, source in enumerate(frame.sources[:2]):
                found[number, rank] = source.direction
                axes.plot(frame.time_s, source.azimuth_deg, "o", color="#2563eb", alpha=0.5)
        errors = localization_errors_deg(found, truth, np.ones((len(frames), 2), dtype=bool))
        print(f"{name:<10}  {errors.mean():9.1f}°  {100 * np.mean(errors <= 10):9.0f} %")
        for azimuth_deg in AZIMUTHS_DEG:
            axes.axhline(azimuth_deg, color="#d9480f", linestyle="--", linewidth=1)
        axes.set_ylim(-180, 180)
        axes.set_yticks([-180, -90, 0, 90, 180])
        axes.set_title(f"{name}: mean error of frames {errors.mean():.1f}°", loc="left", fontsize=10)
        axes.grid(alpha=0.3)
    panels[-1].set_xlabel("time (s)")
    figure.supylabel("azimuth (°): points found, dashed lines true")
    figure.savefig(folder / "compare_estimators.png", dpi=120)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
    target.mkdir(parents=True, exist_ok=True)
    main(target)

"""Make two_talkers.wav, its truth and its array: two synthetic voices at a table in a furnished room.

Run it with ``python examples/make_two_talkers.py``. It needs espeak-ng and the extra ``simulate``; the same
version of espeak-ng gives the same samples.
"""

import io
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from anydoa.constants import SAMPLE_RATE, SPEED_OF_SOUND
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.io import load_array, save_array
from anydoa.simulation import room_rir
from anydoa.simulation.noise import coherence_in_free_field, diffuse_noise
from anydoa.simulation.room import shoebox

FOLDER = Path(__file__).parent
DURATION_S = 7.8  # six channels in less than 1.5 MB
RT60_S = 0.35
SNR_DB = 25.0
ROOM_M = np.array([5.2, 4.1, 2.7])
ARRAY_M = np.array([2.4, 2.2, 0.75])  # on a table


@dataclass(frozen=True)
class Talker:
    """A person standing at the table, seen from the array: mouth half a metre above it."""

    name: str
    voice: str
    azimuth_deg: float
    elevation_deg: float
    distance_m: float
    sentences: tuple[tuple[float, str], ...]  # second at which each begins


TALKERS = (
    Talker(
        "first talker", "en-us+m3", 40.0, 45.0, 0.8,
        ((0.3, "Good morning. Shall we begin with the plan for the garden?"),
         (5.0, "Apple trees, along the wall.")),
    ),
    Talker(
        "second talker", "en-gb+f2", -75.0, 40.0, 0.8,
        ((2.8, "Yes, please. Here are the drawings, and two kinds."),
         (6.4, "I will bring the spades.")),
    ),
)  # fmt: skip


def speak(talker: Talker) -> tuple[np.ndarray, list[list[float]]]:
    """Dry speech of a talker, and the spans in seconds in which there is sound."""
    track = np.zeros(round(DURATION_S * SAMPLE_RATE))
    spans = []
    for begin, text in talker.sentences:
        command = ["espeak-ng", "-v", talker.voice, "-s", "165", "--stdout", text]
        wave = subprocess.run(command, check=True, capture_output=True).stdout
        sound, rate = soundfile.read(io.BytesIO(wave))
        sound = np.trim_zeros(np.where(np.abs(sound) < 1e-3, 0, sound))
        sound = soxr.resample(sound, rate, SAMPLE_RATE)
        start = round(begin * SAMPLE_RATE)
        track[start : start + len(sound)] += sound[: len(track) - start]
        late = talker.distance_m / SPEED_OF_SOUND
        spans.append(
            [round(begin + late, 3), round(min(begin + len(sound) / SAMPLE_RATE + late, DURATION_S), 3)]
        )
    return track / np.sqrt(np.mean(track[track != 0] ** 2)), spans


def record(tracks: list[np.ndarray], mics: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What the microphones hear: both talkers in the room, and the faint rumble of a building."""
    offsets = [
        talker.distance_m * angles_deg_to_direction(talker.azimuth_deg, talker.elevation_deg)
        for talker in TALKERS
    ]
    rirs = room_rir(shoebox(ROOM_M, RT60_S), ARRAY_M + np.stack(offsets), ARRAY_M + mics, rng)
    speech = sum(
        np.stack([np.convolve(track, taps)[: len(track)] for taps in rir])
        for track, rir in zip(tracks, rirs, strict=True)
    )
    noise = diffuse_noise(coherence_in_free_field(mics), (1, speech.shape[1]), rng)[0]
    spectrum = np.fft.rfft(noise) / np.sqrt(np.maximum(np.fft.rfftfreq(speech.shape[1], 1 / SAMPLE_RATE), 50))
    noise = np.fft.irfft(spectrum, speech.shape[1])
    noise *= np.sqrt(np.mean(speech**2) / np.mean(noise**2)) * 10 ** (-SNR_DB / 20)
    return speech + noise


def main() -> None:
    array = load_array("respeaker-6").replace(
        name="two_talkers",
        title="ReSpeaker 6-Mic Circular Array, its six microphones only",
        channels=(0, 1, 2, 3, 4, 5),
        ignore_channels=(),
    )
    tracks, spans = zip(*(speak(talker) for talker in TALKERS), strict=True)
    audio = record(list(tracks), array.positions, np.random.default_rng(7))
    audio *= 0.5 / np.abs(audio).max()
    soundfile.write(FOLDER / "two_talkers.wav", audio.T, SAMPLE_RATE, subtype="PCM_16")
    save_array(array, FOLDER / "two_talkers.array.toml")
    truth = {
        "schema": 1,
        "recording": "two_talkers.wav",
        "array": "two_talkers.array.toml",
        "duration_s": DURATION_S,
        "rt60_s": RT60_S,
        "snr_db": SNR_DB,
        "sources": [
            {
                "name": talker.name,
                "azimuth_deg": talker.azimuth_deg,
                "elevation_deg": talker.elevation_deg,
                "distance_m": talker.distance_m,
                "spans_s": talker_spans,
                "text": [text for _, text in talker.sentences],
            }
            for talker, talker_spans in zip(TALKERS, spans, strict=True)
        ],
    }
    (FOLDER / "two_talkers.truth.json").write_text(json.dumps(truth, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""Recordings of talkers in free field, made from nothing."""

from collections.abc import Callable

import numpy as np
import pytest

from anydoa.acoustics import plane_arrival_times
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from voices import SAMPLE_RATE, voice

Talk = Callable[..., np.ndarray]
Place = tuple[float, float, float]
"""Azimuth, elevation in degrees and metres from the middle of the array."""

_TURN_S = 1.2


@pytest.fixture
def talk() -> Talk:
    """Every channel of a card while somebody talks from one place after another, 25 dB above the noise."""

    def record(
        array: MicrophoneArray, places_deg: tuple[tuple[float, float], ...] = ((20, 5), (130, 20), (-75, 10))
    ) -> np.ndarray:
        rng = np.random.default_rng(5)
        turns = []
        for azimuth_deg, elevation_deg in places_deg:
            said = voice(rng.uniform(100, 200), _TURN_S, rng)
            place = angles_deg_to_direction([azimuth_deg], [elevation_deg])
            late = plane_arrival_times(array, place)
            spectrum = np.fft.rfft(said) * np.exp(
                -2j * np.pi * late * np.fft.rfftfreq(len(said), 1 / SAMPLE_RATE)
            )
            turns.append(array.gains(place).T * np.fft.irfft(spectrum, len(said), axis=1))
        heard = np.concatenate(turns, axis=1)
        heard = heard + 0.056 * heard.std() * rng.standard_normal(heard.shape)
        recording = 1e-5 * rng.standard_normal((array.num_recording_channels, heard.shape[1]))
        recording[list(array.channels)] = 0.3 * heard / np.abs(heard).max()
        return recording.astype(np.float32)

    return record


@pytest.fixture
def talk_near() -> Talk:
    """Somebody at one place near the array after another: curved waves, off a table's top and a wall, too."""

    def record(
        array: MicrophoneArray,
        places: tuple[Place, ...],
        *,
        seconds: float = 1.2,
        echoes: tuple[float, ...] = (),
        off_m: float = 0.0,
        noise_db: float = -30.0,
        seed: int = 5,
    ) -> np.ndarray:
        rng = np.random.default_rng(seed)
        mics = array.centred_positions + off_m * rng.standard_normal((array.num_microphones, 3))
        turns = []
        for azimuth_deg, elevation_deg, distance in places:
            said = voice(rng.uniform(100, 200), seconds, rng)
            talker = distance * angles_deg_to_direction([azimuth_deg], [elevation_deg])[0]
            heard = sphere_wave(said, mics, talker)
            for side, gap in enumerate(echoes):  # walls so many metres below, to the left and in front
                mirrored = talker - 2 * (talker[2 - side] + gap) * np.eye(3)[2 - side]
                heard = heard + 0.7 * sphere_wave(said, mics, mirrored)
            turns.append(heard / heard.std())
        heard = np.concatenate(turns, axis=1)
        heard = heard + 10 ** (noise_db / 20) * rng.standard_normal(heard.shape)
        return np.float32(0.3 * heard / np.abs(heard).max())

    return record


def sphere_wave(said: np.ndarray, mics: np.ndarray, talker: np.ndarray) -> np.ndarray:
    """What a talker at a point sends to each microphone."""
    distance = np.linalg.norm(mics - talker, axis=1)[:, None]
    phase = -2j * np.pi * np.fft.rfftfreq(2 * len(said), 1 / SAMPLE_RATE) * distance / 343.0
    spectrum = np.fft.rfft(said, 2 * len(said)) * np.exp(phase) / distance
    return np.fft.irfft(spectrum, 2 * len(said), axis=1)[:, : len(said)]

"""Recordings of talkers in free field, made from nothing."""

from collections.abc import Callable

import numpy as np
import pytest

from anydoa.diagnosis.wave_fit import arrival_times
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from voices import SAMPLE_RATE, voice

Talk = Callable[..., np.ndarray]

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
            late = arrival_times(array, angles_deg_to_direction([azimuth_deg], [elevation_deg]))
            spectrum = np.fft.rfft(said) * np.exp(
                -2j * np.pi * late * np.fft.rfftfreq(len(said), 1 / SAMPLE_RATE)
            )
            turns.append(np.fft.irfft(spectrum, len(said), axis=1))
        heard = np.concatenate(turns, axis=1)
        heard = heard + 0.056 * heard.std() * rng.standard_normal(heard.shape)
        recording = 1e-5 * rng.standard_normal((array.num_recording_channels, heard.shape[1]))
        recording[list(array.channels)] = 0.3 * heard / np.abs(heard).max()
        return recording.astype(np.float32)

    return record

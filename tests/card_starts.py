"""What a sound card records from its start, with its channels in order or shifted round."""

import numpy as np
from free_field import plane_wave, talker

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.io.array_file import load_array

RATE = 16_000
CARD = load_array("respeaker-6")


def card_recording(
    array: MicrophoneArray,
    *,
    seed: int,
    seconds: float = 3.0,
    azimuth_deg: float = 50.0,
    played: bool = False,
    shift: int = 0,
) -> np.ndarray:
    """All channels of a card while somebody talks; without a microphone they are silent or play music."""
    rng = np.random.default_rng(seed)
    num_samples = round(seconds * RATE)
    heard = plane_wave(array, angles_deg_to_direction(azimuth_deg, 10.0), talker(rng, num_samples))
    heard = heard + 0.1 * rng.standard_normal(heard.shape)
    channels = np.zeros((array.num_recording_channels, num_samples))
    channels[list(array.channels)] = 0.1 * heard
    if played:
        channels[list(array.ignore_channels)] = 0.2 * rng.standard_normal(
            (len(array.ignore_channels), num_samples)
        )
    return np.roll(channels, shift, axis=0).astype(np.float32)

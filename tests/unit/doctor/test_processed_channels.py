"""Channels that a board has processed, and microphones that only stand far apart."""

import numpy as np
from jaxtyping import Float

from anydoa.doctor.processed_channels import find_processed_channels

RATE = 16_000


def between_talkers(angles_deg: list[float]) -> Float[np.ndarray, "channel time"]:
    """Channels that hear two talkers, now one louder, now the other, in different shares."""
    rng = np.random.default_rng(0)
    loudness_db = np.repeat(rng.normal(0, 6, (2, 64)), 1024, axis=1)
    talkers = 10 ** (loudness_db / 20) * rng.standard_normal(loudness_db.shape)
    angles = np.deg2rad(angles_deg)
    shares = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return (shares @ talkers).astype(np.float32)


def test_a_microphone_that_hears_what_its_neighbour_hears_is_not_called_processed() -> None:
    # Neighbours differ by less than 4 dB, those at the ends by more.
    assert find_processed_channels(between_talkers([34, 36, 38, 40, 52, 63]), RATE) == []


def test_a_channel_that_no_microphone_is_like_is_called_processed() -> None:
    assert find_processed_channels(between_talkers([31, 33, 36, 38, 40, 80]), RATE) == [5]

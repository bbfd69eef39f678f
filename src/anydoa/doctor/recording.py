"""What a recording must be so that anything can be said of the channels: checked once, at the door."""

import numpy as np
from jaxtyping import Float

from anydoa.errors import AudioError, ShapeError
from anydoa.io.audio import check_samples, samples_info

LEAST_S = 2.0
"""Seconds below which wrong faults fit a recording by chance; half a second showed inverted channels."""

_LEAST_SOUND_S = 0.5
_QUIET_DB = -25.0  # to the loudest moment; below, a window is taken for the end of a sound
_WINDOW_S = 0.01
_LARGEST, _SMALLEST = 1.0, 1e-3  # peaks between which the squares of spectra neither overflow nor vanish


def checked_recording(
    recording: object, sample_rate: int, *, purpose: str = "a diagnosis"
) -> Float[np.ndarray, "channel time"]:
    """The recording, its peak no higher than full scale.

    Args:
        recording: floating-point samples, (channel, time).
        sample_rate: samples a second.
        purpose: what it is for, in the message.

    Raises:
        AudioError: if it is too short, empty or holds NaN or infinite samples, or no sound has such a rate.
        ShapeError: if it is not floating-point (channel, time).
    """
    if not isinstance(recording, np.ndarray):
        raise ShapeError(
            f"a recording must be a numpy array (channels, samples), got {type(recording).__name__}; "
            "convert it with numpy.asarray"
        )
    info = samples_info(recording, sample_rate)
    if info.duration_s < LEAST_S:
        raise AudioError(
            f"{purpose} takes {LEAST_S:g} s of sound or more, better 4, got {info.duration_s:.2f} s; record "
            "somebody who talks for longer"
        )
    return scaled_to_range(check_samples(recording, 0.0, info.sample_rate, name=info.name))


def scaled_to_range(audio: Float[np.ndarray, "channel time"]) -> Float[np.ndarray, "channel time"]:
    """The samples as they are, or no louder than full scale and no quieter than a thousandth of it."""
    peak = float(np.abs(audio).max(initial=0.0))
    gain = np.clip(peak, _SMALLEST, _LARGEST) / peak if peak > 0 else 1.0
    return audio if gain == 1.0 else audio * np.float32(gain)


def check_sound(
    signals: Float[np.ndarray, "channel time"], sample_rate: int, *, purpose: str = "a diagnosis"
) -> None:
    """Refuse a recording in which next to nothing sounds, such as one click in silence.

    Args:
        signals: channels that hear the room.
        sample_rate: samples a second.
        purpose: what it is for, in the message.

    Raises:
        AudioError: if what sounds is too short.
    """
    step = max(1, round(_WINDOW_S * sample_rate))
    count = signals.shape[1] // step
    windows = signals[:, : count * step].reshape(len(signals), count, step).astype(np.float64)
    power = np.square(windows - windows.mean(axis=2, keepdims=True)).mean(axis=(0, 2))
    sound_s = _WINDOW_S * float((power > power.max() * 10 ** (_QUIET_DB / 10)).sum())
    if sound_s < _LEAST_SOUND_S:
        raise AudioError(
            f"{purpose} takes {_LEAST_SOUND_S:g} s in which something sounds, but here only {sound_s:.2f} s "
            f"do, and the rest is {-_QUIET_DB:g} dB quieter; record somebody who talks on"
        )

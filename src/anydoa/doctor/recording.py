"""What a recording must be so that anything can be said of its channels, checked before any of it is used."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from anydoa.errors import AudioError, ShapeError
from anydoa.io.samples import check_samples, samples_info


@dataclass(frozen=True)
class RecordingOptions:
    """How much a recording must hold.

    Args:
        min_s: seconds below which wrong faults fit a recording by chance; half a second showed inverted
            channels.
        min_sound_s: seconds in which something must sound.
        window_s: seconds of the windows whose power tells sound from silence.
        quiet_db: power of a window, relative to the loudest, below which it is taken for the end of a sound.
    """

    min_s: float = 2.0
    min_sound_s: float = 0.5
    window_s: float = 0.01
    quiet_db: float = -25.0


def checked_recording(
    recording: object,
    sample_rate: int,
    *,
    purpose: str = "a diagnosis",
    options: RecordingOptions = RecordingOptions(),
) -> Float[np.ndarray, "channel time"]:
    """The recording, its peak no higher than full scale.

    Args:
        recording: floating-point samples, (channel, time).
        sample_rate: samples a second.
        purpose: what the recording is for, in the message.
        options: how much it must hold.

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
    if info.duration_s < options.min_s:
        raise AudioError(
            f"{purpose} takes {options.min_s:g} s of sound or more, better 4, got {info.duration_s:.2f} s; "
            "record somebody who talks for longer"
        )
    return scaled_to_range(check_samples(recording, 0.0, info.sample_rate, name=info.name))


def scaled_to_range(audio: Float[np.ndarray, "channel time"]) -> Float[np.ndarray, "channel time"]:
    """The samples as they are, or no louder than full scale and no quieter than a thousandth of it.

    Between these peaks the squares of spectra neither overflow nor vanish.
    """
    peak = float(np.abs(audio).max(initial=0.0))
    gain = np.clip(peak, 1e-3, 1.0) / peak if peak > 0 else 1.0
    return audio if gain == 1.0 else audio * np.float32(gain)


def check_sound(
    signals: Float[np.ndarray, "channel time"],
    sample_rate: int,
    *,
    purpose: str = "a diagnosis",
    options: RecordingOptions = RecordingOptions(),
) -> None:
    """Refuse a recording in which next to nothing sounds, such as one click in silence.

    Args:
        signals: channels that hear the room.
        sample_rate: samples a second.
        purpose: what the recording is for, in the message.
        options: how much it must hold.

    Raises:
        AudioError: if what sounds is too short.
    """
    step = max(1, round(options.window_s * sample_rate))
    count = signals.shape[1] // step
    windows = signals[:, : count * step].reshape(len(signals), count, step).astype(np.float64)
    power = np.square(windows - windows.mean(axis=2, keepdims=True)).mean(axis=(0, 2))
    num_loud = float((power > power.max() * 10 ** (options.quiet_db / 10)).sum())
    sound_s = options.window_s * num_loud
    if sound_s < options.min_sound_s:
        raise AudioError(
            f"{purpose} takes {options.min_sound_s:g} s in which something sounds, but here only "
            f"{sound_s:.2f} s do, and the rest is {-options.quiet_db:g} dB quieter; record somebody who "
            "talks on"
        )

"""Samples in memory: (channel, time), full scale 1; what is asked of them before anything is computed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from anydoa.constants import MIN_SAMPLE_RATE
from anydoa.errors import AudioError, ShapeError

MAX_SAMPLE_RATE = 768_000  # Hz; the fastest converters on sale, anything above is a damaged header
MAX_CHANNELS = 1024  # the most that libsndfile takes
MAX_AMPLITUDE = 1e12  # full scale is 1; beyond, squares of spectra leave single precision
BLOCK_S = 1.0
"""Seconds in a block where nobody says otherwise."""


@dataclass(frozen=True)
class AudioInfo:
    """What the header of a recording says.

    Args:
        name: file name, for messages and results.
        sample_rate: samples a second of each channel, in Hz.
        num_channels: microphones and everything else that was recorded with them.
        num_samples: length of each channel.
    """

    name: str
    sample_rate: int
    num_channels: int
    num_samples: int

    @property
    def duration_s(self) -> float:
        """Seconds from first to last sample."""
        return self.num_samples / self.sample_rate

    def check(self) -> None:
        """Refuse what no recorder writes.

        Raises:
            AudioError: if rate or number of channels is out of range, or there are no samples.
        """
        if self.sample_rate < MIN_SAMPLE_RATE:
            raise AudioError(
                f"{self.name}: sample rate must be at least {MIN_SAMPLE_RATE} Hz, got {self.sample_rate}; "
                "record at 16000 or more"
            )
        if self.sample_rate > MAX_SAMPLE_RATE:
            raise AudioError(
                f"{self.name}: sample rate must be at most {MAX_SAMPLE_RATE} Hz, got {self.sample_rate}; "
                "is the header damaged?"
            )
        if self.num_samples == 0 or self.num_channels == 0:
            raise AudioError(f"{self.name}: holds no samples; was the recording stopped properly?")


def samples_info(audio: np.ndarray, sample_rate: float | None, *, name: str = "recording") -> AudioInfo:
    """What a header would say of a recording in memory.

    Raises:
        AudioError: if the sample rate is missing or out of range, or there are no samples.
        ShapeError: if the audio is not (channel, time).
    """
    audio = as_samples(audio, name=name)
    if sample_rate is None:
        raise AudioError(f"{name} in memory has no sample rate of its own; pass sample_rate=...")
    info = AudioInfo(name, whole_rate(sample_rate, name=name), *audio.shape)
    info.check()
    return info


def check_no_rate(sample_rate: object) -> None:
    """Refuse a sample rate that is told beside a file.

    Raises:
        AudioError: if there is one.
    """
    if sample_rate is not None:
        raise AudioError(
            f"sample_rate is for samples in memory, got {sample_rate!r:.40} for a file, which says its own; "
            "leave it out"
        )


def whole_rate(sample_rate: object, *, name: str = "recording") -> int:
    """A sample rate that a person gave, as a whole number.

    Raises:
        AudioError: if it is none, or none that sound is recorded at.
    """
    if isinstance(sample_rate, bool) or not isinstance(sample_rate, (int, float, np.integer, np.floating)):
        raise AudioError(f"{name}: sample rate must be a number of Hz, got {sample_rate!r:.40}; say 16000")
    if not 0 < sample_rate < np.inf or sample_rate != round(sample_rate):
        raise AudioError(f"{name}: sample rate must be a whole number of Hz, got {sample_rate}; say 16000")
    AudioInfo(name, int(sample_rate), 1, 1).check()
    return int(sample_rate)


def as_samples(audio: object, *, name: str = "recording", or_file: bool = False) -> np.ndarray:
    """What a person calls samples, such as a tensor or lists of lists, as floating-point (channel, time).

    Args:
        audio: what was given.
        name: name of the samples in messages.
        or_file: whether a file might have been given as well.

    Raises:
        ShapeError: if it is nothing of that kind; the message names the cure.
    """
    samples = audio if isinstance(audio, np.ndarray) else None
    if samples is None and (hasattr(audio, "__array__") or isinstance(audio, (list, tuple))):
        try:
            samples = np.asarray(audio)
        except (TypeError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:120]
            raise ShapeError(f"{name}: samples are numbers (channel, time); {reason}") from None
        samples = None if samples.dtype == object else samples
    if samples is None:
        wanted = "the path of a file, a list of paths, or samples" if or_file else "samples"
        raise ShapeError(f"{name} must be {wanted} (channel, time), got {type(audio).__name__}; give these")
    if samples.ndim != 2 or not np.issubdtype(samples.dtype, np.floating):
        raise ShapeError(
            f"{name} must be floating-point (channels, samples), got {samples.dtype} of shape "
            f"{samples.shape}; divide integers by full scale, add an axis to a single channel"
        )
    if samples.shape[0] > MAX_CHANNELS:
        raise ShapeError(f"{name}: samples are (channel, time), got {samples.shape}; pass audio.T")
    if np.ma.is_masked(samples):
        raise ShapeError(f"{name}: samples must not be masked, for there is no gap in sound; fill them")
    return samples


def split_blocks(
    audio: Float[np.ndarray, "channel time"], sample_rate: int, *, name: str = "recording"
) -> Iterator[Float32[np.ndarray, "channel block"]]:
    """A recording in memory, in the blocks that :func:`~anydoa.io.audio.read_blocks` would give.

    Raises:
        AudioError: where a block holds NaN or infinite samples.
    """
    step = round(BLOCK_S * sample_rate)
    for start in range(0, audio.shape[1], step):
        yield check_samples(audio[:, start : start + step], start / sample_rate, sample_rate, name=name)


def check_samples(
    block: Float[np.ndarray, "channel time"], start_s: float, sample_rate: int, *, name: str
) -> Float32[np.ndarray, "channel time"]:
    """The block in single precision.

    Args:
        block: part of a recording.
        start_s: seconds from the start of the recording to the block's first sample.
        sample_rate: samples a second, in Hz.
        name: what the recording is called in the message.

    Raises:
        AudioError: naming the first sample that is NaN, infinite or absurdly large.
    """
    single = np.asarray(block, dtype=np.float32)  # half precision cannot hold the limit
    sound = np.abs(single) < MAX_AMPLITUDE  # false for NaN, too
    if not sound.all():
        sample, channel = np.argwhere(~sound.T)[0]
        raise AudioError(
            f"{name}: samples must be numbers below {MAX_AMPLITUDE:g} (full scale is 1), but channel "
            f"{channel} holds {block[channel, sample]:g} at {start_s + sample / sample_rate:.4f} s; "
            "repair or cut that part"
        )
    return single

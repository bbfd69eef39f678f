"""What is known of a recording before its samples are read, and what cannot be."""

from dataclasses import dataclass

from anydoa.constants import MIN_SAMPLE_RATE
from anydoa.errors import AudioError

MAX_SAMPLE_RATE = 768_000  # Hz; the fastest converters on sale, anything above is a damaged header
MAX_CHANNELS = 1024  # the most that libsndfile takes


@dataclass(frozen=True)
class AudioInfo:
    """What the header of a recording says.

    Args:
        name: file name, for messages and results.
        sample_rate: in Hz.
        num_channels: microphones and everything else that was recorded with them.
        num_samples: in each channel.
    """

    name: str
    sample_rate: int
    num_channels: int
    num_samples: int

    @property
    def duration_s(self) -> float:
        """Seconds from first to last sample."""
        return self.num_samples / self.sample_rate


def check_info(info: AudioInfo) -> None:
    """Refuse what no recorder writes.

    Raises:
        AudioError: if rate or number of channels is out of range, or there are no samples.
    """
    if info.sample_rate < MIN_SAMPLE_RATE:
        raise AudioError(
            f"{info.name}: sample rate must be at least {MIN_SAMPLE_RATE} Hz, got {info.sample_rate}; "
            "record at 16000 or more"
        )
    if info.sample_rate > MAX_SAMPLE_RATE:
        raise AudioError(
            f"{info.name}: sample rate must be at most {MAX_SAMPLE_RATE} Hz, got {info.sample_rate}; "
            "is the header damaged?"
        )
    if info.num_samples == 0 or info.num_channels == 0:
        raise AudioError(f"{info.name}: holds no samples; was the recording stopped properly?")

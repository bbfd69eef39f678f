"""Where live sound comes from: what every feed gives, what passes it on, and what it may not be."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from anydoa.constants import MIN_SAMPLE_RATE
from anydoa.errors import AudioError
from anydoa.io.samples import MAX_CHANNELS, MAX_SAMPLE_RATE


@runtime_checkable
class AudioFeed(Protocol):
    """Sound that arrives in blocks, from a microphone, a file, a pipe or a socket."""

    @property
    def name(self) -> str:
        """What a person calls it, for messages and results."""
        ...

    @property
    def sample_rate(self) -> int:
        """Samples a second."""
        ...

    @property
    def num_channels(self) -> int:
        """Channels of every block."""
        ...

    @property
    def can_wait(self) -> bool:
        """Whether sound waits until it is taken: true for a file read at any pace, false for a microphone."""
        ...

    @property
    def pace(self) -> float:
        """Seconds of sound that come a second: 1 but for recordings that are replayed faster or slower."""
        ...

    @property
    def lost_s(self) -> float:
        """Seconds that the feed itself lost before the newest block, as when a connection breaks."""
        ...

    @property
    def num_held(self) -> int:
        """Samples that came but are not given out yet; 0 for a feed that holds nothing back."""
        ...

    @property
    def num_starts(self) -> int:
        """Starts until the newest block, its own included; channels may come in another order after each."""
        ...

    def __iter__(self) -> Iterator[Float[np.ndarray, "channel time"]]:
        """Blocks as they arrive, full scale 1, maybe empty; to be iterated once."""
        ...

    def close(self) -> None:
        """End the iteration, from any thread. A second call does nothing."""
        ...


class RelayedFeed:
    """A feed that passes another one on as it is; one that changes something builds on it.

    Args:
        feed: sound as it comes.
    """

    def __init__(self, feed: AudioFeed) -> None:
        self.name = feed.name
        self.sample_rate = feed.sample_rate
        self.num_channels = feed.num_channels
        self.can_wait = feed.can_wait
        self.pace = feed.pace
        self._feed = feed

    @property
    def lost_s(self) -> float:
        """Seconds that the feed lost before the newest block."""
        return self._feed.lost_s

    @property
    def num_held(self) -> int:
        """Samples that came but are not given out yet."""
        return self._feed.num_held

    @property
    def num_starts(self) -> int:
        """Starts until the newest block, its own included."""
        return self._feed.num_starts

    def __iter__(self) -> Iterator[Float[np.ndarray, "channel time"]]:
        yield from self._feed

    def close(self) -> None:
        """End the iteration, from any thread."""
        self._feed.close()


def check_feed_format(name: str, sample_rate: int, num_channels: int) -> None:
    """Refuse what no sound card and no sender of sound has.

    Args:
        name: name of the feed, for the message.
        sample_rate: samples a second.
        num_channels: channels of every block.

    Raises:
        AudioError: with the cure.
    """
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise AudioError(
            f"{name}: sample rate must be {MIN_SAMPLE_RATE}..{MAX_SAMPLE_RATE} Hz, got {sample_rate}; "
            "give the rate the sound was recorded at"
        )
    if not 1 <= num_channels <= MAX_CHANNELS:
        raise AudioError(
            f"{name}: there must be 1..{MAX_CHANNELS} channels, got {num_channels}; give all that come"
        )

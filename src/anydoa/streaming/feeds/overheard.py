"""A feed that somebody else hears, too."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from anydoa.streaming.feed import AudioFeed


@runtime_checkable
class BlockListener(Protocol):
    """Hears what a feed gives, on the thread that iterates it; what it raises ends the feed."""

    def hear(self, block: Float[np.ndarray, "channel time"]) -> None:
        """Take the next samples."""
        ...

    def finish(self) -> None:
        """No more will come."""
        ...


class OverheardFeed:
    """Another feed, unchanged; every block is shown to a listener before it is given out.

    Args:
        feed: whose blocks they are.
        listener: shown every block.
    """

    def __init__(self, feed: AudioFeed, listener: BlockListener) -> None:
        self.name = feed.name
        self.sample_rate = feed.sample_rate
        self.num_channels = feed.num_channels
        self.can_wait = feed.can_wait
        self.pace = getattr(feed, "pace", 1.0)
        self._feed = feed
        self._listener = listener

    @property
    def lost_s(self) -> float:
        """Seconds that the feed lost before the newest block."""
        return self._feed.lost_s

    def __iter__(self) -> Iterator[Float[np.ndarray, "channel time"]]:
        for block in self._feed:
            self._listener.hear(block)
            yield block
        self._listener.finish()

    def close(self) -> None:
        """End the iteration, from any thread."""
        self._feed.close()

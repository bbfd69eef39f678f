"""Means over the frames of a network that make one frame of a spectrum, as streams give them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32


@dataclass(frozen=True)
class FrameWindow:
    """Frames of the network around the newest of a frame of the spectrum.

    Args:
        num_behind: earlier frames than the newest.
        num_newest: the newest frames, which weigh alike.
        num_ahead: later frames.
        forgetting: how many frames before or after the newest the weight has fallen to 1/e.
    """

    num_behind: int
    num_newest: int
    num_ahead: int
    forgetting: float

    @property
    def weights(self) -> Float32[np.ndarray, "frame"]:
        """Weight of each frame, the oldest first."""
        behind, ahead = np.arange(self.num_behind, 0, -1), np.arange(1, self.num_ahead + 1)
        away = np.concatenate([behind, np.zeros(self.num_newest), ahead])
        return np.exp(-away / self.forgetting).astype(np.float32)


class NewestAverage:
    """Means of the frames of the network that are given for each frame of the spectrum.

    Args:
        num_directions: columns.
    """

    def __init__(self, num_directions: int) -> None:
        self._num_directions = num_directions

    def push(
        self, probabilities: Float32[np.ndarray, "output frame grid"]
    ) -> Float32[np.ndarray, "output grid"]:
        """The mean of each."""
        values: np.ndarray = probabilities.mean(axis=1)
        return values

    def finish(self) -> Float32[np.ndarray, "0 grid"]:
        """Nothing waits."""
        return np.zeros((0, self._num_directions), dtype=np.float32)


class WindowAverage:
    """Means over a window around each frame of the spectrum, which is complete so much later.

    Args:
        window: frames of the network in a mean.
        hop: frames of the network from a frame of the spectrum to the next.
        num_directions: columns.
    """

    def __init__(self, window: FrameWindow, hop: int, num_directions: int) -> None:
        self._window, self._hop = window, hop
        self._weights = window.weights
        # What later means need of the frames so far; before the first there is none, which weighs nothing.
        self._recent = np.zeros((0, num_directions), dtype=np.float32)
        self._first = 0  # number of the first frame kept
        self._num_given = 0

    def push(self, probabilities: Float32[np.ndarray, "output frame grid"]) -> Float32[np.ndarray, "_ grid"]:
        """Take the next frames; the means that are complete now."""
        self._recent = np.concatenate([self._recent, probabilities.reshape(-1, probabilities.shape[2])])
        complete = (self._first + len(self._recent) - self._window.num_ahead) // self._hop
        return self._means(max(complete - self._num_given, 0))

    def finish(self) -> Float32[np.ndarray, "_ grid"]:
        """The means that still waited, over as many later frames as there are."""
        return self._means((self._first + len(self._recent)) // self._hop - self._num_given)

    def _means(self, count: int) -> Float32[np.ndarray, "_ grid"]:
        window = self._window
        values = np.zeros((count, self._recent.shape[1]), dtype=np.float32)
        for row in values:
            self._num_given += 1
            begin = self._num_given * self._hop - window.num_newest - window.num_behind
            start = max(begin, 0)
            frames = self._recent[start - self._first : begin + len(self._weights) - self._first]
            weights = self._weights[start - begin : start - begin + len(frames)]
            row[:] = (weights / weights.sum()) @ frames
            self._recent, self._first = self._recent[start - self._first :], start
        return values

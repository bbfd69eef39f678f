"""From spectra to frames: what was found in each, and the directions of all of them together."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from anydoa.io.results import Source
from anydoa.peaks.finder import Peak, PeakFinder
from anydoa.peaks.votes import DirectionVotes
from anydoa.spectrum import SpatialSpectrum


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a recording: its spectrum, and what was found in it.

    Args:
        time_s: centre of the newest analysis window of the frame, in seconds from the first sample.
        level: root mean square of the microphones; 0 also where too few are alive to tell directions.
        values: the spectrum, 0..1.
        peaks: those of the spectrum, strongest first; none in silence.
    """

    time_s: float
    level: float
    values: Float[np.ndarray, "grid"]
    peaks: list[Peak]

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The peaks as sources, strongest first."""
        return tuple(
            Source(peak.direction, peak.score, rank, peak.mirror) for rank, peak in enumerate(self.peaks)
        )


class FrameReader:
    """From spectra to frames, and to the directions of all frames together: the one loop over frames.

    Args:
        finder: finds the peaks of each frame.
    """

    def __init__(self, finder: PeakFinder) -> None:
        self._finder = finder
        self._votes = DirectionVotes(finder)
        self._total = np.zeros(len(finder.grid))
        self._level = 0.0

    def read(self, spectrum: SpatialSpectrum) -> list[Frame]:
        """The next frames, with their peaks; each votes for the directions of the recording."""
        self._total += spectrum.level @ spectrum.values
        self._level += float(spectrum.level.sum())
        frames = []
        for values, time_s, level in zip(spectrum.values, spectrum.times_s, spectrum.level, strict=True):
            peaks = self._finder.find(values) if level > 0 else []
            self._votes.add(peaks, values, float(level))
            frames.append(Frame(float(time_s), float(level), values, peaks))
        return frames

    @property
    def mean_spectrum(self) -> Float[np.ndarray, "grid"]:
        """The spectrum so far, weighted by level; zeros in silence."""
        return self._total / self._level if self._level > 0 else np.zeros_like(self._total)

    @property
    def directions(self) -> tuple[Source, ...]:
        """The sources so far as a whole, strongest first; see :class:`DirectionVotes`.

        With a known number of sources, what the votes leave open is filled from the mean spectrum.
        """
        elected = self._votes.elect()
        missing = (self._finder.num_sources or 0) - len(elected)
        if missing > 0:
            taken = np.array([direction for direction, _ in elected]).reshape(-1, 3)
            spare = [
                (peak.direction, peak.score)
                for peak in self._finder.find(self.mean_spectrum)
                if not self._finder.are_one(taken, peak.direction).any()
            ]
            elected += spare[:missing]
        return tuple(
            Source(direction, score, rank, self._finder.mirror(direction))
            for rank, (direction, score) in enumerate(elected)
        )

"""Directions of a whole recording, elected by the peaks of its frames."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from anydoa.geometry.coordinates import normalize_direction
from anydoa.peaks.finder import Peak, PeakFinder


@dataclass(frozen=True)
class VoteOptions:
    """How votes are counted.

    Args:
        min_share: share of the strongest direction's votes that a further source must have when the number
            of sources is not known.
        width: angle at which a vote counts half, in least separations between sources.
        least_chance: least chance of a peak that votes where values are chances.
        max_voters: most peaks that vote in such a frame.
    """

    min_share: float = 0.15
    width: float = 0.6
    least_chance: float = 0.02
    max_voters: int = 8


class DirectionVotes:
    """Counts votes and elects directions.

    Every peak that stands out votes for its direction. A vote weighs the level of the frame times the height
    of the peak above the floor of its spectrum, and less by the ratio of that height to the frame's highest.
    So silence and diffuse sound hardly count. Where values are chances of a talker and the number of talkers
    is known, every peak votes by its chance, times the root of the level: a talker whom another one outshines
    in every frame is found, too.

    Votes are spread over the sphere; the directions with most, a least separation apart as far as the array
    hears it, are elected. In each frame one talker mostly dominates, so talkers that the broad lobes of a
    small array merge in the mean spectrum come apart here.

    Args:
        finder: the one that found the peaks.
        options: how votes are counted.
    """

    def __init__(self, finder: PeakFinder, options: VoteOptions = VoteOptions()) -> None:
        self._finder, self._options = finder, options
        self._every_peak_votes = finder.chances and finder.num_sources is not None
        self._weight = np.zeros(len(finder.grid))
        self._moment = np.zeros((len(finder.grid), 3))
        self._score = np.zeros(len(finder.grid))

    def add(self, peaks: list[Peak], values: Float[np.ndarray, "grid"], level: float) -> None:
        """Count the votes of one frame.

        Args:
            peaks: those of the frame.
            values: the spectrum of the frame.
            level: root mean square of the frame's samples; 0 for a frame that does not vote.
        """
        if level <= 0:
            return
        if self._every_peak_votes:
            for peak in self._faint_finder.find(values):
                self._cast(peak, np.sqrt(level) * peak.score)
            return
        voters = [peak for peak in peaks if peak.stands_out]
        floor = self._finder.floor(values)
        highest = max((peak.score for peak in voters), default=0.0) - floor
        if highest <= 0:
            return
        for peak in voters:
            self._cast(peak, level * (peak.score - floor) ** 2 / highest)

    def _cast(self, peak: Peak, weight: float) -> None:
        self._weight[peak.index] += weight
        self._moment[peak.index] += weight * peak.direction
        self._score[peak.index] += weight * peak.score

    @cached_property
    def _faint_finder(self) -> PeakFinder:
        """Finds the peaks of a frame however low they are."""
        return replace(
            self._finder,
            num_sources=None,
            threshold=self._options.least_chance,
            max_sources=self._options.max_voters,
            options=replace(self._finder.options, contrast=0.0, rise=0.0),
        )

    def elect(self) -> list[tuple[Float[np.ndarray, "3"], float]]:
        """Direction and mean score of each source, most votes first."""
        # (grid,) -> (place,): where votes fell, each at the mean of its votes' directions.
        voted = np.flatnonzero(self._weight > 0)
        if not len(voted):
            return []
        places = normalize_direction(self._moment[voted] / self._weight[voted, None])
        # Support of each place: the votes around it, in parts that fit into memory.
        parts = np.array_split(places, max(1, len(places) ** 2 // 2**22))
        support = np.concatenate(
            [self._kernel(self._finder.closeness(part, places)) @ self._weight[voted] for part in parts]
        )
        seats = self._finder.num_sources or self._finder.max_sources
        least_share = 0.0 if self._finder.num_sources else self._options.min_share
        separation = np.cos(np.deg2rad(self._finder.min_separation_deg))
        elected: list[tuple[Float[np.ndarray, "3"], float]] = []
        taken = np.zeros(len(places), dtype=bool)
        # Elect the places with most support, and leave out those too near to one that has more.
        for index in np.argsort(-support, kind="stable"):
            if len(elected) == seats or support[index] < least_share * support.max():
                break
            closeness = self._finder.closeness(places, places[index])
            if support[closeness >= separation].max(initial=0) > support[index] or taken[index]:
                continue
            kernel = self._kernel(closeness)
            score, weight = (kernel @ total[voted] for total in (self._score, self._weight))
            moment = kernel @ self._finder.on_side_of(places[index], self._moment[voted])
            elected.append((normalize_direction(moment / weight), float(score / weight)))
            taken |= closeness >= separation
        return elected

    def _kernel(self, closeness: Float[np.ndarray, "*votes"]) -> Float[np.ndarray, "*votes"]:
        """How much a vote counts at a direction with this cosine of the angle to it."""
        width = np.deg2rad(max(self._options.width * self._finder.min_separation_deg, 0.1))
        return np.exp2((closeness - 1) / (1 - np.cos(width)))

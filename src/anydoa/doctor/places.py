"""The places that the segments of a recording came from, as far apart as the array hears them.

Segments of one place share its echoes and the bend of its waves, so whatever these look like they look alike
in all of them: only another place tells them from a fault of the array.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from anydoa.doctor.wave_fit import ChannelHypothesis, WaveFit


@dataclass(frozen=True)
class PlaceOptions:
    """What makes segments one place.

    Args:
        apart: share of the longest delay by which delays of two places differ; 20 degrees where the array
            hears best.
        min_share: share of the segments that a place holds at least; fewer are echoes.
        min_segments: number of segments that a place holds at least.
    """

    apart: float = 0.35
    min_share: float = 0.1
    min_segments: int = 3


@dataclass(frozen=True, eq=False)
class HeardPlace:
    """A place that segments came from.

    Args:
        segments: which segments came from it.
        bearing: times at which its waves are in each channel, mean 0, length 1: a direction among delays.
    """

    segments: Bool[np.ndarray, "segment"]
    bearing: Float[np.ndarray, "channel"]


def heard_places(
    waves: WaveFit, hypothesis: ChannelHypothesis, options: PlaceOptions = PlaceOptions()
) -> list[HeardPlace]:
    """Places that segments came from, those heard longest first.

    Args:
        waves: fit of the recording.
        hypothesis: what each channel is.
        options: what makes segments one place.
    """
    fit, arrival = waves.best_waves(hypothesis)
    far = options.apart * waves.longest_s
    least = max(options.min_segments, options.min_share * len(fit))
    left = np.ones(len(fit), dtype=bool)
    places = []
    while left.any():
        # The segment that fits best leads; all whose delays differ little from its own, of any pair, follow.
        leader = int(np.where(left, fit, -np.inf).argmax())
        place = left & (np.ptp(arrival - arrival[:, [leader]], axis=0) < far)
        left &= ~place
        if place.sum() >= least:
            centred = arrival[:, leader] - arrival[:, leader].mean()
            places.append(HeardPlace(place, centred / max(float(np.linalg.norm(centred)), 1e-12)))
    return sorted(places, key=lambda place: -int(place.segments.sum()))


def one_sidedness(places: list[HeardPlace]) -> float:
    """How much all places lie on one side of the array: 0 if all around, 1 if in one direction."""
    return float(np.linalg.norm(np.mean([place.bearing for place in places], axis=0)))

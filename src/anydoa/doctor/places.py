"""The places that the segments of a recording came from, as far apart as the array hears them.

Segments of one place share its echoes and the bend of its waves, so whatever these look like they look alike in
all of them: only another place tells them from a fault of the array.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from anydoa.doctor.wave_fit import ChannelHypothesis, WaveFit

_APART = 0.35  # of the longest delay; 20 degrees where the array hears best
_LEAST_SHARE = 0.1  # of the segments; fewer are echoes
_LEAST_PIECES = 3


@dataclass(frozen=True, eq=False)
class HeardPlace:
    """A place that segments came from.

    Args:
        segments: which.
        bearing: when its waves are in each channel, mean 0, length 1: a direction among delays.
    """

    segments: Bool[np.ndarray, "segment"]
    bearing: Float[np.ndarray, "channel"]


def heard_places(waves: WaveFit, hypothesis: ChannelHypothesis) -> list[HeardPlace]:
    """Places that segments came from, those heard longest first.

    Args:
        waves: fit of the recording.
        hypothesis: what each channel is.
    """
    fit, arrival = waves.best_waves(hypothesis)
    far = _APART * waves.longest_s
    least = max(_LEAST_PIECES, _LEAST_SHARE * len(fit))
    left = np.ones(len(fit), dtype=bool)
    places = []
    while left.any():
        leader = int(np.where(left, fit, -np.inf).argmax())
        place = left & (_difference(arrival, leader) < far)
        left &= ~place
        if place.sum() >= least:
            places.append(HeardPlace(place, _bearing(arrival[:, leader])))
    return sorted(places, key=lambda place: -int(place.segments.sum()))


def one_sidedness(places: list[HeardPlace]) -> float:
    """How much all places lie on one side of the array: 0 if all around, 1 if in one direction."""
    return float(np.linalg.norm(np.mean([place.bearing for place in places], axis=0)))


def _bearing(arrival: Float[np.ndarray, "channel"]) -> Float[np.ndarray, "channel"]:
    centred = arrival - arrival.mean()
    unit: np.ndarray = centred / max(float(np.linalg.norm(centred)), 1e-12)
    return unit


def _difference(arrival: Float[np.ndarray, "channel segment"], leader: int) -> Float[np.ndarray, "segment"]:
    """By how much the delays of one segment differ from those of each, at most, over all pairs."""
    apart: np.ndarray = np.ptp(arrival - arrival[:, [leader]], axis=0)
    return apart

"""The places that the pieces of a recording came from, as far apart as the array hears them.

Pieces of one place share its echoes and the bend of its waves, so whatever these look like they look alike in
all of them: only another place tells them from a fault of the array.
"""

import numpy as np
from jaxtyping import Bool, Float

from anydoa.diagnosis.wave_fit import Hypothesis, WaveFit

_APART = 0.35  # of the longest delay; 20 degrees where the array hears best
_LEAST_SHARE = 0.1  # of the pieces; fewer are echoes
_LEAST_PIECES = 3


def heard_places(waves: WaveFit, hypothesis: Hypothesis) -> list[Bool[np.ndarray, "piece"]]:
    """Which pieces came from each place, those heard longest first.

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
            places.append(place)
    return sorted(places, key=lambda place: -int(place.sum()))


def _difference(arrival: Float[np.ndarray, "channel piece"], leader: int) -> Float[np.ndarray, "piece"]:
    """By how much the delays of one piece differ from those of each, at most, over all pairs."""
    apart: np.ndarray = np.ptp(arrival - arrival[:, [leader]], axis=0)
    return apart

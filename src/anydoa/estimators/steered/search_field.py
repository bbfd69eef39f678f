"""Where talkers around an array are searched, and what that takes; the same for all its recordings."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int
from scipy.sparse import csr_array

from anydoa.acoustics import steering_phases
from anydoa.estimators.steered.band_power import BandPower
from anydoa.estimators.steered.bin_features import BinAxis
from anydoa.estimators.steered.candidates import Candidates
from anydoa.estimators.steered.evidence import mel_bands
from anydoa.estimators.steered.fine_search import FineSearch
from anydoa.estimators.steered.options import SteeredOptions
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid


@dataclass(frozen=True, eq=False)
class SearchField:
    """Where talkers around an array are searched, the same for all its recordings.

    Args:
        array: the array, its microphones sorted by their places.
        mic_order: number in the array as it was given of each microphone.
        candidates: directions that are searched.
        fit: compares bands with a plane wave from each candidate.
        fine: places talkers between candidates.
        folded: directions of the grid, folded as the candidates are.
        weights: shares of the candidates near each direction of the grid; each row sums to one.
    """

    array: MicrophoneArray
    mic_order: Int[np.ndarray, "mic"]
    candidates: Candidates
    fit: BandPower
    fine: FineSearch
    folded: Float32[np.ndarray, "3 grid"]
    weights: csr_array

    @classmethod
    def of(
        cls, array: MicrophoneArray, grid: DirectionGrid, axis: BinAxis, options: SteeredOptions
    ) -> "SearchField":
        """The field of an array and a grid.

        Sums over microphones round differently in another order, and the search goes on from what it found:
        it amplifies that. In an order of its own the array gives the same to the bit however it is written.
        """
        # Rounded as written, for what is equal but for rounding must not be sorted by it.
        order = np.lexsort(np.round(array.positions, 7).T)
        array = array.select_microphones(order.tolist())
        candidates = Candidates(
            array, grid, num_candidates=options.num_candidates, cluster_deg=options.cluster_deg
        )
        steering = steering_phases(candidates.directions, array, axis.frequencies)
        fit = BandPower(steering, mel_bands(axis, options.num_bands)[:-1])
        folded = np.ascontiguousarray(array.ambiguity.fold(grid.directions).T, dtype=np.float32)
        fine = FineSearch(array, grid, axis)
        return cls(array, order, candidates, fit, fine, folded, candidates.weights_at(folded.T))

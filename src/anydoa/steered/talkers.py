"""From recent evidence to talkers: where each is, how sure that is, and how the spectrum shows it."""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex64, Float, Float32, Int

from anydoa.geometry.ambiguity import geometry_rank
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction
from anydoa.geometry.folding import fold_directions
from anydoa.geometry.grid import DirectionGrid
from anydoa.peak_fit import PatchFit
from anydoa.steered.bin_features import BinAxis
from anydoa.steered.candidates import Candidates, steering_phases
from anydoa.steered.evidence import EvidenceMemory
from anydoa.steered.mixture import fit_mixture
from anydoa.steered.options import SteeredOptions

_KEPT_PATCHES = 64
_SPARE_CLUSTERS = 2  # that may turn out to belong to a stronger talker
_LEAST_SHARE = 1e-6
_LEAST_TRACE = 1e-12
_ROUNDING = 1e-4
_RINGS = 2.5  # grid spacings


@dataclass(frozen=True, eq=False)
class Talker:
    """A talker found in the recent past.

    Args:
        direction: towards it.
        share: of the evidence that it explains, 0..1.
        coherence: cosine of the phase error of what it explains, mean over pairs and bins.
        mass: weight of the cells it explains.
        recent_mass: the same of the last moments.
    """

    direction: Float[np.ndarray, "3"]
    share: float
    coherence: float
    mass: float
    recent_mass: float


class TalkerSearch:
    """Finds talkers in evidence.

    Args:
        array: what listens.
        grid: directions that a talker can have.
        candidates: where talkers are searched first.
        axis: bins.
        options: see there.
    """

    def __init__(
        self,
        array: MicrophoneArray,
        grid: DirectionGrid,
        candidates: Candidates,
        axis: BinAxis,
        options: SteeredOptions,
    ) -> None:
        self._array, self._grid, self._candidates = array, grid, candidates
        self._axis, self._options = axis, options
        self._patches: OrderedDict[int, _Patch] = OrderedDict()

    def find(self, evidence: EvidenceMemory) -> list[Talker]:
        """Talkers of the recent past, those that explain most first; none in silence."""
        mass = evidence.mass
        if not mass.sum() > 0:
            return []
        fit = fit_mixture(
            evidence.likelihood,
            evidence.noise_likelihood,
            mass,
            background=self._options.background,
            iterations=self._options.iterations,
        )
        clusters = self._clusters(fit.share)
        if not clusters:
            return []
        parts = np.stack([fit.explained_by(members) for members in clusters])
        found: list[Talker] = []
        apart = np.cos(np.deg2rad(self._options.separation_deg))
        for members, part, covariance in zip(clusters, parts, evidence.covariances(parts), strict=True):
            heaviest = int(members[first_greatest(fit.share[members])])
            direction, coherence = self._patch(heaviest).locate(covariance)
            # The rest of a stronger talker's lobe leads back to that talker.
            if all(direction @ other.direction < apart for other in found):
                explained, recent = float(part @ mass), float(part @ evidence.recent_mass)
                found.append(Talker(direction, explained / float(mass.sum()), coherence, explained, recent))
        return found[: self._options.max_talkers]

    def _clusters(self, share: Float32[np.ndarray, "candidate"]) -> list[Int[np.ndarray, "_"]]:
        """Candidates of each talker, the strongest first."""
        left = share.copy()
        apart = np.cos(np.deg2rad(self._options.separation_deg))
        directions = self._candidates.directions
        found: list[Int[np.ndarray, "_"]] = []
        for _ in range(self._options.max_talkers + _SPARE_CLUSTERS):
            together = self._candidates.near @ left
            centre = first_greatest(together)
            if together[centre] < _LEAST_SHARE:
                break
            members = np.flatnonzero(self._candidates.near[centre] * left)
            middle = normalize_direction(left[members] @ directions[members])
            found.append(members)
            left[members] = 0
            left[directions @ middle > apart] = 0
        return found

    def _patch(self, candidate: int) -> "_Patch":
        if candidate not in self._patches:
            reach = np.deg2rad(self._options.cluster_deg)
            self._patches[candidate] = _Patch(
                self._array, self._grid, self._axis, self._candidates.directions[candidate], reach
            )
            if len(self._patches) > _KEPT_PATCHES:
                self._patches.popitem(last=False)
        self._patches.move_to_end(candidate)
        return self._patches[candidate]


class _Patch:
    """Grid directions around a candidate, to place a talker finely."""

    def __init__(
        self,
        array: MicrophoneArray,
        grid: DirectionGrid,
        axis: BinAxis,
        centre: Float[np.ndarray, "3"],
        reach: float,
    ) -> None:
        folded = fold_directions(grid.directions, array)
        cosine = folded @ centre
        self._array, self._grid = array, grid
        # A talker is sought within reach, but the fit around it wants its neighbours' values too.
        self._members = np.flatnonzero(cosine >= np.cos(min(reach + _RINGS * grid.spacing, np.pi)))
        self._within = cosine[self._members] >= min(np.cos(reach), cosine.max())
        self._directions = folded[self._members]
        self._steering = steering_phases(self._directions, array, axis.frequencies)
        self._is_line = geometry_rank(array) == "line"
        self._fits: dict[int, PatchFit] = {}

    def locate(
        self, covariance: Complex64[np.ndarray, "freq mic mic"]
    ) -> tuple[Float[np.ndarray, "3"], float]:
        """Direction of the greatest steered response, and how coherent it is."""
        turned = (self._steering @ covariance.swapaxes(-1, -2)).view(np.float32)
        # Real and imaginary parts side by side: their products add up to the real part of the inner product.
        turned *= self._steering.view(np.float32)
        trace = float(np.trace(covariance.sum(axis=0)).real)
        excess = turned.sum(axis=0).sum(axis=1) - trace
        values = excess / (max(trace, _LEAST_TRACE) * (self._array.num_microphones - 1))
        best = first_greatest(np.where(self._within, values, -1))
        coherence = float(np.clip(values[best], 0, 1))
        if self._is_line:
            return self._directions[best], coherence
        middle = int(self._members[best])
        spread = np.full(len(self._grid), values.min())
        spread[self._members] = values
        if middle not in self._fits:
            self._fits[middle] = PatchFit(self._grid, middle)
        return fold_directions(self._fits[middle].maximum(spread)[0], self._array), coherence


def first_greatest(values: Float[np.ndarray, "_"]) -> int:
    """Index of the greatest value; of those that differ from it by rounding alone, the first.

    What an array cannot tell apart must not be decided by the order of its microphones.
    """
    greatest = float(values.max())
    return int(np.flatnonzero(values >= greatest - _ROUNDING * abs(greatest))[0])

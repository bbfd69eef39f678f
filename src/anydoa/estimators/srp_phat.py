"""SRP-PHAT: steered response power with the phase transform, over all pairs of microphones.

In free field the response of a pair depends on a direction only through one time difference. So the
cross-spectrum of each pair goes once to a fine axis of lags, and every direction reads there at its own time
difference.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex64, Float, Float32, Int
from scipy.sparse import csr_array

from anydoa.acoustics import arrival_time
from anydoa.estimators.covariance import CovarianceEstimator, Projection
from anydoa.estimators.sphere_projection import SpherePhaseProjection
from anydoa.estimators.steering_projection import SteeringPhaseProjection
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid

_INTERPOLATION_ERROR = 5e-4  # of a value of the spectrum, at most
_SAME_BASELINE = 1e-7  # m; at 8 kHz less than 0.001 degrees of phase
_BLOCK_READINGS = 2**21  # directions x baselines in one table


@dataclass(frozen=True, kw_only=True)
class SrpPhat(CovarianceEstimator):
    """Steered response power with the phase transform.

    A value is the cosine of the phase error, averaged over all pairs, all bins of the band and the
    recent past, with negative averages set to 0: 1 for a plane wave from that direction in silence.

    The options are those of :class:`~anydoa.estimators.covariance.CovarianceEstimator`. In 55 simulated
    rooms 94 % of the frames that found the talker reached the default threshold; of frames of unrelated
    noise none did (99 % stay below 0.02). Diffuse noise does on arrays of a few centimetres, but from nearly
    all directions alike, and :class:`~anydoa.peaks.finder.PeakFinder` takes no such peak for a source.

    Reference:
        DiBiase, Silverman, Brandstein (2001), "Robust localization in reverberant rooms". Here divided
        by the number of pairs and bins, without the constant part of each microphone with itself.
    """

    name: str = "srp-phat"
    threshold: float = 0.1

    def magnitude(self, spectra: Complex64[np.ndarray, "mic *batch"]) -> Float32[np.ndarray, "_ *batch"]:
        """Magnitude of each microphone, so that phases remain: the phase transform."""
        return np.abs(spectra)

    def projection(self, array: MicrophoneArray, grid: DirectionGrid) -> Projection:
        """Reads the value of every direction from the lags of every pair, in free field."""
        if array.phases_are_delays:
            return _LagProjection(array, grid, self.frequencies)
        if array.rigid_sphere_radius is not None:
            return SpherePhaseProjection(array, grid, self.frequencies)
        return SteeringPhaseProjection(array, grid, self.frequencies)


@dataclass(frozen=True, eq=False)
class _Baselines:
    """The distinct displacements between two microphones, shortest first, and the pairs that share each.

    Pairs with one displacement have one time difference in every direction, so their cross-spectra add.
    """

    displacement: Float[np.ndarray, "baseline 3"]
    cells: Int[np.ndarray, "pair"]  # of the flattened covariance, the pairs of one baseline side by side
    starts: Int[np.ndarray, "baseline"]  # first of each baseline's cells

    @staticmethod
    def of(positions: Float[np.ndarray, "mic 3"]) -> "_Baselines":
        # Displacements (pair, 3) in steps so small that equal ones are equal numbers; the first step that is
        # not 0 is made positive, by exchanging the microphones.
        first, second = np.triu_indices(len(positions), k=1)
        steps = np.rint((positions[first] - positions[second]) / _SAME_BASELINE).astype(np.int64)
        leading = steps[np.arange(len(steps)), (steps != 0).argmax(axis=1)]
        backward = leading < 0
        cells = np.where(backward, second * len(positions) + first, first * len(positions) + second)
        # Distinct displacements, shortest first, and the baseline of each pair.
        distinct, inverse = np.unique(np.where(backward[:, None], -steps, steps), axis=0, return_inverse=True)
        by_length = np.argsort(np.linalg.norm(distinct, axis=1), kind="stable")
        rank = np.empty_like(by_length)
        rank[by_length] = np.arange(len(by_length))
        baseline = rank[inverse.ravel()]
        # Pairs of one baseline side by side.
        order = np.argsort(baseline, kind="stable")
        starts = np.searchsorted(baseline[order], np.arange(len(distinct)))
        return _Baselines(distinct[by_length] * _SAME_BASELINE, cells[order], starts)

    def cross_spectra(
        self, covariance: Complex64[np.ndarray, "frame freq mic mic"]
    ) -> Complex64[np.ndarray, "frame baseline freq"]:
        """Sum of the cross-spectra of each baseline's pairs."""
        pairs = covariance.reshape(*covariance.shape[:2], -1)[:, :, self.cells]
        merged = pairs if len(self.starts) == len(self.cells) else np.add.reduceat(pairs, self.starts, axis=2)
        return np.ascontiguousarray(merged.swapaxes(1, 2))


class _LagProjection:
    """Turns averaged covariances into SRP-PHAT values of one array on one grid.

    Linear interpolation between lags ``h`` apart is wrong by at most ``mean((2 pi f h)^2) / 8``, because
    no cross-spectrum exceeds 1; ``h`` is chosen from that bound.
    """

    def __init__(
        self, array: MicrophoneArray, grid: DirectionGrid, frequencies: Float[np.ndarray, "freq"]
    ) -> None:
        self._baselines = _Baselines.of(array.positions)
        # The widest step between lags that keeps the error of interpolation below its bound.
        angular = 2 * np.pi * frequencies
        lag_step = float(np.sqrt(8 * _INTERPOLATION_ERROR / np.mean(angular**2)))
        displacement, lag_length = self._baselines.displacement, array.speed_of_sound * lag_step
        # One table for each block of baselines, which are sorted, so that short ones need few lags.
        step = max(1, _BLOCK_READINGS // len(grid))
        self._tables = [
            _LagTable.of(
                slice(start, start + step),
                arrival_time(displacement[start : start + step], grid.directions, lag_length),  # in lags
            )
            for start in range(0, len(displacement), step)
        ]
        # Waves (freq, lag) that turn cross-spectra into cross-correlations.
        lags = np.arange(max(table.half_length for table in self._tables) + 1) * lag_step
        self._cosine = np.cos(angular[:, None] * lags).astype(np.float32)
        self._sine = np.sin(angular[:, None] * lags).astype(np.float32)
        self._scale = np.float32(1 / (len(self._baselines.cells) * len(frequencies)))

    def __call__(
        self, covariance: Complex64[np.ndarray, "frame freq mic mic"]
    ) -> Float32[np.ndarray, "frame grid"]:
        cross_spectra = self._baselines.cross_spectra(covariance)
        total: np.ndarray = np.zeros((), dtype=np.float32)
        for table in self._tables:
            # Cross-correlation (frame, baseline, lag) at the lags -half_length..half_length.
            block, num_lags = cross_spectra[:, table.baselines], table.half_length + 1
            even = block.real @ self._cosine[:, :num_lags]
            odd = block.imag @ self._sine[:, :num_lags]
            lags = np.concatenate([(even + odd)[..., :0:-1], even - odd], axis=-1)
            # (direction, baseline and lag) @ (baseline and lag, frame) -> (direction, frame)
            total = total + table.readings @ np.ascontiguousarray(lags.reshape(len(lags), -1).T)
        return np.clip(total.T * self._scale, 0, 1)


@dataclass(frozen=True, eq=False)
class _LagTable:
    """Where every direction reads in the cross-correlations of a block of baselines.

    Args:
        baselines: the block.
        half_length: each baseline has the lags ``-half_length..half_length``.
        readings: sparse; from the lags of all baselines to the sum over baselines of each direction.
    """

    baselines: slice
    half_length: int
    readings: csr_array

    @staticmethod
    def of(baselines: slice, tdoa: Float[np.ndarray, "grid baseline"]) -> "_LagTable":
        """The table for time differences counted in lags."""
        num_directions, num_baselines = tdoa.shape
        half_length = int(np.abs(tdoa).max()) + 1
        num_lags = 2 * half_length + 1
        # Each direction reads between two lags of each baseline, (direction, baseline).
        position = tdoa + half_length
        below = position.astype(np.int32)
        fraction = (position - below).astype(np.float32)
        # (direction, baseline, 2) -> rows of a sparse matrix (direction, baseline and lag).
        below += np.arange(num_baselines, dtype=np.int32) * num_lags
        columns = np.stack([below, below + 1], axis=-1)
        weights = np.stack([1 - fraction, fraction], axis=-1)
        row_starts = np.arange(num_directions + 1, dtype=np.int32) * (2 * num_baselines)
        shape = (num_directions, num_baselines * num_lags)
        return _LagTable(
            baselines, half_length, csr_array((weights.ravel(), columns.ravel(), row_starts), shape)
        )

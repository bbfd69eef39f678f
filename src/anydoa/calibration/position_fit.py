"""Microphone positions and directions that explain measured arrival times best, with their uncertainty.

A plane wave from unit direction u reaches a microphone at p at the time -(p . u) / c. Neither p nor u is
known exactly; many directions together tell both, but for a motion of the array as a whole: turned
together, array and directions give the same times. Positions are therefore relative to their mean and
turned to lie as near to the nominal ones as they can. Everything here is in the array's principal axes,
as many as the array fills: of a flat array only the components of directions within the plane count.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import least_squares

from anydoa.geometry.grid import fibonacci_grid
from anydoa.threads import one_blas_thread


@dataclass(frozen=True)
class FitOptions:
    """How positions are searched.

    Args:
        num_directions: directions tried for each observation before the fit.
        unit_sd: standard deviation of the length of a direction from 1.
        unit_stiffness: the same, against the size of the array, where directions are sought alone.
        num_reweightings: times that outliers are weighed anew where directions are sought alone.
        outlier_sds: standard deviations from which an arrival pulls less and less.
        min_noise_m: no delay is known better, and rows of one scale make the search short.
        max_steps: steps of a search; one that takes more has the wrong array, and fits held-out sounds badly.
        num_rounds: fits, each with the noise that the previous one left over.
    """

    num_directions: int = 500
    unit_sd: float = 1e-3
    unit_stiffness: float = 1e3
    num_reweightings: int = 10
    outlier_sds: float = 3.0
    min_noise_m: float = 1e-5
    max_steps: int = 60
    num_rounds: int = 3


@dataclass(frozen=True)
class FitPrior:
    """What is known before anything is heard; standard deviations, normal.

    Args:
        position_m: deviation of each coordinate of a microphone from its nominal place.
        delay_share: deviation of one factor on all delays from 1; 0 if delays are true to scale. A room's
            echoes draw delays towards zero, a cold room lengthens them, and neither can be told from an array
            of another size.
        num_axes: number of principal axes along which microphones may move, widest first.
        bound_sds: deviations that a coordinate may move.
    """

    position_m: float
    delay_share: float = 0.0
    num_axes: int = 3
    bound_sds: float = 4.0

    @property
    def bound_m(self) -> float:
        """Farthest that a coordinate may move."""
        return self.bound_sds * self.position_m


@dataclass(frozen=True, eq=False)
class PositionFit:
    """Where the microphones are.

    Args:
        moves: metres from the nominal positions, along the principal axes.
        moves_covariance: covariance of each microphone's move, square metres; the prior's along axes that
            were held.
        waves: direction of each observation along the principal axes; length 1 in three, at most 1 in two.
        misfit_m: what is left of each arrival, metres of path.
        noise_m: standard deviation of an arrival, metres of path.
        delay_factor: factor by which all delays are longer than positions and directions say.
        delay_factor_sd: its standard deviation; 0 if it was held.
    """

    moves: Float[np.ndarray, "mic axis"]
    moves_covariance: Float[np.ndarray, "mic axis axis"]
    waves: Float[np.ndarray, "place axis"]
    misfit_m: Float[np.ndarray, "place mic"]
    noise_m: float
    delay_factor: float
    delay_factor_sd: float


@one_blas_thread()
def fit_positions(
    positions: Float[np.ndarray, "mic axis"],
    paths: Float[np.ndarray, "place mic"],
    prior: FitPrior,
    options: FitOptions = FitOptions(),
) -> PositionFit:
    """Joint least squares over moves of the microphones and a direction for each observation.

    Args:
        positions: nominal positions, metres along the principal axes, relative to their mean.
        paths: arrival times of each sound, metres of path at the nominal speed, mean 0 over microphones.
        prior: how far microphones may be from their nominal places.
        options: how positions are searched.

    Reference:
        The maximum of the posterior for normal priors; arrivals beyond three standard deviations are
        weighed down by the loss 2 (sqrt(1 + z) - 1). Standard deviations from the Jacobian at the solution,
        scaled by the residual.
    """
    problem = _PositionProblem(positions, paths, prior, options)
    unknowns = problem.start()
    noise = max(_robust_rms(problem.misfit(unknowns)), options.min_noise_m)
    for _ in range(options.num_rounds):
        unknowns = problem.solve(unknowns, noise)
        noise = problem.noise(unknowns, noise)
    return problem.result(unknowns, noise)


def fit_waves(
    positions: Float[np.ndarray, "mic axis"],
    paths: Float[np.ndarray, "place mic"],
    options: FitOptions = FitOptions(),
) -> tuple[Float[np.ndarray, "place axis"], Float[np.ndarray, "place mic"]]:
    """The direction that fits each observation best, and the misfit of its arrivals, metres of path.

    Args:
        positions: metres along the principal axes, relative to their mean.
        paths: arrival times as in :func:`fit_positions`.
        options: how directions are searched.
    """
    # From the plain least squares, or in a volume from the best of some directions all around.
    if positions.shape[1] < 3:
        waves = -paths @ np.linalg.pinv(positions).T
    else:
        candidates = fibonacci_grid(options.num_directions).directions
        misfit = np.abs(paths[:, None] + candidates @ positions.T).sum(axis=-1)
        waves = candidates[misfit.argmin(axis=1)]
    for _ in range(options.num_reweightings):
        # (place, mic): outliers weigh less
        misfit = paths + waves @ positions.T
        scale = np.maximum(options.outlier_sds * _robust_rms(misfit), options.min_noise_m)
        weight = 1 / np.sqrt(1 + (misfit / scale) ** 2)
        # (place, mic) -> (place, axis, axis), (place, axis): the normal equations of each direction
        normal = np.einsum("nm,ma,mb->nab", weight, positions, positions, optimize=True)
        wanted = -(weight * paths) @ positions
        if positions.shape[1] == 3:  # held to length 1 along itself
            unit = waves / np.linalg.norm(waves, axis=1, keepdims=True)
            stiffness = options.unit_stiffness * np.trace(normal, axis1=1, axis2=2)[:, None]
            normal = normal + (stiffness * unit)[..., None] * unit[:, None]
            wanted = wanted + stiffness * unit
        waves = np.linalg.solve(normal, wanted[..., None])[..., 0]
    return waves, paths + waves @ positions.T


class _PositionProblem:
    """Residuals and Jacobian. Unknowns in a row: moves (mic, free axis), waves (place, axis), stretch.

    With s = 1 + stretch, the misfit of an arrival is path + s (p . u), less its mean over the microphones.
    """

    def __init__(
        self,
        positions: Float[np.ndarray, "mic axis"],
        paths: Float[np.ndarray, "place mic"],
        prior: FitPrior,
        options: FitOptions,
    ) -> None:
        self._positions, self._paths, self._prior, self._options = positions, paths, prior, options
        self._num_places, self._num_mics = paths.shape
        self._num_axes = positions.shape[1]
        self._free_axes = min(prior.num_axes, self._num_axes)
        self._num_moves = self._num_mics * self._free_axes
        self._num_waves = self._num_places * self._num_axes
        self._centring = np.eye(self._num_mics) - 1 / self._num_mics

    def start(self) -> Float[np.ndarray, "unknown"]:
        """No moves, and for each observation the direction that fits it best."""
        waves, _ = fit_waves(self._positions, self._paths, self._options)
        stretch = np.zeros(1 if self._prior.delay_share else 0)
        return np.concatenate([np.zeros(self._num_moves), waves.ravel(), stretch])

    def solve(self, start: Float[np.ndarray, "unknown"], noise: float) -> Float[np.ndarray, "unknown"]:
        bound = np.full(len(start), np.inf)
        bound[: self._num_moves] = self._prior.bound_m
        solution = least_squares(
            self._residuals, start, self._jacobian, bounds=(-bound, bound), x_scale="jac", ftol=1e-6,
            max_nfev=self._options.max_steps, loss=self._loss, args=(noise,),
        )  # fmt: skip
        found: np.ndarray = solution.x
        return found

    def misfit(self, unknowns: Float[np.ndarray, "unknown"]) -> Float[np.ndarray, "place mic"]:
        moves, waves, stretch = self._split(unknowns)
        moved = self._centring @ (self._positions + moves)
        misfit: np.ndarray = self._paths + (1 + stretch) * waves @ moved.T
        return misfit

    def noise(self, unknowns: Float[np.ndarray, "unknown"], noise: float) -> float:
        """Standard deviation of an arrival: what is left, over what was not used up by the unknowns."""
        # (place, mic): outliers weigh less
        misfit = self.misfit(unknowns)
        weight = 1 / np.sqrt(1 + (misfit / (self._options.outlier_sds * noise)) ** 2)
        # (place mic, unknown) -> (one): how many of the arrivals the unknowns use up
        jacobian = self._jacobian(unknowns, noise)
        weighted = jacobian[: misfit.size] * np.sqrt(weight.reshape(-1, 1))
        covariance = np.linalg.pinv(self._precision(unknowns, noise))
        used = float(np.einsum("ij,jk,ik->", weighted, covariance, weighted, optimize=True))
        left = weight.sum() * (1 - 1 / self._num_mics) - used
        return max(float(np.sqrt((weight * misfit**2).sum() / max(left, 1.0))), self._options.min_noise_m)

    def result(self, unknowns: Float[np.ndarray, "unknown"], noise: float) -> PositionFit:
        moves, waves, stretch = self._split(unknowns)
        each = np.tile(np.eye(self._num_axes) * self._prior.position_m**2, (self._num_mics, 1, 1))
        factor_sd = 0.0
        if self._free_axes:
            covariance = np.linalg.inv(self._precision(unknowns, noise))
            # (move, motion) -> (move, move): all moves but those of the array as a whole, which nothing shows
            gauge = self._gauge(self._positions + moves)
            seen = np.eye(self._num_moves) - gauge @ gauge.T
            moved = seen @ covariance[: self._num_moves, : self._num_moves] @ seen
            # -> (mic, axis, mic, axis) -> (mic, axis, axis): the blocks on the diagonal
            blocks = moved.reshape(self._num_mics, self._free_axes, self._num_mics, self._free_axes)
            each[:, : self._free_axes, : self._free_axes] = np.einsum(
                "manb,mn->mab", blocks, np.eye(self._num_mics)
            )
            if self._prior.delay_share:
                factor_sd = float(np.sqrt(covariance[-1, -1]))
        return PositionFit(
            moves=moves,
            moves_covariance=each,
            waves=waves,
            misfit_m=self.misfit(unknowns),
            noise_m=noise,
            delay_factor=1 + stretch,
            delay_factor_sd=factor_sd,
        )

    def _split(
        self, unknowns: Float[np.ndarray, "unknown"]
    ) -> tuple[Float[np.ndarray, "mic axis"], Float[np.ndarray, "place axis"], float]:
        moves = np.zeros((self._num_mics, self._num_axes))
        moves[:, : self._free_axes] = unknowns[: self._num_moves].reshape(self._num_mics, -1)
        waves = unknowns[self._num_moves : self._num_moves + self._num_waves]
        stretch = float(unknowns[-1]) if self._prior.delay_share else 0.0
        return moves, waves.reshape(-1, self._num_axes), stretch

    def _residuals(self, unknowns: Float[np.ndarray, "unknown"], noise: float) -> Float[np.ndarray, "row"]:
        _, waves, stretch = self._split(unknowns)
        rows = [self.misfit(unknowns).ravel() / noise]
        if self._num_axes == 3:
            rows.append((np.linalg.norm(waves, axis=1) - 1) / self._options.unit_sd)
        rows.append(unknowns[: self._num_moves] / self._prior.position_m)
        if self._prior.delay_share:
            rows.append(np.array([stretch / self._prior.delay_share]))
        return np.concatenate(rows)

    def _jacobian(
        self, unknowns: Float[np.ndarray, "unknown"], noise: float
    ) -> Float[np.ndarray, "row unknown"]:
        moves, waves, stretch = self._split(unknowns)
        moved = self._centring @ (self._positions + moves)
        places, mics, axes = self._num_places, self._num_mics, self._num_axes
        # Misfits of arrivals: (place mic) rows, by moves, by directions and by the stretch.
        by_move = (1 + stretch) * np.einsum("mk,na->nmka", self._centring, waves[:, : self._free_axes])
        by_wave = (1 + stretch) * np.einsum("nl,ma->nmla", np.eye(places), moved)
        columns = [by_move.reshape(places * mics, -1), by_wave.reshape(places * mics, -1)]
        if self._prior.delay_share:
            columns.append((waves @ moved.T).reshape(-1, 1))
        rows = [np.concatenate(columns, axis=1) / noise]
        if axes == 3:  # lengths of directions: one row a place
            length = np.zeros((places, len(unknowns)))
            unit = waves / np.linalg.norm(waves, axis=1, keepdims=True)
            by_place = np.einsum("nl,na->nla", np.eye(places), unit).reshape(places, -1)
            length[:, self._num_moves : self._num_moves + self._num_waves] = by_place / self._options.unit_sd
            rows.append(length)
        # Priors: one row a move, one for the stretch.
        known = np.eye(len(unknowns))
        rows.append(known[: self._num_moves] / self._prior.position_m)
        if self._prior.delay_share:
            rows.append(known[-1:] / self._prior.delay_share)
        return np.concatenate(rows)

    def _loss(self, squared: Float[np.ndarray, "row"]) -> Float[np.ndarray, "3 row"]:
        """Value and two derivatives: outliers count less among arrivals, priors stay as they are."""
        outlier = self._options.outlier_sds
        value, first, second = squared.copy(), np.ones(len(squared)), np.zeros(len(squared))
        arrivals = slice(self._paths.size)
        root = np.sqrt(1 + squared[arrivals] / outlier**2)
        value[arrivals] = 2 * outlier**2 * (root - 1)
        first[arrivals] = 1 / root
        second[arrivals] = -0.5 / (outlier**2 * root**3)
        return np.stack([value, first, second])

    def _precision(
        self, unknowns: Float[np.ndarray, "unknown"], noise: float
    ) -> Float[np.ndarray, "unknown unknown"]:
        """Inverse covariance of the unknowns: the Gauss-Newton Hessian with the weights of the loss."""
        jacobian = self._jacobian(unknowns, noise)
        weight = self._loss(self._residuals(unknowns, noise) ** 2)[1]
        precision: np.ndarray = jacobian.T @ (weight[:, None] * jacobian)
        return precision

    def _gauge(self, positions: Float[np.ndarray, "mic axis"]) -> Float[np.ndarray, "move motion"]:
        """Orthonormal moves of the array as a whole: shifts along the free axes, turns within them."""
        axes = np.eye(self._free_axes)
        motions = [np.tile(axis, (self._num_mics, 1)) for axis in axes]
        for first in range(self._free_axes):
            for second in range(first):
                turn = np.outer(axes[first], axes[second]) - np.outer(axes[second], axes[first])
                motions.append(positions[:, : self._free_axes] @ turn)
        orthonormal: np.ndarray = np.linalg.qr(np.stack([m.ravel() for m in motions], axis=1))[0]
        return orthonormal


def _robust_rms(misfit: Float[np.ndarray, "place mic"]) -> float:
    """Standard deviation of normal numbers with the same median size."""
    return float(1.4826 * np.median(np.abs(misfit)))

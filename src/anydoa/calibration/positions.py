"""Experimental: microphone positions refined from a recording of sounds from many directions.

Somebody walks around the array while talking, or claps from many places. Where the sounds were need not be
known. What no such recording can tell: where the array is and how it is turned (positions are given as near
to the nominal ones as they can lie), how high the microphones of a flat array stand, and the size of the
array as long as one factor on all delays is open.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil

import numpy as np
from jaxtyping import Float

from anydoa.calibration.position_fit import FitOptions, FitPrior, PositionFit, fit_positions, fit_waves
from anydoa.calibration.sound_places import SoundPlaceOptions, SoundPlaces, find_places, gather_delays
from anydoa.errors import AudioError, ConfigError, GeometryError
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction, rotate, rotation_from_rpy_deg
from anydoa.io.samples import samples_info, split_blocks
from anydoa.threads import one_blas_thread


@dataclass(frozen=True)
class AcceptanceOptions:
    """When refined positions are accepted.

    Echoes of one room are alike from place to place, so fitting them alone lowers held-out misfit. Where the
    file was right it did so by less than this in 18 of 20 simulated recordings (benchmarks/calibration.py).

    Args:
        num_folds: parts of the places, each of which is held out once.
        max_misfit_share: share of the held-out misfit that may be left.
        min_misfit_fall_m: metres by which the held-out misfit must fall.
        min_places: number of places.
        redundancy: numbers measured for each number sought.
        min_spread_deg: least spread of the directions around a line.
        min_segments: segments of a place; a lone one may be anything.
        thick_sds: standard deviations of a position below which a thickness cannot be refined.
        bound_share: share of the farthest move from which a microphone is taken to stand at its bound.
    """

    num_folds: int = 5
    max_misfit_share: float = 0.6
    min_misfit_fall_m: float = 0.0005
    min_places: int = 8
    redundancy: float = 2.0
    min_spread_deg: float = 20.0
    min_segments: int = 2
    thick_sds: float = 3.0
    bound_share: float = 0.98


@dataclass(frozen=True)
class CalibrationOptions:
    """What is known of an array before its sound is heard.

    Args:
        position_sd_m: standard deviation of each coordinate from the array file; a ruler gives 2 to 5 mm.
            No coordinate moves farther than four of these.
        delay_sd: standard deviation from 1 of the factor on all delays, which echoes and temperature change.
            With 0 the size of the array is refined, too: outdoors, at a known speed of sound.
        acceptance: when refined positions are accepted.
        places: how places are gathered from the recording.
        fit: how positions are searched.

    Raises:
        ConfigError: if a value is out of range.
    """

    position_sd_m: float = 0.005
    delay_sd: float = 0.03
    acceptance: AcceptanceOptions = AcceptanceOptions()
    places: SoundPlaceOptions = field(default_factory=SoundPlaceOptions)
    fit: FitOptions = field(default_factory=FitOptions)

    def __post_init__(self) -> None:
        if not 1e-5 <= self.position_sd_m <= 0.1:
            raise ConfigError(
                f"position_sd_m must be 0.00001..0.1 m, got {self.position_sd_m:g}; a ruler gives 0.005"
            )
        if not 0 <= self.delay_sd <= 0.1:
            raise ConfigError(f"delay_sd must be 0..0.1, got {self.delay_sd:g}; rooms need about 0.03")


@dataclass(frozen=True, eq=False)
class Calibration:
    """A refined array and how far to trust it.

    Args:
        array: the array with the refined positions.
        moves_m: metres by which the microphones moved, in the user's frame.
        moves_sd_m: standard deviation of each coordinate, relative to the array as a whole.
        directions: unit vectors towards the places that sounds came from, in the user's frame; of a flat
            array those on the positive side of its normal, of a line those in one half plane.
        num_segments: number of segments of the recording that were used.
        before_m: misfit of arrivals at held-out places with the nominal positions, metres of path.
        after_m: misfit there with positions refined on the other places.
        delay_factor: factor by which all delays are longer than the refined array and its speed of sound say.
        delay_factor_sd: its standard deviation; 0 if it was not refined.
    """

    array: MicrophoneArray
    moves_m: Float[np.ndarray, "mic 3"]
    moves_sd_m: Float[np.ndarray, "mic 3"]
    directions: Float[np.ndarray, "place 3"]
    num_segments: int
    before_m: float
    after_m: float
    delay_factor: float
    delay_factor_sd: float


def calibrate_positions(
    audio: np.ndarray,
    sample_rate: int,
    array: MicrophoneArray,
    options: CalibrationOptions | None = None,
) -> Calibration:
    """Refine microphone positions from a recording. Experimental.

    Sounds should come from all around, one at a time, from ten times the array's span or more away.

    Args:
        audio: a recording of all channels, (channel, time), floating-point.
        sample_rate: samples a second.
        array: the nominal array.
        options: what is known before, and when the result is accepted.

    Raises:
        ShapeError: if the recording is not floating-point (channel, time).
        AudioError: if the recording does not show better positions: too few or too one-sided directions, no
            gain at held-out places, or a move to the bound.
        GeometryError: if the array cannot be refined at all.
    """
    info = samples_info(audio, sample_rate)
    return calibrate_blocks(split_blocks(audio, info.sample_rate), info.sample_rate, array, options)


@one_blas_thread()
def calibrate_blocks(
    blocks: Iterable[Float[np.ndarray, "channel time"]],
    sample_rate: int,
    array: MicrophoneArray,
    options: CalibrationOptions | None = None,
) -> Calibration:
    """Refine positions as :func:`calibrate_positions`, from a recording of any length in blocks.

    Args:
        blocks: a recording of all channels; a minute of it is held at a time.
        sample_rate: samples a second.
        array: the nominal array.
        options: what is known before, and when the result is accepted.

    Raises:
        AudioError: as :func:`calibrate_positions`.
        GeometryError: as :func:`calibrate_positions`.
    """
    options = options or CalibrationOptions()
    frame = _PrincipalFrame.of(array, options)
    reach_s = (array.span + frame.prior.bound_m) / array.speed_of_sound
    signals = (array.select_channels(block) for block in blocks)
    delays = gather_delays(signals, sample_rate, max_delay_s=reach_s, options=options.places)
    places = find_places(delays, frame.positions, speed_of_sound=array.speed_of_sound, options=options.places)
    return refine_positions(array, places.heard_for(options.acceptance.min_segments), options)


def refine_positions(
    array: MicrophoneArray, places: SoundPlaces, options: CalibrationOptions | None = None
) -> Calibration:
    """Refine positions as :func:`calibrate_positions`, from arrival times that are measured already.

    Args:
        array: the nominal array.
        places: arrival times from each direction, as path at the array's speed of sound.
        options: what is known before, and when the result is accepted.

    Raises:
        AudioError: as :func:`calibrate_positions`.
        GeometryError: as :func:`calibrate_positions`.
    """
    options = options or CalibrationOptions()
    acceptance = options.acceptance
    frame = _PrincipalFrame.of(array, options)
    frame.check_places(places, acceptance)
    fit = fit_positions(frame.positions, places.paths, frame.prior, options.fit)
    _check_fit(fit, frame, array, acceptance)
    before, after = _held_out_misfit(frame, places.paths, acceptance.num_folds, options.fit)
    if after > min(acceptance.max_misfit_share * before, before - acceptance.min_misfit_fall_m):
        raise AudioError(
            f"refined positions must fit held-out sounds better by {1 - acceptance.max_misfit_share:.0%} and "
            f"{acceptance.min_misfit_fall_m * 1000:g} mm, but their misfit is {after * 1000:.2f} mm after "
            f"{before * 1000:.2f} mm; keep the array file, ask `anydoa doctor`, or record more "
            "directions in a drier room"
        )
    moves = fit.moves @ frame.axes
    mount = rotation_from_rpy_deg(array.mount_rpy_deg)
    return Calibration(
        array=array.replace(body_positions=array.body_positions + rotate(moves, mount.T)),
        moves_m=moves,
        moves_sd_m=frame.standard_deviations(fit),
        directions=frame.directions(fit),
        num_segments=int(places.num_segments.sum()),
        before_m=before,
        after_m=after,
        delay_factor=fit.delay_factor,
        delay_factor_sd=fit.delay_factor_sd,
    )


@dataclass(frozen=True, eq=False)
class _PrincipalFrame:
    """The nominal array along its principal axes, widest first; as many as it fills.

    Args:
        basis: principal axes of the array in the user's frame, as rows.
        positions: positions along them, metres, relative to their mean.
        prior: how far microphones may be from their nominal places.
    """

    basis: Float[np.ndarray, "3 3"]
    positions: Float[np.ndarray, "mic axis"]
    prior: FitPrior

    @property
    def axes(self) -> Float[np.ndarray, "axis 3"]:
        """The principal axes that the array fills."""
        return self.basis[: self.positions.shape[1]]

    @staticmethod
    def of(array: MicrophoneArray, options: CalibrationOptions) -> "_PrincipalFrame":
        """The frame of an array, if its positions can be refined."""
        if array.rigid_sphere_radius is not None:
            raise GeometryError(
                f"positions are refined in free air, but array {array.name!r} sits on a rigid sphere, around "
                "which sound bends; keep its array file"
            )
        if array.steering is not None:
            raise GeometryError(
                f"positions are refined in free air, but array {array.name!r} was measured on a body; keep "
                "its array file"
            )
        if any(pattern.turns_over for pattern in array.patterns):
            raise GeometryError(
                f"positions are refined by delays alone, but microphones of array {array.name!r} turn sound "
                "from behind upside down; keep its array file"
            )
        num_axes = array.ambiguity.num_dimensions
        basis = np.linalg.svd(array.centred_positions)[2]
        positions = array.centred_positions @ basis[:num_axes].T
        thick = np.ptp(positions, axis=0) > options.acceptance.thick_sds * options.position_sd_m
        if not thick[0]:
            raise GeometryError(
                f"array {array.name!r} spans {array.span * 1000:.0f} mm, too little to refine positions "
                f"known to {options.position_sd_m * 1000:g} mm; give a smaller position_sd_m"
            )
        # All delays of a flat array stretch when its directions do, so one factor more tells nothing.
        delay_sd = options.delay_sd if num_axes == 3 else 0.0
        frame = _PrincipalFrame(basis, positions, FitPrior(options.position_sd_m, delay_sd, int(thick.sum())))
        if frame.numbers_a_place < 1:
            raise GeometryError(
                f"refining a {array.ambiguity.rank} takes at least {array.ambiguity.num_angles + 2} "
                f"microphones, for directions are unknown, too, but array {array.name!r} has "
                f"{array.num_microphones}; keep its array file"
            )
        return frame

    @property
    def numbers_a_place(self) -> int:
        """What the arrivals of one place tell beyond its own direction."""
        num_mics, num_axes = self.positions.shape
        return num_mics - 1 - min(num_axes, 2)

    @property
    def num_unknowns(self) -> int:
        """Coordinates sought, without the motions of the array as a whole."""
        free = self.prior.num_axes
        return free * len(self.positions) - free - free * (free - 1) // 2

    def check_places(self, places: SoundPlaces, acceptance: AcceptanceOptions) -> None:
        """Sounds must have come from enough places for the coordinates that are sought."""
        measured = acceptance.redundancy * self.num_unknowns / self.numbers_a_place
        needed = max(acceptance.min_places, ceil(measured))
        if len(places.paths) < needed:
            raise AudioError(
                f"refining {self.num_unknowns} coordinates takes sounds from at least {needed} directions, "
                f"8 degrees apart; {len(places.paths)} were heard clearly; walk around the array while "
                "talking"
            )

    def standard_deviations(self, fit: PositionFit) -> Float[np.ndarray, "mic 3"]:
        """One a coordinate in the user's frame; the prior's across axes that the array does not fill."""
        across = np.eye(3) - self.axes.T @ self.axes
        covariance = np.einsum("ax,mab,by->mxy", self.axes, fit.moves_covariance, self.axes)
        covariance += across * self.prior.position_m**2
        return np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))

    def directions(self, fit: PositionFit) -> Float[np.ndarray, "place 3"]:
        """Unit vectors in the user's frame; what the array cannot tell is taken to be positive."""
        waves = fit.waves / np.maximum(np.linalg.norm(fit.waves, axis=1, keepdims=True), 1)
        missing = np.sqrt(np.maximum(1 - np.square(waves).sum(axis=1, keepdims=True), 0))
        if len(self.axes) < 3:
            across = self.basis[len(self.axes)]
            waves = np.hstack([waves, missing * np.sign(across[np.abs(across).argmax()])])
        return normalize_direction(waves @ self.basis[: waves.shape[1]])


def _check_fit(
    fit: PositionFit, frame: _PrincipalFrame, array: MicrophoneArray, acceptance: AcceptanceOptions
) -> None:
    """Directions must not lie around one line, and no microphone may move as far as it may."""
    # Around one line, hardly more than delays along that line are known.
    power = np.linalg.eigvalsh(fit.waves.T @ fit.waves / len(fit.waves))[::-1]
    spread_deg = float(np.rad2deg(np.arcsin(np.sqrt(min(power[min(1, len(power) - 1)], 1.0)))))
    if spread_deg < acceptance.min_spread_deg:
        raise AudioError(
            f"sounds must come from all around, spread by {acceptance.min_spread_deg:g} degrees or more, "
            f"but theirs are spread by {spread_deg:.0f}; walk around the array while talking"
        )
    farthest = np.abs(fit.moves).max(axis=1)
    if farthest.max() >= acceptance.bound_share * frame.prior.bound_m:
        worst = int(farthest.argmax())
        raise AudioError(
            f"microphone {worst} of array {array.name!r} would move {frame.prior.bound_m * 1000:.0f} mm, as "
            "far as it may; check the order of the channels with `anydoa doctor`, or the numbers of the file"
        )


def _held_out_misfit(
    frame: _PrincipalFrame, paths: Float[np.ndarray, "place mic"], num_folds: int, options: FitOptions
) -> tuple[float, float]:
    """Misfit of arrivals with nominal positions, and with positions refined without them, metres of path.

    Each part of the places is left out once. The median of the places' root mean squares, so that a few
    places with strange echoes say little.
    """
    fold = np.arange(len(paths)) % num_folds
    before = _misfit(frame.positions, paths, options)
    after = np.zeros(len(paths))
    for out in range(num_folds):
        fit = fit_positions(frame.positions, paths[fold != out], frame.prior, options)
        after[fold == out] = _misfit(frame.positions + fit.moves, paths[fold == out], options)
    return float(np.median(before)), float(np.median(after))


def _misfit(
    positions: Float[np.ndarray, "mic axis"], paths: Float[np.ndarray, "place mic"], options: FitOptions
) -> Float[np.ndarray, "place"]:
    """Root mean square of each place's arrivals around the plane wave that fits them best."""
    misfit = fit_waves(positions - positions.mean(axis=0), paths, options)[1]
    return np.sqrt(np.square(misfit).mean(axis=1))

"""Measured delays beside their limits, beside each other and beside those of plane waves."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float, Int

from anydoa.doctor.delays import parabolic_peak
from anydoa.doctor.measurement import Measurement
from anydoa.doctor.places import heard_places
from anydoa.doctor.wave_fit import ChannelHypothesis


@dataclass(frozen=True)
class DelayCheckOptions:
    """Which delays are believed.

    Args:
        slack_s: seconds beyond the limit that are no contradiction; positions are known to a centimetre at
            worst.
        clear_share: share of the highest peaks that a peak must reach; lower ones are noise.
    """

    slack_s: float = 4e-5
    clear_share: float = 0.5


@dataclass(frozen=True, eq=False)
class DelayCheck:
    """Measured delays beside those that plane waves would give.

    Args:
        pairs: the two channels of each pair.
        measured_s: seconds by which the first hears later; not a number where the peak is too low to trust.
        expected_s: seconds that the array file gives, for the direction that suits the segment best.
        repaired_s: seconds that it gives after all repairs.
        limit_s: spacing over speed of sound: no sound in air can be farther apart.
        impossible_share: share of the measured delays beyond the limit.
        closure_s: median, over triangles of microphones, of what the three delays miss zero by.
        fit: share of the sound that plane waves explain, with everything as the file says.
        repaired_fit: share of the sound that they explain after all repairs.
        is_one_place: whether all was heard from one place, where echoes look like small times.
    """

    pairs: Int[np.ndarray, "pair 2"]
    measured_s: Float[np.ndarray, "segment pair"]
    expected_s: Float[np.ndarray, "segment pair"]
    repaired_s: Float[np.ndarray, "segment pair"]
    limit_s: Float[np.ndarray, "pair"]
    impossible_share: float
    closure_s: float
    fit: float
    repaired_fit: float
    is_one_place: bool


def check_delays(
    measurement: Measurement,
    repaired: ChannelHypothesis,
    options: DelayCheckOptions = DelayCheckOptions(),
) -> DelayCheck:
    """Compare measured delays with the limit, with each other and with plane waves.

    Args:
        measurement: the microphones that hear the room.
        repaired: what each channel is after all repairs.
        options: which delays are believed.
    """
    array, correlations = measurement.array, measurement.correlations
    # (pair, lag, segment) -> (segment, pair): the highest peak of each correlation
    measured, height = parabolic_peak(np.moveaxis(correlations.correlation, 2, 0), correlations.lag_s)
    clear = height >= options.clear_share * np.quantile(height, 0.9)
    # (pair): longest delay that sound in air can have, (segment, pair): measured ones beyond it
    pairs = correlations.pairs
    limit = np.linalg.norm(array.positions[pairs[:, 0]] - array.positions[pairs[:, 1]], axis=1)
    limit_s = limit / array.speed_of_sound
    if array.rigid_sphere_radius is not None or array.steering is not None:
        limit_s *= np.pi / 2  # around the sphere or body, not through it
    impossible = np.abs(measured) > limit_s + options.slack_s
    return DelayCheck(
        pairs=np.array(measurement.assignment.channels)[pairs],
        measured_s=np.where(clear, measured, np.nan),
        expected_s=_expected(measurement, measurement.as_declared),
        repaired_s=_expected(measurement, repaired),
        limit_s=limit_s,
        impossible_share=float(impossible[clear].mean()),
        closure_s=_closure(array.num_microphones, measured),
        fit=float(measurement.waves.fit(measurement.as_declared).mean()),
        repaired_fit=float(measurement.waves.fit(repaired).mean()),
        is_one_place=len(heard_places(measurement.near_waves, repaired)) == 1,
    )


def _expected(measurement: Measurement, hypothesis: ChannelHypothesis) -> Float[np.ndarray, "segment pair"]:
    """Delays of the plane wave that suits each segment best."""
    late = measurement.waves.arrivals(hypothesis, measurement.waves.best_directions(hypothesis))
    first, second = measurement.correlations.pairs.T
    delays: np.ndarray = (late[first] - late[second]).T
    return delays


def _closure(count: int, measured: Float[np.ndarray, "segment pair"]) -> float:
    """Median over triangles of what three delays, once around, miss zero by; 0 with two microphones."""
    if count < 3:
        return 0.0
    # (mic, mic): number of each pair; (triangle, 3): all triples of microphones
    number = np.zeros((count, count), dtype=int)
    number[np.triu_indices(count, k=1)] = np.arange(measured.shape[1])
    triangles = np.array(list(combinations(range(count), 3)))
    # (segment, pair) -> (segment, triangle)
    missed = (
        measured[:, number[triangles[:, 0], triangles[:, 1]]]
        + measured[:, number[triangles[:, 1], triangles[:, 2]]]
        - measured[:, number[triangles[:, 0], triangles[:, 2]]]
    )
    return float(np.median(np.abs(missed)))

"""Measured delays beside their limits, beside each other and beside those of plane waves."""

from itertools import combinations

import numpy as np
from jaxtyping import Float

from anydoa.diagnosis.bench import Bench
from anydoa.diagnosis.delays import parabolic_peak
from anydoa.diagnosis.findings import DelayCheck
from anydoa.diagnosis.heard_places import heard_places
from anydoa.diagnosis.wave_fit import Hypothesis
from anydoa.geometry.array import MicrophoneArray

_SLACK_S = 4e-5  # s; positions are known to a centimetre at worst
_CLEAR_SHARE = 0.5  # of the highest peaks; lower ones are noise


def check_delays(bench: Bench, mended: Hypothesis) -> DelayCheck:
    """Compare measured delays with the limit, with each other and with plane waves.

    Args:
        bench: the microphones that hear the room.
        mended: what each channel is after all repairs.
    """
    correlations = bench.correlations
    measured, height = parabolic_peak(np.moveaxis(correlations.correlation, 2, 0), correlations.lag_s)
    clear = height >= _CLEAR_SHARE * np.quantile(height, 0.9)
    pairs = correlations.pairs
    positions = bench.array.positions
    limit = np.linalg.norm(positions[pairs[:, 0]] - positions[pairs[:, 1]], axis=1)
    limit_s = limit / bench.array.speed_of_sound
    if bench.array.rigid_sphere_radius is not None:
        limit_s *= np.pi / 2  # around the sphere, not through it
    impossible = np.abs(measured) > limit_s + _SLACK_S
    return DelayCheck(
        pairs=np.array(bench.placing.channels)[pairs],
        measured_s=np.where(clear, measured, np.nan),
        expected_s=_expected(bench, bench.as_told),
        mended_s=_expected(bench, mended),
        limit_s=limit_s,
        impossible_share=float(impossible[clear].mean()),
        closure_s=_closure(bench.array, measured),
        fit=float(bench.waves.fit(bench.as_told).mean()),
        mended_fit=float(bench.waves.fit(mended).mean()),
        is_one_place=len(heard_places(bench.near_waves, mended)) == 1,
    )


def _expected(bench: Bench, hypothesis: Hypothesis) -> Float[np.ndarray, "piece pair"]:
    """Delays of the plane wave that suits each piece best."""
    late = bench.waves.arrivals(hypothesis, bench.waves.best_directions(hypothesis))
    first, second = bench.correlations.pairs.T
    delays: np.ndarray = (late[first] - late[second]).T
    return delays


def _closure(array: MicrophoneArray, measured: Float[np.ndarray, "piece pair"]) -> float:
    """Median over triangles of what three delays, once around, miss zero by; 0 with two microphones."""
    count = array.num_microphones
    if count < 3:
        return 0.0
    number = np.zeros((count, count), dtype=int)
    number[np.triu_indices(count, k=1)] = np.arange(measured.shape[1])
    triangles = np.array(list(combinations(range(count), 3)))
    around = (
        measured[:, number[triangles[:, 0], triangles[:, 1]]]
        + measured[:, number[triangles[:, 1], triangles[:, 2]]]
        - measured[:, number[triangles[:, 0], triangles[:, 2]]]
    )
    return float(np.median(np.abs(around)))

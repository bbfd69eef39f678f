"""Scenes drawn by hypothesis, and every estimator of the package for the properties all of them share.

Hypothesis draws a seed and small numbers; the test makes the scene from them. Scenes are not strategies:
the type checker of the suite picks items at random, which hypothesis forbids while it draws.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from free_field import plane_wave, random_array, random_direction, talker
from hypothesis import strategies as st

from anydoa.estimators.catalogue import load
from anydoa.estimators.music import Music
from anydoa.estimators.srp_phat import SrpPhat
from anydoa.geometry.array import MicrophoneArray
from anydoa.spectrum import SpectrumEstimator


@dataclass(frozen=True)
class EstimatorCase:
    """An estimator and the properties that hold for it but not for every estimator.

    Args:
        estimator: on the common protocol.
        pointwise: the value of a direction does not depend on which other directions the grid has.
        turns: turning the array and the grid together changes nothing.
        fewest_microphones: that it takes.
    """

    estimator: SpectrumEstimator
    pointwise: bool
    turns: bool
    fewest_microphones: int = 2


# A new estimator gets a line here.
ESTIMATORS = [
    pytest.param(EstimatorCase(SrpPhat(), pointwise=True, turns=True), id="srp-phat"),
    # MUSIC divides the pseudospectrum of each bin by its maximum over the grid.
    pytest.param(EstimatorCase(Music(), pointwise=False, turns=True), id="music"),
    # Its candidates are fixed directions of the sphere, which the turned array meets at other angles.
    pytest.param(EstimatorCase(load("steered"), pointwise=False, turns=False), id="steered"),
    pytest.param(EstimatorCase(load("steered-any"), pointwise=False, turns=False), id="steered-any"),
    # A network learns from turned scenes that turning changes nothing, but nothing in it forces that.
    pytest.param(
        EstimatorCase(load("agg-rl"), pointwise=True, turns=False, fewest_microphones=4), id="agg-rl"
    ),
]


def looking_ahead(case: EstimatorCase, seconds: float) -> EstimatorCase:
    """The same case with at most so much look-ahead."""
    return replace(case, estimator=case.estimator.with_look_ahead(seconds))


LOOKING_AHEAD = [
    pytest.param(looking_ahead(param.values[0], seconds), id=f"{param.id}-{seconds}s-ahead")
    for param in ESTIMATORS
    if param.id != "steered-any"  # other weights in the class of steered
    for seconds in (0.3, math.inf)
]
EVERY_LOOK_AHEAD = [*ESTIMATORS, *LOOKING_AHEAD]

seeds = st.integers(0, 2**31 - 1)
chunkings = st.lists(st.one_of(st.sampled_from([0, 1]), st.integers(2, 4000)), min_size=1, max_size=12)
scales = st.floats(-20, 20).map(lambda exponent: 10.0**exponent)


@dataclass(frozen=True, eq=False)
class Scene:
    """One source around one array.

    Args:
        array: microphones inside a ball of 10 cm.
        direction: unit vector towards the source.
        audio: microphone signals, peak about 1.
    """

    array: MicrophoneArray
    direction: np.ndarray
    audio: np.ndarray


def make_scene(
    rng: np.random.Generator,
    array: MicrophoneArray,
    direction: np.ndarray,
    *,
    seconds: float = 0.5,
    snr_db: float = 20.0,
) -> Scene:
    """A talker in the free field and independent noise in every microphone."""
    heard = plane_wave(array, direction, talker(rng, round(seconds * 16_000)))
    return in_noise(rng, array, direction, heard, snr_db=snr_db)


def in_noise(
    rng: np.random.Generator,
    array: MicrophoneArray,
    direction: np.ndarray,
    heard: np.ndarray,
    *,
    snr_db: float,
) -> Scene:
    """What the microphones hear of a talker of power 1, and independent noise in each."""
    noise = 10 ** (-snr_db / 20) * rng.standard_normal(heard.shape)
    return Scene(array, direction, (0.2 * (heard + noise)).astype(np.float32))


def random_scene(seed: int, fewest_microphones: int = 2, *, seconds: float = 0.5) -> Scene:
    """A talker anywhere around up to 12 microphones anywhere."""
    rng = np.random.default_rng(seed)
    array = random_array(rng, int(rng.integers(fewest_microphones, 13)))
    return make_scene(rng, array, random_direction(rng), seconds=seconds)

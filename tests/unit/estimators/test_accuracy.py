"""Directions of a talker in the free field: the error that the classical estimators must reach."""

import numpy as np
import pytest
from free_field import random_array, random_direction

from anydoa.estimators.covariance import CovarianceEstimator
from anydoa.estimators.music import Music
from anydoa.estimators.srp_phat import SrpPhat
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.geometry.grid import fibonacci_grid
from anydoa.io.array_file import list_presets, load_array
from anydoa.peaks.finder import find_peaks
from properties.strategies import make_scene

GRID = fibonacci_grid(2048)
# As points in free air even arrays that in truth sit on a rigid sphere or are cardioids; those are tried in
# tests/properties.
PRESETS = [load_array(name).replace(rigid_sphere_radius=None, patterns=()) for name in list_presets()]
ARRAYS = [array for array in PRESETS if array.ambiguity.rank == "volume"]
ARRAYS.append(random_array(np.random.default_rng(0), 8))


def test_presets_that_fill_a_volume_are_among_the_arrays() -> None:
    assert {"tetrahedron-4cm", "em32"} < {array.name for array in ARRAYS}


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: array.name)
@pytest.mark.parametrize("estimator", [SrpPhat(), Music()], ids=lambda estimator: estimator.name)
def test_a_talker_in_the_free_field_is_found_within_two_degrees(
    estimator: CovarianceEstimator, array: MicrophoneArray
) -> None:
    rng = np.random.default_rng(1)
    for _ in range(2):
        scene = make_scene(rng, array, random_direction(rng), seconds=0.7, snr_db=20.0)
        for spectrum in (
            estimator.spectrum(scene.audio, array, GRID).mean(),
            estimator.summary_spectrum(scene.audio, array, GRID).values[0],
        ):
            found = find_peaks(spectrum, GRID, num_sources=1)[0].direction
            assert great_circle_distance_deg(found, scene.direction) < 2

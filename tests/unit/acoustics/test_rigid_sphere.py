"""The series of the rigid sphere: its limits, and spheres too large for some of its terms."""

import warnings

import numpy as np
import pytest

from anydoa.acoustics.rigid_sphere import sphere_cross_power, sphere_response

ANGLES = np.linspace(0, np.pi, 7)


def test_waves_without_length_are_the_same_everywhere() -> None:
    assert np.abs(sphere_response(np.array([0.0]), ANGLES) - 1).max() < 1e-3


def test_long_waves_bend_to_one_and_a_half_times_the_way() -> None:
    """Rayleigh: to first order in ka, 1 + 3/2 j ka cos(angle)."""
    ka = 0.01
    expected = 1 + 1.5j * ka * np.cos(ANGLES)
    assert np.abs(sphere_response(np.array([ka]), ANGLES)[:, 0] - expected).max() < 2 * ka**2


@pytest.mark.parametrize("largest", [0.5, 6.0, 40.0, 700.0])
def test_every_sphere_has_a_finite_response_at_every_frequency(largest: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        response = sphere_response(np.linspace(0, largest, 5), ANGLES)
    assert np.isfinite(response).all()
    assert np.abs(response).min() > 0
    assert np.abs(response).max() < 2.01


def test_a_microphone_hears_of_sound_from_everywhere_what_all_directions_add_up_to() -> None:
    ka = np.array([0.1, 2.0, 9.0])
    cosine = np.linspace(-1, 1, 2001)
    average = np.trapezoid(np.abs(sphere_response(ka, np.arccos(cosine))) ** 2, cosine, axis=0) / 2
    np.testing.assert_allclose(sphere_cross_power(ka, np.ones((1, 1)))[:, 0, 0], average, rtol=1e-4)

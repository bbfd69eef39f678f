"""Coherence in sound from everywhere, against plane waves from many directions added up."""

import numpy as np
import pytest

from anydoa.acoustics.diffuse_field import diffuse_coherence
from anydoa.acoustics.sphere_waves import sphere_waves
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.grid import fibonacci_grid

FREQUENCIES = np.array([100.0, 900.0, 2500.0, 5000.0])
PLACES = 0.042 * fibonacci_grid(6).directions


def test_free_field_is_the_mean_over_plane_waves() -> None:
    array = MicrophoneArray(PLACES, "ball")
    delay = -(fibonacci_grid(4096).directions @ PLACES.T) / array.speed_of_sound
    waves = np.exp(-2j * np.pi * FREQUENCIES[:, None, None] * delay)
    expected = np.einsum("fdi,fdj->fij", waves, waves.conj()) / len(delay)
    np.testing.assert_allclose(diffuse_coherence(array, FREQUENCIES), expected.real, atol=2e-3)
    assert np.abs(expected.imag).max() < 2e-3


def test_around_a_sphere_it_is_the_mean_over_bent_waves() -> None:
    array = MicrophoneArray(PLACES, "ball", rigid_sphere_radius=0.042)
    around = sphere_waves(array, FREQUENCIES, tolerance=1e-6)
    waves = np.einsum("dmr,rf->fdm", around.weights(fibonacci_grid(4096).directions, array), around.basis)
    power = np.einsum("fdi,fdj->fij", waves, waves.conj())
    own = np.sqrt(np.einsum("fii->fi", power).real)
    expected = power / (own[:, :, None] * own[:, None, :])
    np.testing.assert_allclose(diffuse_coherence(array, FREQUENCIES), expected.real, atol=5e-3)


@pytest.mark.parametrize("radius", [None, 0.042])
def test_a_microphone_is_wholly_coherent_with_itself(radius: float | None) -> None:
    coherence = diffuse_coherence(MicrophoneArray(PLACES, "ball", rigid_sphere_radius=radius), FREQUENCIES)
    np.testing.assert_allclose(np.einsum("fii->fi", coherence), 1, atol=1e-6)

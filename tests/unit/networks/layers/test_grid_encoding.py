"""Encodings of directions: what they are, and how much of the sphere they can tell apart."""

import numpy as np
import torch
from scipy.special import sph_harm_y
from torch.testing import assert_close

from anydoa.geometry.grid import fibonacci_grid
from anydoa.networks.layers.positional_encoding import (
    CartesianEncoding,
    FrequencyEncoding,
    HarmonicEncoding,
    PhaseEncoding,
)

DIRECTIONS = torch.tensor(fibonacci_grid(500).directions)


def test_harmonics_are_the_real_spherical_harmonics() -> None:
    found = HarmonicEncoding(4)(DIRECTIONS)
    colatitude = np.arccos(DIRECTIONS[:, 2].numpy())
    azimuth = np.arctan2(DIRECTIONS[:, 1].numpy(), DIRECTIONS[:, 0].numpy())
    column = 0
    for degree in range(5):
        for order in range(-degree, degree + 1):
            complex_value = sph_harm_y(degree, abs(order), colatitude, azimuth) * (-1) ** order
            part = complex_value.imag if order < 0 else complex_value.real
            scale = np.sqrt(4 * np.pi) * (np.sqrt(2) if order else 1)
            assert_close(found[:, column], torch.from_numpy(scale * part), atol=1e-9, rtol=0)
            column += 1
    assert column == found.shape[1] == 25


def test_harmonics_have_full_rank_and_the_published_phases_rank_four() -> None:
    assert torch.linalg.matrix_rank(HarmonicEncoding(4)(DIRECTIONS)) == 25
    assert torch.linalg.matrix_rank(PhaseEncoding(256)(DIRECTIONS.float()), rtol=1e-4) <= 5


def test_harmonics_are_smooth_across_the_pole_and_the_back() -> None:
    step = 1e-4
    near = torch.tensor([[step, 0, 1.0], [-step, 0, 1.0], [-1.0, step, 0], [-1.0, -step, 0]])
    features = HarmonicEncoding(6)(torch.nn.functional.normalize(near, dim=-1))
    assert (features[0::2] - features[1::2]).abs().max() < 0.02


def test_degree_zero_is_one_constant() -> None:
    assert_close(HarmonicEncoding(0)(DIRECTIONS), torch.ones(500, 1, dtype=torch.float64))


def test_frequencies_tell_all_directions_apart_and_coordinates_are_what_they_are() -> None:
    features = FrequencyEncoding(64, 4.0)(DIRECTIONS)
    assert features.shape == (500, 64)
    assert torch.linalg.matrix_rank(features) > 20
    assert features.abs().max() <= 1
    assert_close(CartesianEncoding()(DIRECTIONS), DIRECTIONS)

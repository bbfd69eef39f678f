"""The encodings of microphone places against their formulas."""

import math

import pytest
import torch
from torch.testing import assert_close

from anydoa.networks.layers.positional_encoding import MicrophoneEncoding, place_scalars, spherical


def test_spherical_coordinates_of_the_axes() -> None:
    azimuth, colatitude, distance = spherical(
        torch.tensor([[2.0, 0, 0], [0, 3.0, 0], [0, 0, -4.0], [0, 0, 0]])
    )
    assert_close(azimuth, torch.tensor([0, math.pi / 2, 0, 0]))
    assert_close(colatitude, torch.tensor([math.pi / 2, math.pi / 2, math.pi, 0]))
    assert_close(distance, torch.tensor([2.0, 3.0, 4.0, 0.0]))


@pytest.mark.parametrize("modulation", ["fm", "pm"])
def test_features_follow_the_formula(modulation: str) -> None:
    place = torch.tensor([0.02, -0.03, 0.01])
    azimuth, colatitude, distance = (float(x) for x in spherical(place))
    found = MicrophoneEncoding(128, alpha=7.0, beta=4.0, modulation=modulation)(place)
    for m in range(32):
        v = m / 32
        angles = (
            [4 * azimuth * v, 4 * colatitude * v]
            if modulation == "fm"
            else [azimuth + 8 * math.pi * v, colatitude + 8 * math.pi * v]
        )
        waves = [math.cos(angles[0]), math.sin(angles[0]), math.cos(angles[1]), math.sin(angles[1])]
        assert_close(found[m::32], 7 * distance * torch.tensor(waves), atol=1e-5, rtol=0)


def test_a_microphone_at_the_reference_has_no_features() -> None:
    assert_close(MicrophoneEncoding(128)(torch.zeros(3)), torch.zeros(128))


def test_scalars_name_the_place() -> None:
    found = place_scalars(torch.tensor([0.0, 0.5, 0.0]))
    assert_close(found, torch.tensor([0, 0.5, 0, 1, 0, 1, 0, 0.5]), atol=1e-6, rtol=0)

"""What plane waves look like to an array is the same to a graph as to the network it was made from."""

import numpy as np
import torch

from anydoa.estimators.agg_rl import plane_wave_input
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.grid import fibonacci_grid
from anydoa.networks.layers.plane_waves import steering_vectors

HERTZ = (310.0, 1250.5, 6000.0)
GRID = fibonacci_grid(30)
POSITIONS = np.random.default_rng(0).uniform(-0.05, 0.05, (4, 3))


def test_it_is_what_the_network_computes_in_free_field() -> None:
    array = MicrophoneArray(POSITIONS)
    places = torch.tensor(array.centred_positions[None], dtype=torch.float32)
    directions = torch.tensor(GRID.directions, dtype=torch.float32)
    expected = steering_vectors(places, directions, torch.tensor(HERTZ))[0].numpy()
    np.testing.assert_allclose(plane_wave_input(array, GRID, HERTZ), expected, atol=1e-5)


def test_it_bends_around_a_rigid_sphere() -> None:
    on_sphere = 0.05 * POSITIONS / np.linalg.norm(POSITIONS, axis=1, keepdims=True)
    free = MicrophoneArray(on_sphere)
    rigid = MicrophoneArray(on_sphere, rigid_sphere_radius=0.05)
    found = plane_wave_input(rigid, GRID, HERTZ)
    np.testing.assert_allclose(np.hypot(found[:, :4], found[:, 4:]), 1, atol=1e-5)
    assert np.abs(found - plane_wave_input(free, GRID, HERTZ)).max() > 0.5

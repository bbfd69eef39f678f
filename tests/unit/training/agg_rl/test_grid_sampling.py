"""The grid of a step: even directions, and directions near talkers."""

import numpy as np

from anydoa.geometry.coordinates import angles_deg_to_direction, great_circle_distance_deg
from anydoa.geometry.grid import fibonacci_grid
from anydoa.training.agg_rl.targets import GridOptions, GridSampler

TALKERS = np.array([[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]]).transpose(1, 0, 2)


def draw(options: GridOptions, seed: int = 0, talkers: np.ndarray = TALKERS) -> np.ndarray:
    return GridSampler(options).draw(talkers, np.random.default_rng(seed))


def test_every_talker_has_as_many_directions_near_as_the_next() -> None:
    near = draw(GridOptions(even=50, near=60, near_spread_deg=2.0))[50:]
    distance = great_circle_distance_deg(near[:, None], TALKERS[:, 0])
    assert np.bincount(distance.argmin(axis=1)).tolist() == [20, 20, 20]
    assert distance.min(axis=1).max() < 12.0
    assert 1.5 < np.sqrt(np.mean(distance.min(axis=1) ** 2) / 2) < 2.5


def test_near_directions_lie_all_along_the_path_of_a_walker() -> None:
    azimuths_deg = np.arange(0.0, 40.0, 10.0)
    walker = angles_deg_to_direction(azimuths_deg, 0.0)
    other = np.broadcast_to(TALKERS[1], walker.shape)
    options = GridOptions(even=50, near=80, near_spread_deg=1.0)
    near = draw(options, talkers=np.stack([walker, other]))[50:]
    counts = np.bincount(
        great_circle_distance_deg(near[:, None], np.vstack([walker, other[:1]])).argmin(axis=1)
    )
    assert counts[4] == 40
    assert counts[:4].min() >= 4


def test_all_directions_are_unit_vectors() -> None:
    np.testing.assert_allclose(np.linalg.norm(draw(GridOptions()), axis=1), 1.0, atol=1e-6)


def test_the_even_part_is_a_turned_fibonacci_sphere() -> None:
    even = draw(GridOptions(even=200, near=10))[:200]
    fixed = fibonacci_grid(200).directions
    np.testing.assert_allclose(even @ even.T, fixed @ fixed.T, atol=1e-5)
    assert np.abs(even - fixed).max() > 0.1


def test_the_published_grid_is_the_same_in_every_step() -> None:
    options = GridOptions(even=2048, near=0, turn=False)
    np.testing.assert_array_equal(draw(options, 0), fibonacci_grid(2048).directions.astype(np.float32))
    np.testing.assert_array_equal(draw(options, 0), draw(options, 1))


def test_without_talkers_the_near_directions_cover_the_sphere() -> None:
    near = draw(GridOptions(even=2, near=4000), talkers=np.zeros((0, 1, 3)))[2:]
    np.testing.assert_allclose(near.mean(axis=0), 0.0, atol=0.05)

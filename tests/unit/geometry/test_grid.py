"""Grids of directions: what every grid promises, and the shape of each kind."""

import numpy as np
import pytest

from anydoa.errors import GeometryError
from anydoa.geometry.coordinates import (
    angles_deg_to_direction,
    direction_to_angles_deg,
    great_circle_distance,
    great_circle_distance_deg,
    random_rotation,
)
from anydoa.geometry.grid import (
    MAX_DIRECTIONS,
    DirectionGrid,
    azimuth_grid,
    cap_grid,
    fibonacci_grid,
    hemisphere_grid,
    icosphere_grid,
    product_grid,
)

WHOLE_SPHERES = [
    fibonacci_grid(4),
    fibonacci_grid(50),
    fibonacci_grid(2048),
    icosphere_grid(0),
    icosphere_grid(3),
    product_grid(72, 37),
    product_grid(180, 19),
    product_grid(8, 91),
    cap_grid(0, 90, 180, 100),
]
PATCHES = [
    cap_grid(30, 10, 20, 300),
    cap_grid(-170, -80, 1, 100),
    hemisphere_grid(500, "up"),
    hemisphere_grid(30, "left"),
]
FLAT = [azimuth_grid(360), azimuth_grid(72, 30), azimuth_grid(3)]
GRIDS = [*WHOLE_SPHERES, *PATCHES, *FLAT, fibonacci_grid(2), azimuth_grid(1), product_grid(1, 1)]
every_grid = pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.name)


@every_grid
def test_directions_have_unit_length(grid: DirectionGrid) -> None:
    np.testing.assert_allclose(np.linalg.norm(grid.directions, axis=1), 1, atol=1e-14)


@every_grid
def test_no_direction_comes_twice(grid: DirectionGrid) -> None:
    assert len(np.unique(np.round(grid.directions, 7), axis=0)) == len(grid)


@every_grid
def test_directions_cannot_be_written_to(grid: DirectionGrid) -> None:
    with pytest.raises(ValueError, match="read-only"):
        grid.directions[0, 0] = 2.0


@every_grid
def test_neighbours_are_symmetric_and_never_oneself(grid: DirectionGrid) -> None:
    pairs = {(i, int(j)) for i, around in enumerate(grid.neighbours) for j in around}
    assert len(grid.neighbours) == len(grid)
    assert pairs == {(j, i) for i, j in pairs}
    assert all(i != j for i, j in pairs)


@pytest.mark.parametrize("grid", [*WHOLE_SPHERES, *PATCHES, *FLAT], ids=lambda grid: grid.name)
def test_neighbours_connect_the_whole_grid(grid: DirectionGrid) -> None:
    reached, fresh = {0}, {0}
    while fresh:
        fresh = {int(j) for i in fresh for j in grid.neighbours[i]} - reached
        reached |= fresh
    assert len(reached) == len(grid)


@pytest.mark.parametrize("grid", PATCHES, ids=lambda grid: grid.name)
def test_neighbours_in_a_patch_never_jump_across_it(grid: DirectionGrid) -> None:
    for i, around in enumerate(grid.neighbours):
        assert great_circle_distance(grid.directions[i], grid.directions[around]).max() < 3.1 * grid.spacing


def test_directions_on_a_circle_have_the_two_beside_them_as_neighbours() -> None:
    grid = azimuth_grid(360)
    assert sorted(grid.neighbours[0].tolist()) == [1, 359]


@pytest.mark.parametrize("decimals", [15, 7, 4])
def test_a_circle_is_one_with_as_many_digits_as_files_have(decimals: int) -> None:
    rng = np.random.default_rng(0)
    for circle in (azimuth_grid(72), azimuth_grid(72, 10), product_grid(1, 37), product_grid(36, 1)):
        rotation = random_rotation(rng)
        grid = DirectionGrid(circle.rotated(rotation).directions.round(decimals))
        assert grid.circle is not None
        assert np.ptp(grid.directions @ grid.circle) < 10 ** (1 - decimals)
        assert max(len(around) for around in grid.neighbours) == 2
    for grid in (*WHOLE_SPHERES, *PATCHES, cap_grid(20, 10, 0.5, 500), fibonacci_grid(2)):
        assert grid.circle is None


def test_the_fibonacci_grid_follows_its_formula() -> None:
    grid = fibonacci_grid(2048)
    assert grid.directions[0].tolist() == [0, 0, 1]
    assert grid.directions[-1, 2] == -1
    index = 777
    azimuth = index * np.pi * (3 - 5**0.5)
    z = 1 - 2 * index / 2047
    expected = [(1 - z * z) ** 0.5 * np.cos(azimuth), (1 - z * z) ** 0.5 * np.sin(azimuth), z]
    np.testing.assert_allclose(grid.directions[index], expected, atol=1e-12)


@pytest.mark.parametrize("level", range(5))
def test_the_icosphere_has_ten_times_four_to_the_level_plus_two_directions(level: int) -> None:
    grid = icosphere_grid(level)
    assert len(grid) == 10 * 4**level + 2
    around = sorted(len(near) for near in grid.neighbours)
    assert around[:12] == [5] * 12  # the corners of the icosahedron
    assert set(around[12:]) <= {6}


def test_the_azimuth_grid_goes_around_at_its_elevation() -> None:
    azimuth_deg, elevation_deg = direction_to_angles_deg(azimuth_grid(8, 10).directions)
    np.testing.assert_allclose(azimuth_deg, [0, 45, 90, 135, 180, -135, -90, -45], atol=1e-12)
    np.testing.assert_allclose(elevation_deg, 10)


def test_the_product_grid_has_each_pole_once() -> None:
    grid = product_grid(72, 37)
    assert len(grid) == 72 * 35 + 2
    assert (np.abs(grid.directions[:, 2]) > 1 - 1e-12).sum() == 2


def test_the_cap_keeps_within_its_radius_and_fills_it() -> None:
    centre = angles_deg_to_direction(30, 10)
    distance_deg = great_circle_distance_deg(cap_grid(30, 10, 20, 500).directions, centre)
    assert distance_deg[0] == pytest.approx(0, abs=1e-6)
    assert distance_deg.max() == pytest.approx(20)
    # Evenly spread: a circle of half the radius holds about a quarter of the directions.
    assert np.mean(distance_deg < 10) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize(
    ("side", "pole"),
    [("up", (0, 0, 1)), ("down", (0, 0, -1)), ("front", (1, 0, 0)), ("back", (-1, 0, 0)),
     ("left", (0, 1, 0)), ("right", (0, -1, 0))],
)  # fmt: skip
def test_a_hemisphere_lies_on_its_side(side: str, pole: tuple[int, int, int]) -> None:
    grid = hemisphere_grid(200, side)
    assert len(grid) == 200
    assert (grid.directions @ np.array(pole) > -1e-12).all()
    assert (grid.directions @ np.array(pole)).max() == pytest.approx(1)


def test_spacing_is_the_angle_to_the_next_direction() -> None:
    assert azimuth_grid(360).spacing == pytest.approx(np.deg2rad(1))
    assert azimuth_grid(1).spacing == pytest.approx(np.pi)
    direction = angles_deg_to_direction(12.3, 45.6)
    assert DirectionGrid([direction, -direction]).spacing == pytest.approx(np.pi)


def test_a_dense_patch_takes_no_neighbours_from_the_grid_around_it() -> None:
    coarse, dense = fibonacci_grid(1000), cap_grid(20, 10, 15, 1500)
    mixed = DirectionGrid(np.concatenate([coarse.directions, dense.directions]))
    far = great_circle_distance_deg(coarse.directions, angles_deg_to_direction(20, 10)) > 30
    for index in np.flatnonzero(far):
        np.testing.assert_array_equal(mixed.neighbours[index], coarse.neighbours[index])
    assert (mixed.reach[: len(coarse)][far] > 0.65 * coarse.reach[far]).all()
    # A patch alone still ends at its rim.
    assert dense.reach.max() < np.deg2rad(5)


def test_a_grid_reaches_between_its_rows_and_columns_however_unlike_they_are() -> None:
    grid = product_grid(360, 19)
    assert grid.spacing < np.deg2rad(1)
    level = np.abs(grid.directions[:, 2]) < 0.1
    np.testing.assert_allclose(grid.reach[level], np.deg2rad(5), atol=np.deg2rad(0.1))
    assert fibonacci_grid(2048).reach.max() < np.deg2rad(5)


def test_nearest_gives_the_index_of_each_direction() -> None:
    grid = fibonacci_grid(500)
    index = np.array([[3, 77], [200, 499]])
    np.testing.assert_array_equal(grid.nearest(grid.directions[index]), index)


def test_rotating_a_grid_keeps_its_spacing_and_reach() -> None:
    grid = fibonacci_grid(200)
    turned = grid.rotated(random_rotation(np.random.default_rng(3)))
    assert turned.spacing == pytest.approx(grid.spacing)
    np.testing.assert_allclose(turned.reach, grid.reach, atol=1e-9)


def test_the_hash_follows_the_directions_and_nothing_else() -> None:
    grid = DirectionGrid([[1, 0, 0], [0, 1, 0]], name="a")
    assert grid.hash == DirectionGrid([[2, -0.0, 0], [0, 3, 0]], name="b").hash
    assert grid.hash != DirectionGrid([[0, 1, 0], [1, 0, 0]]).hash
    assert len(grid.hash) == 12


def test_vectors_of_any_length_become_directions() -> None:
    assert DirectionGrid([[0, 0, 7.0]]).directions.tolist() == [[0, 0, 1]]


def test_a_direction_given_twice_is_refused_by_number() -> None:
    with pytest.raises(GeometryError, match="directions 0 and 2 are the same"):
        DirectionGrid([[1, 0, 0], [0, 1, 0], [2, 1e-9, 0]])


@pytest.mark.parametrize("directions", [np.zeros((0, 3)), [1.0, 0.0, 0.0], np.ones((2, 2, 3))])
def test_what_is_no_list_of_directions_is_refused(directions: object) -> None:
    with pytest.raises(GeometryError, match="a grid is a list"):
        DirectionGrid(directions)  # type: ignore[arg-type] # shapes are what is tested


@pytest.mark.parametrize("count", [1, 0, -5, MAX_DIRECTIONS + 1])
def test_counts_out_of_range_are_refused(count: int) -> None:
    with pytest.raises(GeometryError, match="directions are possible"):
        fibonacci_grid(count)


def test_impossible_shapes_are_refused() -> None:
    with pytest.raises(GeometryError, match=r"level must be 0\.\.7"):
        icosphere_grid(8)
    with pytest.raises(GeometryError, match="between -90 and 90"):
        azimuth_grid(10, 90)
    with pytest.raises(GeometryError, match="cap radius"):
        cap_grid(0, 0, 0, 10)
    with pytest.raises(GeometryError, match="cap centre"):
        cap_grid(0, 91, 10, 10)
    with pytest.raises(GeometryError, match="cap centre"):
        cap_grid(float("inf"), 0, 10, 10)
    with pytest.raises(GeometryError, match="up, down, front"):
        hemisphere_grid(10, "above")
    with pytest.raises(GeometryError, match="elevation grid"):
        product_grid(10, 0)

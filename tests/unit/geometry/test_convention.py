"""Golden table of the six axis directions in every foreign dialect, and round trips."""

import warnings

import numpy as np
import pytest

from anydoa.errors import GeometryError
from anydoa.geometry import convention
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.geometry.grid import fibonacci_grid

PI = np.pi
#            direction   pyroomacoustics   LOCATA            DCASE      AGG-RL
SIX_AXES = [
    ("front", (1, 0, 0), (0, PI / 2), (0, PI / 2), (0, 0), (0, PI / 2)),
    ("left", (0, 1, 0), (PI / 2, PI / 2), (PI / 2, PI / 2), (90, 0), (PI / 2, PI / 2)),
    ("back", (-1, 0, 0), (PI, PI / 2), (-PI, PI / 2), (180, 0), (PI, PI / 2)),
    ("right", (0, -1, 0), (3 * PI / 2, PI / 2), (-PI / 2, PI / 2), (-90, 0), (-PI / 2, PI / 2)),
    ("up", (0, 0, 1), (0, 0), (0, 0), (0, 90), (0, 0)),
    ("down", (0, 0, -1), (0, PI), (0, PI), (0, -90), (0, PI)),
]
DIALECTS = {
    "pyroomacoustics": (convention.direction_from_pyroomacoustics, convention.direction_to_pyroomacoustics),
    "locata": (convention.direction_from_locata, convention.direction_to_locata),
    "dcase": (convention.direction_from_dcase, convention.direction_to_dcase),
    "agg_rl": (convention.direction_from_agg_rl, convention.direction_to_agg_rl),
}
GOLDEN = [
    (dialect, axis, direction, angles[column])
    for axis, direction, *angles in SIX_AXES
    for column, dialect in enumerate(DIALECTS)
]


@pytest.mark.parametrize(
    ("dialect", "axis", "direction", "angles"), GOLDEN, ids=lambda value: str(value)[:20]
)
def test_the_six_axes_in_every_dialect_of_angles(
    dialect: str, axis: str, direction: tuple[int, int, int], angles: tuple[float, float]
) -> None:
    to_ours, from_ours = DIALECTS[dialect]
    np.testing.assert_allclose(to_ours(*angles), direction, atol=1e-15, err_msg=axis)
    np.testing.assert_allclose(from_ours(np.array(direction, dtype=float)), angles, atol=1e-15, err_msg=axis)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_any_direction_survives_the_round_trip(dialect: str) -> None:
    to_ours, from_ours = DIALECTS[dialect]
    directions = fibonacci_grid(300).directions
    error_deg = great_circle_distance_deg(directions, to_ours(*from_ours(directions)))
    assert error_deg.max() < (0.71 if dialect == "dcase" else 1e-9)  # DCASE rounds to whole degrees


@pytest.mark.parametrize("direction", [direction for _, direction, *_ in SIX_AXES])
def test_the_six_axes_in_odas(direction: tuple[int, int, int]) -> None:
    unit = np.array(direction, dtype=float)
    np.testing.assert_array_equal(convention.direction_from_odas(0.9995 * unit), unit)
    np.testing.assert_array_equal(convention.direction_to_odas(unit), unit)


def test_odas_rounding_costs_less_than_a_tenth_of_a_degree() -> None:
    directions = fibonacci_grid(300).directions
    back = convention.direction_from_odas(convention.direction_to_odas(directions))
    np.testing.assert_allclose(np.linalg.norm(back, axis=1), 1)
    assert great_circle_distance_deg(directions, back).max() < 0.1


def test_an_unused_odas_track_is_no_direction() -> None:
    with pytest.raises(GeometryError, match="longer than zero"):
        convention.direction_from_odas([0.0, 0.0, 0.0])


def test_locata_positions_have_y_in_front_and_x_on_the_right() -> None:
    locata = np.array([[0, 1.0, 0], [-1.0, 0, 0], [0, -1.0, 0], [1.0, 0, 0], [0, 0, 1.0], [0, 0, -1.0]])
    ours = np.array([direction for _, direction, *_ in SIX_AXES], dtype=float)
    np.testing.assert_array_equal(convention.positions_from_locata(locata), ours)
    np.testing.assert_array_equal(convention.positions_to_locata(ours), locata)


def test_locata_positions_and_angles_agree_with_its_own_formula() -> None:
    # In LOCATA's axes: azimuth = wrap(atan2(y, x) - pi/2), inclination = arccos(z / r).
    xyz = fibonacci_grid(100).directions
    azimuth = np.mod(np.arctan2(xyz[:, 1], xyz[:, 0]) - PI / 2 + PI, 2 * PI) - PI
    by_angles = convention.direction_from_locata(azimuth, np.arccos(xyz[:, 2]))
    np.testing.assert_allclose(by_angles, convention.positions_from_locata(xyz), atol=1e-7)


@pytest.mark.parametrize("dialect", ["pyroomacoustics", "acoular"])
def test_columns_of_positions_become_rows(dialect: str) -> None:
    from_columns = getattr(convention, f"positions_from_{dialect}")
    to_columns = getattr(convention, f"positions_to_{dialect}")
    rows = np.arange(12.0).reshape(4, 3)
    np.testing.assert_array_equal(from_columns(rows.T), rows)
    np.testing.assert_array_equal(to_columns(rows), rows.T)
    np.testing.assert_array_equal(from_columns(np.eye(3) * [1, 2, 3]), np.eye(3) * [1, 2, 3])
    with pytest.raises(
        GeometryError, match=rf"{dialect} positions are \(3, microphones\), got shape \(4, 3\)"
    ):
        from_columns(rows)


def test_pyroomacoustics_means_the_same_directions() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other packages, on import
        import pyroomacoustics

    grid = pyroomacoustics.doa.GridSphere(n_points=200)
    ours = convention.direction_from_pyroomacoustics(grid.azimuth, grid.colatitude)
    np.testing.assert_allclose(ours, grid.cartesian.T, atol=1e-12)

"""Grids by description and from files."""

from pathlib import Path

import numpy as np
import pytest

from anydoa.errors import ArrayFileError, GeometryError
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.grid import (
    DirectionGrid,
    azimuth_grid,
    cap_grid,
    fibonacci_grid,
    hemisphere_grid,
    icosphere_grid,
    product_grid,
)
from anydoa.io.grid_file import GRID_FORMS, load_grid
from typechecking import unchecked


@pytest.mark.parametrize(
    ("text", "grid"),
    [
        ("fibonacci:100", fibonacci_grid(100)),
        ("fibonacci", fibonacci_grid()),
        ("icosphere:2", icosphere_grid(2)),
        ("azimuth:360", azimuth_grid(360)),
        ("azimuth:72,-10.5", azimuth_grid(72, -10.5)),
        ("product:36x19", product_grid(36, 19)),
        ("cap:30,10,20,500", cap_grid(30, 10, 20, 500)),
        ("cap: -30, 10, 20", cap_grid(-30, 10, 20)),
        ("hemisphere:100,front", hemisphere_grid(100, "front")),
        ("hemisphere:100", hemisphere_grid(100)),
    ],
)
def test_descriptions_make_their_grid(text: str, grid: object) -> None:
    loaded = load_grid(text)
    assert (loaded.hash, loaded.name) == (grid.hash, grid.name)  # type: ignore[attr-defined]


def test_every_form_that_errors_advertise_is_one() -> None:
    for form in GRID_FORMS:
        if not form.startswith("a "):
            assert load_grid(form).name.split(":")[0] == form.split(":")[0]


@pytest.mark.parametrize("grid", [fibonacci_grid(50), product_grid(8, 5), cap_grid(-30, 5, 10.5, 20)])
def test_the_name_of_a_grid_describes_it(grid: object) -> None:
    assert load_grid(grid.name).hash == grid.hash  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fibonaci:100", "no grid is called 'fibonaci:100'; did you mean 'fibonacci'"),
        ("", "no grid is called ''"),
        ("2048", "no grid is called '2048'"),
        ("seats.txt", "grid files end in .csv or .npy, got 'seats.txt'"),
        ("grids/seats", "grid files end in .csv or .npy, got 'grids/seats'"),
        ("product:72x2", "2 elevations are the poles alone; ask for 3 or more"),
        ("fibonacci:many", "has a value that is not a number"),
        ("fibonacci:10.5", "has a value that is not a number"),
        ("fibonacci:" + "9" * 5000, "has a value that is not a number"),
        ("fibonacci:10,20", "has 2 values after the colon"),
        ("product:36,19", "has a value that is not a number"),
        ("cap:30,10", "has 2 values after the colon"),
        ("azimuth:360,nan", "elevation must be between"),
        ("cap:inf,0,10", "finite azimuth"),
        ("hemisphere:100,sky", "hemisphere side must be one of"),
        ("fibonacci:1", "directions are possible"),
        ("icosphere:9", "level must be"),
    ],
)
def test_mistakes_are_answered_with_the_valid_forms(text: str, message: str) -> None:
    with pytest.raises(GeometryError, match=message) as error:
        load_grid(text)
    assert len(str(error.value)) < 400
    if "after the colon" in message or "no grid" in message or "not a number" in message:
        assert "a grid is one of: fibonacci:2048; " in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "azimuth_deg,elevation_deg\n30,10\n-90,0\n0,90\n",
        "elevation_deg;azimuth_deg\n10;30\n0;-90\n90;0\n",
    ],
)
def test_angles_are_read_by_their_header(tmp_path: Path, text: str) -> None:
    (tmp_path / "seats.csv").write_text(text)
    grid = load_grid(tmp_path / "seats.csv")
    np.testing.assert_allclose(
        grid.directions, angles_deg_to_direction([30, -90, 0], [10, 0, 90]), atol=1e-15
    )
    assert grid.name == "seats"


@pytest.mark.parametrize("header", ["", "x,y,z\n"])
def test_unit_vectors_are_read_with_or_without_a_header(tmp_path: Path, header: str) -> None:
    (tmp_path / "a.csv").write_text(header + "1,0,0\n0,2,0\n")
    assert load_grid(tmp_path / "a.csv").directions.tolist() == [[1, 0, 0], [0, 1, 0]]


def test_numpy_files_are_read(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", fibonacci_grid(30).directions)
    assert load_grid(str(tmp_path / "a.npy")).hash == fibonacci_grid(30).hash


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("30,10\n", "columns must be azimuth_deg,elevation_deg"),
        ("azimuth,elevation\n30,10\n", "columns must be azimuth_deg,elevation_deg"),
        ("1,0,0,0\n", "columns must be azimuth_deg,elevation_deg"),
        ("azimuth_deg,elevation_deg\n30,91\n", "elevations -90..90"),
        ("azimuth_deg,elevation_deg\ninf,0\n", "azimuths must be finite"),
        ("azimuth_deg,elevation_deg\n30,ten\n", "line 2: 'ten' is not a number"),
        ("azimuth_deg,elevation_deg\n30,10\n390,10\n", "directions 0 and 1 are the same"),
        ("x,y,z\n0,0,0\n", "longer than zero"),
    ],
)
def test_mistakes_in_a_file_name_it(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(GeometryError, match=rf"a\.csv: .*{message}"):
        load_grid(tmp_path / "a.csv")


def test_missing_and_foreign_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ArrayFileError, match=r"nowhere\.csv: no such file"):
        load_grid("nowhere.csv")
    np.save(tmp_path / "a.npy", np.zeros((4, 2)))
    with pytest.raises(GeometryError, match="3 coordinates"):
        load_grid(tmp_path / "a.npy")


def test_three_directions_without_a_header_are_refused_as_rows_or_columns(tmp_path: Path) -> None:
    directions = np.array([[1, 0, 0], [0.6, 0.8, 0], [0, 0.6, 0.8]])
    np.save(tmp_path / "a.npy", directions)
    np.savetxt(tmp_path / "a.csv", directions, delimiter=",")
    for name in ("a.npy", "a.csv"):
        with pytest.raises(GeometryError, match="rows or columns may be the directions"):
            load_grid(tmp_path / name)
    np.savetxt(tmp_path / "b.csv", directions, delimiter=",", header="x,y,z", comments="")
    np.testing.assert_allclose(load_grid(tmp_path / "b.csv").directions, directions)


def test_a_grid_may_have_decimal_commas_and_other_programs_comments(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("% by hand\nazimuth_deg;elevation_deg\n30,5;10\n-20;0,5\n")
    expected = angles_deg_to_direction([30.5, -20], [10, 0.5])
    np.testing.assert_allclose(load_grid(tmp_path / "a.csv").directions, expected)


def test_complex_directions_are_refused() -> None:
    with pytest.raises(GeometryError, match="complex"):
        DirectionGrid(np.ones((4, 3)) + 1j)


def test_what_is_no_list_of_directions_is_refused_with_the_cure() -> None:
    with unchecked(), pytest.raises(GeometryError, match=r"rows of 3 numbers .* give x, y, z for each"):
        DirectionGrid("abc")  # type: ignore[arg-type] # what is tested

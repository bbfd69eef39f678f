"""Lengths in metres, centimetres or millimetres, in every format that an array comes in."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from anydoa.errors import ArrayFileError, GeometryError
from anydoa.io.array_file import load_array
from anydoa.io.formats.length_unit import LengthUnit, to_metres

MILLIMETRES = [[46.3, 0.0, 0.0], [0.0, 46.3, 0.0], [-46.3, 0.0, 0.0], [0.0, 0.0, 10.1]]
METRES = [[0.0463, 0, 0], [0, 0.0463, 0], [-0.0463, 0, 0], [0, 0, 0.0101]]
HALL = [[2.85, 0, 0.5], [8.2, 0, 0.5], [13.75, 4, 0.5], [0, 4, 2]]


def odas(points: list[list[float]]) -> str:
    mics = ", ".join(f"{{ mu = ({x}, {y}, {z}); }}" for x, y, z in points)
    return f"general: {{ mics = ({mics}); }};"


def toml(points: list[list[float]]) -> str:
    return "".join(f"[[microphone]]\nposition = {json.dumps(point)}\n" for point in points)


def hark(points: list[list[float]]) -> str:
    rows = "".join(f'<position x="{x}" y="{y}" z="{z}"/>' for x, y, z in points)
    return f'<hark_xml><positions type="microphone">{rows}</positions></hark_xml>'


def acoular(points: list[list[float]]) -> str:
    return "<a>" + "".join(f'<pos x="{-y}" y="{z}" z="{-x}"/>' for x, y, z in points) + "</a>"


def csv(points: list[list[float]]) -> str:
    return "\n".join(",".join(map(str, point)) for point in points)


TEXTS = [(".cfg", odas), (".toml", toml), (".xml", hark), (".xml", acoular), (".csv", csv)]


def written(folder: Path, suffix: str, text: object, points: list[list[float]]) -> Path:
    path = folder / f"array{suffix}"
    if suffix == ".npy":
        np.save(path, np.array(points))
    elif suffix == ".sofa":
        from netCDF4 import Dataset

        with Dataset(path, "w") as file:
            file.createDimension("R", len(points))
            file.createDimension("C", 3)
            variable = file.createVariable("ReceiverPosition", "f8", ("R", "C"))
            variable.Type, variable.Units = "cartesian", "metre"
            variable[:] = points
    else:
        assert callable(text)
        path.write_text(text(points))
    return path


@pytest.mark.parametrize(("suffix", "text"), [*TEXTS, (".npy", None), (".sofa", None)])
@pytest.mark.parametrize(("unit", "scale"), [("mm", 1.0), ("cm", 0.1)])
def test_a_unit_can_be_told_for_every_format(
    tmp_path: Path, suffix: str, text: object, unit: LengthUnit, scale: float
) -> None:
    points = (np.array(MILLIMETRES) * scale).round(6).tolist()
    array = load_array(written(tmp_path, suffix, text, points), unit=unit)
    np.testing.assert_array_equal(array.positions, METRES)


@pytest.mark.parametrize(("suffix", "text"), [*TEXTS, (".npy", None)])
def test_millimetres_taken_for_metres_are_refused_with_the_option(
    tmp_path: Path, suffix: str, text: object
) -> None:
    with pytest.raises(GeometryError, match=r"spans 92.6 m; .* not metres\? then say --unit cm or --unit mm"):
        load_array(written(tmp_path, suffix, text, MILLIMETRES))


@pytest.mark.parametrize(("suffix", "text"), [*TEXTS, (".npy", None)])
def test_a_hall_is_refused_because_it_is_too_wide(tmp_path: Path, suffix: str, text: object) -> None:
    with pytest.raises(GeometryError, match=r"wider than 5 m are not supported \(far field only\)") as error:
        load_array(written(tmp_path, suffix, text, HALL))
    assert "mm" not in str(error.value)  # 14 mm from end to end is no array


@pytest.mark.parametrize("rows", [3, None, "abc", {}, [3], [[0, 0]], [["a", 0, 0]], [[True, 0, 0]], ["abc"]])
def test_what_a_parser_gives_in_place_of_positions_is_refused(rows: object) -> None:
    with pytest.raises(ArrayFileError, match=r"^a.json: position.* must be (a list|three numbers)"):
        to_metres(rows, Path("a.json"))


def test_a_hall_whose_unit_is_known_is_not_asked_for_it(tmp_path: Path) -> None:
    path = written(tmp_path, ".csv", csv, HALL)
    with pytest.raises(GeometryError, match="arrays wider than 5 m") as error:
        load_array(path, unit="m")
    assert "--unit" not in str(error.value)
    path.write_text("x_m,y_m,z_m\n" + csv(HALL))
    with pytest.raises(GeometryError, match="arrays wider than 5 m") as error:
        load_array(path)
    assert "--unit" not in str(error.value)


def test_metres_told_as_millimetres_are_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match=r"taken as mm, less than 5 mm; are they metres\?"):
        load_array(written(tmp_path, ".csv", csv, METRES), unit="mm")


def test_the_unit_told_wins_over_the_file_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "array.toml"
    path.write_text('unit = "mm"\nrigid_sphere_radius = 4.63\n' + toml([[4.63, 0, 0], [0, 4.63, 0]]))
    with caplog.at_level(logging.WARNING):
        array = load_array(path, unit="cm")
    assert (array.span, array.rigid_sphere_radius) == (pytest.approx(0.0463 * 2**0.5), 0.0463)
    assert [record.getMessage().split(": ", 1)[1] for record in caplog.records] == [
        "the file says its lengths are in mm; taken as cm, as told"
    ]


def test_an_unknown_unit_is_refused() -> None:
    """In a program whose types nobody checks."""
    asked = "import anydoa; anydoa.load_array('a.csv', unit='inch')"
    ran = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.stderr.splitlines()[-1].endswith(
        "ConfigError: unit must be one of m, cm, mm, got 'inch'; take one of them"
    )

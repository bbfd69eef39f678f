"""Grids of directions by description, such as ``fibonacci:2048``, or from a file."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

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
from anydoa.io.formats.coordinate_npy import read_npy_table
from anydoa.io.formats.text_table import read_text_table
from anydoa.io.names import nearest_name
from anydoa.io.output import note_input

GRID_FORMS = (
    "fibonacci:2048", "icosphere:4", "azimuth:360", "azimuth:360,10", "product:72x37", "cap:30,10,20,500",
    "hemisphere:1024,up", "a .csv file (azimuth_deg,elevation_deg or x,y,z)", "a .npy file (directions, 3)",
)  # fmt: skip
"""What :func:`load_grid` takes; a cap is azimuth, elevation, radius in degrees and number of directions."""

_EITHER_WAY = "rows or columns may be the directions, so save a CSV with the header x,y,z"


def load_grid(text_or_path: str | os.PathLike[str]) -> DirectionGrid:
    """The grid that a description or a file stands for; see :data:`GRID_FORMS`.

    Raises:
        GeometryError: if the description is none of the forms, or the grid cannot be.
        ArrayFileError: if a file is missing or not what its suffix says.

    Example:
        >>> from anydoa.io import load_grid
        >>> len(load_grid("icosphere:2")), load_grid("azimuth:360,10").name
        (162, 'azimuth:360,10')
    """
    text = os.fspath(text_or_path)
    path = Path(text)
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".npy"):
        return _grid_from_text(text)
    note_input(path, "grid file")
    try:
        directions = read_npy_table(path) if suffix == ".npy" else _directions_from_csv(path)
        if suffix == ".npy" and directions.shape == (3, 3):
            raise GeometryError(f"3 x 3 numbers; {_EITHER_WAY}")
        return DirectionGrid(directions, name=path.stem)
    except GeometryError as error:
        raise GeometryError(f"{path}: {error}") from None


@dataclass(frozen=True)
class _Form:
    """How the values after the colon become arguments; those after the first ``required`` may be left out."""

    make: Callable[..., DirectionGrid]
    types: tuple[Callable[[str], int | float | str], ...]
    required: int = 0
    separator: str = ","


_MAKERS = {
    "fibonacci": _Form(fibonacci_grid, (int,)),
    "icosphere": _Form(icosphere_grid, (int,)),
    "azimuth": _Form(azimuth_grid, (int, float)),
    "product": _Form(product_grid, (int, int), separator="x"),
    "cap": _Form(cap_grid, (float, float, float, int), required=3),
    "hemisphere": _Form(hemisphere_grid, (int, str)),
}


def _grid_from_text(text: str) -> DirectionGrid:
    kind, _, values = text.partition(":")
    forms = "a grid is one of: " + "; ".join(GRID_FORMS)
    if kind not in _MAKERS:
        if Path(text).suffix or os.sep in text:
            raise GeometryError(f"grid files end in .csv or .npy, got {text[:80]!r}; {forms}")
        near = nearest_name(kind, tuple(_MAKERS))
        raise GeometryError(f"no grid is called {text[:80]!r}; did you mean {near!r}? {forms}")
    form = _MAKERS[kind]
    parts = values.split(form.separator) if values else []
    if not form.required <= len(parts) <= len(form.types):
        raise GeometryError(f"grid {text[:80]!r} has {len(parts)} values after the colon; {forms}")
    try:
        arguments = [kind_of(part.strip()) for kind_of, part in zip(form.types, parts, strict=False)]
    except ValueError:
        raise GeometryError(f"grid {text[:80]!r} has a value that is not a number; {forms}") from None
    return form.make(*arguments)


def _directions_from_csv(path: Path) -> Float[np.ndarray, "grid 3"]:
    table = read_text_table(path)
    if table.header is None and (len(table.rows), table.width) == (3, 3):
        raise GeometryError(f"3 x 3 numbers without a header; {_EITHER_WAY}")
    columns = table.header or ("x", "y", "z")[: table.width]
    try:
        if sorted(columns) == ["x", "y", "z"] and table.width == 3:
            return np.array(table.numbers([columns.index(name) for name in "xyz"]))
        if sorted(columns) != ["azimuth_deg", "elevation_deg"] or table.width != 2:
            got = ",".join(table.header)[:100] if table.header else f"{table.width} without a header"
            raise GeometryError(
                f"columns must be azimuth_deg,elevation_deg or x,y,z, got {got}; write such a header"
            )
        places = [columns.index("azimuth_deg"), columns.index("elevation_deg")]
        azimuth_deg, elevation_deg = np.array(table.numbers(places)).T
    except ArrayFileError as error:
        raise GeometryError(str(error)) from None
    if not np.isfinite(azimuth_deg).all() or not (np.abs(elevation_deg) <= 90).all():
        raise GeometryError(
            "azimuths must be finite and elevations -90..90 degrees; correct the rows that are not"
        )
    return angles_deg_to_direction(azimuth_deg, elevation_deg)

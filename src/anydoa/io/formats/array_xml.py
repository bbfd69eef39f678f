"""Arrays out of XML files: acoular's ``pos`` elements or HARK's ``position``, told apart by their root."""

from pathlib import Path

from anydoa.errors import ArrayFileError
from anydoa.geometry.array import MicrophoneArray
from anydoa.io.formats.acoular import acoular_array
from anydoa.io.formats.hark import hark_array
from anydoa.io.formats.length_unit import LengthUnit
from anydoa.io.formats.xml_element import parse_xml


def read_array_xml(path: Path, unit: LengthUnit | None = None) -> MicrophoneArray:
    """The array of an XML file.

    Args:
        path: of the file.
        unit: of its lengths; metres if None.

    Raises:
        ArrayFileError: if the file is not XML, or holds no positions of either program.
        GeometryError: if the array it describes cannot be.
    """
    root = parse_xml(path)
    reader = hark_array if root.tag == "hark_xml" else acoular_array
    try:
        return reader(root, path, unit)
    except ArrayFileError as error:
        raise ArrayFileError(f"{path}: {error}") from None

"""Acoular's array files: XML with a ``pos`` element a microphone, coordinates in metres.

The order of the elements is the order of the channels. Acoular looks along its -z: its examples put all
sources there, with x to the right and y up as seen from behind the array. So the user's front, left and up
are acoular's -z, -x and y.
"""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from anydoa.errors import ArrayFileError
from anydoa.geometry.array import MicrophoneArray
from anydoa.io.formats.length_unit import LengthUnit, to_metres
from anydoa.io.formats.xml_element import position_of

FRONT = "where acoular looks, along its -z (its x is to the right, its y up)"
"""What lies at 0 degrees of an array that was read from acoular."""


def acoular_array(root: ElementTree.Element, path: Path, unit: LengthUnit | None = None) -> MicrophoneArray:
    """The array of an acoular file, turned into the user's frame.

    Raises:
        ArrayFileError: if there are no ``pos`` elements, or one lacks a coordinate.
        GeometryError: if the array they describe cannot be.
    """
    elements = list(root.iter("pos"))
    if not elements:
        raise ArrayFileError("no <pos x= y= z=> (acoular) and no <hark_xml> (HARK); is this an array file?")
    positions = [position_of(element, f"pos {number}") for number, element in enumerate(elements)]
    turned = [(-z, -x, y) for x, y, z in to_metres(positions, path, told=unit)]
    return MicrophoneArray(
        np.array(turned) + 0.0,  # adding zero turns -0.0 into 0.0
        root.get("name") or path.stem,
        front=FRONT,
        source=f"acoular array file {path.name}",
    )


def write_acoular(array: MicrophoneArray, path: Path) -> None:
    """Write the microphones in acoular's frame, in the order of their channels."""
    root = ElementTree.Element("MicArray", name=array.name)
    front, left, up = array.positions[np.argsort(array.channels)].T
    for number, position in enumerate((np.stack([-left, up, -front], axis=1) + 0.0).tolist(), start=1):
        x, y, z = (repr(coordinate) for coordinate in position)
        ElementTree.SubElement(root, "pos", Name=f"Point {number}", x=x, y=y, z=z)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)

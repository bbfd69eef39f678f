"""Acoular's array files: XML with a ``pos`` element a microphone, coordinates in metres.

The order of the elements is the order of the channels. The frame stays as it is: acoular's own arrays lie in
the x-y plane and look along z.
"""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from anydoa.errors import ArrayFileError
from anydoa.geometry.array import MicrophoneArray
from anydoa.io.formats.content import read_bytes


def read_acoular(path: Path) -> MicrophoneArray:
    """The array of an acoular file.

    Raises:
        ArrayFileError: if the file is not XML, holds no ``pos`` elements, or one lacks a coordinate.
        GeometryError: if the array it describes cannot be.
    """
    content = read_bytes(path)
    if b"<!ENTITY" in content or b"<!DOCTYPE" in content:
        raise ArrayFileError(f"{path}: acoular array files need no DOCTYPE; remove it")
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ArrayFileError(f"{path}: not XML: {error}") from None
    elements = list(root.iter("pos"))
    if not elements:
        raise ArrayFileError(f"{path}: no <pos x= y= z=> elements; is this an acoular array file?")
    positions = [_position(element, f"{path}: pos {number}") for number, element in enumerate(elements)]
    return MicrophoneArray(positions, root.get("name") or path.stem, source=f"acoular array file {path.name}")


def write_acoular(array: MicrophoneArray, path: Path) -> None:
    """Write the microphones in the user's frame, in the order of their channels."""
    root = ElementTree.Element("MicArray", name=array.name)
    for number, position in enumerate(array.positions[np.argsort(array.channels)].tolist(), start=1):
        x, y, z = (repr(coordinate) for coordinate in position)
        ElementTree.SubElement(root, "pos", Name=f"Point {number}", x=x, y=y, z=z)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _position(element: ElementTree.Element, where: str) -> list[float]:
    try:
        return [float(element.attrib[axis]) for axis in "xyz"]
    except KeyError as error:
        raise ArrayFileError(f"{where} has no {error.args[0]}; each needs x, y and z in metres") from None
    except ValueError as error:
        raise ArrayFileError(f"{where}: coordinates must be numbers ({error})") from None

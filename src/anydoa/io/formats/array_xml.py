"""Arrays in XML: acoular's and HARK's files, told apart by their root.

Acoular has a ``pos`` element a microphone; the order of the elements is the order of the channels. HARK has a
``position`` element a microphone, in former versions a ``Mic``; an ``id`` is the channel, from 0.

Reference:
    HARK document, version 3.3, "XML format"; version 1.9.9, "Microphone position text format".
"""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from anydoa.errors import ArrayFileError
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.dialects import positions_from_acoular, positions_to_acoular
from anydoa.io.files import read_text
from anydoa.io.formats.array_format import ArrayFormat, ReadOptions
from anydoa.io.formats.length_unit import to_metres

FRONT = "where acoular looks, along its -z (its x is to the right, its y up)"
"""What lies at 0 degrees of an array that was read from acoular."""

_Microphone = tuple[int, list[float]]


def read_array_xml(path: Path, options: ReadOptions) -> MicrophoneArray:
    """The array of an XML file.

    Raises:
        ArrayFileError: if the file is not XML, or holds no positions of either program.
        GeometryError: if the array it describes cannot be.
    """
    root = _root(path)
    try:
        return (_hark_array if root.tag == "hark_xml" else _acoular_array)(root, path, options)
    except ArrayFileError as error:
        raise ArrayFileError(f"{path}: {error}") from None


def names_channels(path: Path) -> bool:
    """Whether an XML file says which channel each microphone is: HARK's do."""
    return _root(path).tag == "hark_xml"


def _root(path: Path) -> ElementTree.Element:
    content = read_text(path)
    if "\0" in content:  # UTF-16, which the parser would know at once, and the next line would not
        raise ArrayFileError(f"{path}: a null byte is not UTF-8; save the file as UTF-8 text")
    if "<!ENTITY" in content or "<!DOCTYPE" in content:  # entities could fill the memory
        raise ArrayFileError(f"{path}: array files need no DOCTYPE; remove it")
    try:
        return ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ArrayFileError(f"{path}: not XML: {error}; correct it, or save the array anew") from None


def write_acoular(array: MicrophoneArray, path: Path) -> None:
    """Write the microphones in acoular's frame, in the order of their channels."""
    root = ElementTree.Element("MicArray", name=array.name)
    positions = positions_to_acoular(array.positions[np.argsort(array.channels)])
    for number, position in enumerate(positions.tolist(), start=1):
        x, y, z = (repr(coordinate) for coordinate in position)
        ElementTree.SubElement(root, "pos", Name=f"Point {number}", x=x, y=y, z=z)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _acoular_array(root: ElementTree.Element, path: Path, options: ReadOptions) -> MicrophoneArray:
    elements = list(root.iter("pos"))
    if not elements:
        raise ArrayFileError("no <pos x= y= z=> (acoular) and no <hark_xml> (HARK); is this an array file?")
    positions = [_position(element, f"pos {number}") for number, element in enumerate(elements)]
    return MicrophoneArray(
        positions_from_acoular(to_metres(positions, path, told=options.unit)),
        root.get("name") or path.stem,
        front=FRONT,
        source=f"acoular array file {path.name}",
    )


def _hark_array(root: ElementTree.Element, path: Path, options: ReadOptions) -> MicrophoneArray:
    microphones = _positions_of_hark(root) or _mics_of_former_hark(root)
    if not microphones:
        kinds = sorted({group.get("type", "none") for group in root.iter("positions")})
        raise ArrayFileError(
            f'no <positions type="microphone"> with positions, only {", ".join(kinds) or "none"}; '
            "take HARK's file of the microphones"
        )
    return MicrophoneArray(
        to_metres([position for _, position in microphones], path, told=options.unit),
        path.stem,
        channels=[channel for channel, _ in microphones],
        source=f"HARK file {path.name}",
    )


def _positions_of_hark(root: ElementTree.Element) -> list[_Microphone]:
    found = []
    for group in root.iter("positions"):
        if group.get("type", "").lower() != "microphone":
            continue
        _check_cartesian(group.get("coordinate", "cartesian"))
        for number, element in enumerate(group.iter("position")):
            channel = _channel(element.get("id"), number)
            found.append((channel, _position(element, f"position {number}")))
    return found


def _mics_of_former_hark(root: ElementTree.Element) -> list[_Microphone]:
    found = []
    for number, microphone in enumerate(root.iter("Mic")):
        place = microphone.find("Position")
        if place is None:
            raise ArrayFileError(f"Mic {number} has no Position; each needs X, Y and Z")
        _check_cartesian(place.get("type", "cartesian"))
        coordinates = {axis: place.findtext(axis.upper(), "") for axis in "xyz"}
        point = _position(ElementTree.Element("Mic", coordinates), f"Mic {number}")
        found.append((_channel(microphone.findtext("MicIndex"), number), point))
    return found


def _check_cartesian(kind: str) -> None:
    if kind.lower() != "cartesian":
        raise ArrayFileError(
            f"microphones must be in cartesian coordinates, got {kind[:40]!r}; convert them to x, y and z"
        )


def _channel(text: str | None, number: int) -> int:
    if text is None:
        return number
    if not text.strip().isdecimal() or len(text.strip()) > 6:
        raise ArrayFileError(
            f"position {number}: id must be a channel from 0, got {text[:20]!r}; write a number, or no id"
        )
    return int(text)


def _position(element: ElementTree.Element, where: str) -> list[float]:
    """The attributes x, y and z of an element as numbers."""
    try:
        return [float(element.attrib[axis]) for axis in "xyz"]
    except KeyError as error:
        raise ArrayFileError(f"{where} has no {error.args[0]}; each needs x, y and z") from None
    except ValueError as error:
        raise ArrayFileError(f"{where}: coordinates must be numbers ({error}); correct them") from None


ARRAY_XML = ArrayFormat(".xml", read_array_xml, write_acoular, tells_channels=names_channels)

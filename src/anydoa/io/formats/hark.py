"""HARK's microphone files: XML with a ``position`` element a microphone, or the older ``Mic`` elements.

HARK's frame is ours: x ahead, y left, z up, in metres. An ``id`` is the channel, from 0.

Reference:
    HARK document, version 3.3, "XML format"; version 1.9.9, "Microphone position text format".
"""

from pathlib import Path
from xml.etree import ElementTree

from anydoa.errors import ArrayFileError
from anydoa.geometry.array import MicrophoneArray
from anydoa.io.formats.length_unit import LengthUnit, to_metres
from anydoa.io.formats.xml_element import position_of

_Microphone = tuple[int, list[float]]


def hark_array(root: ElementTree.Element, path: Path, unit: LengthUnit | None = None) -> MicrophoneArray:
    """The array of a HARK file.

    Raises:
        ArrayFileError: if it holds no microphones, or they are not points with a number each.
        GeometryError: if the array they describe cannot be.
    """
    microphones = _microphones(root) or _older_microphones(root)
    if not microphones:
        kinds = sorted({group.get("type", "none") for group in root.iter("positions")})
        raise ArrayFileError(
            f'no <positions type="microphone"> with positions, only {", ".join(kinds) or "none"}; '
            "take HARK's file of the microphones"
        )
    return MicrophoneArray(
        to_metres([position for _, position in microphones], path, told=unit),
        path.stem,
        channels=[channel for channel, _ in microphones],
        source=f"HARK file {path.name}",
    )


def _microphones(root: ElementTree.Element) -> list[_Microphone]:
    found = []
    for group in root.iter("positions"):
        if group.get("type", "").lower() != "microphone":
            continue
        _check_cartesian(group.get("coordinate", "cartesian"))
        for number, element in enumerate(group.iter("position")):
            channel = _channel(element.get("id"), number)
            found.append((channel, position_of(element, f"position {number}")))
    return found


def _older_microphones(root: ElementTree.Element) -> list[_Microphone]:
    found = []
    for number, microphone in enumerate(root.iter("Mic")):
        place = microphone.find("Position")
        if place is None:
            raise ArrayFileError(f"Mic {number} has no Position; each needs X, Y and Z")
        _check_cartesian(place.get("type", "cartesian"))
        coordinates = {axis: place.findtext(axis.upper(), "") for axis in "xyz"}
        point = position_of(ElementTree.Element("Mic", coordinates), f"Mic {number}")
        found.append((_channel(microphone.findtext("MicIndex"), number), point))
    return found


def _check_cartesian(kind: str) -> None:
    if kind.lower() != "cartesian":
        raise ArrayFileError(f"microphones must be in cartesian coordinates, got {kind[:40]!r}")


def _channel(text: str | None, number: int) -> int:
    if text is None:
        return number
    if not text.strip().isdecimal() or len(text.strip()) > 6:
        raise ArrayFileError(f"position {number}: id must be a channel from 0, got {text[:20]!r}")
    return int(text)

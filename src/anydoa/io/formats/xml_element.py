"""XML as array files use it: small, without entities, positions in the attributes x, y and z."""

from pathlib import Path
from xml.etree import ElementTree

from anydoa.errors import ArrayFileError
from anydoa.io.formats.content import read_bytes


def parse_xml(path: Path) -> ElementTree.Element:
    """The root element of a file without entities, which could fill the memory.

    Raises:
        ArrayFileError: if the file is not XML, or defines entities.
    """
    content = read_bytes(path)
    if b"<!ENTITY" in content or b"<!DOCTYPE" in content:
        raise ArrayFileError(f"{path}: array files need no DOCTYPE; remove it")
    try:
        return ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ArrayFileError(f"{path}: not XML: {error}") from None


def position_of(element: ElementTree.Element, where: str) -> list[float]:
    """The attributes x, y and z of an element as numbers.

    Raises:
        ArrayFileError: if one is missing or no number.
    """
    try:
        return [float(element.attrib[axis]) for axis in "xyz"]
    except KeyError as error:
        raise ArrayFileError(f"{where} has no {error.args[0]}; each needs x, y and z") from None
    except ValueError as error:
        raise ArrayFileError(f"{where}: coordinates must be numbers ({error})") from None

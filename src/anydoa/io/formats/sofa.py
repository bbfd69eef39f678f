"""Microphones out of SOFA files (AES69): the ``ReceiverPosition`` of any convention.

SOFA's frame is ours: x ahead, y left, z up; its spherical form is azimuth, elevation, radius.
"""

from pathlib import Path

from anydoa.errors import ArrayFileError
from anydoa.geometry import MicrophoneArray
from anydoa.io.formats.array_format import ArrayFormat, ReadOptions
from anydoa.io.formats.length_unit import to_metres
from anydoa.io.formats.sofa_coordinates import receiver_positions
from anydoa.io.formats.sofa_process import ask_reader, check_can_read

WALL_S = 60.0
"""Longest that reading may take, starting a process on a busy machine included."""

_READER = "anydoa.io.formats.sofa_receivers"


def read_sofa(path: Path, options: ReadOptions) -> MicrophoneArray:
    """The receivers of a SOFA file as an array; only their positions are read, however large the file.

    Raises:
        ArrayFileError: if the file is not SOFA, or its receivers move or are not points.
        GeometryError: if the array they form cannot be.
        MissingExtraError: if netCDF4 is not installed.
    """
    check_can_read(path)
    try:
        answer = ask_reader(_READER, [str(path)], wall_s=WALL_S, wanted="ReceiverPosition")
        positions, said = receiver_positions(answer)
    except ArrayFileError as error:
        raise ArrayFileError(f"{path}: {error}") from None
    return MicrophoneArray(
        to_metres(positions.tolist(), path, told=options.unit, said=said),
        path.stem,
        source=f"SOFA file {path.name}",
    )


SOFA = ArrayFormat(".sofa", read_sofa)

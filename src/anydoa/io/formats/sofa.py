"""Microphones out of SOFA files (AES69): the ``ReceiverPosition`` of any convention.

SOFA's frame is ours: x ahead, y left, z up; its spherical form is azimuth, elevation in degrees, radius.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from anydoa.constants import MAX_MICROPHONES
from anydoa.errors import ArrayFileError, MissingExtraError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.io.formats.content import check_is_file


def read_sofa(path: Path) -> MicrophoneArray:
    """The receivers of a SOFA file as an array; only their positions are read, however large the file.

    Raises:
        ArrayFileError: if the file is not SOFA, or its receivers move or are not points.
        GeometryError: if the array they form cannot be.
        MissingExtraError: if sofar is not installed.
    """
    check_is_file(path)
    try:
        positions = _positions(*_receivers(path))
    except ArrayFileError as error:
        raise ArrayFileError(f"{path}: {error}") from None
    except (OSError, AttributeError, RuntimeError, TypeError, ValueError, IndexError) as error:
        # What HDF5 says of a damaged file depends on which byte is wrong.
        raise ArrayFileError(f"{path}: no readable ReceiverPosition ({error}); is this SOFA?") from None
    return MicrophoneArray(positions, path.stem, source=f"SOFA file {path.name}")


def _receivers(path: Path) -> tuple[Float[np.ndarray, "..."], str, str]:
    """Values, type and units of the receiver positions, missing values as NaN."""
    try:
        import sofar
    except ImportError as error:
        raise MissingExtraError("reading SOFA files", "arrays", error) from None
    with sofar.SofaStream(str(path)) as file:
        variable = file.ReceiverPosition
        shape = variable.shape
        if len(shape) not in (2, 3) or shape[0] > MAX_MICROPHONES or shape[1] != 3 or 0 in shape:
            raise ArrayFileError(f"ReceiverPosition must be (receivers, 3), got shape {shape}")
        values = np.ma.filled(np.ma.asarray(variable[:], dtype=np.float64), np.nan)
        return values, str(variable.Type), str(variable.Units)


def _positions(values: Float[np.ndarray, "..."], kind: str, units: str) -> Float[np.ndarray, "mic 3"]:
    """Cartesian metres of receivers that may be given once or a measurement (last axis)."""
    if not np.isfinite(values).all():
        raise ArrayFileError("ReceiverPosition has values that are missing or not finite; complete the file")
    if values.ndim == 3:
        if np.ptp(values, axis=2).max(initial=0.0) > 0:
            raise ArrayFileError("the receivers move between measurements; an array stands still")
        values = values[:, :, 0]
    if kind == "cartesian":
        return values
    if kind == "spherical" and units.lower().startswith("degree"):
        azimuth_deg, elevation_deg, radius = values.T
        return angles_deg_to_direction(azimuth_deg, elevation_deg) * radius[:, None]
    raise ArrayFileError(
        f"ReceiverPosition must be cartesian or spherical in degrees, got {kind!r} in {units!r}"
    )

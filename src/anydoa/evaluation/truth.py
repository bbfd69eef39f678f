"""What files of truth hold: an object of JSON, and in it angles and times that can be."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from anydoa.errors import AudioError
from anydoa.geometry.coordinates import angles_deg_to_direction


def read_truth(path: Path, keys: Collection[str]) -> dict[str, Any]:
    """The object that a file of JSON holds.

    Args:
        path: path of the file.
        keys: what must be in it.

    Raises:
        AudioError: if it cannot be read, or lacks a key.
    """
    try:
        truth = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise AudioError(f"{path}: no readable JSON ({error}); write it anew") from None
    missing = sorted(set(keys) - set(truth)) if isinstance(truth, dict) else sorted(keys)
    if missing:
        raise AudioError(f"{path}: truth needs {', '.join(sorted(keys))}, got no {missing[0]}; add it")
    return dict(truth)


def check_sources(sources: object, where: str) -> None:
    """Refuse sources that are no list of objects.

    Args:
        sources: what stands in their place.
        where: file, and recording if it holds several, for the message.

    Raises:
        AudioError: if there is none, or one is no object.
    """
    if not isinstance(sources, list) or not sources or not all(isinstance(one, dict) for one in sources):
        raise AudioError(
            f"{where}: a recording needs sources, a list of at least one object, got {str(sources)[:40]}; "
            "give one for each talker"
        )


def true_directions(pairs_deg: Any) -> Float[np.ndarray, "_ 3"]:
    """Unit vectors of pairs of azimuth and elevation in degrees.

    Args:
        pairs_deg: what stands in their place.

    Raises:
        TypeError: if they are no lists of numbers.
        ValueError: if they are no such pairs, azimuths are not finite, or elevations beyond -90..90.
    """
    angles_deg = np.array([[float(angle) for angle in pair] for pair in pairs_deg], dtype=np.float64)
    azimuth_deg, elevation_deg = angles_deg.reshape(len(pairs_deg), 2).T
    if not np.isfinite(azimuth_deg).all() or not (np.abs(elevation_deg) <= 90).all():
        raise ValueError("azimuths must be finite and elevations -90..90")
    return angles_deg_to_direction(azimuth_deg, elevation_deg)


def samples_between(begin_s: Any, end_s: Any, sample_rate: int) -> slice:
    """Samples from one time of a recording to another.

    Args:
        begin_s: seconds, or what stands in their place; what lies before the recording is left out.
        end_s: seconds, or what stands in their place.
        sample_rate: samples a second.

    Raises:
        TypeError: if they are no numbers.
        ValueError: if the times are not finite, or do not rise.
    """
    begin, end = float(begin_s), float(end_s)
    if not -np.inf < begin <= end < np.inf:
        raise ValueError(f"times must be finite and rise, got {begin:g} to {end:g}")
    return slice(max(round(begin * sample_rate), 0), max(round(end * sample_rate), 0))


def known_number(value: Any) -> float:
    """A number, NaN for null: nobody knows it.

    Args:
        value: what stands in its place.

    Raises:
        TypeError: if it is neither.
    """
    return float("nan") if value is None else float(value)

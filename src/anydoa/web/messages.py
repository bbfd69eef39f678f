"""What the server says, as JSON: a hello, frames and an end on the WebSocket, and the answer to a recording.

docs/web.md describes every field for other programs. Spectra travel as bytes between the lowest and the
highest value, directions of a grid as 32-bit floats; both little-endian, in base64.
"""

import base64
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from anydoa.geometry import MicrophoneArray, Zone
from anydoa.geometry.grid import DirectionGrid
from anydoa.io import save_array
from anydoa.io.result_json import direction_to_json, source_to_json
from anydoa.io.results import FRAME_CONVENTION, TIME_CONVENTION, FrameResult
from anydoa.live import AudioFeed, LiveResult
from anydoa.localizer import LocalizationRun, Localizer
from anydoa.tracking import Track

LIVE_SCHEMA = "anydoa-live-1"
RECORDING_SCHEMA = "anydoa-recording-1"


def hello_message(localizer: Localizer, feed: AudioFeed, zones: Sequence[Zone] = ()) -> dict[str, Any]:
    """First message to every client: what listens, where it looks, and how parts of that are called."""
    return {
        "type": "hello",
        "schema": LIVE_SCHEMA,
        "version": version("anydoa"),
        "stream": {
            "name": Path(feed.name).name,
            "sample_rate": feed.sample_rate,
            "num_channels": feed.num_channels,
        },
        "estimator": {"name": localizer.estimator.name, "threshold": localizer.estimator.threshold},
        "array": array_content(localizer.array),
        "grid": grid_content(localizer.grid),
        "zones": [
            {
                "name": zone.name,
                "azimuth_deg": list(zone.azimuth_deg),
                "elevation_deg": list(zone.elevation_deg),
            }
            for zone in zones
        ],
        "frame": FRAME_CONVENTION,
        "time": TIME_CONVENTION,
    }


def frame_message(
    result: LiveResult,
    inside: Mapping[int, str] | None = None,
    recording: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One result of the live pipeline.

    Args:
        result: what is heard now.
        inside: zones of talkers by their numbers; None where there are no zones.
        recording: how far the recording of this stream is; None where there is none.
    """
    return {
        "type": "frame",
        "time_s": round(result.time_s, 4),
        "latency_s": round(result.latency_s, 4),
        "dropped_s": round(result.dropped_s, 4),
        "warnings": list(result.warnings),
        "speech": result.speech,
        "tracks": [
            {
                **_talker_content(track),
                **({} if inside is None else {"zone": inside.get(track.id)}),
            }
            for track in result.tracks
        ],
        "sources": [source_to_json(source) for source in result.sources],
        "levels_db": [round(float(level), 1) for level in result.levels_db],
        "peaks_db": [round(float(level), 1) for level in result.peaks_db],
        "spectrum": spectrum_content(result.spectrum),
        **({} if recording is None else {"recording": dict(recording)}),
    }


def end_message(reason: str) -> dict[str, Any]:
    """Last message: the stream is over, and why."""
    return {"type": "end", "reason": reason}


def recording_message(
    localizer: Localizer, run: LocalizationRun, trace: Sequence[FrameResult], name: str
) -> dict[str, Any]:
    """The answer to a recording, but for what is wrong with it, which may name its file.

    Args:
        localizer: what listened.
        run: the recording, read to its end.
        trace: frames that say where talkers were when.
        name: name that the owner of the recording knows.
    """
    return {
        "schema": RECORDING_SCHEMA,
        "file": name,
        "duration_s": round(run.info.duration_s, 3),
        "estimator": run.header.estimator,
        "version": run.header.version,
        "array": array_content(localizer.array),
        "grid": grid_content(localizer.grid),
        "sources": [source_to_json(source) for source in run.directions],
        "spectrum": spectrum_content(run.mean_spectrum),
        "trace": [
            {
                "time_s": round(frame.time_s, 3),
                "sources": [source_to_json(source) for source in frame.sources],
            }
            for frame in trace
        ],
        "flat_channels": run.flat_channels,
    }


def array_content(array: MicrophoneArray) -> dict[str, Any]:
    """An array as the page draws it, with positions in metres in the user's frame.

    ``ambiguity`` says for people what it cannot tell apart, as a sentence whose subject is the array.
    """
    return {
        "name": array.name,
        "title": array.title,
        "front": array.front,
        "rank": array.ambiguity.rank,
        "ambiguity": array.ambiguity.sentence,
        "positions": [[round(float(x), 5) for x in position] for position in array.centred_positions],
        "channels": list(array.channels),
        "ignore_channels": list(array.ignore_channels),
    }


def toml_text(array: MicrophoneArray) -> str:
    """An array as a file of our own, which names a SOFA file as one beside it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "array.toml"
        steering = array.steering
        if steering is not None and steering.path is not None:
            beside = replace(steering, path=path.with_name(steering.path.name))
            array = array.replace(steering=beside)
        save_array(array, path)
        return path.read_text("utf-8")


def grid_content(grid: DirectionGrid) -> dict[str, Any]:
    """A grid: its unit vectors as base64 of x, y, z, x, y, z, ... in 32-bit little-endian floats."""
    return {
        "name": grid.name,
        "num_directions": len(grid),
        "spacing_deg": round(float(np.rad2deg(grid.spacing)), 3),
        "directions": base64.b64encode(grid.directions.astype("<f4").tobytes()).decode("ascii"),
    }


def _talker_content(track: Track) -> dict[str, Any]:
    """A talker who is followed, in the words of a source."""
    return {
        "id": track.id,
        **direction_to_json(track.direction),
        "score": round(track.score, 4),
        "activity": round(track.activity, 3),
        "active": track.active,
        "age_s": round(track.age_s, 2),
        "velocity_deg_s": round(track.velocity_deg_s, 2),
        "mirror": [direction_to_json(direction) for direction in track.mirror],
    }


def spectrum_content(values: Float[np.ndarray, "grid"]) -> dict[str, Any]:
    """A spectrum in a byte a direction: value = low + byte / 255 * (high - low)."""
    low, high = float(values.min()), float(values.max())
    steps = np.round((values - low) * (255 / (high - low) if high > low else 0.0)).astype(np.uint8)
    encoded = base64.b64encode(steps.tobytes()).decode("ascii")
    return {"low": round(low, 5), "high": round(high, 5), "values": encoded}

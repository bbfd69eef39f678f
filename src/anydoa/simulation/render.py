"""Scenes as files: a recording, its array and its truth.

``NAME.wav`` (16 bit), ``NAME.array.toml`` and ``NAME.truth.json``; with direct sound kept, also
``NAME.direct.wav`` (float), whose channels are all microphones of the first talker, then of the next. Truth:

    {"schema": 1, "recording": "NAME.wav", "array": "NAME.array.toml", "sample_rate": 16000,
     "duration_s": 4.0, "rt60_s": 0.5, "snr_db": 12.0, "seed": [0, 3],
     "sources": [{"azimuth_deg": 40.0, "elevation_deg": 10.0, "spans_s": [[0.4, 3.6]],
                  "path_deg": [[40.0, 10.0], ...], "reflections_deg": [[40.0, -35.2], ...]}],
     "noises_deg": [[-110.0, 4.0]]}

Spans are when the talker's direct sound at the array is speech. ``path_deg`` (azimuth, elevation at evenly
spaced instants from start to end) is there for talkers who move only; their angles are those half-way.
``reflections_deg`` are a talker's strongest early reflections, ``noises_deg`` the noise sources that are
heard, none where noise comes from everywhere; either is missing where nobody knows. ``simulation.json`` keeps
what the recordings of a folder were made with.
"""

import io
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from anydoa.errors import ConfigError
from anydoa.geometry import MicrophoneArray
from anydoa.io import save_array
from anydoa.io.angles import round_angles_deg
from anydoa.io.output import prepare_folder, whole_binary, write_text
from anydoa.simulation.scene import Scene

RECORD_FILE = "simulation.json"  # what the recordings of a folder were made with
_SCHEMA = 1


def write_scene(scene: Scene, array: MicrophoneArray, folder: Path, name: str) -> Path:
    """Write a scene into a folder, which must exist.

    Args:
        scene: sound and truth.
        array: array as its file declares it; its channels are the scene's microphones in order.
        folder: folder of the files.
        name: first part of the file names.

    Returns:
        The recording.
    """
    recording = folder / f"{name}.wav"
    _write_sound(recording, scene.audio, scene.sample_rate, "PCM_16")
    save_array(array, folder / f"{name}.array.toml")
    truth = {
        "schema": _SCHEMA,
        "recording": recording.name,
        "array": f"{name}.array.toml",
        **scene_truth(scene),
    }
    if scene.direct is not None:
        channels = scene.direct.reshape(-1, scene.direct.shape[-1])
        _write_sound(folder / f"{name}.direct.wav", channels, scene.sample_rate, "FLOAT")
    # What has a truth counts as a recording, so the truth comes last.
    write_text(folder / f"{name}.truth.json", json.dumps(truth, indent=2) + "\n")
    return recording


def _write_sound(path: Path, audio: Float[np.ndarray, "channel time"], sample_rate: int, kind: str) -> None:
    """Write a WAV file by way of memory: where there is no room, only Python's own files say so."""
    import soundfile

    content = io.BytesIO()
    soundfile.write(content, audio.T, sample_rate, format="WAV", subtype=kind)
    with whole_binary(path) as stream:
        stream.write(content.getbuffer())


def begin_folder(path: Path, made_with: Mapping[str, object]) -> None:
    """Make a folder for recordings, or go on in one whose recordings are made with the same choices.

    Args:
        path: the folder.
        made_with: everything that the recordings depend on, for JSON; kept in the folder.

    Raises:
        ConfigError: if the folder holds recordings of other choices, or cannot be written.
    """
    prepare_folder(path)
    record = path / RECORD_FILE
    text = json.dumps({"schema": _SCHEMA, **made_with}, indent=1) + "\n"
    count = sum(1 for _ in path.glob("*.truth.json"))
    if count and (not record.is_file() or record.read_text(encoding="utf-8", errors="replace") != text):
        raise ConfigError(
            f"{path}: holds {count} recordings made with other choices, and would hold a mixture; "
            "choose another folder or remove them"
        )
    write_text(record, text)


def scene_truth(scene: Scene) -> dict[str, object]:
    """What is known about a scene, for JSON; angles in degrees, times in seconds."""
    sources = []
    for talker, direction in enumerate(scene.directions):
        azimuth_deg, elevation_deg = round_angles_deg(direction, 3)
        source: dict[str, object] = {
            "azimuth_deg": azimuth_deg,
            "elevation_deg": elevation_deg,
            "spans_s": activity_spans(scene.activity[talker], scene.sample_rate),
        }
        if scene.path is not None:
            source["path_deg"] = _angle_pairs(scene.path[talker])
        if scene.reflections is not None:
            source["reflections_deg"] = _angle_pairs(scene.reflections[talker])
        sources.append(source)
    truth: dict[str, object] = {
        "sample_rate": scene.sample_rate,
        "duration_s": scene.duration_s,
        "rt60_s": round(scene.rt60, 4),
        "snr_db": round(scene.snr_db, 3),
        "seed": list(scene.seed),
        "sources": sources,
    }
    if scene.noises is not None:
        truth["noises_deg"] = _angle_pairs(scene.noises)
    return truth


def activity_spans(activity: Bool[np.ndarray, "time"], sample_rate: int) -> list[list[float]]:
    """Begin and end, in seconds, of every run of samples that are true."""
    steps = np.flatnonzero(np.diff(np.concatenate([[False], activity, [False]])))
    return [
        [round(begin / sample_rate, 4), round(end / sample_rate, 4)]
        for begin, end in steps.reshape(-1, 2).tolist()
    ]


def _angle_pairs(directions: Float[np.ndarray, "_ 3"]) -> list[list[float]]:
    """Azimuth and elevation of each direction."""
    return [list(round_angles_deg(direction, 3)) for direction in directions]

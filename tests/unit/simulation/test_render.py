"""Scenes on disk: sound, array and truth, as any program can read them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.io.array_file import load_array
from anydoa.simulation.render import activity_spans, scene_truth, write_scene
from anydoa.simulation.scene import Scene

RNG = np.random.default_rng(0)
ARRAY = MicrophoneArray([[0.05, 0, 0], [-0.05, 0, 0], [0, 0.05, 0]], name="three")
PATHS = angles_deg_to_direction(np.array([[10.0, 20.0, 30.0], [-90.0, -80.0, -60.0]]), 0.0)


def scene_with(path: np.ndarray | None = None) -> Scene:
    activity = np.zeros((2, 8000), dtype=bool)
    activity[0, 1600:4800] = True
    return Scene(
        audio=np.float32(0.1 * RNG.standard_normal((3, 8000))),
        sample_rate=16_000,
        positions=ARRAY.centred_positions,
        directions=PATHS[:, 1],
        activity=activity,
        snr_db=12.3456,
        rt60=0.4,
        seed=(3, 1),
        direct=np.float32(RNG.standard_normal((2, 3, 8000))),
        path=path,
    )


def test_a_scene_is_written_with_its_array_and_its_truth(tmp_path: Path) -> None:
    scene = scene_with()
    recording = write_scene(scene, ARRAY, tmp_path, "clip")
    audio, rate = soundfile.read(recording)
    assert rate == 16_000
    assert np.allclose(audio.T, scene.audio, atol=1 / 32768)
    truth = json.loads((tmp_path / "clip.truth.json").read_text())
    assert (truth["schema"], truth["recording"], truth["snr_db"]) == (1, "clip.wav", 12.346)
    assert np.allclose(load_array(tmp_path / truth["array"]).positions, ARRAY.positions)
    first, second = truth["sources"]
    assert first == {"azimuth_deg": 20.0, "elevation_deg": 0.0, "spans_s": [[0.1, 0.3]]}
    assert second["spans_s"] == []


def test_direct_sound_is_written_talker_by_talker(tmp_path: Path) -> None:
    scene = scene_with()
    assert scene.direct is not None
    write_scene(scene, ARRAY, tmp_path, "clip")
    channels, _ = soundfile.read(tmp_path / "clip.direct.wav", dtype="float32")
    assert np.array_equal(channels.T.reshape(scene.direct.shape), scene.direct)


def test_the_truth_of_walking_talkers_holds_their_paths() -> None:
    sources = scene_truth(scene_with(PATHS))["sources"]
    assert isinstance(sources, list)
    assert sources[1]["path_deg"] == [[-90.0, 0.0], [-80.0, 0.0], [-60.0, 0.0]]
    assert sources[1]["azimuth_deg"] == -80.0


def test_noise_and_reflections_are_told_where_they_are_known() -> None:
    known = replace(scene_with(), noises=PATHS[:1, 0], reflections=PATHS)
    truth = scene_truth(known)
    assert truth["noises_deg"] == [[10.0, 0.0]]
    assert isinstance(truth["sources"], list)
    assert truth["sources"][0]["reflections_deg"] == [[10.0, 0.0], [20.0, 0.0], [30.0, 0.0]]
    assert "noises_deg" not in scene_truth(scene_with())


@settings(max_examples=50, deadline=None)
@given(arrays(bool, st.integers(1, 60)))
def test_spans_cover_exactly_what_is_active(activity: np.ndarray) -> None:
    covered = np.zeros(len(activity), dtype=bool)
    for begin, end in activity_spans(activity, 100):
        covered[round(begin * 100) : round(end * 100)] = True
    assert np.array_equal(covered, activity)


def test_spans_are_in_seconds() -> None:
    assert activity_spans(np.array([False, True, True, False]), 10) == [
        [pytest.approx(0.1), pytest.approx(0.3)]
    ]

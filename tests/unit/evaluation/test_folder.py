"""Folders of recordings with truth: what the simulator writes is read back, damage is named."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from anydoa.errors import AnydoaError, AudioError
from anydoa.evaluation.folder import FolderSuite
from anydoa.evaluation.runner import first_clips
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, direction_to_angles_deg
from anydoa.simulation.render import write_scene
from anydoa.simulation.scene import Scene

EXAMPLES = Path(__file__).parents[3] / "examples"
SQUARE = MicrophoneArray([[0.05, 0, 0], [-0.05, 0, 0], [0, 0.05, 0], [0, 0, 0.05]], name="four")


TALKER = {"azimuth_deg": 30.0, "elevation_deg": 10.0, "spans_s": [[0.25, 0.75]]}


def scene(azimuth_deg: list[float], *, moving: bool = False, known: bool = False) -> Scene:
    rng = np.random.default_rng(len(azimuth_deg))
    directions = angles_deg_to_direction(azimuth_deg, 10.0)
    activity = np.zeros((len(directions), 16_000), dtype=bool)
    activity[:, 4000:12_000] = True
    path = np.stack([directions, np.roll(directions, 1, axis=1)], axis=1) if moving else None
    audio = np.float32(0.1 * rng.standard_normal((4, 16_000)))
    return Scene(
        audio,
        16_000,
        SQUARE.positions,
        directions,
        activity,
        snr_db=12.5,
        rt60=0.4,
        seed=(0, 1),
        path=path,
        noises=angles_deg_to_direction([77.0], -5.0) if known else None,
        reflections=np.stack([directions, -directions], axis=1) if known else None,
    )


def test_what_the_simulator_writes_is_read_back(tmp_path: Path) -> None:
    written = scene([30.0, -120.0])
    write_scene(written, SQUARE, tmp_path, "a")
    clip = FolderSuite(tmp_path)[0]
    assert (clip.name, clip.num_talkers, clip.snr_db, clip.rt60) == ("a", 2, 12.5, 0.4)
    assert clip.is_static
    np.testing.assert_allclose(clip.audio, written.audio, atol=1 / 32768)
    np.testing.assert_allclose(clip.directions[:, 0], written.directions, atol=1e-4)
    np.testing.assert_array_equal(clip.activity, written.activity)
    np.testing.assert_allclose(clip.array.positions, SQUARE.positions)


def test_noise_and_reflections_are_read_back_where_they_are_known(tmp_path: Path) -> None:
    written = scene([30.0, -120.0], known=True)
    write_scene(written, SQUARE, tmp_path, "known")
    write_scene(scene([30.0]), SQUARE, tmp_path, "unknown")
    known, unknown = FolderSuite(tmp_path)
    assert written.noises is not None
    assert written.reflections is not None
    np.testing.assert_allclose(known.noises, written.noises, atol=1e-4)
    np.testing.assert_allclose(known.reflections, written.reflections, atol=1e-4)
    assert unknown.noises is None
    assert unknown.reflections is None


def test_noise_from_everywhere_is_known_to_have_no_direction(tmp_path: Path) -> None:
    write_scene(replace(scene([30.0]), noises=np.zeros((0, 3))), SQUARE, tmp_path, "everywhere")
    assert FolderSuite(tmp_path)[0].noises.tolist() == []


def test_a_walker_keeps_the_path(tmp_path: Path) -> None:
    written = scene([30.0], moving=True)
    write_scene(written, SQUARE, tmp_path, "walk")
    clip = FolderSuite(tmp_path)[0]
    assert written.path is not None
    np.testing.assert_allclose(clip.directions, written.path, atol=1e-4)


def test_the_limit_counts_each_number_of_talkers(tmp_path: Path) -> None:
    for place, azimuths in enumerate([[0.0], [0.0, 90.0], [10.0], [20.0]]):
        write_scene(scene(azimuths), SQUARE, tmp_path, f"clip{place}")
    assert first_clips(FolderSuite(tmp_path), 2) == (0, 1, 2)


def test_the_example_of_the_package_is_such_a_folder() -> None:
    suite = FolderSuite(EXAMPLES)
    azimuth_deg, elevation_deg = direction_to_angles_deg(suite[0].directions[:, 0])
    truth = json.loads((EXAMPLES / "two_talkers.truth.json").read_text())
    np.testing.assert_allclose(azimuth_deg, [source["azimuth_deg"] for source in truth["sources"]])
    np.testing.assert_allclose(elevation_deg, [source["elevation_deg"] for source in truth["sources"]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("{", "no readable JSON"),
        ("[]", "truth needs array, recording, schema, sources, got no array; add it"),
        ({"schema": 2}, "schema 1, got 2"),
        ({"sources": []}, "sources, a list of at least one object"),
        ({"sources": {"azimuth_deg": 3.0}}, "sources, a list of at least one object, got {'azimuth_deg'"),
        ({"sources": [3.0]}, "sources, a list of at least one object"),
        ({"recording": 3}, "recording must name a file, got 3"),
        ({"array": None}, "array must name a file, got None"),
        ({"sources": [{**TALKER, "azimuth_deg": math.nan}]}, "azimuths must be finite"),
        ({"sources": [{**TALKER, "elevation_deg": 120.0}]}, r"elevations -90\.\.90"),
        ({"sources": [{**TALKER, "path_deg": [[0.0, 0.0], [0.0, 95.0]]}]}, r"elevations -90\.\.90"),
        ({"sources": [{**TALKER, "path_deg": []}]}, "path_deg needs a direction"),
        ({"sources": [{**TALKER, "spans_s": [[0.5, -1.0]]}]}, "times must be finite and rise, got 0.5 to -1"),
        ({"sources": [{**TALKER, "spans_s": [[0.5, math.inf]]}]}, "times must be finite and rise"),
        ({"sources": [{**TALKER, "spans_s": [[math.nan, 1.0]]}]}, "times must be finite and rise"),
        ({"noises_deg": [[math.inf, 2.0]]}, "azimuths must be finite"),
        ({"snr_db": []}, "snr_db and rt60_s numbers"),
        ({"sources": [{"azimuth_deg": 3.0, "spans_s": []}]}, "elevation_deg"),
        ({"sources": [{"azimuth_deg": 3.0, "elevation_deg": 3.0, "spans_s": [1.0]}]}, "pairs of seconds"),
        ({"noises_deg": [[1.0, 2.0, 3.0]]}, "pairs of azimuth and elevation"),
        ({"recording": "b.wav"}, "b.wav"),
        ({"array": "b.array.toml"}, "b.array.toml"),
    ],
)
def test_a_damaged_truth_is_named(tmp_path: Path, change: str | dict[str, object], message: str) -> None:
    write_scene(scene([30.0]), SQUARE, tmp_path, "a")
    path = tmp_path / "a.truth.json"
    path.write_text(change if isinstance(change, str) else json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(AnydoaError, match=message):
        FolderSuite(tmp_path)[0]


def test_what_nobody_knows_may_be_null(tmp_path: Path) -> None:
    write_scene(scene([30.0]), SQUARE, tmp_path, "a")
    path = tmp_path / "a.truth.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"snr_db": None, "rt60_s": None}))
    clip = FolderSuite(tmp_path)[0]
    assert math.isnan(clip.snr_db)
    assert math.isnan(clip.rt60)


def test_a_folder_without_truth_is_no_suite(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"no recording with a \.truth\.json"):
        FolderSuite(tmp_path)

"""Real recordings with their truth, in our own layout and those of two corpora; the trees are made here."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import real as real_benchmark
import soundfile

from anydoa.errors import ArrayFileError, AudioError, ConfigError, GeometryError
from anydoa.estimators.covariance import CovarianceStream
from anydoa.estimators.srp_phat import SrpPhat
from anydoa.evaluation.clip import KnownPart, Suite, SuiteClip
from anydoa.evaluation.real import RealSuite
from anydoa.evaluation.realman import microphone_positions
from anydoa.evaluation.report import report_rows, rows_to_markdown
from anydoa.evaluation.rsl2019 import square_array
from anydoa.evaluation.runner import run_suite
from anydoa.evaluation.scoring import ClipScore, score_clip
from anydoa.evaluation.suite import open_suite
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import (
    angles_deg_to_direction,
    direction_to_angles_deg,
    great_circle_distance_deg,
)
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.geometry.layouts import circular_positions, linear_positions, tetrahedral_positions
from anydoa.io.array_file import save_array
from anydoa.simulation.activity import speech_by_level
from anydoa.spectrum import SpatialSpectrum

RATE = 48_000
SPACE = MicrophoneArray(tetrahedral_positions(0.08), "space")
PAIR = MicrophoneArray([[0, 0.06, 0], [0, -0.06, 0]], "pair")
LINE = MicrophoneArray(linear_positions(4, 0.04), "line")


def noise_from(
    positions: np.ndarray, azimuth_deg: float, elevation_deg: float = 0.0, seconds: float = 0.6, seed: int = 0
) -> np.ndarray:
    """White noise of a plane wave between two silences, one row a microphone."""
    num_samples = round(seconds * RATE)
    loud = np.zeros(num_samples)
    loud[num_samples // 6 : -num_samples // 6] = 1
    sound = np.fft.rfft(loud * np.random.default_rng(seed).standard_normal(num_samples))
    delay = -(positions @ angles_deg_to_direction(azimuth_deg, elevation_deg)) / 343.0
    phases = np.exp(-2j * np.pi * np.fft.rfftfreq(num_samples, 1 / RATE) * delay[:, None])
    hiss = 1e-4 * np.random.default_rng(seed + 1).standard_normal((len(positions), num_samples))
    return np.asarray(0.1 * np.fft.irfft(sound * phases, num_samples) + hiss)


def write_real(
    folder: Path, array: MicrophoneArray, recordings: dict[str, dict[str, Any]], kind: str = "direction"
) -> Path:
    """A folder of recordings, each with one noise from its first source."""
    folder.mkdir(parents=True)
    save_array(array, folder / "array.toml")
    for name, own in recordings.items():
        source = own["sources"][0]
        sound = noise_from(
            array.positions, source["azimuth"], own.pop("true_elevation", source.get("elevation", 0))
        )
        soundfile.write(folder / name, sound.T, RATE, subtype="PCM_24")
    truth = {
        "array": "array.toml",
        "kind": kind,
        "tolerance_deg": 6,
        "source": "made",
        "recordings": recordings,
    }
    (folder / "truth.json").write_text(json.dumps(truth))
    return folder


def scores_of(suite: Suite) -> list[ClipScore]:
    return run_suite(suite, [SrpPhat()], fibonacci_grid(1024), rule="maxima")


class TestKnownPart:
    def test_an_azimuth_forgets_the_elevation(self) -> None:
        directions = angles_deg_to_direction([40.0, 40.0, -170.0], [0.0, 70.0, -30.0])
        azimuth, elevation = direction_to_angles_deg(KnownPart("azimuth").of(directions))
        np.testing.assert_allclose(azimuth, [40, 40, -170])
        np.testing.assert_allclose(elevation, 0, atol=1e-9)

    def test_straight_up_has_no_azimuth(self) -> None:
        assert np.isnan(KnownPart("azimuth").of(np.array([[0.0, 0.0, 1.0]]))).all()

    def test_a_cone_keeps_only_the_angle_to_its_axis(self) -> None:
        known = KnownPart("cone", (0.0, 2.0, 0.0))
        first, second = known.of(angles_deg_to_direction([60.0, 120.0], [0.0, 0.0]))
        np.testing.assert_allclose(first, second, atol=1e-12)
        other = known.of(angles_deg_to_direction(20.0, 0.0))
        assert great_circle_distance_deg(first, other) == pytest.approx(40)

    def test_a_cone_without_an_axis_is_refused(self) -> None:
        with pytest.raises(ConfigError, match="a cone needs its axis"):
            KnownPart("cone")


class TestRealFolders:
    def test_a_folder_gives_a_row_with_its_error_and_its_tolerance(self, tmp_path: Path) -> None:
        write_real(
            tmp_path / "lab" / "space", SPACE, {
                "a.wav": {"sources": [{"azimuth": 40, "elevation": 20}]},
                "b.wav": {"sources": [{"azimuth": -100, "elevation": -10}]},
            },
        )  # fmt: skip
        suite = open_suite(f"real:{tmp_path}")
        (row,) = report_rows(scores_of(suite))
        assert (row.suite, row.talkers, row.clips) == ("real/lab/space (direction)", 1, 2)
        assert row.recording_mae_deg < 2
        assert row.recording_within == row.acc10 == 1
        assert "whole in tolerance %" in rows_to_markdown([row])

    def test_a_wrong_answer_is_outside_the_tolerance(self, tmp_path: Path) -> None:
        write_real(tmp_path / "space", SPACE, {"a.wav": {"sources": [{"azimuth": 40, "elevation": 20}]}})
        truth = json.loads((tmp_path / "space" / "truth.json").read_text())
        truth["recordings"]["a.wav"]["sources"][0]["azimuth"] = 50
        (tmp_path / "space" / "truth.json").write_text(json.dumps(truth))
        (row,) = report_rows(scores_of(RealSuite(tmp_path)))
        assert row.recording_mae_deg == pytest.approx(10 * np.cos(np.deg2rad(20)), abs=2)
        assert (row.recording_within, row.clips) == (0, 1)

    def test_where_only_the_azimuth_is_known_elevation_costs_nothing(self, tmp_path: Path) -> None:
        recordings = {"a.wav": {"sources": [{"azimuth": 70}], "true_elevation": 35}}
        (score,) = scores_of(RealSuite(write_real(tmp_path / "space", SPACE, recordings, "azimuth")))
        assert score.recording.mae_deg < 2
        assert score.detection.hits > 0.9 * score.detection.talkers

    def test_a_pair_is_asked_for_its_cone(self, tmp_path: Path) -> None:
        recordings = {"a.wav": {"sources": [{"azimuth": 150}], "axis": [0, 1, 0], "true_elevation": 0}}
        (score,) = scores_of(RealSuite(write_real(tmp_path / "pair", PAIR, recordings, "cone")))
        assert score.recording.mae_deg < 3
        assert score.within == 1

    @pytest.mark.parametrize("azimuth", [10, 80, -10])
    def test_an_azimuth_tells_a_line_nothing_and_a_cone_does(self, tmp_path: Path, azimuth: int) -> None:
        """Noise from 10 degrees, whatever the truth says: the angle to the line is 80 degrees from it."""
        recordings = {"a.wav": {"sources": [{"azimuth": 10}]}}
        folder = write_real(tmp_path / "line", LINE, recordings, "azimuth")
        truth = json.loads((folder / "truth.json").read_text())
        truth["recordings"]["a.wav"]["sources"] = [{"azimuth": azimuth}]
        (folder / "truth.json").write_text(json.dumps(truth))
        with pytest.raises(AudioError, match=r"kind azimuth.*'line'.*take kind cone with axis \[0.0, 1.0, 0"):
            RealSuite(tmp_path)[0]
        (folder / "truth.json").write_text(json.dumps({**truth, "kind": "cone", "axis": [0, 1, 0]}))
        (score,) = scores_of(RealSuite(tmp_path))
        assert score.recording.mae_deg == pytest.approx(abs(azimuth - 10), abs=2)

    @pytest.mark.parametrize(
        ("mount_rpy_deg", "fits"),
        [((0, 0, 0), True), ((3, 0, 0), True), ((90, 0, 20), True), ((45, 0, 0), False), ((0, 20, 0), False)],
    )
    def test_a_flat_array_has_azimuths_if_it_lies_or_stands_upright(
        self, tmp_path: Path, mount_rpy_deg: tuple[float, float, float], fits: bool
    ) -> None:
        flat = MicrophoneArray(circular_positions(6, 0.05), "flat", mount_rpy_deg=mount_rpy_deg)
        write_real(tmp_path / "flat", flat, {"a.wav": {"sources": [{"azimuth": 130}]}}, "azimuth")
        if fits:
            (score,) = scores_of(RealSuite(tmp_path))
            assert score.recording.mae_deg < 3
        else:
            with pytest.raises(AudioError, match=r"kind azimuth.*'flat'.*take kind direction"):
                RealSuite(tmp_path)[0]

    def test_a_cone_around_another_axis_tells_a_line_nothing(self, tmp_path: Path) -> None:
        recordings = {"a.wav": {"sources": [{"azimuth": 150}], "axis": [1, 0, 0]}}
        write_real(tmp_path / "pair", PAIR, recordings, "cone")
        with pytest.raises(AudioError, match=r"take kind cone with axis \[0.0, 1.0, 0.0\]"):
            RealSuite(tmp_path)[0]

    def test_weak_truth_has_a_row_of_its_own_after_the_others(self, tmp_path: Path) -> None:
        sources = [{"azimuth": 0, "elevation": 0}]
        recordings = {"a.wav": {"sources": sources, "weak": True}, "b.wav": {"sources": sources}}
        suite = RealSuite(write_real(tmp_path / "space", SPACE, recordings))
        assert [suite.row(index)[0] for index in range(2)] == [
            "real/space (direction)",
            "real/space (direction, weak)",
        ]

    def test_only_the_part_between_from_and_to_is_heard(self, tmp_path: Path) -> None:
        recordings = {"a.wav": {"sources": [{"azimuth": 0, "elevation": 0}], "from_s": 0.2, "to_s": 0.3}}
        clip = RealSuite(write_real(tmp_path / "space", SPACE, recordings))[0]
        assert clip.audio.shape == (4, 1600)
        assert clip.activity.all()

    def test_a_recording_may_name_a_bundled_array(self, tmp_path: Path) -> None:
        recordings = {"a.wav": {"sources": [{"azimuth": 0, "elevation": 0}], "array": "tetrahedron-4cm"}}
        clip = RealSuite(write_real(tmp_path / "space", SPACE, recordings))[0]
        assert clip.array.name == "tetrahedron-4cm"

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"kind": "distance"}, "kind is one of direction, azimuth, cone, got 'distance'"),
            ({"kind": "cone"}, "a.wav: the truth of a cone needs its axis"),
            ({"tolerance_deg": "wide"}, "tolerance_deg must be above 0 and at most 180, got 'wide'"),
            ({"recordings": {}}, "recordings must name at least one file"),
            ({"recordings": {"a.wav": {"sources": []}}}, "a.wav: a recording needs sources, a list of"),
            ({"recordings": {"a.wav": {"sources": [90]}}}, "a.wav: a recording needs sources, a list of"),
            (
                {"recordings": {"a.wav": {"sources": [{"azimuth": 0, "elevation": 100}]}}},
                r"elevations -90\.\.90",
            ),
            (
                {"recordings": {"a.wav": {"sources": [{"azimuth": 0, "elevation": 0}], "from_s": 0.6}}},
                "nothing of the recording is left between from_s and to_s",
            ),
            (
                {"kind": "azimuth", "recordings": {"a.wav": {"sources": [{"azimuth": 0, "elevation": 90}]}}},
                "a true azimuth, got one that has none; straight above there is no azimuth",
            ),
            (
                {"recordings": {"a.wav": {"sources": [{}], "form_s": 1}}},
                "unknown key 'form_s'; there are array,",
            ),
            ({"recordings": {"a.wav": {"sources": [{"azimuth": 0}]}}}, "a.wav: a source needs azimuth and"),
            (
                {"recordings": {"a.wav": {"sources": [{"azimuth": "left", "elevation": 0}]}}},
                "a source needs azi",
            ),
            (
                {"recordings": {"a.wav": {"sources": [{"azimuth": 0, "elevation": 0}], "from_s": 9}}},
                "times must be finite and rise, got 9 to 0.6",
            ),
            (
                {
                    "recordings": {
                        "a.wav": {"sources": [{"azimuth": 0, "elevation": 0}], "to_s": float("inf")}
                    }
                },
                "times are seconds",
            ),
            (
                {"recordings": {"no.wav": {"sources": [{"azimuth": 0, "elevation": 0}]}}},
                "no.wav: no such file",
            ),
        ],
    )
    def test_mistakes_name_the_file(self, tmp_path: Path, change: dict[str, Any], message: str) -> None:
        folder = write_real(
            tmp_path / "space", SPACE, {"a.wav": {"sources": [{"azimuth": 0, "elevation": 0}]}}
        )
        truth = json.loads((folder / "truth.json").read_text()) | change
        (folder / "truth.json").write_text(json.dumps(truth))
        with pytest.raises(AudioError, match=message) as error:
            RealSuite(tmp_path)[0]
        assert "space" in str(error.value)
        assert "\n" not in str(error.value)

    def test_an_array_that_is_not_there_is_called_so(self, tmp_path: Path) -> None:
        recordings = {"a.wav": {"sources": [{"azimuth": 0, "elevation": 0}], "array": "elsewhere.toml"}}
        suite = RealSuite(write_real(tmp_path / "space", SPACE, recordings))
        with pytest.raises(ArrayFileError, match=r"elsewhere\.toml"):
            suite[0]

    def test_a_folder_without_truth_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(AudioError, match=r"no truth\.json in it or below"):
            RealSuite(tmp_path)
        (tmp_path / "truth.json").write_text("{")
        with pytest.raises(AudioError, match="no readable JSON"):
            RealSuite(tmp_path)


def write_realman(root: Path, name: str, angles: str, sound: np.ndarray, channels: list[int]) -> None:
    """One recording of the corpus, its row in the table of its kind, and its direct sound."""
    kind = "moving" if "_M_" in name else "static"
    place = Path("BadmintonCourt2") / kind / "0010"
    folders = [root / "val" / part / place for part in ("ma_noisy_speech", "dp_speech")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    for row, channel in enumerate(channels):
        soundfile.write(folders[0] / f"{name}_CH{channel}.flac", sound[row], RATE, subtype="PCM_24")
    soundfile.write(folders[1] / f"{name}.flac", sound[0], RATE, subtype="PCM_24")
    table = root / "val" / f"val_{kind}_source_location.csv"
    is_new = not table.exists()
    with table.open("a", newline="") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(["Unnamed: 0", "filename", "angle(°)", "distance", "ele", "real_st", "real_ed"])
        writer.writerow([0, f"val/ma_noisy_speech/{place}/{name}.flac", angles, 2.5, 3.0, 0, 1])


CHANNELS = [0, 1, 3, 5, 7, 28]  # of the 32 that are unpacked


class TestRealMan:
    @pytest.fixture
    def corpus(self, tmp_path: Path) -> Path:
        positions = microphone_positions()[CHANNELS]
        root = tmp_path / "RealMAN"
        still = noise_from(positions, 75.0, 15.0)
        write_realman(root, "VAL_S_BAD2_0010_0003", "75.0", still, CHANNELS)
        write_realman(root, "VAL_M_BAD2_0010_0004", "70,75,80,85,-10000,-10000", still, CHANNELS)
        write_realman(root, "VAL_S_BAD2_0010_0005", "-10000.0", still, CHANNELS)
        return root

    def test_microphones_lie_where_the_corpus_says(self) -> None:
        positions = microphone_positions()
        assert positions.shape == (32, 3)
        np.testing.assert_allclose(positions[[0, 1, 3, 11, 26, 31]], [
            [0, 0, 0], [0.03, 0, 0], [0, 0.03, 0], [0, 0.06, 0], [0.12, 0, 0], [0, 0, -0.09]
        ], atol=1e-12)  # fmt: skip

    def test_recordings_are_read_by_their_table_and_scored_by_azimuth(self, corpus: Path) -> None:
        suite = open_suite(f"realman:{corpus}")
        assert [suite.row(index) for index in range(len(suite))] == [
            ("realman/val moving", 1),
            ("realman/val static", 1),
        ]
        clip = suite[1]
        assert (clip.name, clip.array.num_microphones, clip.audio.shape[1]) == (
            "VAL_S_BAD2_0010_0003",
            6,
            9600,
        )
        score = score_clip(SrpPhat(), clip, fibonacci_grid(1024), rule="maxima")
        assert score.recording.mae_deg < 3
        assert score.frames.acc10 == 1

    def test_azimuths_ten_a_second_are_a_path_known_only_where_they_are_said(self, corpus: Path) -> None:
        clip = open_suite(f"realman:{corpus}")[0]
        azimuth, _ = direction_to_angles_deg(clip.directions[0])
        # Each holds through its tenth of a second; the unknown ones go on with the last.
        np.testing.assert_allclose(azimuth[10::20], [70, 75, 80, 85, 85, 85])
        at = clip.directions_at(np.array([0.02, 0.08, 0.12, 0.38]))[:, 0]
        np.testing.assert_allclose(direction_to_angles_deg(at)[0], [70, 70, 75, 85], atol=0.5)
        assert clip.valid is not None
        assert clip.valid.mean() == pytest.approx(4 / 6, abs=0.01)
        assert not clip.activity[0, :1000].any()  # by the direct sound, which begins later

    @pytest.mark.parametrize("channels", [[28, 29, 30, 31], [0, 28], [0, 25, 26]])
    def test_microphones_on_a_line_have_no_azimuth(self, tmp_path: Path, channels: list[int]) -> None:
        sound = noise_from(microphone_positions()[channels], 75.0)
        write_realman(tmp_path, "VAL_S_BAD2_0010_0003", "75.0", sound, channels)
        with pytest.raises(AudioError, match=r"kind azimuth.*or microphones that are not on one line"):
            open_suite(f"realman:{tmp_path}")[0]

    @pytest.mark.parametrize("cell", ["[70, 80]", "70;80", "70 80", "70,80"])
    def test_azimuths_are_read_whatever_stands_between_them(self, tmp_path: Path, cell: str) -> None:
        sound = noise_from(microphone_positions()[CHANNELS], 75.0)
        write_realman(tmp_path, "VAL_M_BAD2_0010_0004", cell, sound, CHANNELS)
        azimuth_deg, _ = direction_to_angles_deg(open_suite(f"realman:{tmp_path}")[0].directions[0])
        np.testing.assert_allclose(azimuth_deg[10::20], [70, 80])

    def test_azimuths_that_are_no_numbers_are_refused(self, corpus: Path) -> None:
        table = corpus / "val" / "val_static_source_location.csv"
        table.write_text(table.read_text().replace("75.0", "left"))
        with pytest.raises(AudioError, match=r"azimuths must be numbers, got 'left'.; download it again"):
            open_suite(f"realman:{corpus}")

    def test_one_split_can_be_given_alone(self, corpus: Path) -> None:
        assert len(open_suite(f"realman:{corpus / 'val'}")) == 2

    def test_a_folder_of_something_else_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(AudioError, match="no RealMAN recording with known azimuth"):
            open_suite(f"realman:{tmp_path}")
        (tmp_path / "val_static_source_location.csv").write_text("name,azimuth\na,3\n")
        with pytest.raises(AudioError, match=r"columns filename and angle\(°\) must be there"):
            open_suite(f"realman:{tmp_path}")

    def test_microphones_of_different_length_are_refused(self, corpus: Path) -> None:
        damaged = next(corpus.glob("val/ma_noisy_speech/*/static/*/*0003_CH5.flac"))
        soundfile.write(damaged, np.zeros(999), RATE)
        with pytest.raises(AudioError, match="microphones differ in length: 333 and 9600 samples"):
            open_suite(f"realman:{corpus}")[1]


class TestRsl2019:
    @pytest.fixture
    def corpus(self, tmp_path: Path) -> Path:
        for distance, azimuth, speaker in ((100, 35, "F001"), (100, 350, "M002"), (150, 35, "F001")):
            folder = tmp_path / f"{distance}cm" / f"RSL_{distance}_{azimuth}"
            folder.mkdir(parents=True)
            sound = noise_from(square_array().positions, azimuth, seconds=0.4)
            for ending in (f"{speaker}_01", "NOISE", "TSP"):
                soundfile.write(folder / f"RSL_{distance}_{azimuth}_{ending}.wav", sound.T, RATE)
        return tmp_path

    def test_speech_is_read_by_distance_and_azimuth_without_noise_and_sweeps(self, corpus: Path) -> None:
        suite = open_suite(f"rsl2019:{corpus}")
        assert [suite.row(index) for index in range(len(suite))] == [
            ("rsl2019/100 cm", 1), ("rsl2019/100 cm", 1), ("rsl2019/150 cm", 1)
        ]  # fmt: skip
        assert [round(float(direction_to_angles_deg(suite[i].directions[0, 0])[0])) for i in range(3)] == [
            35, -10, 35
        ]  # fmt: skip
        for score in scores_of(suite):
            assert score.recording.mae_deg < 3
            assert score.within == 1

    def test_a_folder_may_bring_its_own_array(self, corpus: Path) -> None:
        save_array(square_array().replace(name="mine", channels=(3, 2, 1, 0)), corpus / "array.toml")
        assert open_suite(f"rsl2019:{corpus}")[0].array.channels == (3, 2, 1, 0)

    def test_a_folder_of_something_else_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(AudioError, match=r"no RSL_DISTANCE_AZIMUTH_SPEAKER_\*\.wav in it"):
            open_suite(f"rsl2019:{tmp_path}")


def test_activity_by_level_leaves_out_silence() -> None:
    sound = noise_from(SPACE.positions, 0.0)
    active = speech_by_level(sound, RATE)
    third = sound.shape[1] // 3
    assert active[third : 2 * third].all()
    assert not active[: third // 4].any()


class Picky(SrpPhat):
    """An estimator that takes no pairs."""

    def stream(self, array: MicrophoneArray, grid: DirectionGrid) -> CovarianceStream:
        if array.num_microphones < 3:
            raise GeometryError("picky needs 3 microphones")
        return super().stream(array, grid)


class Broken(SrpPhat):
    """An estimator that takes every array, and stumbles over its sound."""

    def spectrum(self, audio: np.ndarray, array: MicrophoneArray, grid: DirectionGrid) -> SpatialSpectrum:
        raise GeometryError("a direction must be finite")


def test_an_estimator_that_refuses_an_array_is_left_out_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pair = {"a.wav": {"sources": [{"azimuth": 60}], "axis": [0, 1, 0]}}
    write_real(tmp_path / "pair", PAIR, pair, "cone")
    write_real(tmp_path / "space", SPACE, {"a.wav": {"sources": [{"azimuth": 40, "elevation": 20}]}})
    suite = RealSuite(tmp_path)
    assert isinstance(suite[0], SuiteClip)
    scores = run_suite(suite, [SrpPhat(), Picky()], fibonacci_grid(256))
    assert [score.clip for score in scores] == ["pair/a.wav", "space/a.wav", "space/a.wav"]
    assert [record.getMessage() for record in caplog.records] == [
        "srp-phat is left out for pair/a.wav: picky needs 3 microphones"
    ]


def test_a_row_that_stands_for_fewer_clips_than_others_says_so(tmp_path: Path) -> None:
    own = {"sources": [{"azimuth": 60, "elevation": 0}]}
    write_real(tmp_path / "space", SPACE, {"a.wav": own, "b.wav": own | {"array": "pair.toml"}})
    save_array(PAIR, tmp_path / "space" / "pair.toml")
    soundfile.write(tmp_path / "space" / "b.wav", noise_from(PAIR.positions, 60.0).T, RATE)
    every, some = (run_suite(RealSuite(tmp_path), [one], fibonacci_grid(256)) for one in (SrpPhat(), Picky()))
    rows = report_rows([*every, *(replace(score, estimator="picky") for score in some)])
    assert [(row.estimator, row.clips) for row in rows] == [("srp-phat", 2), ("picky", 1)]
    cells = [line.split(" | ")[3] for line in rows_to_markdown(rows).splitlines()[2:]]
    assert cells == ["2", "1 of 2"]


def test_a_fault_in_scoring_is_no_refusal(tmp_path: Path) -> None:
    write_real(tmp_path / "space", SPACE, {"a.wav": {"sources": [{"azimuth": 40, "elevation": 20}]}})
    with pytest.raises(GeometryError, match="a direction must be finite"):
        run_suite(RealSuite(tmp_path), [Broken()], fibonacci_grid(256))


def test_two_microphones_a_head_apart_are_measured_on_a_ball_too(tmp_path: Path) -> None:
    ears = MicrophoneArray([[0, 0, 0], [0, 0.18, 0]], "ears")
    own = {"sources": [{"azimuth": 30}], "axis": [0, 1, 0]}
    write_real(tmp_path / "corpus" / "head", ears, {"a.wav": own}, kind="cone")
    write_real(
        tmp_path / "corpus" / "space", SPACE, {"b.wav": {"sources": [{"azimuth": 30, "elevation": 0}]}}
    )
    corpus = RealSuite(tmp_path / "corpus").recordings
    (told,) = real_benchmark.on_balls(corpus)
    plain = corpus[0]
    assert (told.row[0], plain.row[0]) == ("real/head on a ball (cone)", "real/head (cone)")
    assert told.array.rigid_sphere_radius == pytest.approx(0.09)
    assert np.allclose(told.array.positions, [[0, -0.09, 0], [0, 0.09, 0]])
    assert plain.array.rigid_sphere_radius is None
    assert np.array_equal(told.read().audio, plain.read().audio)
    assert real_benchmark.on_balls([told]) == []
    found = real_benchmark.measure([plain, told])
    assert {(row["estimator"], row["suite"]) for row in found} == {
        (name, suite)
        for name in ("steered", "srp-phat", "music")
        for suite in ("real/head (cone)", "real/head on a ball (cone)")
    }

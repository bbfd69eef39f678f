"""The LOCATA reader on trees written here as the corpus is laid out, truth computed the other way round."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.spatial.transform import Rotation

from anydoa.errors import AudioError, ConfigError
from anydoa.estimators.srp_phat import SrpPhat
from anydoa.evaluation.clip import SuiteClip
from anydoa.evaluation.locata import LocataSuite
from anydoa.evaluation.runner import first_clips
from anydoa.evaluation.scoring import score_clip
from anydoa.geometry.coordinates import direction_to_angles_deg
from anydoa.geometry.grid import fibonacci_grid

FILE_RATE = 48_000
OWN_POSITIONS = 0.05 * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])  # LOCATA's axes
ARRAY_PLACE = np.array([1.5, 2.0, 1.2])
CLOCK = ["year", "month", "day", "hour", "minute", "second"]
Motion = Callable[[np.ndarray], np.ndarray]


def clock(seconds: float) -> list[float]:
    """A time of day just before midnight, so that recordings run into the next day."""
    late = 86_399.5 + seconds
    day, late = divmod(late, 86_400)
    hour, late = divmod(late, 3600)
    minute, second = divmod(late, 60)
    return [2017, 1, 25 + day, hour, minute, second]


def write_table(path: Path, names: Sequence[str], rows: Sequence[Sequence[float]]) -> None:
    lines = ["\t".join(names), *("\t".join(f"{value:.12g}" for value in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n")


def write_pose(
    path: Path, times: np.ndarray, places: np.ndarray, rotations: np.ndarray, own: np.ndarray
) -> None:
    """A pose a line, with the microphones where the array carries them."""
    names = [*CLOCK, "x", "y", "z", *(f"ref_vec_{axis}" for axis in "xyz")]
    names += [f"rotation_{row}{column}" for row in (1, 2, 3) for column in (1, 2, 3)]
    names += [f"mic{mic}_{axis}" for mic in range(1, len(own) + 1) for axis in "xyz"]
    rows = [
        [*clock(time), *place, *rotation[:, 1], *rotation.ravel(), *(place + own @ rotation.T).ravel()]
        for time, place, rotation in zip(times, places, rotations, strict=True)
    ]
    write_table(path, names, rows)


def plane_wave(direction: np.ndarray, duration: float, seed: int) -> np.ndarray:
    """White noise from a direction in LOCATA's axes of the array, one row a sample."""
    num_samples = round(duration * FILE_RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(num_samples))
    frequency = np.fft.rfftfreq(num_samples, 1 / FILE_RATE)
    delay = -(OWN_POSITIONS @ direction) / 343.0
    audio = np.fft.irfft(spectrum * np.exp(-2j * np.pi * frequency * delay[:, None]), num_samples)
    return 0.1 * audio.T


def write_recording(
    root: Path,
    *,
    task: int = 1,
    number: int = 1,
    array: str = "eigenmike",
    yaw_pitch_deg: tuple[float, float] = (0.0, 0.0),
    turn_deg: float = 0.0,
    talkers: dict[str, Motion] | None = None,
    duration: float = 1.0,
    invalid_from: float = np.inf,
    own: np.ndarray = OWN_POSITIONS,
) -> Path:
    """One array's folder: the array yawed and pitched, turning by ``turn_deg`` about z in the recording."""
    folder = root / "dev" / f"task{task}" / f"recording{number}" / array
    folder.mkdir(parents=True)
    talkers = (
        {"talker1": lambda t: ARRAY_PLACE + np.tile([0.0, 2.0, 0.0], (len(t), 1))}
        if talkers is None
        else talkers
    )
    times = np.arange(-0.05, duration + 0.05, 1 / 120)
    yaw = yaw_pitch_deg[0] + turn_deg * times / duration
    # About the room's z, then about the array's own x, which lifts its look direction y.
    rotations = Rotation.from_euler(
        "ZX", np.stack([yaw, np.full(len(times), yaw_pitch_deg[1])], 1), degrees=True
    )
    matrices = rotations.as_matrix()
    places = np.tile(ARRAY_PLACE, (len(times), 1))
    write_pose(folder / f"position_array_{array}.txt", times, places, matrices, own)
    audio = np.zeros((round(duration * FILE_RATE), len(OWN_POSITIONS)))
    for index, (name, motion) in enumerate(talkers.items()):
        write_pose(folder / f"position_source_{name}.txt", times, motion(times), matrices, np.zeros((0, 3)))
        offset = motion(np.zeros(1))[0] - ARRAY_PLACE
        seen = Rotation.from_euler("ZX", yaw_pitch_deg, degrees=True).as_matrix().T @ offset
        audio += plane_wave(seen / np.linalg.norm(seen), duration, index)
        speaks = np.arange(len(audio)) >= len(audio) // 4
        (folder / f"VAD_{array}_{name}.txt").write_text(
            "VAD\n" + "\n".join(str(int(flag)) for flag in speaks) + "\n"
        )
    soundfile.write(folder / f"audio_array_{array}.wav", audio, FILE_RATE, subtype="FLOAT")
    write_table(
        folder / f"audio_array_timestamps_{array}.txt", CLOCK, [clock(n / FILE_RATE) for n in range(100)]
    )
    write_table(
        folder / "required_time.txt",
        [*CLOCK, "valid_flag"],
        [[*clock(time), float(time < invalid_from)] for time in times],
    )
    return folder


def only_clip(root: Path) -> SuiteClip:
    suite = LocataSuite(root)
    assert len(suite) == 1
    return suite[0]


def angles(clip: SuiteClip, time: float = 0.5, talker: int = 0) -> tuple[float, float]:
    azimuth, elevation = direction_to_angles_deg(clip.directions_at(np.array([time]))[0, talker])
    return float(azimuth), float(elevation)


def at(x: float, y: float, z: float) -> Motion:
    """A talker who stands at an offset from the array, in the room's axes."""
    return lambda times: ARRAY_PLACE + np.tile([x, y, z], (len(times), 1))


def test_a_talker_ahead_of_the_array_is_at_zero(tmp_path: Path) -> None:
    write_recording(tmp_path)  # y looks ahead
    assert angles(only_clip(tmp_path)) == pytest.approx((0, 0), abs=1e-6)


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        ((0, 2, 0), (0, 0)),
        ((-2, 0, 0), (90, 0)),
        ((2, 0, 0), (-90, 0)),
        ((0, -2, 0), (180, 0)),
        ((0, 2, 2), (0, 45)),
    ],
)
def test_room_axes_become_ours(
    tmp_path: Path, offset: tuple[float, float, float], expected: tuple[float, float]
) -> None:
    write_recording(tmp_path, talkers={"talker1": at(*offset)})
    assert angles(only_clip(tmp_path)) == pytest.approx(expected, abs=1e-6)


def test_turning_the_array_left_moves_the_talker_right(tmp_path: Path) -> None:
    write_recording(tmp_path, yaw_pitch_deg=(30.0, 0.0))
    assert angles(only_clip(tmp_path)) == pytest.approx((-30, 0), abs=1e-6)


def test_tilting_the_array_up_moves_the_talker_down(tmp_path: Path) -> None:
    write_recording(tmp_path, yaw_pitch_deg=(0.0, 20.0))
    assert angles(only_clip(tmp_path)) == pytest.approx((0, -20), abs=1e-6)


def test_microphones_come_back_in_our_axes_whatever_the_pose(tmp_path: Path) -> None:
    write_recording(tmp_path, yaw_pitch_deg=(75.0, -10.0))
    x, y, z = OWN_POSITIONS.T
    np.testing.assert_allclose(only_clip(tmp_path).array.positions, np.stack([y, -x, z], axis=1), atol=1e-9)


def test_eigenmike_is_a_hard_ball_where_its_microphones_lie_on_one(tmp_path: Path) -> None:
    ball = 0.042 / np.sqrt(3) * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    for array, own, radius in (
        ("eigenmike", 1.01 * ball, 0.042),
        ("eigenmike", 1.2 * ball, None),
        ("eigenmike", ball + np.array([0.0, 0.02, 0.0]), None),
        ("dummy", ball, None),
    ):
        root = tmp_path / f"{array} {own[0, 1]:.4f}"
        write_recording(root, array=array, own=own)
        assert only_clip(root).array.rigid_sphere_radius == radius


def test_sound_and_truth_agree(tmp_path: Path) -> None:
    write_recording(tmp_path, yaw_pitch_deg=(40.0, 15.0), talkers={"talker1": at(1.0, -1.5, 0.4)})
    score = score_clip(SrpPhat(), only_clip(tmp_path), fibonacci_grid(2048))
    assert score.frames.mae_deg < 3.0
    assert score.recording.mae_deg < 1.5


def test_a_moving_array_sees_a_still_talker_move(tmp_path: Path) -> None:
    write_recording(tmp_path, task=5, turn_deg=60.0)
    clip = only_clip(tmp_path)
    assert not clip.is_static
    for time in (0.0, 0.25, 0.5, 1.0):
        assert angles(clip, time) == pytest.approx((-60 * time, 0), abs=0.1)


def test_a_talker_who_walks_is_followed(tmp_path: Path) -> None:
    def walk(times: np.ndarray) -> np.ndarray:
        turn = np.deg2rad(90 * times)
        return ARRAY_PLACE + 2 * np.stack([-np.sin(turn), np.cos(turn), np.zeros(len(times))], axis=1)

    write_recording(tmp_path, task=3, talkers={"talker2": walk})
    assert angles(only_clip(tmp_path), 0.75) == pytest.approx((67.5, 0), abs=0.1)


def test_activity_is_at_the_rate_of_the_audio(tmp_path: Path) -> None:
    write_recording(tmp_path)
    clip = only_clip(tmp_path)
    assert clip.audio.shape == (4, 16_000)
    np.testing.assert_array_equal(clip.activity[0], np.arange(16_000) >= 4000)


def test_frames_whose_pose_is_not_valid_do_not_count(tmp_path: Path) -> None:
    write_recording(tmp_path, invalid_from=0.5)
    clip = only_clip(tmp_path)
    np.testing.assert_array_equal(clip.valid_at(np.array([0.3, 0.45, 0.6, 0.9])), [True, True, False, False])


def test_rows_tell_arrays_and_motion_apart_and_crowds_are_left_out(tmp_path: Path) -> None:
    write_recording(tmp_path, array="eigenmike")
    write_recording(tmp_path, array="benchmark2", number=10)
    write_recording(tmp_path, array="benchmark2", number=2)
    two = {"talker1": at(0, 2, 0), "talker3": at(2, 0, 0)}
    write_recording(tmp_path, array="dummy", task=6, talkers=two)
    write_recording(tmp_path, array="dummy", task=6, number=2, talkers={**two, "talker4": at(0, -2, 0)})
    suite = LocataSuite(tmp_path)
    names = [(suite[index].name, suite[index].suite, suite[index].num_talkers) for index in range(len(suite))]
    assert names == [
        ("task1/recording2/benchmark2", "locata/benchmark2 static", 1),
        ("task1/recording10/benchmark2", "locata/benchmark2 static", 1),
        ("task6/recording1/dummy", "locata/dummy moving array", 2),
        ("task1/recording1/eigenmike", "locata/eigenmike static", 1),
    ]
    assert first_clips(suite, 1) == (0, 2, 3)


def test_arrays_and_tasks_can_be_chosen(tmp_path: Path) -> None:
    write_recording(tmp_path, array="dicit")
    write_recording(tmp_path, array="dummy", task=5)
    assert LocataSuite(tmp_path, arrays=["dummy"]).recordings[0].array == "dummy"
    assert LocataSuite(tmp_path, tasks=[1]).recordings[0].array == "dicit"
    with pytest.raises(ConfigError, match="got 'eigenmic'"):
        LocataSuite(tmp_path, arrays=["eigenmic"])
    with pytest.raises(AudioError, match="no LOCATA recording"):
        LocataSuite(tmp_path, tasks=[2])


def test_the_folder_of_one_set_is_enough(tmp_path: Path) -> None:
    write_recording(tmp_path)
    assert len(LocataSuite(tmp_path / "dev")) == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("required_time.txt", None, "no such file"),
        ("VAD_eigenmike_talker1.txt", None, "no such file"),
        ("VAD_eigenmike_talker1.txt", "VAD\nyes\n", "voice activity"),
        ("VAD_eigenmike_talker1.txt", "VAD\n", "a line a sample"),
        ("position_array_eigenmike.txt", "year\tx\n2017\tone\n", "table of numbers"),
        ("position_array_eigenmike.txt", "year\tmonth\n2017\n", "lines of 2 numbers"),
        ("position_source_talker1.txt", "x\ty\tz\n1\t2\t3\n", "column 'year' is missing"),
        ("position_source_talker1.txt", "x\ty\tz\nnan\tnan\tnan\n", "no position of the talker is known"),
        ("required_time.txt", "", "lines of 0 numbers"),
        ("audio_array_eigenmike.wav", "RIFF", "not audio"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: str | None, message: str) -> None:
    folder = write_recording(tmp_path)
    suite = LocataSuite(tmp_path)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    with pytest.raises(AudioError, match=message) as failure:
        suite[0]
    assert name in str(failure.value)


def test_microphones_in_another_frame_are_refused(tmp_path: Path) -> None:
    folder = write_recording(tmp_path)
    path = folder / "position_array_eigenmike.txt"
    names, *rows = path.read_text().splitlines()
    columns = names.split("\t")
    moved = []
    for row in rows:
        values = [float(value) for value in row.split("\t")]
        for place, value in zip(
            range(columns.index("mic1_x"), len(columns)), np.tile([9.0, 9.0, 9.0], 4), strict=True
        ):
            values[place] = value
        moved.append(values)
    write_table(path, columns, moved)
    with pytest.raises(AudioError, match="in the room's frame"):
        LocataSuite(tmp_path)[0]

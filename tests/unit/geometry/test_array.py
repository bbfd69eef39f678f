"""The microphone array: what it accepts, what it refuses and with which cure."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.constants import SPEED_OF_SOUND
from anydoa.errors import AudioError, ChannelCountError, GeometryError
from anydoa.geometry.array import MicrophoneArray
from typechecking import unchecked

SQUARE = 0.03 * np.array([[1.0, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]])
seeds = st.integers(0, 2**31 - 1)


def random_array(seed: int, num_microphones: int = 5) -> MicrophoneArray:
    return MicrophoneArray(0.1 * np.random.default_rng(seed).standard_normal((num_microphones, 3)))


def delays(array: MicrophoneArray, direction: np.ndarray) -> np.ndarray:
    return -(array.positions @ direction) / array.speed_of_sound


def test_defaults_are_channels_in_order_and_air() -> None:
    array = MicrophoneArray(SQUARE)
    assert array.channels == (0, 1, 2, 3)
    assert array.num_microphones == array.num_recording_channels == 4
    assert array.speed_of_sound == SPEED_OF_SOUND
    assert array.title == array.name == "array"
    assert array.rigid_sphere_radius is None


def test_span_and_spacing_are_the_farthest_and_the_nearest_pair() -> None:
    array = MicrophoneArray([[0, 0, 0], [0.01, 0, 0], [0, 0.2, 0]])
    assert array.spacing == pytest.approx(0.01)
    assert array.span == pytest.approx(np.hypot(0.01, 0.2))


def test_the_mount_turns_the_array_into_the_users_frame() -> None:
    array = MicrophoneArray(SQUARE, mount_rpy_deg=(0, 0, 90))
    np.testing.assert_array_equal(array.positions, np.roll(SQUARE, -1, axis=0))
    np.testing.assert_array_equal(array.body_positions, SQUARE)


def test_nothing_can_be_changed_afterwards() -> None:
    array = MicrophoneArray(SQUARE)
    with pytest.raises(dataclasses.FrozenInstanceError):
        array.name = "other"  # type: ignore[misc] # what is tested
    for positions in (array.body_positions, array.positions, array.centred_positions):
        with pytest.raises(ValueError, match="read-only"):
            positions[0, 0] = 1.0


def test_the_array_keeps_its_own_copy_of_the_positions() -> None:
    positions = SQUARE.copy()
    array = MicrophoneArray(positions)
    positions[0] = 9.0
    np.testing.assert_array_equal(array.body_positions, SQUARE)


def test_replace_changes_fields_and_validates_anew() -> None:
    array = MicrophoneArray(SQUARE, "kitchen", ignore_channels=(4,), rigid_sphere_radius=0.03)
    warm = array.replace(speed_of_sound=350.0)
    assert (warm.speed_of_sound, warm.name, warm.ignore_channels) == (350.0, "kitchen", (4,))
    assert warm.rigid_sphere_radius == 0.03
    with pytest.raises(GeometryError, match="speed_of_sound"):
        array.replace(speed_of_sound=1.0)


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_no_delay_between_microphones_exceeds_their_spacing(seed: int) -> None:
    array = random_array(seed)
    direction = np.random.default_rng(seed + 1).standard_normal(3)
    delay = delays(array, direction / np.linalg.norm(direction))
    tdoa = np.abs(delay[:, None] - delay[None])
    distance = np.linalg.norm(array.positions[:, None] - array.positions[None], axis=-1)
    assert (tdoa <= distance / array.speed_of_sound + 1e-15).all()


@settings(max_examples=50, deadline=None)
@given(seeds, st.floats(-10, 10))
def test_moving_the_array_leaves_time_differences_alone(seed: int, distance: float) -> None:
    array = random_array(seed)
    moved = array.replace(body_positions=array.body_positions + distance)
    here, there = delays(array, np.eye(3)[0]), delays(moved, np.eye(3)[0])
    np.testing.assert_allclose(here - here[0], there - there[0], atol=1e-15)
    np.testing.assert_allclose(array.centred_positions, moved.centred_positions, atol=1e-12)
    assert (array.span, array.spacing) == pytest.approx((moved.span, moved.spacing))


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_the_hash_depends_on_what_estimates_depend_on(seed: int) -> None:
    array = random_array(seed)
    assert array.hash == array.replace(name="x", title="y", source="z", front="w", device_match="v").hash
    others = (
        array.replace(body_positions=array.body_positions + 1e-3),
        array.replace(speed_of_sound=340.0),
        array.replace(channels=(4, 3, 2, 1, 0)),
        array.replace(ignore_channels=(5,)),
        array.replace(mount_rpy_deg=(0.0, 0.0, 1.0)),
    )
    assert len({array.hash, *(other.hash for other in others)}) == 6


def test_the_hash_does_not_see_the_sign_of_zero() -> None:
    assert (
        MicrophoneArray([[0.0, 0, 0], [0.1, 0, 0]]).hash
        == MicrophoneArray([[-0.0, 0, 0], [0.1, -0.0, 0]]).hash
    )


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (
            SQUARE * 1000,
            r"spans 60 m; arrays wider than 5 m are not supported \(far field only\); pos",
        ),
        (SQUARE / 1000, "spans 0.06 mm, less than 5 mm; positions are metres"),
        (SQUARE[:1], "has 1 microphones; 2..128 are possible; give one row of x, y, z for each"),
        (np.zeros((0, 3)), "has 0 microphones; 2..128"),
        (np.arange(129 * 3).reshape(129, 3), "has 129 microphones"),
        (SQUARE[:, :2], r"must be \(microphones, 3\), got shape \(4, 2\)"),
        (SQUARE.T, r"got shape \(3, 4\)"),
        (SQUARE[[0, 1, 1]], "microphones 1 and 2 are at the same place"),
        ([[0, 0, 0], [0.1, 0, 0], [0.1, 0, 5e-5]], "microphones 1 and 2 are at the same place"),
        ([[0, 0, 0], [0.1, np.nan, 0]], "position of microphone 1 is not finite"),
        ([[0, 0, 0], [np.inf, 0, 0]], "position of microphone 1 is not finite"),
        ([[0, 0, 0], [1e300, 0, 0]], "coordinates go up to"),
        ([[0, 0, 0], [10**400, 0, 0]], "rows of 3 numbers"),
        ([[0, 0, 0], [0.1, 0]], "rows of 3 numbers"),
        ([["a", "b", "c"], [0, 0, 0]], "rows of 3 numbers"),
        (SQUARE + 0j, "they are complex; give real coordinates"),
        (np.ma.masked_less(SQUARE, 0), "some are masked"),
    ],
)
def test_impossible_positions_are_refused_with_the_reason(positions: object, message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        MicrophoneArray(positions)  # type: ignore[arg-type] # what is tested


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"channels": (0, 1, 2)}, "4 microphones but 3 channels"),
        ({"channels": (0, 1, 2, 2)}, "channel 2 is used twice"),
        ({"ignore_channels": (3,)}, "channel 3 is used twice"),
        ({"channels": (1, 2, 3, 4)}, "channels count from 0, got 1 to 4; subtract 1 from each, or add 0 to"),
        ({"channels": (4, 2, 3), "body_positions": SQUARE[:3], "ignore_channels": (1,)}, "got 1 to 4; sub"),
        ({"channels": (0, 2, 3, 4)}, "1 is neither a microphone nor ignored"),
        ({"channels": (-1, 0, 1, 2)}, "whole numbers from 0, got -1; count them from 0"),
        ({"ignore_channels": (5,)}, "4 is neither a microphone nor ignored"),
        ({"ignore_channels": (-1,)}, "whole numbers from 0, got -1"),
        ({"mount_rpy_deg": (0, 0, float("nan"))}, "mount_rpy_deg takes 3 finite angles"),
        ({"speed_of_sound": 3.43}, "speed_of_sound must be 100..10000 m/s"),
        ({"speed_of_sound": float("nan")}, "speed_of_sound must be 100..10000 m/s"),
        (
            {"rigid_sphere_radius": 0.04},
            "microphone 0 is 0.03 m from the origin but rigid_sphere_radius is 0.04 m",
        ),
        ({"rigid_sphere_radius": -1.0}, "rigid_sphere_radius must be"),
        ({"rigid_sphere_radius": float("nan")}, "rigid_sphere_radius must be"),
    ],
)
def test_impossible_fields_are_refused_with_the_reason(fields: dict[str, object], message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        MicrophoneArray(**{"body_positions": SQUARE, **fields})  # type: ignore[arg-type] # what is tested


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": None}, "the name of an array is a text, got None; give one such as"),
        ({"channels": 4}, "channels is a list of numbers, got 4; write it as in"),
        ({"channels": (True, False, 2, 3)}, "whole numbers from 0, got True"),
        ({"ignore_channels": None}, "ignore_channels is a list of numbers, got None"),
        ({"mount_rpy_deg": 90}, "mount_rpy_deg takes 3 finite angles, got 90; give roll, pitch and yaw"),
        ({"mount_rpy_deg": "abc"}, "mount_rpy_deg takes 3 finite angles, got 'abc'"),
        ({"mount_rpy_deg": (0, 0, "x")}, "mount_rpy_deg takes 3 finite angles"),
        ({"speed_of_sound": "343"}, "speed_of_sound is a number, got '343'; give one without a unit"),
        ({"speed_of_sound": None}, "speed_of_sound is a number, got None"),
        ({"rigid_sphere_radius": "4 cm"}, "rigid_sphere_radius is a number, got '4 cm'"),
        ({"patterns": ["cardioid"] * 4}, r"got 'cardioid'; give MicrophonePattern.named\('cardioid', axis\)"),
        ({"steering": "head.sofa"}, "steering is a MeasuredSteering, got 'head.sofa'; read a SOFA file by"),
    ],
)
def test_fields_of_another_kind_are_refused_with_the_cure(fields: dict[str, object], message: str) -> None:
    with unchecked(), pytest.raises(GeometryError, match=message):
        MicrophoneArray(**{"body_positions": SQUARE, **fields})  # type: ignore[arg-type] # what is tested


@pytest.mark.parametrize("number", [-1, 4])
def test_microphones_that_are_not_there_cannot_be_selected(number: int) -> None:
    with pytest.raises(GeometryError, match=f"has microphones 0..3, got {number}; name some of those"):
        MicrophoneArray(SQUARE).select_microphones([0, number])


def test_channels_are_whole_numbers_of_any_kind() -> None:
    assert MicrophoneArray(SQUARE, channels=np.arange(4)[::-1].tolist()).channels == (3, 2, 1, 0)
    with unchecked():
        assert MicrophoneArray(SQUARE, channels=np.array([1, 0, 3, 2])).channels == (1, 0, 3, 2)
        for odd in (1.0, 0.2, "1"):
            with pytest.raises(GeometryError, match=f"whole numbers from 0, got {odd!r}"):
                MicrophoneArray(SQUARE, channels=[0, odd, 2, 3])  # type: ignore[list-item] # what is tested


def test_a_radius_may_be_a_number_of_numpy() -> None:
    plain, other = (MicrophoneArray(SQUARE, rigid_sphere_radius=one) for one in (0.03, np.float64(0.03)))
    assert type(other.rigid_sphere_radius) is float
    assert other.hash == plain.hash


def test_capsules_may_stand_out_of_a_rigid_sphere_a_little() -> None:
    assert MicrophoneArray(SQUARE * 1.04, rigid_sphere_radius=0.03).rigid_sphere_radius == 0.03


def test_channels_are_selected_in_the_order_of_the_microphones() -> None:
    array = MicrophoneArray(SQUARE, channels=(3, 1, 4, 2), ignore_channels=(0, 5))
    recording = np.arange(6.0)[:, None] * np.ones(7)
    np.testing.assert_array_equal(array.select_channels(recording)[:, 0], [3, 1, 4, 2])


def test_too_many_channels_are_refused_with_those_to_ignore() -> None:
    array = MicrophoneArray(SQUARE, "kitchen")
    with pytest.raises(
        AudioError, match=r"6 channels but array 'kitchen' uses 4; pass ignore_channels=\[4, 5\]"
    ):
        array.select_channels(np.zeros((6, 10)))


def test_too_few_channels_are_refused() -> None:
    array = MicrophoneArray(SQUARE, "kitchen", ignore_channels=(4, 5))
    with pytest.raises(AudioError, match=r"2 channels but array 'kitchen' uses 4 and ignores 2; record all"):
        array.select_channels(np.zeros((2, 10)))


def test_a_long_list_of_channels_is_a_range_in_both_languages() -> None:
    array = MicrophoneArray(np.eye(3), "kitchen")
    with pytest.raises(ChannelCountError) as caught:
        array.check_channel_count(1000)
    assert str(caught.value).endswith("but array 'kitchen' uses 3; pass ignore_channels=range(3, 1000)")
    assert caught.value.command_line.endswith("uses 3; pass --ignore-channels 3-999")
    scattered = array.replace(
        channels=(0, 500, 900), ignore_channels=[c for c in range(901) if c % 500 and c != 900]
    )
    with pytest.raises(ChannelCountError) as caught:
        scattered.check_channel_count(1000)
    assert len(str(caught.value)) < 200


def test_a_file_of_just_the_microphones_gets_its_own_cure() -> None:
    array = MicrophoneArray(np.eye(3), "kitchen", channels=(1, 2, 3), ignore_channels=(0, 4))
    with pytest.raises(ChannelCountError) as caught:
        array.check_channel_count(3)
    assert "take array.replace(channels=None, ignore_channels=())" in str(caught.value)
    assert "pass --only-microphones" in caught.value.command_line
    just = array.replace(channels=None, ignore_channels=())
    just.check_channel_count(3)
    assert just.channels == (0, 1, 2)


def test_one_channel_for_several_microphones_suggests_joining() -> None:
    with pytest.raises(ChannelCountError) as caught:
        MicrophoneArray(np.eye(3), "kitchen").check_channel_count(1)
    assert "recording has 1 channel but" in str(caught.value)
    assert "join all of them with --join" in caught.value.of("a.wav").command_line


@pytest.mark.parametrize(
    ("positions", "problem"),
    [(np.eye(3) * 1j, "complex"), (np.ma.masked_less(np.eye(3), 0.5), "masked")],
)
def test_positions_that_are_no_plain_numbers_are_refused(positions: np.ndarray, problem: str) -> None:
    with pytest.raises(GeometryError, match=problem):
        MicrophoneArray(positions)

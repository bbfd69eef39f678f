"""The doctor on recordings in free field: every fault named, nothing else, and the cure right."""

from collections.abc import Callable

import numpy as np
import pytest
import soxr

from anydoa.doctor.examination import DoctorOptions, diagnose, diagnose_geometry
from anydoa.doctor.repairs import RepairOptions
from anydoa.doctor.report import report_json, report_text
from anydoa.errors import AudioError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.layouts import circular_positions, tetrahedral_positions
from anydoa.geometry.pattern import MicrophonePattern
from anydoa.io.array_file import load_array

RATE = 16_000
Talk = Callable[..., np.ndarray]


@pytest.fixture
def array() -> MicrophoneArray:
    """Six microphones in a plane that looks the same in no other order."""
    positions = np.array(
        [
            [0.05, 0, 0],
            [0.02, 0.05, 0],
            [-0.03, 0.04, 0],
            [-0.05, -0.01, 0],
            [-0.01, -0.05, 0],
            [0.03, -0.03, 0],
        ]
    )
    return MicrophoneArray(positions, "kidney")


def kinds(recording: np.ndarray, array: MicrophoneArray) -> list[tuple[str, tuple[int, ...]]]:
    return [(finding.kind, finding.channels) for finding in diagnose(recording, RATE, array).findings]


def test_a_healthy_array_is_healthy_and_its_order_confirmed(array: MicrophoneArray, talk: Talk) -> None:
    diagnosis = diagnose(talk(array), RATE, array)
    assert diagnosis.is_healthy
    assert diagnosis.order is not None
    assert diagnosis.order.status == "confirmed"
    assert diagnosis.order.channels == (0, 1, 2, 3, 4, 5)
    assert diagnosis.corrected is None
    assert diagnosis.why_not_corrected == ""


@pytest.mark.parametrize("order", [(1, 0, 2, 3, 4, 5), (4, 5, 0, 1, 2, 3), (3, 1, 5, 0, 2, 4)])
def test_a_wrong_order_is_found_and_its_cure_gives_a_healthy_array(
    array: MicrophoneArray, talk: Talk, order: tuple[int, ...]
) -> None:
    recording = talk(array)[list(order)]
    diagnosis = diagnose(recording, RATE, array)
    assert [finding.kind for finding in diagnosis.findings] == ["order"]
    assert diagnosis.corrected is not None
    assert [order[channel] for channel in diagnosis.corrected.channels] == [0, 1, 2, 3, 4, 5]
    assert diagnose(recording, RATE, diagnosis.corrected).is_healthy


def test_an_inverted_channel_is_named_and_left_out(array: MicrophoneArray, talk: Talk) -> None:
    recording = talk(array)
    recording[3] *= -1
    diagnosis = diagnose(recording, RATE, array)
    assert [(finding.kind, finding.channels) for finding in diagnosis.findings] == [("inverted", (3,))]
    assert diagnosis.corrected is not None
    assert diagnosis.corrected.channels == (0, 1, 2, 4, 5)
    assert diagnosis.corrected.ignore_channels == (3,)


@pytest.mark.parametrize("pattern", ["supercardioid", "hypercardioid", "figure-of-eight"])
def test_microphones_that_turn_sound_upside_down_from_behind_are_understood(
    array: MicrophoneArray, talk: Talk, pattern: str
) -> None:
    outward = [MicrophonePattern.named(pattern, tuple(place)) for place in array.positions.tolist()]
    turning = array.replace(patterns=outward)
    recording = talk(turning)
    healthy = diagnose(recording, RATE, turning)
    assert healthy.is_healthy
    assert healthy.order is not None
    assert healthy.order.status == "confirmed"
    assert kinds(recording[[1, 0, 2, 3, 4, 5]], turning) == [("order", (0, 1))]
    recording[3] *= -1
    assert kinds(recording, turning) == [("inverted", (3,))]


@pytest.mark.parametrize("inverted", [0, 1])
def test_of_two_channels_in_opposite_polarity_neither_is_called_the_inverted_one(
    talk: Talk, inverted: int
) -> None:
    pair = MicrophoneArray(
        [[0.0, 0.05, 0.0], [0.0, -0.05, 0.0]], "pair", channels=(2, 0), ignore_channels=(1,)
    )
    recording = talk(pair)
    assert diagnose(recording, RATE, pair).is_healthy
    recording[2 * inverted] *= -1
    diagnosis = diagnose(recording, RATE, pair)
    (finding,) = diagnosis.findings
    assert (finding.kind, finding.channels) == ("inverted", (0, 2))
    assert finding.is_certain
    assert finding.text.startswith("channels 0 and 2 are in opposite polarity: of two, nobody knows which")
    assert diagnosis.corrected is None


@pytest.mark.parametrize("samples", [-5, 3, 400])
def test_an_offset_is_measured_in_time(array: MicrophoneArray, talk: Talk, samples: int) -> None:
    recording = talk(array)
    recording[2] = np.roll(recording[2], samples)
    (finding,) = diagnose(recording, RATE, array).findings
    assert (finding.kind, finding.channels) == ("offset", (2,))
    assert finding.value == pytest.approx(samples / RATE, abs=0.3 / RATE)


@pytest.mark.parametrize("samples", [-6, 300])
def test_channels_of_a_second_device_that_are_late_together_are_one_finding(
    array: MicrophoneArray, talk: Talk, samples: int
) -> None:
    recording = talk(array)
    recording[4:] = np.roll(recording[4:], samples, axis=1)
    diagnosis = diagnose(recording, RATE, array)
    (finding,) = diagnosis.findings
    assert (finding.kind, finding.channels) == ("offset", (4, 5))
    assert finding.value == pytest.approx(samples / RATE, abs=1 / RATE)
    assert diagnosis.corrected is not None
    assert diagnosis.corrected.channels == (0, 1, 2, 3)


def test_microphones_that_all_start_at_different_times_are_late_and_no_playback(
    array: MicrophoneArray, talk: Talk
) -> None:
    recording = talk(array)
    for channel, samples in enumerate((0, 700, 1500, 2400, 3100, 3900)):
        recording[channel] = np.roll(recording[channel], samples)
    diagnosis = diagnose(recording, RATE, array)
    assert [finding.kind for finding in diagnosis.findings] == ["offset"] * 5
    assert diagnosis.findings[4].value == pytest.approx(3900 / RATE, abs=6 / RATE)


@pytest.mark.parametrize(("ppm", "samples"), [(-110, 0), (160, 300)])
def test_a_second_clock_is_measured_in_parts_per_million(
    array: MicrophoneArray, talk: Talk, ppm: int, samples: int
) -> None:
    recording = talk(array, ((20, 5), (130, 20), (-75, 10), (60, 0), (-160, 10), (90, 15)))
    late = np.roll(recording[4:], samples, axis=1)
    drifting = soxr.resample(late.T, RATE, RATE * (1 + 1e-6 * ppm), quality="VHQ").T
    count = min(drifting.shape[1], recording.shape[1])
    recording = np.concatenate([recording[:4, :count], drifting[:, :count]])
    diagnosis = diagnose(recording, RATE, array)
    (finding,) = diagnosis.findings
    assert (finding.kind, finding.channels) == ("drift", (4, 5))
    assert finding.value == pytest.approx(ppm, rel=0.25)
    assert "record with one clock" in finding.text
    assert report_json(diagnosis)["findings"][0]["value"] == finding.value
    assert diagnosis.corrected is not None
    assert diagnosis.corrected.channels == (0, 1, 2, 3)


@pytest.fixture
def ring() -> MicrophoneArray:
    """Large enough that waves of a talker near by are curved over it."""
    return MicrophoneArray(circular_positions(6, 0.1), "ring")


NEAR = ((-150.0, 5.0, 0.5), (-30.0, 10.0, 0.4), (90.0, 15.0, 0.7))


@pytest.mark.parametrize("places", [NEAR, ((0.0, 10.0, 0.3),)])
def test_talkers_near_a_healthy_array_with_echoes_leave_it_healthy(
    ring: MicrophoneArray, talk_near: Talk, places: tuple[tuple[float, float, float], ...]
) -> None:
    recording = talk_near(ring, places, seconds=1.2 if len(places) > 1 else 2.5, echoes=(0.15, 0.3))
    diagnosis = diagnose(recording, RATE, ring)
    assert diagnosis.is_healthy
    assert diagnosis.delays is not None
    assert diagnosis.delays.is_one_place == (len(places) == 1)
    assert ("one place only" in report_text(diagnosis)) == (len(places) == 1)


@pytest.mark.parametrize("late", [(2,), (3, 4, 5)])
def test_channels_that_are_late_are_found_near_by_too(
    ring: MicrophoneArray, talk_near: Talk, late: tuple[int, ...]
) -> None:
    recording = talk_near(ring, NEAR, echoes=(0.15,))
    recording[list(late)] = np.roll(recording[list(late)], 5, axis=1)
    (finding,) = diagnose(recording, RATE, ring).findings
    assert finding.kind == "offset"
    assert set(finding.channels) in ({*late}, {*range(6)} - {*late})


def test_dead_channels_are_named(array: MicrophoneArray, talk: Talk) -> None:
    recording = talk(array)
    recording[[1, 4]] = 0
    assert kinds(recording, array) == [("dead", (1, 4))]


def test_a_playback_reference_does_not_hear_the_room(array: MicrophoneArray, talk: Talk) -> None:
    recording = talk(array)
    recording[5] = talk(array, ((90, 0),) * 3)[0][::-1]
    assert kinds(recording, array) == [("loopback", (5,))]


def test_of_two_equal_channels_the_copy_is_named(array: MicrophoneArray, talk: Talk) -> None:
    recording = talk(array)
    recording[0] = 0.5 * recording[3]
    assert kinds(recording, array) == [("duplicated", (0, 3))]


def test_of_two_equal_channels_as_far_from_the_others_neither_is_named_the_copy(talk: Talk) -> None:
    array = MicrophoneArray(tetrahedral_positions(0.06))
    recording = talk(array)
    recording[2] = recording[1]
    diagnosis = diagnose(recording, RATE, array)
    (finding,) = diagnosis.findings
    assert (finding.kind, set(finding.channels)) == ("duplicated", {1, 2})
    assert "cannot be heard" in finding.text
    assert diagnosis.corrected is None


def test_a_playback_that_the_room_hears_is_no_late_microphone(array: MicrophoneArray, talk: Talk) -> None:
    recording = talk(array)
    played = talk(array, ((90, 0),) * 3)[0][::-1]
    recording += 0.3 * np.roll(played, 320)
    recording[5] = played
    assert kinds(recording, array) == [("loopback", (5,))]


def test_a_quiet_channel_is_measured_in_decibels(array: MicrophoneArray, talk: Talk) -> None:
    recording = talk(array)
    recording[4] *= 10 ** (-12 / 20)
    diagnosis = diagnose(recording, RATE, array)
    (finding,) = diagnosis.findings
    assert (finding.kind, finding.channels) == ("gain", (4,))
    assert finding.value == pytest.approx(-12, abs=0.5)
    assert diagnosis.why_not_corrected == "No array file mends that."


def test_options_say_from_where_on_something_is_wrong(array: MicrophoneArray, talk: Talk) -> None:
    recording = talk(array)
    recording[1] *= -1
    recording[4] *= 10 ** (-12 / 20)
    lenient = DoctorOptions(max_gain_db=20, repairs=RepairOptions(min_inverted_gain=2.0))
    found = [finding.kind for finding in diagnose(recording, RATE, array, options=lenient).findings]
    assert "gain" not in found
    assert "inverted" not in found


def test_clipping_is_reported(array: MicrophoneArray, talk: Talk) -> None:
    recording = talk(array)
    recording[1] = np.clip(4 * recording[1], -0.3, 0.3) / 2
    assert ("clipped", (1,)) in kinds(recording, array)


def test_two_faults_at_once_are_both_found(array: MicrophoneArray, talk: Talk) -> None:
    recording = talk(array)[[0, 1, 4, 3, 2, 5]]
    recording[1] *= -1
    assert sorted(kinds(recording, array)) == [("inverted", (1,)), ("order", (2, 4))]


def test_a_card_that_moves_its_loopback_channels_is_put_right(talk: Talk) -> None:
    array = load_array("respeaker-6")
    recording = np.roll(talk(array), 2, axis=0)
    diagnosis = diagnose(recording, RATE, array)
    (finding,) = diagnosis.findings
    assert finding.kind == "order"
    assert "shifted by 2" in finding.text
    assert diagnosis.corrected is not None
    assert diagnosis.corrected.channels == (2, 3, 4, 5, 6, 7)
    assert diagnosis.corrected.ignore_channels == (0, 1)


@pytest.mark.parametrize("shift", [1, 3, 5, 7])
def test_a_shift_that_channels_do_not_tell_from_others_is_not_taken_for_one_of_them(
    talk: Talk, shift: int
) -> None:
    """A square on every other channel looks the same after shifts by 1, 3, 5 and 7."""
    corners = 0.05 * np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]])
    square = MicrophoneArray(corners, name="square", channels=(0, 2, 4, 6), ignore_channels=(1, 3, 5, 7))
    diagnosis = diagnose(np.roll(talk(square), shift, axis=0), RATE, square)
    assert diagnosis.corrected is None
    assert "equally well" in diagnosis.why_not_corrected
    assert "shifted by 1 or 3 or 5 or 7" in diagnosis.findings[0].text


@pytest.mark.parametrize("shift", [1, 5])
def test_waves_tell_a_shift_that_channels_do_not_tell(array: MicrophoneArray, talk: Talk, shift: int) -> None:
    even = tuple(range(0, 12, 2))
    kidney = array.select_microphones(list(range(6)), channels=even, ignore_channels=tuple(range(1, 12, 2)))
    told = diagnose(np.roll(talk(kidney), shift, axis=0), RATE, kidney)
    assert told.corrected is not None
    assert told.corrected.channels == tuple((channel + shift) % 12 for channel in even)


def test_a_microphone_far_from_all_others_is_not_left_out_for_hearing_little_of_what_they_hear(
    talk: Talk,
) -> None:
    places = np.array([[0.0, 0, 0], [0.05, 0, 0], [0.02, 0.05, 0], [3.0, 0.5, 0]])
    array = MicrophoneArray(places, name="far")
    recording = talk(array)
    recording[3] = 0.1 * np.random.default_rng(0).standard_normal(recording.shape[1])
    diagnosis = diagnose(recording, RATE, array)
    (finding,) = [found for found in diagnosis.findings if found.kind == "loopback"]
    assert finding.channels == (3,)
    assert not finding.is_certain
    assert "may hear the room all the same" in finding.text
    assert diagnosis.corrected is None


def test_a_microphone_that_may_face_away_from_all_talkers_is_not_left_out(talk: Talk) -> None:
    places = np.array([[0.0, 0, 0], [0.05, 0, 0], [0.02, 0.05, 0], [-0.03, 0.02, 0]])
    axes = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (-1, 0, 0)]
    array = MicrophoneArray(
        places, "corner", patterns=[MicrophonePattern.named("cardioid", axis) for axis in axes]
    )
    recording = talk(array, ((0.0, 0.0), (8.0, 5.0), (-8.0, 0.0)))
    diagnosis = diagnose(recording, RATE, array)
    (finding,) = diagnosis.findings
    assert (finding.kind, finding.channels, finding.is_certain) == ("loopback", (3,), False)
    assert "Facing away from all who talk it may hear the room all the same" in finding.text
    assert diagnosis.corrected is None
    heard = diagnose(recording, RATE, array.replace(patterns=()))
    assert ("loopback", True) in [(found.kind, found.is_certain) for found in heard.findings]


def beam_of(microphones: np.ndarray, *, late_s: float = 0.02) -> np.ndarray:
    """What a board makes of its microphones: a beam, its gain controlled, later than they are."""
    beam = microphones.mean(axis=0)
    power = np.convolve(beam**2, np.full(6400, 1 / 6400), mode="same")
    controlled = 0.05 * beam / np.sqrt(power + 1e-6)
    return np.roll(controlled, round(late_s * RATE)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "beams"), [("respeaker-usb-4", [0]), ("respeaker-xvf3800", [0, 1]), ("respeaker-usb-4", [])]
)
def test_processed_channels_in_place_of_microphones_are_named_and_the_microphones_found(
    talk: Talk, name: str, beams: list[int]
) -> None:
    board = load_array(name)
    recording = talk(board)
    seconds = np.arange(recording.shape[1]) / RATE
    recording *= 10 ** (0.5 * np.sin(2 * np.pi * 0.8 * seconds) - 0.5)  # somebody now loud, now quiet
    for channel in beams:
        recording[channel] = beam_of(recording[list(board.channels)], late_s=0.02 + 0.01 * channel)
    assert diagnose(recording, RATE, board).is_healthy
    believed = board.replace(channels=(0, 1, 2, 3), ignore_channels=(4, 5))
    diagnosis = diagnose(recording, RATE, believed)
    assert ("processed", tuple(beams)) in kinds(recording, believed) or not beams
    assert diagnosis.corrected is not None
    assert diagnosis.corrected.channels == board.channels
    assert any("take channels" in advice for advice in diagnosis.board_advice) == bool(beams)


def test_a_cardioid_that_looks_the_other_way_is_not_called_processed(talk: Talk) -> None:
    omni = load_array("respeaker-usb-4").replace(channels=(0, 1, 2, 3), ignore_channels=())
    axes = [(0, 1, 0), (0, 1, 0), (0, 1, 0), (0, -1, 0)]
    array = omni.replace(patterns=[MicrophonePattern.named("cardioid", axis) for axis in axes])
    turns = []
    for place in ((20.0, 5.0), (75.0, 20.0), (140.0, 10.0)):
        gains = array.gains(angles_deg_to_direction(*place))[:, None]
        turns.append(gains * talk(omni, (place,)))
    recording = np.concatenate([*turns, *turns[::-1]], axis=1).astype(np.float32)
    assert diagnose(recording, RATE, omni).has_found("processed")  # as it sounds without its patterns
    assert not diagnose(recording, RATE, array).has_found("processed")


def test_a_microphone_with_noise_of_its_own_is_not_called_processed(
    array: MicrophoneArray, talk: Talk
) -> None:
    recording = talk(array)
    noise = np.random.default_rng(3).standard_normal(recording.shape[1])
    recording[2] += np.float32(0.1 * recording[2].std() * noise)
    assert diagnose(recording, RATE, array).is_healthy


def test_silent_raw_channels_of_a_known_board_are_named_with_the_boards_cure(talk: Talk) -> None:
    board = load_array("respeaker-xvf3800")
    recording = talk(board)
    recording[2:] = 0
    diagnosis = diagnose(recording, RATE, board)
    assert [finding.kind for finding in diagnosis.findings] == ["dead"]
    assert "amixer" in report_text(diagnosis)
    assert report_json(diagnosis)["board_advice"] == diagnosis.board_advice


def test_a_shifted_circle_is_undecidable_as_it_may_be_turned(talk: Talk) -> None:
    array = MicrophoneArray(circular_positions(6, 0.05), "ring")
    shifted = np.roll(talk(array), 2, axis=0)
    unknown = diagnose(shifted, RATE, array)
    assert unknown.is_healthy
    assert unknown.order is not None
    assert unknown.order.num_equivalents == 12
    assert unknown.settled_by is not None
    azimuth_deg = unknown.settled_by.azimuth_deg
    known = np.roll(talk(array, ((azimuth_deg, 0.0),) * 3), 2, axis=0)
    settled = diagnose(known, RATE, array, known_azimuth_deg=azimuth_deg)
    assert [finding.kind for finding in settled.findings] == ["turned"]
    assert "turned 120° clockwise" in settled.findings[0].text
    assert "all are shifted by 2" in settled.findings[0].text
    assert settled.order is not None
    assert settled.order.num_equivalents == 2
    assert settled.corrected is None


def test_a_swap_on_a_circle_is_found_but_not_corrected_by_guessing(talk: Talk) -> None:
    array = MicrophoneArray(circular_positions(6, 0.05), "ring")
    diagnosis = diagnose(talk(array)[[0, 2, 1, 3, 4, 5]], RATE, array)
    assert [(finding.kind, finding.channels) for finding in diagnosis.findings] == [("order", (1, 2))]
    assert diagnosis.corrected is None
    assert "12 orders fit equally well" in diagnosis.why_not_corrected


def test_no_order_of_a_regular_tetrahedron_can_be_heard(talk: Talk) -> None:
    array = MicrophoneArray(tetrahedral_positions(0.06))
    diagnosis = diagnose(talk(array)[[1, 0, 2, 3]], RATE, array)
    assert diagnosis.is_healthy
    assert diagnosis.order is not None
    assert diagnosis.order.status == "inaudible"


def test_a_channel_the_file_does_not_mention_is_reported(array: MicrophoneArray, talk: Talk) -> None:
    recording = np.concatenate([talk(array), 1e-6 * np.random.default_rng(0).standard_normal((2, 3 * 19200))])
    diagnosis = diagnose(recording.astype(np.float32), RATE, array)
    assert [(finding.kind, finding.channels) for finding in diagnosis.findings] == [("unlisted", (6, 7))]
    assert diagnosis.corrected is not None
    assert diagnosis.corrected.ignore_channels == (6, 7)


def test_too_few_channels_are_refused(array: MicrophoneArray, talk: Talk) -> None:
    with pytest.raises(AudioError, match="has 4 channels but array 'kidney' has a microphone on channel 5"):
        diagnose(talk(array)[:4], RATE, array)


def test_microphones_that_hear_nothing_together_leave_the_order_open(array: MicrophoneArray) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal((6, 3 * RATE)).astype(np.float32)
    diagnosis = diagnose(noise, RATE, array)
    assert diagnosis.order is None
    assert [finding.kind for finding in diagnosis.findings] == ["loopback"]


def test_silence_is_dead_everywhere(array: MicrophoneArray) -> None:
    diagnosis = diagnose(np.zeros((6, 2 * RATE), dtype=np.float32), RATE, array)
    assert [(finding.kind, finding.channels) for finding in diagnosis.findings] == [("dead", tuple(range(6)))]
    assert diagnosis.corrected is None


def test_geometry_alone_tells_the_symmetries() -> None:
    diagnosis = diagnose_geometry(load_array("uma-8"))
    assert diagnosis.num_symmetries == 12
    assert diagnosis.settled_by is not None
    assert diagnosis.order is None

"""A talker at a stated azimuth: what that says of the order of channels, and what a turned array may not."""

from itertools import product

import numpy as np
import pytest

from anydoa.acoustics import plane_arrival_times
from anydoa.doctor.channel_assignment import ChannelAssignment
from anydoa.doctor.clocks import IN_SYNC
from anydoa.doctor.examination import diagnose
from anydoa.doctor.measurement import Measurement, measure
from anydoa.doctor.order import OrderExamination, check_order
from anydoa.doctor.repairs import RepairResult
from anydoa.doctor.report import report_json, report_text
from anydoa.doctor.symmetry import symmetries
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.layouts import circular_positions
from anydoa.io.array_file import load_array
from voices import SAMPLE_RATE, voice

CIRCLES = ("respeaker-6", "respeaker-core-v2", "respeaker-v1", "uma-8", "xmos-7", "matrix-creator")
RING = MicrophoneArray(circular_positions(6, 0.05), "ring")


def turned(array: MicrophoneArray, turn_deg: float) -> MicrophoneArray:
    """The array as it stands when it is turned anticlockwise."""
    roll, pitch, yaw = array.mount_rpy_deg
    return array.replace(mount_rpy_deg=(roll, pitch, yaw + turn_deg))


def record(
    array: MicrophoneArray, azimuth_deg: float, elevation_deg: float = 10.0, seed: int = 0
) -> np.ndarray:
    """What the microphones hear of one talker in free field, 26 dB above noise."""
    rng = np.random.default_rng(seed)
    said = voice(rng.uniform(100, 200), 1.6, rng)
    late = plane_arrival_times(array, angles_deg_to_direction([azimuth_deg], [elevation_deg]))
    phase = -2j * np.pi * late * np.fft.rfftfreq(len(said), 1 / SAMPLE_RATE)
    heard = np.fft.irfft(np.fft.rfft(said) * np.exp(phase), len(said), axis=1)
    return heard + 0.05 * heard.std() * rng.standard_normal(heard.shape)


def bench_of(array: MicrophoneArray, heard: np.ndarray) -> Measurement:
    count = array.num_microphones
    assignment = ChannelAssignment(tuple((mic, mic) for mic in range(count)), (IN_SYNC,) * count, ())
    return measure(heard, SAMPLE_RATE, array, assignment)


def checked(array: MicrophoneArray, heard: np.ndarray, told_deg: float) -> OrderExamination:
    """The verdict where nothing else is wrong: the sound fits the order of the file, up to its symmetries."""
    measurement = bench_of(array, heard)
    return check_order(measurement, RepairResult((), measurement.as_declared, 1.0), array, told_deg)


def miss_deg(verdict: OrderExamination, azimuth_deg: float) -> float:
    """How far from an azimuth the talker is heard, at the nearest place that the array cannot rule out."""
    assert verdict.talker is not None
    heard = np.array(verdict.talker.azimuths_deg)
    return float(np.abs((heard - azimuth_deg + 180) % 360 - 180).min())


@pytest.mark.parametrize("turn_deg", [0, 15, 40, 60, 90, -35])
@pytest.mark.parametrize("preset", [*CIRCLES, "matrix-voice", "respeaker-usb-4", "nao-v4"])
def test_a_turned_array_is_never_said_to_be_in_a_wrong_order(preset: str, turn_deg: float) -> None:
    array = load_array(preset)
    for seed, azimuth_deg in enumerate((0.0, 20.0)):
        heard = record(turned(array, turn_deg), azimuth_deg, 20.0 * seed, seed)
        verdict = checked(array, heard, azimuth_deg)
        kinds = {finding.kind for finding in verdict.findings}
        assert kinds <= ({"turned"} if turn_deg else set())
        assert kinds or abs(turn_deg) < 20
        assert verdict.result.status == "confirmed"
        assert verdict.result.channels == tuple(range(array.num_microphones))
        assert miss_deg(verdict, azimuth_deg - turn_deg) < 6


@pytest.mark.parametrize(
    ("preset", "turn_deg", "told_deg"),
    [*product(["kinect-v1", "ps3-eye"], [60, 90, -90], [0, 20]), *product(["nao-v4"], [60, 90], [0, 100])],
)
def test_arrays_without_a_like_order_are_asked_where_the_talker_is_too(
    preset: str, turn_deg: float, told_deg: float
) -> None:
    array = load_array(preset)
    verdict = checked(array, record(turned(array, turn_deg), told_deg, 0.0), told_deg)
    (finding,) = verdict.findings
    assert finding.kind == "turned"
    assert finding.is_certain
    assert "is heard at" in finding.text
    assert verdict.talker is not None
    assert miss_deg(verdict, told_deg - turn_deg) < max(6, verdict.talker.within_deg)


@pytest.mark.parametrize(
    "preset", [*CIRCLES, "matrix-voice", "respeaker-usb-4", "kinect-v1", "ps3-eye", "nao-v4"]
)
@pytest.mark.parametrize("told_deg", [0.0, -100.0])
def test_a_talker_who_stands_five_degrees_beside_the_stated_azimuth_is_no_problem(
    preset: str, told_deg: float
) -> None:
    array = load_array(preset)
    for off_deg in (-5.0, 5.0):
        verdict = checked(array, record(array, told_deg + off_deg), told_deg)
        assert verdict.findings == ()
        assert verdict.talker is not None
        assert verdict.talker.is_there


def test_the_mount_that_is_proposed_puts_the_talker_where_he_stands() -> None:
    array = load_array("respeaker-6").replace(mount_rpy_deg=(0.0, 0.0, 100.0), ignore_channels=())
    heard = record(turned(array, -15), 20.0)
    (finding,) = checked(array, heard, 20.0).findings
    assert finding.value == pytest.approx(-15, abs=2)
    yaw_deg = 100 + finding.value
    assert f"turned {-finding.value:.0f}° clockwise as seen from above" in finding.text
    assert f"mount_rpy_deg = [0, 0, {yaw_deg:.0f}]" in finding.text
    corrected = array.replace(mount_rpy_deg=(0.0, 0.0, yaw_deg))
    assert checked(corrected, heard, 20.0).findings == ()


def test_an_array_turned_by_its_own_symmetry_may_be_shifted_as_well() -> None:
    array = load_array("respeaker-usb-4")
    verdict = checked(array, record(turned(array, 90), 20.0), 20.0)
    (finding,) = verdict.findings
    assert finding.value == pytest.approx(90, abs=3)
    assert "° anticlockwise as seen from above" in finding.text
    assert "or the channels are in another order (all are shifted by" in finding.text
    assert "sounds the same as in that order" in finding.text
    assert verdict.result.num_equivalents > 1


def test_on_an_axis_of_symmetry_a_shift_is_not_told_from_the_mirror() -> None:
    heard = record(RING, 30.0)
    assert (1, 0, 5, 4, 3, 2) in symmetries(RING)
    mirrored = heard[[1, 0, 5, 4, 3, 2]]
    for shown in (np.roll(record(RING, 0.0), 1, axis=0), mirrored):
        verdict = checked(RING, shown, 30.0 if shown is mirrored else 0.0)
        assert not [finding for finding in verdict.findings if finding.kind == "order"]
    shifted = checked(RING, np.roll(record(RING, 0.0), 1, axis=0), 0.0)
    assert shifted.result.num_equivalents == 3
    assert "all are shifted by 1, or one of 1 more" in shifted.findings[0].text


def test_a_mirrored_order_is_named_with_a_way_to_tell_it_from_a_turn() -> None:
    mirrored = record(RING, 15.0)[[3, 2, 1, 0, 5, 4]]
    (finding,) = checked(RING, mirrored, 15.0).findings
    assert "channel 0 carries what channel 3 should, and so on" in finding.text
    assert "the azimuth heard grows if the array is turned, and falls if the order is wrong" in finding.text


def test_a_talker_overhead_says_nothing_of_turns() -> None:
    verdict = checked(RING, record(RING, 15.0, 90.0), 120.0)
    assert verdict.findings == ()
    assert verdict.talker is not None
    assert verdict.talker.azimuths_deg == ()
    assert verdict.result.num_equivalents == 12


def test_a_turned_array_is_reported_and_no_file_is_offered() -> None:
    heard = np.concatenate([record(turned(RING, -15), 20.0, seed=seed) for seed in range(3)], axis=1)
    diagnosis = diagnose(0.3 * heard / np.abs(heard).max(), SAMPLE_RATE, RING, known_azimuth_deg=20.0)
    assert not diagnosis.is_healthy
    assert diagnosis.corrected is None
    assert diagnosis.why_not_corrected == "Whether the array is turned or the angle is off cannot be heard."
    assert "  talker         heard at 35°, but said to be at 20°" in report_text(diagnosis).splitlines()
    told = report_json(diagnosis)["talker"]
    assert told["agrees"] is False
    assert told["heard_azimuths_deg"] == [pytest.approx(35, abs=1)]


def test_a_swap_on_a_ring_is_corrected_where_the_talker_is_heard_where_he_stands() -> None:
    heard = np.concatenate([record(RING, 15.0, seed=seed) for seed in range(3)], axis=1)[[0, 2, 1, 3, 4, 5]]
    heard = 0.3 * heard / np.abs(heard).max()
    diagnosis = diagnose(heard, SAMPLE_RATE, RING, known_azimuth_deg=15.0)
    assert [finding.kind for finding in diagnosis.findings] == ["order"]
    assert diagnosis.corrected is not None
    assert diagnosis.corrected.channels == (0, 2, 1, 3, 4, 5)
    elsewhere = diagnose(heard, SAMPLE_RATE, RING, known_azimuth_deg=75.0)
    assert {finding.kind for finding in elsewhere.findings} == {"order", "turned"}
    assert elsewhere.corrected is None


def test_a_change_of_the_order_that_is_likelier_wrong_than_right_is_not_told() -> None:
    measurement = bench_of(RING, record(RING, 20.0))
    swapped = measurement.as_declared.reordered((1, 0, 2, 3, 4, 5))
    likely, unlikely = (
        check_order(measurement, RepairResult((), swapped, sure), RING, None) for sure in (0.9, 0.3)
    )
    assert [finding.kind for finding in likely.findings] == ["order"]
    assert unlikely.findings == ()
    assert unlikely.result.status == "unclear"
    assert unlikely.result.channels == (0, 1, 2, 3, 4, 5)


def test_an_order_that_is_not_looked_for_is_not_confirmed() -> None:
    array = MicrophoneArray(circular_positions(17, 0.1), "seventeen")
    heard = np.concatenate(
        [record(array, azimuth_deg, seed=seed) for seed, azimuth_deg in enumerate((20, 140))], 1
    )
    heard[[0, 1]] = heard[[1, 0]]
    diagnosis = diagnose(heard, SAMPLE_RATE, array)
    assert diagnosis.order is not None
    assert (diagnosis.order.status, diagnosis.order.certainty) == ("unclear", 0.0)
    assert "cannot confirm the order" in report_text(diagnosis)
    assert "of more than 16 microphones there are too many orders" in report_text(diagnosis)

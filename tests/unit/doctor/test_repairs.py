"""What is repaired so that waves explain a recording, and what is left alone."""

from dataclasses import replace

import numpy as np
import pytest

from anydoa.acoustics import plane_arrival_times
from anydoa.doctor.delays import correlate_segments
from anydoa.doctor.findings import Finding
from anydoa.doctor.places import heard_places, one_sidedness
from anydoa.doctor.repairs import RepairSearch
from anydoa.doctor.time_offset import OFFSET_RANGE_S, best_time_offset
from anydoa.doctor.wave_fit import ChannelHypothesis, WaveFit, wave_directions
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction

RATE = 16_000
ARRAY = MicrophoneArray(
    [[0.05, 0, 0], [0.02, 0.05, 0], [-0.03, 0.04, 0], [-0.05, -0.01, 0], [0, -0.05, 0], [0.03, -0.02, 0]]
)
DECLARED = ChannelHypothesis.as_declared(6)
GROUP = (DECLARED.order,)
PLACES_DEG = (10.0, 100.0, -120.0)


def waves(late_s: tuple[float, ...], channels: tuple[int, ...], azimuths_deg: tuple[float, ...]) -> WaveFit:
    """A noise from one place after another, some channels late by a time of each place."""
    rng = np.random.default_rng(2)
    turns = []
    for azimuth_deg, place_late_s in zip(azimuths_deg, late_s, strict=True):
        late = plane_arrival_times(ARRAY, angles_deg_to_direction([azimuth_deg], [10.0]))
        late[list(channels)] += place_late_s
        spectrum = np.fft.rfft(rng.standard_normal(RATE))
        phase = np.exp(-2j * np.pi * late * np.fft.rfftfreq(RATE, 1 / RATE))
        turns.append(np.fft.irfft(spectrum * phase, RATE))
    heard = np.concatenate(turns, axis=1)
    heard += 0.3 * rng.standard_normal(heard.shape)
    found = correlate_segments(heard, RATE, max_delay_s=ARRAY.span / 343 + OFFSET_RANGE_S, segment_s=0.125)
    return WaveFit(found, plane_arrival_times(ARRAY, wave_directions(ARRAY)))


def repaired(fit: WaveFit) -> list[tuple[str, tuple[int, ...]]]:
    found = RepairSearch(fit, fit, GROUP, np.random.default_rng(0)).run(DECLARED)
    return [(accepted.repair.kind, accepted.repair.mics) for accepted in found.accepted]


def test_a_small_time_that_places_agree_on_is_repaired() -> None:
    assert repaired(waves((9e-5,) * 3, (1,), PLACES_DEG)) == [("offset", (1,))]


def test_a_small_time_heard_from_one_place_is_left_alone() -> None:
    assert repaired(waves((9e-5,) * 3, (1,), (10.0,) * 3)) == []


def test_a_small_time_heard_from_one_place_of_two_is_left_alone() -> None:
    assert repaired(waves((1e-4, 1e-4, 0.0), (1,), (10.0, 10.0, 100.0))) == []


def test_a_small_time_heard_from_one_side_alone_is_left_to_a_wrong_position() -> None:
    assert repaired(waves((6e-5,) * 3, (1,), (10.0, 10.0, 90.0))) == []


def test_a_large_time_needs_one_place_alone() -> None:
    assert repaired(waves((4e-4,) * 3, (1,), (10.0,) * 3)) == [("offset", (1,))]


def test_places_are_told_apart_and_segments_of_one_belong_together() -> None:
    places = heard_places(waves((0.0,) * 3, (), PLACES_DEG), DECLARED)
    assert len(places) == 3
    assert sum(place.segments.astype(int) for place in places).max() == 1
    assert one_sidedness(places) < 0.3
    assert len(heard_places(waves((0.0,) * 3, (), (10.0,) * 3), DECLARED)) == 1


@pytest.mark.parametrize("channels", [(1,), (3, 4, 5)])
def test_times_that_differ_from_place_to_place_as_echoes_make_them_are_no_drift(
    channels: tuple[int, ...],
) -> None:
    fit = waves((-1e-4, 0.0, 1e-4), channels, PLACES_DEG)
    assert not best_time_offset(fit, DECLARED, channels).drifts
    assert "drift" not in [kind for kind, _ in repaired(fit)]


def test_what_is_less_likely_than_not_is_not_repaired() -> None:
    fit = waves((9e-5,) * 3, (1,), PLACES_DEG)
    found = RepairSearch(fit, fit, GROUP, np.random.default_rng(0)).run(DECLARED)
    assert found.hypothesis.offset_s[1] == pytest.approx(9e-5, abs=2e-5)
    doubtful = replace(
        found, accepted=tuple(replace(accepted, certainty=0.49) for accepted in found.accepted)
    )
    left = doubtful.likely()
    assert left.accepted == ()
    assert left.hypothesis == DECLARED


@pytest.mark.parametrize(("sure", "is_reported"), [(0.49, False), (0.5, True)])
def test_a_finding_is_reported_where_it_is_likelier_than_not(sure: float, is_reported: bool) -> None:
    assert Finding("offset", (1,), sure, "channel 1 is late.").is_likely == is_reported

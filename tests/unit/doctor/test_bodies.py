"""The doctor on bodies and patterns: it knows their delays, and does not take their levels for faults."""

import numpy as np
import pytest
from free_field import plane_wave, talker

from anydoa.doctor.examination import diagnose
from anydoa.doctor.report import report_text
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.pattern import MicrophonePattern
from body_scenes import measured
from sphere_scenes import sphere_scene

RATE = 16_000
EARS = angles_deg_to_direction([85.0, 110.0, -80.0, -120.0, 20.0], [0.0, 20.0, -10.0, 5.0, 60.0])
HEAD = MicrophoneArray(0.0875 * EARS, "head", rigid_sphere_radius=0.0875)
PLACES = (angles_deg_to_direction(40.0, 10.0), angles_deg_to_direction(-100.0, 0.0))


@pytest.fixture(scope="module")
def heard() -> np.ndarray:
    """Talkers around a ball of a head's size, first from the left, then from the right."""
    rng = np.random.default_rng(0)
    parts = [sphere_scene(rng, HEAD, place, seconds=1.5, snr_db=30.0).audio for place in PLACES]
    return np.concatenate(parts, axis=1).astype(np.float64)


def test_delays_of_a_body_are_compared_with_measured_ones(heard: np.ndarray) -> None:
    array = measured(HEAD, 300)
    diagnosis = diagnose(heard, RATE, array)
    assert diagnosis.is_healthy
    assert diagnosis.delays is not None
    assert diagnosis.delays.impossible_share < 0.02
    free = diagnose(heard, RATE, array.replace(steering=None)).delays
    assert free is not None
    assert diagnosis.delays.fit > 1.2 * free.fit
    assert "delays are compared with measured ones, which differ from those of free air" in report_text(
        diagnosis
    )


def test_a_swap_of_ears_is_heard_and_its_cure_keeps_their_responses(heard: np.ndarray) -> None:
    array = measured(HEAD, 300)
    diagnosis = diagnose(heard[[2, 1, 0, 3, 4]], RATE, array)
    assert [finding.kind for finding in diagnosis.findings] == ["order"]
    corrected = diagnosis.corrected
    assert corrected is not None
    assert corrected.steering is not None
    assert np.array_equal(corrected.steering.receivers, [0, 1, 2, 3, 4])
    assert corrected.channels == (2, 1, 0, 3, 4)


def test_levels_and_signs_of_patterns_are_no_faults() -> None:
    rng = np.random.default_rng(1)
    places = 0.05 * EARS
    patterns = [MicrophonePattern.named("figure-of-eight", tuple(axis)) for axis in EARS.tolist()]
    array = MicrophoneArray(places, "eights", patterns=patterns)
    parts = []
    for place in angles_deg_to_direction([70.0, 120.0], [0.0, 10.0]):
        wave = array.gains(place)[:, None] * plane_wave(array, place, talker(rng, 24_000))
        parts.append(0.1 * wave + 1e-3 * rng.standard_normal(wave.shape))
    recording = np.concatenate(parts, axis=1)
    told, untold = diagnose(recording, RATE, array), diagnose(recording, RATE, array.replace(patterns=()))
    assert not {"gain", "inverted"} & {finding.kind for finding in told.findings}
    assert {"gain", "inverted"} & {finding.kind for finding in untold.findings}
    assert "by their patterns, so levels are not compared" in report_text(told)

"""Simulated microphones with patterns and on measured bodies, against their steering vectors."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from anydoa.acoustics.diffuse_field import diffuse_cross_power
from anydoa.acoustics.plane_wave import steering_vectors
from anydoa.constants import SAMPLE_RATE
from anydoa.errors import ConfigError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, normalize_direction, random_rotation, rotate
from anydoa.geometry.grid import fibonacci_grid
from anydoa.geometry.pattern import MicrophonePattern
from anydoa.io.array_file import load_array
from anydoa.simulation.body import BodyFile, MeasuredBody
from anydoa.simulation.noise import diffuse_noise
from anydoa.simulation.recipe import RoomRanges
from anydoa.simulation.rir import early_rir
from anydoa.simulation.rir_bank import read_plan
from anydoa.simulation.room import shoebox
from anydoa.simulation.rooms import RoomPlan, simulate_room
from anydoa.simulation.sphere import RigidSphere
from body_scenes import measured, write_sofa

TETRAHEDRON = normalize_direction(np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]))
BALL = MicrophoneArray(0.06 * TETRAHEDRON, "ball", rigid_sphere_radius=0.06)
MEASURED = measured(BALL, 300)
PLAN = RoomPlan(
    num_rooms=1, num_talkers=1, num_noises=0, ranges=RoomRanges(rt60=(0.25, 0.25)), max_duration_s=0.2
)
DEAD = shoebox(np.array([20.0, 20.0, 20.0]), 0.2)
BAND = slice(20, 220)  # of 512: 600 to 6900 Hz


def patterned(name: str) -> MicrophoneArray:
    axes = rotate(fibonacci_grid(4).directions, random_rotation(np.random.default_rng(2)))
    patterns = [MicrophonePattern.named(name, tuple(axis)) for axis in axes.tolist()]
    return MicrophoneArray(BALL.positions, patterns=patterns)


def test_filters_of_a_measured_ball_are_those_of_the_ball() -> None:
    images = 3 * angles_deg_to_direction([10.0, 120.0, -75.0], [5.0, -40.0, 70.0])
    fraction = np.array([0.0, 0.4, 0.9])
    frequencies = np.fft.rfftfreq(512, 1 / SAMPLE_RATE)[BAND]
    bodies = (MeasuredBody(MEASURED), RigidSphere(0.06))
    found, expected = (
        np.stack([np.fft.rfft(taps, 512)[:, BAND] for taps in body.hear(BALL.positions, images, fraction)])
        * np.exp(2j * np.pi * frequencies * body.lead / SAMPLE_RATE)
        for body in bodies
    )
    # But for one gain and one delay of a measurement as a whole.
    scale = np.vdot(np.abs(expected), np.abs(found)) / np.vdot(expected, expected).real
    product = np.sum(found * expected.conj(), axis=0)
    assert scale == pytest.approx(1, abs=0.25)
    sizes = np.linalg.norm(found, axis=0) * np.linalg.norm(expected, axis=0)
    assert (np.abs(product) / sizes).min() > 0.99
    late = np.unwrap(np.angle(product), axis=1)[:, -1] - np.unwrap(np.angle(product), axis=1)[:, 0]
    assert np.abs(late / (2 * np.pi * np.ptp(frequencies))).max() < 1e-4


def test_the_direct_sound_is_heard_by_the_pattern() -> None:
    array, mics = patterned("hypercardioid"), 10 + BALL.positions
    source = 10 + 4 * normalize_direction(np.array([0.3, -0.8, 0.5]))
    heard, power = early_rir(DEAD, source, mics, until_s=0.02, num_taps=400, patterns=array.patterns)
    plain, plain_power = early_rir(DEAD, source, mics, until_s=0.02, num_taps=400)
    gains = [array.gains(normalize_direction(source - mic))[number] for number, mic in enumerate(mics)]
    np.testing.assert_allclose(heard, np.array(gains)[:, None] * plain, atol=1e-6)
    assert power == plain_power
    assert min(gains) < 0


def test_a_diffuse_field_reaches_patterns_as_their_coherence_says() -> None:
    array, frequencies = patterned("cardioid"), np.array([500.0, 2000.0])
    directions = fibonacci_grid(3000).directions
    vectors = steering_vectors(directions, array, frequencies)
    mean = vectors.swapaxes(1, 2) @ vectors.conj() / len(directions)
    np.testing.assert_allclose(diffuse_cross_power(array, frequencies), mean, atol=2e-3)
    noise = diffuse_noise(
        lambda frequency: diffuse_cross_power(array, frequency), (1, 60_000), np.random.default_rng(3)
    )[0]
    assert np.mean(noise**2, axis=1) == pytest.approx(1 / 3, rel=0.05)
    spectra = np.fft.rfft(noise)[:, 7000:8000]  # 1867 to 2133 Hz
    cross = spectra @ spectra.conj().T / np.sum(np.abs(spectra) ** 2) * 4 / 3
    np.testing.assert_allclose(cross, mean[1], atol=0.05)


def test_a_plan_with_omnidirectional_patterns_is_the_plan_without() -> None:
    omni = [MicrophonePattern(1, (0, 0, 1))] * 4
    assert PLAN.with_array(MicrophoneArray(BALL.positions, patterns=omni)) == PLAN.with_array(
        MicrophoneArray(BALL.positions)
    )


def test_rooms_of_a_measured_ball_begin_as_those_of_the_ball(tmp_path: Path) -> None:
    write_sofa(tmp_path / "ball.sofa", MEASURED)
    (tmp_path / "ball.toml").write_text('steering = "ball.sofa"\nmount_rpy_deg = [0, 0, 70]\n')
    array = load_array(tmp_path / "ball.toml")
    plan = PLAN.with_array(array)
    sphere = replace(plan, body=None, sphere_radius=0.06)
    found, expected = (simulate_room(one, 0).talker_rirs[0, 0].astype(np.float64) for one in (plan, sphere))
    direct = int(np.argmax(np.abs(expected).max(axis=0)))
    begin = slice(max(direct - 20, 0), direct + 30)
    spectra = [np.fft.rfft(rirs[:, begin], 512)[:, BAND] for rirs in (found, expected)]
    product = np.abs(np.sum(spectra[0] * spectra[1].conj(), axis=0))
    likeness = product / np.linalg.norm(spectra[0], axis=0) / np.linalg.norm(spectra[1], axis=0)
    assert np.mean(likeness) > 0.98
    # A plan of it can be kept.
    (tmp_path / "bank.json").write_text(json.dumps({"schema": 1, **asdict(plan)}))
    assert read_plan(tmp_path) == plan


def test_what_comes_from_no_file_is_refused() -> None:
    with pytest.raises(ConfigError, match="measured steering from memory cannot be simulated"):
        BodyFile.of(MEASURED)

"""Impulse responses against geometry, against pyroomacoustics and against the decay asked for."""

from collections.abc import Iterator

import numpy as np
import pyroomacoustics
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from anydoa.constants import SAMPLE_RATE, SPEED_OF_SOUND
from anydoa.simulation.rir import early_rir, image_sources, mixing_time, room_rir
from anydoa.simulation.room import Room, shoebox
from anydoa.simulation.sphere import RigidSphere

seeds = st.integers(0, 2**31 - 1)
DEAD = Room(np.array([20.0, 20.0, 20.0]), np.ones(6), rt60=0.1)
LIVELY = shoebox(np.array([5.0, 4.0, 3.0]), 0.5, np.array([0.5, 0.6, 0.7, 0.8, 0.9, 1.0]))
SPEECH_BAND = slice(50, 770)  # of 1025 bins: 390 to 6000 Hz


def transfer(taps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    spectrum = np.fft.rfft(taps, 2048, axis=-1)[..., SPEECH_BAND]
    return spectrum, np.fft.rfftfreq(2048, 1 / SAMPLE_RATE)[SPEECH_BAND]


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_without_walls_sound_is_a_spherical_wave(seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, mics = 10 + rng.uniform(-2, 2, 3), 10 + rng.uniform(2.5, 3, (3, 3))
    taps, _ = early_rir(DEAD, source, mics, until_s=0.05, num_taps=1000)
    spectrum, frequency = transfer(taps)
    distance = np.linalg.norm(mics - source, axis=1)[:, None]
    wave = np.exp(-2j * np.pi * frequency * distance / SPEED_OF_SOUND) / distance
    assert np.abs(spectrum - wave).max() < 0.01 / distance.min()


def test_far_away_the_wave_is_plane() -> None:
    room = Room(np.array([200.0, 200.0, 200.0]), np.ones(6), rt60=0.1)
    direction = np.array([0.6, 0.0, 0.8])
    mics = 100 + np.array([[0.05, 0.0, 0.0], [-0.02, 0.06, 0.03], [0.0, 0.0, 0.0]])
    taps, _ = early_rir(room, 100 + 60 * direction, mics, until_s=0.2, num_taps=3000)
    spectrum = np.fft.rfft(taps, 4096)[:, 100:1500]
    frequency = np.fft.rfftfreq(4096, 1 / SAMPLE_RATE)[100:1500]
    delay = -((mics - mics[2]) @ direction) / SPEED_OF_SOUND
    phase = np.angle(spectrum * spectrum[2].conj() * np.exp(2j * np.pi * frequency * delay[:, None]))
    assert np.abs(phase).max() < 0.02


def test_the_direct_sound_arrives_after_the_flight_and_not_before() -> None:
    mics = np.array([[10.0, 10.0, 10.0], [10.0, 10.0, 11.0]])
    distance = 50 * SPEED_OF_SOUND / SAMPLE_RATE
    taps, _ = early_rir(DEAD, np.array([10.0 + distance, 10.0, 10.0]), mics, until_s=0.02, num_taps=400)
    assert taps[0].argmax() == 50
    assert taps[0, 50] == pytest.approx(1 / distance, rel=1e-3)


@pytest.fixture
def without_high_pass() -> Iterator[None]:
    pyroomacoustics.constants.set("rir_hpf_enable", False)
    yield
    pyroomacoustics.constants.set("rir_hpf_enable", True)


@pytest.mark.usefixtures("without_high_pass")
def test_image_sources_agree_with_pyroomacoustics() -> None:
    source, mics = np.array([1.0, 1.2, 1.5]), np.array([[3.0, 2.2, 1.4], [3.05, 2.1, 1.3]])
    names = ("west", "east", "south", "north", "floor", "ceiling")
    materials = {n: pyroomacoustics.Material(float(a)) for n, a in zip(names, LIVELY.absorption, strict=True)}
    room = pyroomacoustics.ShoeBox(LIVELY.size, fs=SAMPLE_RATE, materials=materials, max_order=14)
    room.add_source(source)
    room.add_microphone_array(mics.T)
    room.compute_rir()
    taps, _ = early_rir(LIVELY, source, mics, until_s=0.04, num_taps=700)
    for row, (reference,) in zip(taps, room.rir, strict=True):
        # Its filters delay everything by 40 samples.
        assert np.abs(row[:600] - reference[40:640]).max() < 1e-4 * np.abs(reference).max()


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_source_and_microphone_may_change_places(seed: int) -> None:
    here, there = np.random.default_rng(seed).uniform(0.3, LIVELY.size - 0.3, (2, 3))
    forth, _ = early_rir(LIVELY, here, there[None], until_s=0.04, num_taps=640)
    back, _ = early_rir(LIVELY, there, here[None], until_s=0.04, num_taps=640)
    assert np.abs(forth - back).max() < 1e-3 * np.abs(forth).max()


def test_images_are_complete_within_reach() -> None:
    source, ear = np.array([1.0, 2.0, 1.5]), np.array([2.5, 1.0, 1.2])
    near, _ = image_sources(LIVELY, source, ear, reach=10.0)
    far, gain = image_sources(LIVELY, source, ear, reach=30.0)
    assert np.linalg.norm(near - ear, axis=1).max() <= 10
    assert len(near) == np.sum(np.linalg.norm(far - ear, axis=1) <= 10)
    # One image for each room's volume of space.
    assert len(far) == pytest.approx(4 / 3 * np.pi * 30**3 / LIVELY.volume, rel=0.05)
    assert gain.max() == 1.0


def above_100_hz(taps: np.ndarray) -> np.ndarray:
    """Images all push the same way, so below the lowest mode they add up to more than any wave."""
    return sosfilt(butter(4, 100, "high", fs=SAMPLE_RATE, output="sos"), taps)


def decay_time(taps: np.ndarray) -> float:
    """Reverberation time by the slope of Schroeder's curve between -10 and -30 dB, mean over all."""
    curve = np.cumsum(taps[..., ::-1] ** 2, axis=-1)[..., ::-1]
    level_db = 10 * np.log10(curve / curve[..., :1])
    below = [np.argmax(level_db < bound, axis=-1) for bound in (-10, -30)]
    return float(np.mean(below[1] - below[0]) * 3 / SAMPLE_RATE)


@pytest.mark.parametrize("rt60", [0.25, 0.5, 0.9, 1.3])
def test_the_decay_gives_the_reverberation_time_within_five_percent(rt60: float) -> None:
    rng = np.random.default_rng(1)
    room = shoebox(np.array([6.0, 5.0, 3.5]), rt60)
    sources = rng.uniform(0.5, room.size - 0.5, (4, 3))
    mics = np.array([3.0, 2.0, 1.5]) + rng.uniform(-0.05, 0.05, (3, 3))
    taps = room_rir(room, sources, mics, rng, max_duration_s=3.0, decay_db=60.0)
    assert decay_time(above_100_hz(taps)) == pytest.approx(rt60, rel=0.05)


def test_the_tail_takes_over_without_a_step() -> None:
    rng = np.random.default_rng(2)
    steps = []
    for _ in range(8):
        room = shoebox(rng.uniform([3, 3, 2.5], [10, 8, 6]), rng.uniform(0.3, 1.2))
        source, mics = rng.uniform(0.5, room.size - 0.5, (1, 3)), rng.uniform(1.2, 1.3, (4, 3))
        taps = above_100_hz(room_rir(room, source, mics, rng))
        flight = np.linalg.norm(source - mics, axis=1).max() / SPEED_OF_SOUND
        join = int(mixing_time(room, flight) * SAMPLE_RATE)
        before, after = taps[..., join - 480 : join - 160], taps[..., join : join + 320]
        steps.append(10 * np.log10(np.mean(after**2) / np.mean(before**2)) + 60 * 0.03 / room.rt60)
    assert abs(np.mean(steps)) < 1
    assert np.abs(steps).max() < 3


def test_responses_end_softly_where_they_are_cut() -> None:
    room = shoebox(np.array([6.0, 5.0, 3.0]), 1.2)
    taps = room_rir(
        room, np.array([[2.0, 2.0, 1.0]]), np.full((1, 3), 1.5), np.random.default_rng(0), max_duration_s=0.3
    )
    assert taps.shape == (1, 1, 4800)
    assert np.abs(taps[..., -2:]).max() < 0.05 * np.abs(taps[..., -400:-200]).max()


def test_the_same_seed_gives_the_same_response() -> None:
    source, mics = np.array([[1.0, 2.0, 1.0]]), np.array([[2.0, 2.0, 1.5], [2.1, 2.0, 1.5]])
    first, second = (room_rir(LIVELY, source, mics, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, second)


def test_a_small_sphere_changes_nothing_at_low_frequencies() -> None:
    mics = 2.0 + 0.01 * np.array([[1.0, 0, 0], [-1.0, 0, 0], [0, 1.0, 0], [0, -1.0, 0]])
    source = np.array([3.5, 2.5, 1.7])
    free, _ = early_rir(LIVELY, source, mics, until_s=0.04, num_taps=800)
    hard, power = early_rir(LIVELY, source, mics, until_s=0.04, num_taps=800, body=RigidSphere(0.01))
    low = slice(4, 60)  # 30 to 470 Hz
    spectra = [np.fft.rfft(taps, 2048)[:, low] for taps in (free, hard)]
    assert np.abs(spectra[0] - spectra[1]).max() < 0.05 * np.abs(spectra[0]).max()
    assert power > 0


def test_a_large_sphere_shadows_the_far_side() -> None:
    mics = 10 + 0.09 * np.array([[1.0, 0, 0], [-1.0, 0, 0]])
    taps = room_rir(
        DEAD, np.array([[12.0, 10.0, 10.0]]), mics, np.random.default_rng(0), body=RigidSphere(0.09)
    )[0, :, :300]
    near, far = np.abs(np.fft.rfft(taps, 2048)[:, 400:700]).mean(axis=1)
    assert near > 1.5 * far
    assert taps[0].argmax() < np.abs(taps[1]).argmax()

"""Levels in decibels over exactly the samples asked for."""

import numpy as np
import pytest

from anydoa.live.monitors import LevelMeter


def levels_db(meter: LevelMeter, until: int) -> np.ndarray:
    meter.count_until(until)
    return meter.take().rms_db


def test_a_full_scale_sine_has_minus_three_decibels() -> None:
    meter = LevelMeter(2)
    sine = np.sin(2 * np.pi * np.arange(1000) / 100)
    meter.push(np.stack([sine, 0.1 * sine]).astype(np.float32))
    np.testing.assert_allclose(levels_db(meter, 1000), [-3.0103, -23.0103], atol=1e-3)


def test_the_peak_is_the_largest_sample_whatever_its_sign() -> None:
    meter = LevelMeter(2)
    meter.push(np.array([[0.0, 0.5, 0.1], [-1.0, 0.2, 0.0]], dtype=np.float32))
    meter.count_until(2)
    np.testing.assert_allclose(meter.take().peak_db, [-6.0206, 0], atol=1e-3)
    meter.count_until(3)
    np.testing.assert_allclose(meter.take().peak_db, [-20, -120], atol=1e-3)


def test_silence_and_no_samples_have_the_floor() -> None:
    meter = LevelMeter(1)
    assert levels_db(meter, 0) == pytest.approx([-120])
    meter.push(np.zeros((1, 50), dtype=np.float32))
    assert levels_db(meter, 50) == pytest.approx([-120])


def test_levels_do_not_depend_on_how_the_sound_is_cut() -> None:
    audio = np.random.default_rng(0).standard_normal((3, 999)).astype(np.float32)
    whole, cut = LevelMeter(3), LevelMeter(3)
    whole.push(audio)
    for part in np.array_split(audio, 17, axis=1):
        cut.push(part)
    for until in (1, 300, 301, 999):
        np.testing.assert_allclose(levels_db(cut, until), levels_db(whole, until))


def test_samples_beyond_the_end_count_for_the_next_level() -> None:
    meter = LevelMeter(1)
    meter.push(np.concatenate([np.zeros((1, 10)), np.ones((1, 10))], axis=1).astype(np.float32))
    assert levels_db(meter, 10) == pytest.approx([-120])
    assert levels_db(meter, 20) == pytest.approx([0])

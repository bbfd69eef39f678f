"""Delays of long recordings, minute by minute."""

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from anydoa.calibration.sound_places import SoundPlaceOptions, gather_delays
from anydoa.doctor.delays import measure_delays
from anydoa.errors import AudioError

RATE = 8000


def blocks(minutes: float) -> Iterator[np.ndarray]:
    """Noise that the second of two microphones hears 4 samples later, in blocks of a second."""
    rng = np.random.default_rng(0)
    for _ in range(round(60 * minutes)):
        said = rng.standard_normal(RATE + 4).astype(np.float32)
        yield np.stack([said[4:], said[:-4]])


def test_what_fits_in_a_minute_is_measured_as_a_whole() -> None:
    whole = measure_delays(np.concatenate(list(blocks(0.2)), axis=1), RATE, max_delay_s=1e-3)
    parts = gather_delays(blocks(0.2), RATE, max_delay_s=1e-3)
    for name in ("tdoa_s", "quality", "level", "start_s"):
        assert np.array_equal(getattr(whole, name), getattr(parts, name))


def test_a_long_recording_is_heard_to_its_end_in_bounded_memory() -> None:
    options = SoundPlaceOptions(part_s=5.0, max_segments=100)
    tracemalloc.start()
    found = gather_delays(blocks(1.5), RATE, max_delay_s=1e-3, options=options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 90 * RATE * 4 * 2  # twice the recording in single precision
    assert 50 < len(found.start_s) <= 100
    assert found.start_s.max() > 80
    assert np.diff(found.start_s).min() > 0
    assert np.median(found.tdoa_s) == pytest.approx(-4 / RATE, abs=1e-5)


def test_no_sound_at_all_is_refused() -> None:
    with pytest.raises(AudioError, match="holds no samples"):
        gather_delays(iter(()), RATE, max_delay_s=1e-3)

"""Options, frames and the summary that SRP-PHAT and MUSIC share."""

import tracemalloc

import numpy as np
import pytest
from free_field import plane_wave, random_array, random_direction, talker

from anydoa.errors import AudioError, ConfigError, ShapeError
from anydoa.estimators.covariance import CovarianceEstimator
from anydoa.estimators.music import Music
from anydoa.estimators.srp_phat import SrpPhat
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.geometry.grid import fibonacci_grid
from properties.strategies import make_scene

GRID = fibonacci_grid(256)

each = pytest.mark.parametrize("estimator", [SrpPhat(), Music()], ids=lambda estimator: estimator.name)


def test_the_defaults_give_about_ten_frames_a_second() -> None:
    assert (SrpPhat().window_length, SrpPhat().hop_length) == (1792, 1536)


def test_the_time_of_a_frame_is_the_centre_of_its_newest_window() -> None:
    array = random_array(np.random.default_rng(0), 2)
    spectrum = SrpPhat(frames_per_output=2).spectrum(np.zeros((2, 2000), dtype=np.float32), array, GRID)
    newest_window_starts = np.array([256, 256 + 512, 256 + 2 * 512])
    np.testing.assert_allclose(spectrum.times_s, (newest_window_starts + 256) / 16_000)


def test_the_level_is_the_root_mean_square_of_the_frame() -> None:
    rng = np.random.default_rng(1)
    audio = rng.standard_normal((3, 4000)).astype(np.float32)
    level = SrpPhat().spectrum(audio, random_array(rng, 3), GRID).level
    expected = [np.sqrt(np.mean(audio[:, start : start + 1792] ** 2)) for start in (0, 1536)]
    np.testing.assert_allclose(level, expected, rtol=1e-5)


@each
def test_windows_keep_their_duration_at_every_sample_rate(estimator: CovarianceEstimator) -> None:
    rng = np.random.default_rng(2)
    array, direction = random_array(rng, 6), random_direction(rng)
    wideband = type(estimator)(sample_rate=48_000)
    assert wideband.window_length == 3 * estimator.window_length
    audio = plane_wave(array, direction, talker(rng, 24_000, sample_rate=48_000), sample_rate=48_000)
    audio += 0.1 * rng.standard_normal(audio.shape)
    found = GRID.directions[wideband.spectrum(audio, array, GRID).mean().argmax()]
    assert great_circle_distance_deg(found, direction) < 10


@each
def test_the_summary_averages_all_windows_alike(estimator: CovarianceEstimator) -> None:
    rng = np.random.default_rng(3)
    scene = make_scene(rng, random_array(rng, 4), random_direction(rng), seconds=1.0)
    num_windows = 16_000 // 256 - 1
    forgets_nothing = type(estimator)(time_constant=np.inf, frames_per_output=num_windows)
    last = forgets_nothing.spectrum(scene.audio, scene.array, GRID)
    summary = estimator.summary_spectrum(scene.audio, scene.array, GRID)
    np.testing.assert_allclose(summary.values, last.values, atol=1e-5)
    np.testing.assert_allclose(summary.times_s, last.times_s)
    assert summary.values.dtype == np.float32


@each
def test_the_summary_needs_one_window(estimator: CovarianceEstimator) -> None:
    array = random_array(np.random.default_rng(4), 2)
    assert estimator.summary_spectrum(np.zeros((2, 512), dtype=np.float32), array, GRID).num_frames == 1
    with pytest.raises(AudioError, match="at least 512 samples, got 511; record longer"):
        estimator.summary_spectrum(np.zeros((2, 511), dtype=np.float32), array, GRID)


@each
def test_the_wrong_number_of_microphones_is_refused(estimator: CovarianceEstimator) -> None:
    array = random_array(np.random.default_rng(5), 4)
    with pytest.raises(ShapeError, match="4 microphones"):
        estimator.spectrum(np.zeros((3, 2000), dtype=np.float32), array, GRID)
    with pytest.raises(ShapeError, match="4 microphones"):
        estimator.summary_spectrum(np.zeros((3, 2000), dtype=np.float32), array, GRID)


@each
def test_a_stream_does_not_grow(estimator: CovarianceEstimator) -> None:
    rng = np.random.default_rng(6)
    stream = estimator.stream(random_array(rng, 4), GRID)
    chunk = rng.standard_normal((4, 200)).astype(np.float32)
    tracemalloc.start()
    for _ in range(30):
        stream.push(chunk)
    early = tracemalloc.get_traced_memory()[0]
    for _ in range(150):
        stream.push(chunk)
    late = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert late - early < 20_000  # the chunks alone are 480 kB


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_rate": 4000}, "sample_rate must be at least 8000 Hz, got 4000; give 16000"),
        ({"min_frequency": 0.0}, "got 0..7600 Hz"),
        ({"min_frequency": 5000.0, "max_frequency": 400.0}, "got 5000..400 Hz"),
        ({"max_frequency": 9000.0}, "within 0..8000 Hz"),
        ({"sample_rate": 8000}, "within 0..4000 Hz"),
        ({"min_frequency": 1001.0, "max_frequency": 1002.0}, "multiple of 31.25 Hz"),
        ({"time_constant": 0.0}, "time_constant must be above 0 s, got 0.0; give 0.3"),
        ({"time_constant": np.nan}, "time_constant must be above 0 s, got nan"),
        ({"frames_per_output": 0}, "frames_per_output must be at least 1, got 0; give 6 for 0.1 s"),
        ({"frames_ahead": -1}, "frames_ahead must be 0 or more, got -1; give 0 for none"),
        ({"threshold": 1.5}, "threshold must be 0..1, got 1.5; give 0.5"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SrpPhat(**options)


@each
def test_look_ahead_is_whole_frames_and_ends_after_three_time_constants(
    estimator: CovarianceEstimator,
) -> None:
    taken = [estimator.with_look_ahead(seconds).look_ahead_s for seconds in (0.05, 0.096, 0.3, 60.0)]
    np.testing.assert_allclose(taken, [0, 0.096, 0.288, 0.864])
    forgets_soon, never = (type(estimator)(time_constant=constant) for constant in (0.01, np.inf))
    assert forgets_soon.with_look_ahead(np.inf).look_ahead_s == 0
    assert never.with_look_ahead(np.inf).look_ahead_s == pytest.approx(2.976)


@each
def test_who_begins_to_talk_is_heard_better_with_look_ahead(estimator: CovarianceEstimator) -> None:
    rng = np.random.default_rng(6)
    array = random_array(rng, 6)
    first, second = (make_scene(rng, array, way) for way in np.eye(3)[:2])
    audio = np.concatenate([first.audio, second.audio], axis=1)
    heard = []
    for seconds in (0.0, 0.2, np.inf):
        spectrum = estimator.with_look_ahead(seconds).spectrum(audio, array, GRID)
        (begun,) = np.flatnonzero((spectrum.times_s > 0.52) & (spectrum.times_s < 0.52 + 0.096))
        heard.append(spectrum.values[begun][(GRID.directions @ second.direction).argmax()])
    assert heard == sorted(heard)
    assert heard[1] > 1.1 * heard[0]

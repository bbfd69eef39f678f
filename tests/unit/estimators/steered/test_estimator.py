"""Talkers by masked steering: one, two at once, noise that a mask hides, arrays that confuse directions."""

import logging

import numpy as np
import pytest
from free_field import plane_wave, random_array, talker

from anydoa.errors import CheckpointError, ConfigError
from anydoa.estimators.catalogue import load
from anydoa.estimators.model.folder import ModelFolder, find_model
from anydoa.estimators.steered.estimator import SteeredEstimator
from anydoa.estimators.steered.mask import Mask
from anydoa.estimators.steered.options import SteeredOptions
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, great_circle_distance_deg
from anydoa.geometry.grid import DirectionGrid, azimuth_grid, cap_grid, fibonacci_grid, product_grid
from anydoa.geometry.layouts import circular_positions, linear_positions
from anydoa.peaks.finder import find_peaks
from anydoa.peaks.published import pick_peaks
from open_mask import OpenMask

GRID, COARSE = fibonacci_grid(1024), fibonacci_grid(150)
NEAREST_DEG = np.degrees(GRID.spacing)  # no direction of the grid may be nearer than this
LEFT, RIGHT = angles_deg_to_direction(70, 15), angles_deg_to_direction(-50, 5)
BALL = random_array(np.random.default_rng(3), 7)


def heard(*directions: np.ndarray, array: MicrophoneArray = BALL, seconds: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    waves = [plane_wave(array, one, talker(rng, round(16_000 * seconds))) for one in directions]
    return (np.sum(waves, axis=0) + 0.02 * rng.standard_normal(waves[0].shape)).astype(np.float32)


def errors_deg(values: np.ndarray, directions: list[np.ndarray], grid: DirectionGrid = GRID) -> list[float]:
    peaks = grid.directions[pick_peaks(values[-1:], grid, len(directions))[0]]
    return [float(great_circle_distance_deg(peaks, one).min()) for one in directions]


def test_an_open_mask_is_a_mask() -> None:
    assert isinstance(OpenMask(), Mask)


def test_two_talkers_at_once_are_both_found() -> None:
    spectrum = SteeredEstimator(OpenMask()).spectrum(heard(LEFT, RIGHT), BALL, GRID)
    assert max(errors_deg(spectrum.values, [LEFT, RIGHT])) < NEAREST_DEG


def test_recordings_that_come_one_after_the_other_do_not_touch_each_other() -> None:
    estimator, audio = SteeredEstimator(OpenMask()), heard(LEFT)
    turned = MicrophoneArray(BALL.body_positions, mount_rpy_deg=(0.0, 0.0, 90.0))
    coarse = fibonacci_grid(200)
    assert estimator.search_field(BALL, GRID) is estimator.search_field(BALL, GRID)
    for array, grid in ((BALL, GRID), (turned, GRID), (turned, coarse), (BALL, coarse), (BALL, GRID)):
        fresh = SteeredEstimator(OpenMask()).spectrum(audio, array, grid)
        for _ in range(2):
            np.testing.assert_array_equal(estimator.spectrum(audio, array, grid).values, fresh.values)


def test_the_order_of_microphones_changes_no_bit() -> None:
    order = [3, 0, 6, 1, 5, 2, 4]
    audio = heard(LEFT, RIGHT)
    values = SteeredEstimator(OpenMask()).spectrum(audio, BALL, GRID).values
    shuffled = (
        SteeredEstimator(OpenMask()).spectrum(audio[order], BALL.select_microphones(order), GRID).values
    )
    np.testing.assert_array_equal(shuffled, values)


def test_one_more_than_the_talkers_found_is_where_the_rest_points() -> None:
    options = SteeredOptions(max_talkers=1)
    values = SteeredEstimator(OpenMask(), options=options).spectrum(heard(LEFT, RIGHT), BALL, GRID).values
    found, rest = find_peaks(values[-1], GRID, num_sources=2)
    near = [great_circle_distance_deg(np.stack([LEFT, RIGHT]), one.direction) for one in (found, rest)]
    assert near[0].min() < 1
    assert near[1].min() < 10
    assert near[0].argmin() != near[1].argmin()
    assert 0 < rest.score < 2 * options.leftover_height < found.score


def test_what_the_mask_hides_is_not_found() -> None:
    # The noise fills the upper half of the band, the talker is heard in the lower.
    rng = np.random.default_rng(1)
    loud = np.fft.rfft(4 * rng.standard_normal(16_000))
    loud[:4000] = 0
    audio = heard(LEFT) + plane_wave(BALL, RIGHT, np.fft.irfft(loud)).astype(np.float32)
    low = SteeredEstimator(OpenMask(slice(0, 100)), options=SteeredOptions(max_talkers=1))
    high = SteeredEstimator(OpenMask(slice(140, 240)), options=SteeredOptions(max_talkers=1))
    assert errors_deg(low.spectrum(audio, BALL, GRID).values, [LEFT])[0] < NEAREST_DEG
    assert errors_deg(high.spectrum(audio, BALL, GRID).values, [RIGHT])[0] < NEAREST_DEG


def test_a_closed_mask_finds_nobody() -> None:
    values = SteeredEstimator(OpenMask(slice(0, 0))).spectrum(heard(LEFT), BALL, GRID).values
    assert not values.any()


def test_a_flat_array_marks_both_mirror_directions_alike() -> None:
    ring = MicrophoneArray(circular_positions(6, 0.05), "ring")
    up, down = angles_deg_to_direction(20, 35), angles_deg_to_direction(20, -35)
    grid = DirectionGrid(np.stack([up, down, LEFT]))
    values = SteeredEstimator(OpenMask()).spectrum(heard(up, array=ring), ring, grid).values
    np.testing.assert_allclose(values[:, 0], values[:, 1], atol=1e-4)
    assert values[-1, 0] > 0.6 > values[-1, 2]


def test_a_straight_array_marks_the_whole_cone() -> None:
    line = MicrophoneArray(linear_positions(5, 0.03), "line")
    axis = line.positions[-1] - line.positions[0]
    axis /= np.linalg.norm(axis)
    values = SteeredEstimator(OpenMask()).spectrum(heard(LEFT, array=line), line, GRID).values[-1]
    cone = np.degrees(np.arccos(GRID.directions @ axis) - np.arccos(LEFT @ axis))
    assert values[np.abs(cone) < 1.5].min() > 0.7 * values.max()
    assert values[np.abs(cone) > 20].max() < 0.3 * values.max()


UNEVEN_GRIDS = (
    product_grid(72, 5),
    product_grid(72, 7),
    product_grid(24, 7),
    DirectionGrid(
        np.concatenate(
            [cap_grid(0, 0, 10, 300).directions, COARSE.directions[COARSE.directions[:, 0] < 0.98]]
        ),
        "patch in a coarse sphere",
    ),
)


@pytest.mark.parametrize("grid", UNEVEN_GRIDS, ids=lambda grid: grid.name)
@pytest.mark.parametrize("angles_deg", [(12, 0), (12, 7), (12, 14), (12, 15), (100, 8), (7, 22.5)])
def test_a_talker_in_a_gap_of_the_grid_is_seen(grid: DirectionGrid, angles_deg: tuple[float, float]) -> None:
    direction = angles_deg_to_direction(*angles_deg)
    values = SteeredEstimator(OpenMask()).spectrum(heard(direction), BALL, grid).values[-1]
    assert values.max() > 0.75
    (peak,) = find_peaks(values, grid, num_sources=1)
    nearest_deg = float(great_circle_distance_deg(grid.directions, direction).min())
    assert great_circle_distance_deg(peak.direction, direction) < 2 + nearest_deg


def test_microphones_of_equal_coordinates_are_sorted_alike_in_any_order() -> None:
    ring = MicrophoneArray(circular_positions(6, 0.05), "ring")
    estimator, rng = SteeredEstimator(OpenMask()), np.random.default_rng(0)
    expected = estimator.search_field(ring, GRID).array.body_positions
    for _ in range(20):
        shuffled = ring.select_microphones(rng.permutation(6).tolist())
        np.testing.assert_array_equal(estimator.search_field(shuffled, GRID).array.body_positions, expected)


def test_a_grid_of_azimuths_is_searched_there_alone() -> None:
    circle = azimuth_grid(72)
    direction = angles_deg_to_direction(70, 0)
    spectrum = SteeredEstimator(OpenMask()).spectrum(heard(direction), BALL, circle)
    assert errors_deg(spectrum.values, [direction], circle)[0] < 5.1


def test_what_streams_keep_does_not_grow() -> None:
    stream = SteeredEstimator(OpenMask()).stream(BALL, GRID)
    audio = heard(LEFT, seconds=0.5)
    counts = [stream.push(audio).num_frames for _ in range(6)]
    assert sum(counts) == (6 * 8000 - 1792) // 1536 + 1


def test_impossible_options_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"decay must be above 0 and finite, got 0\.0; give 0\.95"):
        SteeredOptions(decay=0.0)
    with pytest.raises(ConfigError, match="picture_ahead must be 0 or more, got -1; give 0 for no pictures"):
        SteeredOptions(picture_ahead=-1)
    with pytest.raises(ConfigError, match="did you mean 'num_bands'"):
        SteeredOptions.from_dict({"num_band": 3})


def test_the_bundled_model_hides_noise_before_speech(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        spectrum = load("steered").spectrum(heard(LEFT), BALL, GRID)
    assert errors_deg(spectrum.values, [LEFT])[0] < NEAREST_DEG


def test_a_card_without_choices_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def] # a path
    bundled = find_model("steered")
    for graph in bundled.graphs:
        (tmp_path / graph.name).write_bytes(graph.read_bytes())
    text = (bundled.path / "card.json").read_text().replace('"num_bands"', '"bands"')
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"no usable choices .*'bands'"):
        load(str(tmp_path))
    assert ModelFolder(tmp_path).card.architecture == "steered"

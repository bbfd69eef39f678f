"""Refined positions: exact where delays are, honest where they are not, refused where nothing is known."""

from dataclasses import replace

import numpy as np
import pytest
from free_field import plane_wave, random_array, random_direction, talker
from hypothesis import given, settings
from scipy.spatial.transform import Rotation

from anydoa.calibration.position_fit import FitPrior, fit_positions
from anydoa.calibration.positions import (
    Calibration,
    CalibrationOptions,
    calibrate_positions,
    refine_positions,
)
from anydoa.calibration.sound_places import SoundPlaces, arrival_paths, find_places
from anydoa.doctor.delays import SegmentDelays
from anydoa.errors import AudioError, ConfigError, GeometryError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import (
    angles_deg_to_direction,
    great_circle_distance_deg,
    random_rotation,
    rotate,
)
from anydoa.geometry.layouts import circular_positions, linear_positions
from properties.strategies import seeds

RATE = 16_000
ERROR_M = 0.003
EXACT = CalibrationOptions(delay_sd=0.0)
RING = MicrophoneArray(circular_positions(8, 0.06), "ring")


def ball(rng: np.random.Generator) -> MicrophoneArray:
    """Eight microphones 3 to 6 cm from a centre, as near to each other as 3 cm."""
    while True:
        array = random_array(rng, 8, radius=0.06)
        if array.spacing > 0.03:
            return array


def misplaced(array: MicrophoneArray, rng: np.random.Generator) -> np.ndarray:
    """Where the microphones really are, turned and moved so as to lie near the array's numbers."""
    return aligned(array.positions + ERROR_M * rng.standard_normal(array.positions.shape), array.positions)


def aligned(positions: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """The same shape, moved as a whole as near to another as can be."""
    centre = onto.mean(axis=0)
    centred = positions - positions.mean(axis=0)
    turn, _ = Rotation.align_vectors(onto - centre, centred)
    return turn.apply(centred) + centre


def heard(
    positions: np.ndarray, directions: np.ndarray, *, noise_m: float = 0.0, seed: int = 0
) -> SoundPlaces:
    paths = -directions @ positions.T
    paths = paths + noise_m * np.random.default_rng(seed).standard_normal(paths.shape)
    return SoundPlaces(paths - paths.mean(axis=1, keepdims=True), np.full(len(paths), 4))


def all_around(count: int, rng: np.random.Generator) -> np.ndarray:
    """Directions that somebody passes who walks round twice, once with the head low, once high."""
    azimuth = np.arange(count) * 720 / count + rng.uniform(-4, 4, count)
    return angles_deg_to_direction(azimuth, np.where(azimuth < 360, -20, 35) + rng.uniform(-10, 10, count))


def error_m(found: Calibration, truth: np.ndarray, nominal: MicrophoneArray) -> np.ndarray:
    return aligned(found.array.positions, nominal.positions) - truth


@settings(max_examples=3, deadline=None)
@given(seeds)
def test_exact_delays_give_the_positions_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    nominal = ball(rng)
    truth = misplaced(nominal, rng)
    directions = all_around(16, rng)
    found = refine_positions(nominal, heard(truth, directions), EXACT)
    assert np.linalg.norm(truth - nominal.positions, axis=1).max() > 0.002
    assert np.linalg.norm(error_m(found, truth, nominal), axis=1).max() < 1e-4
    turned = Rotation.align_vectors(nominal.centred_positions, truth - truth.mean(axis=0))[0]
    assert great_circle_distance_deg(found.directions, turned.apply(directions)).max() < 0.5
    assert found.after_m < 1e-4 < found.before_m


def test_a_walk_around_the_array_mends_errors_of_three_millimetres_to_half_a_millimetre() -> None:
    rng = np.random.default_rng(1)
    nominal = ball(rng)
    truth = misplaced(nominal, rng)
    true_array = MicrophoneArray(truth)
    audio = np.concatenate(
        [plane_wave(true_array, u, talker(rng, RATE * 4 // 5)) for u in all_around(20, rng)], axis=1
    )
    audio += 0.02 * rng.standard_normal(audio.shape)
    found = calibrate_positions(audio.astype(np.float32), RATE, nominal, EXACT)
    assert np.linalg.norm(truth - nominal.positions, axis=1).mean() > 0.003
    assert np.linalg.norm(error_m(found, truth, nominal), axis=1).max() < 5e-4
    assert found.after_m < found.before_m / 3


def test_where_the_array_is_and_how_it_is_turned_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    nominal = ball(rng)
    places = heard(misplaced(nominal, rng), all_around(24, rng), noise_m=5e-4)
    turn = random_rotation(rng)
    moved = MicrophoneArray(rotate(nominal.positions, turn) + 3.0, "moved")
    here, there = refine_positions(nominal, places), refine_positions(moved, places)
    np.testing.assert_allclose(there.moves_m, rotate(here.moves_m, turn), atol=2e-6)
    assert there.after_m == pytest.approx(here.after_m, rel=1e-3)


def test_a_mounted_array_is_refined_in_its_own_frame() -> None:
    rng = np.random.default_rng(3)
    nominal = ball(rng)
    truth = misplaced(nominal, rng)
    mounted = nominal.replace(mount_rpy_deg=(0.0, 30.0, 90.0))
    turned = mounted.replace(body_positions=truth).positions
    found = refine_positions(mounted, heard(turned, all_around(24, rng)), EXACT)
    assert found.array.mount_rpy_deg == mounted.mount_rpy_deg
    assert np.linalg.norm(aligned(found.array.body_positions, truth) - truth, axis=1).max() < 1e-4
    np.testing.assert_allclose(found.array.positions - mounted.positions, found.moves_m, atol=1e-12)


def test_standard_deviations_cover_the_truth_as_often_as_they_claim() -> None:
    scores = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        nominal = ball(rng)
        truth = misplaced(nominal, rng)
        places = heard(truth, all_around(24, rng), noise_m=8e-4, seed=seed)
        fit = fit_positions(nominal.centred_positions, places.paths, FitPrior(ERROR_M))
        error = aligned(nominal.positions + fit.moves, nominal.positions) - truth
        scores.append(error / np.sqrt(np.diagonal(fit.moves_covariance, axis1=1, axis2=2)))
    size = np.abs(scores)
    assert 0.58 < (size < 1).mean() < 0.78
    assert 0.90 < (size < 2).mean() < 0.99


def test_noise_is_never_mended() -> None:
    """Where the file is right, held-out sounds fit no better, whatever the noise fits."""
    for seed in range(2):
        rng = np.random.default_rng(seed)
        nominal = ball(rng)
        with pytest.raises(AudioError, match=r"must fit held-out sounds better by 40% and .* misfit is \d"):
            refine_positions(nominal, heard(nominal.positions, all_around(24, rng), noise_m=1e-3, seed=seed))


def test_some_wrong_arrivals_do_little_harm() -> None:
    rng = np.random.default_rng(4)
    nominal = ball(rng)
    truth = misplaced(nominal, rng)
    places = heard(truth, all_around(30, rng), noise_m=3e-4)
    paths = places.paths.copy()
    paths[::6, 3] += 0.02
    found = refine_positions(nominal, replace(places, paths=paths - paths.mean(axis=1, keepdims=True)), EXACT)
    assert np.linalg.norm(error_m(found, truth, nominal), axis=1).max() < 1e-3


def test_a_factor_on_all_delays_is_not_taken_for_another_shape() -> None:
    rng = np.random.default_rng(5)
    nominal = ball(rng)
    truth = misplaced(nominal, rng)
    places = heard(0.97 * truth, all_around(30, rng), noise_m=2e-4)
    found = refine_positions(nominal, places)
    assert abs(found.delay_factor - 0.97) < 2 * found.delay_factor_sd
    size = found.delay_factor / 0.97  # what the factor does not explain, the size of the array does
    centred = truth - truth.mean(axis=0)
    stretched = aligned(centred / size, nominal.positions)
    assert np.linalg.norm(error_m(found, stretched, nominal), axis=1).max() < 1e-3


def test_a_flat_array_is_refined_within_its_plane_and_says_so() -> None:
    rng = np.random.default_rng(6)
    truth = RING.positions + ERROR_M * rng.standard_normal((8, 3)) * [1, 1, 0]
    directions = all_around(24, rng)
    found = refine_positions(RING, heard(aligned(truth, RING.positions), directions, noise_m=2e-4))
    assert (found.moves_m[:, 2] == 0).all()
    np.testing.assert_allclose(found.moves_sd_m[:, 2], CalibrationOptions().position_sd_m)
    assert (found.moves_sd_m[:, :2] < found.moves_sd_m[:, 2:]).all()
    assert (found.directions[:, 2] >= 0).all()
    before = np.linalg.norm(aligned(truth, RING.positions) - RING.positions)
    assert np.linalg.norm(error_m(found, aligned(truth, RING.positions), RING)) < 0.75 * before


def test_a_line_is_refined_along_itself() -> None:
    line = MicrophoneArray(linear_positions(6, 0.04), "line")
    steps = np.array([0.004, -0.003, 0.002, 0.003, -0.004, 0.0])
    truth = line.positions + steps[:, None] * [0, 1, 0]
    places = heard(truth, angles_deg_to_direction(np.linspace(-80, 80, 12), 0.0), noise_m=1e-4)
    found = refine_positions(line, places)
    assert np.abs(found.moves_m[:, [0, 2]]).max() < 1e-12
    # Along a line a shift and a stretch remain open: compare what is left without them.
    left = (found.array.positions - truth)[:, 1]
    bent = left - np.polyval(np.polyfit(truth[:, 1], left, 1), truth[:, 1])
    assert np.abs(bent).max() < 3e-4


def test_too_few_or_one_sided_directions_are_refused() -> None:
    rng = np.random.default_rng(7)
    nominal = ball(rng)
    truth = misplaced(nominal, rng)
    with pytest.raises(AudioError, match="at least 8 directions, 8 degrees apart; 6 were heard clearly"):
        refine_positions(nominal, heard(truth, all_around(6, rng)))
    narrow = angles_deg_to_direction(rng.uniform(-15, 15, 20), rng.uniform(-15, 15, 20))
    with pytest.raises(AudioError, match=r"spread by 20 degrees or more, but theirs are spread by \d+;"):
        refine_positions(nominal, heard(truth, narrow))


def test_noise_and_silence_come_from_nowhere() -> None:
    noise = 0.1 * np.random.default_rng(11).standard_normal((8, 3 * RATE)).astype(np.float32)
    for audio in (noise, 0 * noise):
        with pytest.raises(AudioError, match="; 0 were heard clearly; walk around"):
            calibrate_positions(audio, RATE, RING)


def test_microphones_that_would_move_too_far_are_a_case_for_the_doctor() -> None:
    rng = np.random.default_rng(8)
    nominal = ball(rng)
    truth = nominal.positions.copy()
    truth[3] += [0.03, 0.0, 0.0]
    with pytest.raises(AudioError, match=r"would move 8 mm, as far as it may; check the order"):
        refine_positions(nominal, heard(truth, all_around(24, rng)), CalibrationOptions(position_sd_m=0.002))


def test_swapped_channels_are_not_mended_by_moving_microphones() -> None:
    rng = np.random.default_rng(8)
    nominal = ball(rng)
    swapped = nominal.positions[[1, 0, 2, 3, 4, 5, 6, 7]]
    with pytest.raises(AudioError, match="anydoa doctor"):
        refine_positions(nominal, heard(swapped, all_around(12, rng)))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (MicrophoneArray(circular_positions(3, 0.05)), "a plane takes at least 4 microphones"),
        (MicrophoneArray(linear_positions(2, 0.05)), "a line takes at least 3 microphones"),
        (MicrophoneArray(circular_positions(8, 0.004)), "spans 8 mm, too little"),
        (
            MicrophoneArray(circular_positions(8, 0.042), rigid_sphere_radius=0.042),
            "sits on a rigid sphere",
        ),
    ],
)
def test_arrays_that_cannot_be_refined_are_refused(array: MicrophoneArray, message: str) -> None:
    directions = all_around(20, np.random.default_rng(9))
    with pytest.raises(GeometryError, match=message):
        refine_positions(array, heard(array.positions, directions))


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"position_sd_m must be .* got 5"):
        CalibrationOptions(position_sd_m=5)
    with pytest.raises(ConfigError, match=r"delay_sd must be .* got 0\.5"):
        CalibrationOptions(delay_sd=0.5)


def test_a_pair_that_contradicts_the_others_is_outvoted() -> None:
    pairs = np.stack(np.triu_indices(6, k=1), axis=1)
    paths = np.array([0.01, -0.02, 0.03, 0.0, -0.04, 0.02])
    differences = paths[pairs[:, 0]] - paths[pairs[:, 1]]
    wrong = differences.copy()
    wrong[4] += 0.05
    found = arrival_paths(pairs, np.stack([differences, wrong]))
    np.testing.assert_allclose(found[0], paths, atol=1e-12)
    np.testing.assert_allclose(found[1], paths, atol=3e-4)


def test_segments_from_one_direction_are_one_place_and_unclear_ones_none() -> None:
    rng = np.random.default_rng(10)
    array = ball(rng)
    directions = np.repeat(np.stack([random_direction(rng), random_direction(rng)]), [5, 3], axis=0)
    pairs = np.stack(np.triu_indices(8, k=1), axis=1)
    arrival_s = -(directions @ array.centred_positions.T) / array.speed_of_sound
    quality = np.full((8, len(pairs)), 9.0)
    quality[4] = 3.0
    delays = SegmentDelays(
        pairs, arrival_s[:, pairs[:, 0]] - arrival_s[:, pairs[:, 1]], quality, np.zeros(8), np.arange(8.0)
    )
    places = find_places(delays, array.centred_positions, speed_of_sound=array.speed_of_sound)
    assert places.num_segments.tolist() == [4, 3]
    np.testing.assert_allclose(places.paths, arrival_s[[0, 5]] * array.speed_of_sound, atol=1e-9)
    assert len(places.heard_for(4).paths) == 1

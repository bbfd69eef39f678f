"""Peaks of spectra made by formula: places, numbers, and what an array cannot tell apart."""

import numpy as np
import pytest
from free_field import random_direction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from anydoa.errors import ConfigError, ShapeError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import (
    angles_deg_to_direction,
    great_circle_distance_deg,
    normalize_direction,
    random_rotation,
)
from anydoa.geometry.grid import (
    DirectionGrid,
    azimuth_grid,
    cap_grid,
    fibonacci_grid,
    hemisphere_grid,
    icosphere_grid,
    product_grid,
)
from anydoa.geometry.layouts import circular_positions, linear_positions
from anydoa.peaks.finder import Peak, PeakFinder, find_peaks
from anydoa.peaks.published import pick_peaks
from properties.strategies import seeds

GRID = fibonacci_grid(2048)
FLAT = MicrophoneArray(circular_positions(6, 0.05), "flat")
LINE = MicrophoneArray(linear_positions(4, 0.04), "line")


UNEVEN = DirectionGrid(
    np.concatenate([fibonacci_grid(200).directions, cap_grid(20, 10, 15, 600).directions]), name="uneven"
)


def lobe(grid: DirectionGrid, direction: np.ndarray, beam_deg: float = 12.0) -> np.ndarray:
    """1 in a direction, 0.707 at ``beam_deg`` from it."""
    sharpness = np.log(np.sqrt(0.5)) / (np.cos(np.deg2rad(beam_deg)) - 1)
    return np.exp(sharpness * (grid.directions @ direction - 1))


def error_deg(peak: Peak, direction: np.ndarray) -> float:
    return float(great_circle_distance_deg(peak.direction, direction))


@example(175588240, 5.0)  # beside a pole of the grid, where neighbours are uneven
@settings(max_examples=60, deadline=None)
@given(seeds, st.floats(5, 40))
def test_the_middle_of_a_lobe_is_found_between_the_directions_of_the_grid(seed: int, beam_deg: float) -> None:
    direction = random_direction(np.random.default_rng(seed))
    (peak,) = find_peaks(lobe(GRID, direction, beam_deg), GRID, num_sources=1)
    assert error_deg(peak, direction) < 0.05
    assert peak.score == pytest.approx(1, abs=0.005)


@pytest.mark.parametrize(
    ("grid", "centre", "radius", "bound_deg"),
    [
        (icosphere_grid(4), (0, 0), np.inf, 0.03),
        (product_grid(), (0, 0), np.inf, 0.03),
        (fibonacci_grid(512), (0, 0), np.inf, 0.15),
        (cap_grid(20, 10, 30, 500), (20, 10), 0.2, 0.01),
        (hemisphere_grid(1024), (0, 90), 0.9, 0.02),
    ],
    ids=lambda value: value.name if isinstance(value, DirectionGrid) else "",
)
def test_every_kind_of_grid_is_refined(
    grid: DirectionGrid, centre: tuple[float, float], radius: float, bound_deg: float
) -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        direction = random_direction(rng)
        if np.isfinite(radius):
            direction = normalize_direction(
                angles_deg_to_direction(*centre) + radius * rng.random() * direction
            )
        (peak,) = find_peaks(lobe(grid, direction), grid, num_sources=1)
        assert error_deg(peak, direction) < bound_deg


ROWS = DirectionGrid(np.concatenate([azimuth_grid(36, e).directions for e in (-20, 0, 20)]), name="3 rings")


@pytest.mark.parametrize("grid", [product_grid(72, 5), product_grid(36, 7), ROWS], ids=lambda grid: grid.name)
@pytest.mark.parametrize("beam_deg", [3.0, 6.0, 30.0])
def test_peaks_stay_on_rows_that_are_too_far_apart_to_show_a_lobe(
    grid: DirectionGrid, beam_deg: float
) -> None:
    """Narrow lobes over noise: between such rows anything would fit."""
    rng = np.random.default_rng(2)
    for index in rng.integers(len(grid), size=40):
        direction = grid.directions[index]
        values = 0.9 * lobe(grid, direction, beam_deg) + 0.05 * rng.random(len(grid))
        (peak,) = find_peaks(values, grid, num_sources=1)
        assert peak.score <= 1.5 * values.max() + 1e-12
        assert error_deg(peak, direction) < (1.0 if beam_deg < 30 else 12.0)
        # Wherever the peak is, no grid direction is much nearer than its own.
        nearest = great_circle_distance_deg(grid.directions, peak.direction).min()
        assert great_circle_distance_deg(grid.directions[values.argmax()], peak.direction) < nearest + 5


def test_a_dense_patch_does_not_coarsen_the_grid_around_it() -> None:
    coarse = fibonacci_grid(1000)
    mixed = DirectionGrid(np.concatenate([coarse.directions, cap_grid(20, 10, 15, 1500).directions]))
    rng = np.random.default_rng(3)
    for _ in range(20):
        direction = normalize_direction(angles_deg_to_direction(-160, -10) + 0.7 * random_direction(rng))
        (peak,) = find_peaks(lobe(mixed, direction), mixed, num_sources=1)
        assert error_deg(peak, direction) < 0.1


@pytest.mark.parametrize("elevation_deg", [0.0, 30.0])
def test_a_circle_is_refined_along_itself(elevation_deg: float) -> None:
    grid = azimuth_grid(72, elevation_deg)
    for azimuth_deg in (-180.0, -63.2, 0.0, 1.7, 179.9):
        direction = angles_deg_to_direction(azimuth_deg, elevation_deg)
        (peak,) = find_peaks(lobe(grid, direction), grid, num_sources=1)
        assert error_deg(peak, direction) < 0.05
        assert peak.direction[2] == pytest.approx(direction[2])


@pytest.mark.parametrize(
    "ring",
    [
        azimuth_grid(72, 10).directions.astype(np.float32),
        azimuth_grid(72, 10).directions.round(9),
        azimuth_grid(360, 10).directions.round(4),
        azimuth_grid(72).rotated(random_rotation(np.random.default_rng(0))).directions.astype(np.float32),
    ],
    ids=["float32", "9 digits", "4 digits", "tilted"],
)
def test_a_circle_of_a_file_with_few_digits_is_refined_as_one(ring: np.ndarray) -> None:
    grid, rng = DirectionGrid(ring), np.random.default_rng(0)
    for _ in range(30):
        # Somewhere on the circle, between two directions of the grid.
        index, share = rng.integers(len(ring) - 1), rng.random()
        there = normalize_direction(share * ring[index] + (1 - share) * ring[index + 1])
        (peak,) = find_peaks(lobe(grid, there), grid, num_sources=1)
        assert error_deg(peak, there) < 0.1


@pytest.mark.parametrize("count", [1, 2, 3])
def test_grids_too_small_to_refine_give_their_own_directions(count: int) -> None:
    grid = azimuth_grid(count)
    (peak,) = find_peaks(np.linspace(0.1, 0.2, count), grid, num_sources=1)
    assert error_deg(peak, grid.directions[count - 1]) < 60


def test_a_refined_peak_stays_by_its_grid_direction() -> None:
    rng = np.random.default_rng(1)
    finder = PeakFinder(GRID, num_sources=4)
    for _ in range(30):
        for peak in finder.find(rng.random(len(GRID))):
            nearest = float(great_circle_distance_deg(GRID.directions, peak.direction).min())
            assert nearest < np.rad2deg(GRID.spacing)
            assert np.linalg.norm(peak.direction) == pytest.approx(1)


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(2, 4))
def test_known_numbers_of_sources_are_all_found(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    directions: list[np.ndarray] = []
    while len(directions) < count:
        candidate = random_direction(rng)
        if all(great_circle_distance_deg(candidate, other) > 45 for other in directions):
            directions.append(candidate)
    heights = np.linspace(1, 0.6, count)
    values = np.max([h * lobe(GRID, d) for h, d in zip(heights, directions, strict=True)], axis=0)
    peaks = find_peaks(values, GRID, num_sources=count)
    assert [error_deg(peak, d) < 0.3 for peak, d in zip(peaks, directions, strict=True)] == [True] * count


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 6), st.floats(5, 40))
def test_peaks_keep_their_distance_and_come_highest_first(
    seed: int, count: int, separation_deg: float
) -> None:
    values = np.random.default_rng(seed).random(len(GRID))
    peaks = PeakFinder(GRID, num_sources=count, min_separation_deg=separation_deg).find(values)
    assert len(peaks) == count
    places = GRID.directions[[peak.index for peak in peaks]]
    between = great_circle_distance_deg(places[:, None], places[None])[np.triu_indices(count, 1)]
    assert (between > separation_deg - 2 * np.rad2deg(GRID.spacing)).all()
    order = [(not peak.stands_out, -peak.score) for peak in peaks]
    assert order == sorted(order)


def test_the_published_rule_takes_the_slope_of_a_wide_lobe_and_ours_the_second_talker() -> None:
    first, second = angles_deg_to_direction(0, 0), angles_deg_to_direction(90, 0)
    values = np.maximum(lobe(GRID, first, 25), 0.7 * lobe(GRID, second, 25))
    _, slope = GRID.directions[pick_peaks(values[None], GRID, 2)[0]]
    assert great_circle_distance_deg(slope, first) < 20
    ours = PeakFinder(GRID, num_sources=2).find(values)
    assert error_deg(ours[1], second) < 1
    assert [peak.stands_out for peak in ours] == [True, True]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_an_unknown_number_of_sources_is_counted(count: int) -> None:
    directions = [angles_deg_to_direction(azimuth, 10) for azimuth in (0, 80, -110)[:count]]
    noise = 0.03 * np.random.default_rng(0).random(len(GRID))
    values = np.max([lobe(GRID, d, 15) for d in directions], axis=0) * 0.9 + noise
    peaks = find_peaks(values, GRID, num_sources=None, threshold=0.3)
    assert len(peaks) == count
    assert all(min(error_deg(peak, d) for peak in peaks) < 1.5 for d in directions)


def test_ripples_on_one_broad_lobe_are_one_source() -> None:
    direction = angles_deg_to_direction(30, 20)
    angle = np.arccos(np.clip(GRID.directions @ direction, -1, 1))
    values = lobe(GRID, direction, 45) * (1 + 0.1 * np.cos(14 * angle))
    assert len(find_peaks(values, GRID, num_sources=None)) == 1


def test_side_lobes_are_no_sources() -> None:
    direction = angles_deg_to_direction(30, 20)
    angle = np.arccos(np.clip(GRID.directions @ direction, -1, 1))
    values = np.abs(np.sinc(angle / np.deg2rad(25)))
    (peak,) = find_peaks(values, GRID, num_sources=None)
    assert error_deg(peak, direction) < 0.3


def test_nothing_below_the_threshold_is_a_source() -> None:
    values = 0.4 * lobe(GRID, angles_deg_to_direction(30, 20))
    assert find_peaks(values, GRID, num_sources=None, threshold=0.5) == []
    assert len(find_peaks(values, GRID, num_sources=None, threshold=0.3)) == 1
    assert len(find_peaks(values, GRID, num_sources=1, threshold=0.5)) == 1


@pytest.mark.parametrize("height", [0.0, 0.7])
def test_a_flat_spectrum_has_no_source(height: float) -> None:
    assert find_peaks(np.full(len(GRID), height), GRID, num_sources=None) == []


def test_silence_has_no_peaks_however_many_are_asked_for() -> None:
    assert find_peaks(np.zeros(len(GRID), dtype=np.float32), GRID, num_sources=3) == []


def test_the_number_of_sources_is_bounded_when_unknown() -> None:
    corners = [angles_deg_to_direction(azimuth, 0) for azimuth in range(0, 360, 45)]
    values = np.max([lobe(GRID, corner, 8) for corner in corners], axis=0)
    assert len(find_peaks(values, GRID, num_sources=None, max_sources=3)) == 3
    assert len(find_peaks(values, GRID, num_sources=None, max_sources=20)) == 8


class TestFlatArray:
    def test_a_source_and_its_reflection_are_one_and_the_upper_is_named(self) -> None:
        values = 0
        for azimuth_deg, height in ((40, 1.0), (-100, 0.8)):
            for elevation_deg in (35, -35):
                direction = angles_deg_to_direction(azimuth_deg, elevation_deg)
                values = np.maximum(values, height * lobe(GRID, direction))
        for count in (2, None):
            first, second = PeakFinder(GRID, array=FLAT, num_sources=count).find(values)
            assert error_deg(first, angles_deg_to_direction(40, 35)) < 0.3
            assert error_deg(second, angles_deg_to_direction(-100, 35)) < 0.3
            np.testing.assert_allclose(first.mirror, [first.direction * [1, 1, -1]], atol=1e-12)

    def test_a_source_in_the_plane_has_no_mirror(self) -> None:
        (peak,) = PeakFinder(GRID, array=FLAT, num_sources=1).find(lobe(GRID, angles_deg_to_direction(40, 0)))
        assert error_deg(peak, angles_deg_to_direction(40, 0)) < 0.3
        assert peak.mirror == ()

    def test_a_grid_that_looks_one_way_settles_the_side(self) -> None:
        grid = hemisphere_grid(1024, "down")
        direction = angles_deg_to_direction(40, -35)
        (peak,) = PeakFinder(grid, array=FLAT, num_sources=1).find(lobe(grid, direction))
        assert error_deg(peak, direction) < 0.3
        assert peak.mirror == ()

    def test_the_front_is_preferred_by_an_array_on_a_wall(self) -> None:
        wall = MicrophoneArray(circular_positions(6, 0.05)[:, [2, 0, 1]], "wall")
        values = np.maximum(
            lobe(GRID, angles_deg_to_direction(30, 10)), lobe(GRID, angles_deg_to_direction(150, 10))
        )
        (peak,) = PeakFinder(GRID, array=wall).find(values)
        assert error_deg(peak, angles_deg_to_direction(30, 10)) < 0.3
        assert float(great_circle_distance_deg(peak.mirror[0], angles_deg_to_direction(150, 10))) < 0.3


class TestLineArray:
    @staticmethod
    def cone(grid: DirectionGrid, *angles_deg: float) -> np.ndarray:
        """What a line along y hears of sources at angles to it."""
        angle_deg = np.rad2deg(np.arccos(np.clip(grid.directions @ [0, 1, 0], -1, 1)))
        return np.max([np.exp(-0.5 * ((angle_deg - one) / 10) ** 2) for one in angles_deg], axis=0)

    @pytest.mark.parametrize("grid", [GRID, azimuth_grid(360), icosphere_grid(4)], ids=lambda grid: grid.name)
    def test_cones_are_found_and_named_in_front_with_the_back_as_mirror(self, grid: DirectionGrid) -> None:
        for count in (2, None):
            peaks = PeakFinder(grid, array=LINE, num_sources=count).find(self.cone(grid, 50, 121))
            azimuths_deg = sorted(np.rad2deg(np.arctan2(p.direction[1], p.direction[0])) for p in peaks)
            np.testing.assert_allclose(azimuths_deg, [-31, 40], atol=0.7)
            for peak in peaks:
                assert peak.direction[2] == pytest.approx(0, abs=1e-9)
                np.testing.assert_allclose(peak.mirror, [peak.direction * [-1, 1, 1]], atol=1e-9)

    def test_a_grid_behind_the_line_names_the_back(self) -> None:
        grid = hemisphere_grid(1024, "back")
        (peak,) = PeakFinder(grid, array=LINE, num_sources=1).find(self.cone(grid, 60))
        assert error_deg(peak, angles_deg_to_direction(150, 0)) < 1
        assert peak.mirror == ()

    def test_the_end_of_the_line_is_a_direction(self) -> None:
        (peak,) = PeakFinder(GRID, array=LINE, num_sources=1).find(self.cone(GRID, 0))
        assert error_deg(peak, np.array([0.0, 1.0, 0.0])) < 5

    @pytest.mark.parametrize(
        ("grid", "bound_deg"),
        [
            (product_grid(360, 37), 1.0),
            (product_grid(180, 19), 3.0),
            (product_grid(72, 7), 16.0),
            (UNEVEN, 2.5),
        ],
        ids=lambda value: value.name if isinstance(value, DirectionGrid) else "",
    )
    def test_rows_far_apart_show_the_cones_between_them(self, grid: DirectionGrid, bound_deg: float) -> None:
        """Around a line along z the rows of a grid of azimuths and elevations hold few cones; others none."""
        for axis in np.eye(3)[1:]:
            line = MicrophoneArray(np.outer(np.arange(4) * 0.04, axis), "line")
            angle_deg = np.rad2deg(np.arccos(np.clip(grid.directions @ axis, -1, 1)))
            sharp, counted = (PeakFinder(grid, array=line, num_sources=count) for count in (1, None))
            for truth_deg in np.linspace(30, 150, 17):
                values = 0.05 + 0.9 * np.exp(-0.5 * ((angle_deg - truth_deg) / 15) ** 2)
                (peak,) = sharp.find(values)
                assert abs(np.rad2deg(np.arccos(peak.direction @ axis)) - truth_deg) < bound_deg
                assert len(counted.find(values)) == 1

    def test_a_grid_that_follows_no_half_circle_keeps_its_own_directions(self) -> None:
        grid = azimuth_grid(360, 40)
        (peak,) = PeakFinder(grid, array=LINE, num_sources=1).find(self.cone(grid, 70))
        assert peak.direction[2] == pytest.approx(np.sin(np.deg2rad(40)))
        assert np.rad2deg(np.arccos(peak.direction[1])) == pytest.approx(70, abs=0.5)


@pytest.mark.parametrize(
    "wrong", [{"num_sources": 0}, {"max_sources": 0}, {"min_separation_deg": -1}, {"min_separation_deg": 181}]
)
def test_impossible_options_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong)).replace("num_", "number of ") + ".*got.*; "):
        PeakFinder(GRID, **wrong)


def test_values_of_another_grid_are_refused() -> None:
    with pytest.raises(ShapeError, match="the grid has 2048 directions"):
        PeakFinder(GRID).find(np.zeros(100))


@pytest.mark.parametrize("array", [
    MicrophoneArray(circular_positions(6, 0.05) + 1e-4 * np.array([[0, 0, z] for z in (2, -1, 3, 0, -2, 1)])),
    FLAT.replace(mount_rpy_deg=(0, 1, 0)),
    FLAT,
])  # fmt: skip
@pytest.mark.parametrize("count", [72, 360])
def test_a_ring_of_directions_is_heard_all_around_by_an_array_that_is_nearly_level(
    array: MicrophoneArray, count: int
) -> None:
    grid = azimuth_grid(count)
    finder = PeakFinder(grid, array=array, num_sources=1)
    for azimuth_deg in range(0, 360, 15):
        direction = angles_deg_to_direction(azimuth_deg, 0)
        (peak,) = finder.find(lobe(grid, direction))
        assert error_deg(peak, direction) < 1


def test_of_a_handful_of_places_each_is_judged_by_itself() -> None:
    def found(*values: float) -> list[int]:
        seats = DirectionGrid(angles_deg_to_direction(np.arange(len(values)) * 50.0, np.zeros(len(values))))
        peaks = PeakFinder(seats, threshold=0.5, chances=True).find(np.array(values))
        return sorted(peak.index for peak in peaks if peak.stands_out)

    assert found(0.97) == [0]
    assert found(0.3) == []
    assert found(0.9, 0.8) == [0, 1]
    assert found(0.9, 0.8, 0.0) == [0, 1]
    assert found(0.95, 0.9, 0.85, 0.01) == [0, 1, 2]
    assert found(0.9, 0.9, 0.0, 0.0, 0.7) == [0, 1, 4]


SEATED = DirectionGrid(angles_deg_to_direction(np.array([-60.0, -30, 0, 30, 60]), np.zeros(5)), name="seats")


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ((0.01, 0, 0.97, 0.95, 0.01), (2, 3)),
        ((0.99, 0, 0.01, 0.01, 0.01), (0,)),
        ((0.4, 0, 0, 0, 0.99), (4, 0)),
    ],
)
@pytest.mark.parametrize("array", [LINE, FLAT, None], ids=["line", "flat", "volume"])
def test_every_array_judges_places_by_themselves(
    array: MicrophoneArray | None, values: tuple[float, ...], found: tuple[int, ...]
) -> None:
    finder = PeakFinder(SEATED, array, threshold=0.22, chances=True)
    peaks = finder.find(np.array(values))
    assert tuple(peak.index for peak in peaks) == found
    for peak in peaks:
        np.testing.assert_array_equal(peak.direction, SEATED.directions[peak.index])
        assert peak.score == values[peak.index]


def test_a_place_on_the_far_side_of_a_flat_array_is_looked_at() -> None:
    upright = MicrophoneArray(circular_positions(6, 0.05)[:, [2, 0, 1]], "upright")
    places = DirectionGrid(angles_deg_to_direction(np.array([10.0, 140.0]), np.zeros(2)))
    (peak,) = PeakFinder(places, upright, threshold=0.22, chances=True).find(np.array([0.01, 0.96]))
    assert peak.index == 1
    # Of two that the array cannot tell apart one is enough.
    twins = DirectionGrid(angles_deg_to_direction(np.array([40.0, 140.0]), np.zeros(2)))
    assert len(PeakFinder(twins, upright, threshold=0.22, chances=True).find(np.array([0.96, 0.96]))) == 1


@pytest.mark.parametrize("rows", [(72, 37), (360, 37), (360, 19), (360, 13)])
@pytest.mark.parametrize("array", [FLAT, LINE], ids=["flat", "line"])
def test_mirror_images_are_told_on_grids_with_unlike_steps(
    array: MicrophoneArray, rows: tuple[int, int]
) -> None:
    finder = PeakFinder(product_grid(*rows), array)
    rng = np.random.default_rng(4)
    directions = [direction for direction in (random_direction(rng) for _ in range(60))]
    told = [bool(finder.mirror(direction)) for direction in directions]
    apart = [np.rad2deg(np.arccos(one @ array.ambiguity.mirror(one))) > 1 for one in directions]
    assert told == apart


@pytest.mark.parametrize("count", [512, 1024, 2048, 4096])
def test_a_line_is_heard_in_front_wherever_the_grid_looks_there(count: int) -> None:
    upper = hemisphere_grid(count)
    along_y = MicrophoneArray(linear_positions(4, 0.04)[:, [1, 0, 2]], "line")
    truth = angles_deg_to_direction(30, 5)
    heard = lobe(upper, truth) + lobe(upper, along_y.ambiguity.mirror(truth))
    (peak,) = PeakFinder(upper, along_y, num_sources=1).find(heard)
    assert peak.direction[0] > 0.5


def seats(*angles_deg: tuple[float, float]) -> DirectionGrid:
    return DirectionGrid(angles_deg_to_direction(*np.array(angles_deg, dtype=float).T))


CAR = seats((30, 10), (-30, 10), (150, 5), (-150, 5), (180, 5), (0, 60))
TABLE = seats(*((azimuth_deg, 20) for azimuth_deg in range(0, 360, 60)))
AXES = seats((0, 0), (90, 0), (180, 0), (-90, 0), (0, 90), (0, -90))


def test_what_is_heard_at_far_seats_does_not_move_the_talker_off_its_own() -> None:
    """Those to the right and above are near enough for a little."""
    (peak,) = find_peaks(np.array([0.77, 0.17, 0.27, 0.0, 0.12, 0.27]), CAR, num_sources=1)
    assert error_deg(peak, CAR.directions[0]) < 10
    assert peak.score == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize("grid", [fibonacci_grid(12), hemisphere_grid(10), TABLE], ids=lambda grid: grid.name)
def test_wide_lobes_over_noise_stay_by_the_directions_of_a_coarse_grid(grid: DirectionGrid) -> None:
    for direction in grid.directions:
        values = 0.8 * lobe(grid, direction, 35.0) + 0.2 * np.random.default_rng(0).random(len(grid))
        (peak,) = find_peaks(values, grid, num_sources=1)
        assert error_deg(peak, direction) < 15


@pytest.mark.parametrize(
    ("grid", "bound_deg"),
    [(CAR, 1), (TABLE, 1), (AXES, 1), (fibonacci_grid(20), 2), (fibonacci_grid(50), 8), (GRID, 0.1)],
    ids=["car", "table", "axes", "20", "50", "2048"],
)
@pytest.mark.parametrize("beam_deg", [15.0, 30.0])
def test_a_line_tells_the_cones_of_any_grid(grid: DirectionGrid, bound_deg: float, beam_deg: float) -> None:
    """Directions far apart on the sphere may lie on cones that are close."""
    cones_deg = np.rad2deg(np.arccos(np.clip(grid.directions @ LINE.ambiguity.cones.axis, -1, 1)))
    finder = PeakFinder(grid, LINE, num_sources=1)
    for cone_deg in cones_deg[:: max(1, len(grid) // 20)]:
        (peak,) = finder.find(np.exp(-(((cones_deg - cone_deg) / beam_deg) ** 2)))
        found_deg = np.rad2deg(np.arccos(np.clip(peak.direction @ LINE.ambiguity.cones.axis, -1, 1)))
        assert abs(found_deg - cone_deg) < bound_deg


def test_two_talkers_straight_opposite_are_two() -> None:
    grid = icosphere_grid(3)
    opposite = grid.nearest(-grid.directions)
    for one in range(0, len(grid), 7):
        other = int(opposite[one])
        if grid.directions[one] @ grid.directions[other] > -0.9999:
            continue
        values = np.maximum(
            0.95 * lobe(grid, grid.directions[one], 8), 0.93 * lobe(grid, grid.directions[other], 8)
        )
        peaks = PeakFinder(grid, threshold=0.5).find(values)
        assert sorted(peak.index for peak in peaks) == sorted([one, other])

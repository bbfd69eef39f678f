"""What the geometry of an array lets it do, proved by the delays it would measure."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from anydoa.errors import GeometryError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.array_report import (
    ArrayReport,
    aliasing_frequency,
    aliasing_spacing,
    lowest_frequency,
    phase_information,
    smallest_resolvable_angle,
)
from anydoa.geometry.grid import fibonacci_grid
from anydoa.geometry.layouts import (
    circular_positions,
    linear_positions,
    rectangular_positions,
    tetrahedral_positions,
)
from anydoa.geometry.measured_steering import MeasuredSteering
from anydoa.geometry.pattern import MicrophonePattern
from shaped_arrays import HEARING_AIDS, LINE, RING, TETRAHEDRON, random_direction, time_differences, turned

seeds = st.integers(0, 2**31 - 1)


@pytest.mark.parametrize(
    ("positions", "spacing"),
    [
        (linear_positions(4, 0.03), 0.03),
        (circular_positions(6, 0.0463), 0.0463),
        (circular_positions(6, 0.0463, centre=True), 0.0463),
        (rectangular_positions(4, 4, 0.042), 0.042),
        (tetrahedral_positions(0.04), 0.04),
        (HEARING_AIDS.body_positions, 0.16),  # across the head, not the centimetre at each ear
        ([[0, 0, 0], [0.04, 0, 0], [0.12, 0, 0], [0.28, 0, 0]], 0.04),  # the near pair settles a line
    ],
)
def test_the_spacing_that_counts_for_aliasing(positions: object, spacing: float) -> None:
    array = MicrophoneArray(positions)  # type: ignore[arg-type] # lists and arrays
    assert aliasing_spacing(array) == pytest.approx(spacing)
    assert aliasing_frequency(array) == pytest.approx(343 / (2 * spacing))


ON_A_HEAD = np.random.default_rng(0).standard_normal((20, 4, 8))


@pytest.mark.parametrize(
    "heard",
    [
        {"steering": MeasuredSteering(fibonacci_grid(20).directions, ON_A_HEAD, 16_000)},
        {"patterns": [MicrophonePattern(share, (0, 0, 1)) for share in (0.25, 1.0, 0.25, 1.0)]},
    ],
)
def test_what_tells_the_sides_of_a_flat_array_apart_brings_no_shorter_pairs(heard: dict[str, object]) -> None:
    array = HEARING_AIDS.replace(**heard)
    assert (HEARING_AIDS.ambiguity.rank, array.ambiguity.rank) == ("plane", "volume")
    assert aliasing_spacing(array) == pytest.approx(aliasing_spacing(HEARING_AIDS))


def test_a_flat_array_on_a_ball_keeps_its_spacing() -> None:
    """The centre of the ball lies outside of its plane, so both sides of that sound different."""
    ring = circular_positions(6, 0.05 * 0.75**0.5) + np.array([0.0, 0.0, 0.025])
    array = MicrophoneArray(ring, rigid_sphere_radius=0.05)
    assert array.ambiguity.rank == "volume"
    assert aliasing_spacing(array) == pytest.approx(array.spacing)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_order_and_the_turn_of_microphones_change_no_spacing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    array = MicrophoneArray(0.1 * rng.standard_normal((6, 3)))
    shuffled = array.replace(body_positions=rng.permutation(array.body_positions))
    assert aliasing_spacing(shuffled) == pytest.approx(aliasing_spacing(array))
    assert aliasing_spacing(turned(array, seed)) == pytest.approx(aliasing_spacing(array))
    assert array.spacing <= aliasing_spacing(array) <= array.span


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_below_the_aliasing_frequency_a_line_never_repeats_its_phases(seed: int) -> None:
    cones = LINE.ambiguity.cones
    assert cones is not None
    frequency = 0.99 * aliasing_frequency(LINE)
    first, second = random_direction(seed), random_direction(seed + 1)
    assume(abs(cones.angles(first) - cones.angles(second)) > 0.05)
    phase = 2 * np.pi * frequency * time_differences(LINE, np.stack([first, second]))
    assert np.abs(np.exp(1j * phase[0]) - np.exp(1j * phase[1])).max() > 1e-3


def test_twice_the_aliasing_frequency_makes_the_ends_of_a_line_alike() -> None:
    phase = (
        2 * np.pi * aliasing_frequency(LINE) * time_differences(LINE, np.array([[0, 1.0, 0], [0, -1.0, 0]]))
    )
    relative = np.exp(1j * (phase - phase[:, :1]))
    np.testing.assert_allclose(relative[0], relative[1], atol=1e-9)


def test_the_lowest_frequency_gives_the_span_an_eighth_of_a_period() -> None:
    assert lowest_frequency(LINE) * LINE.span / 343 == pytest.approx(1 / 8)


def test_the_resolvable_angle_puts_one_period_between_two_waves() -> None:
    frequency = 8000.0
    half = smallest_resolvable_angle(LINE, frequency) / 2
    waves = np.array([[np.cos(half), np.sin(half), 0], [np.cos(half), -np.sin(half), 0]])
    first, second = time_differences(LINE, waves)
    assert np.ptp(first - second) * frequency == pytest.approx(1)


def test_the_resolvable_angle_shrinks_with_frequency_and_never_exceeds_half_a_turn() -> None:
    angles = [smallest_resolvable_angle(RING, f) for f in (10, 500, 2000, 4000, 8000)]
    assert angles[0] == pytest.approx(np.pi)
    assert angles == sorted(angles, reverse=True)
    for frequency in (0.0, -1.0, float("nan")):
        with pytest.raises(GeometryError, match="frequency must be positive"):
            smallest_resolvable_angle(RING, frequency)


def test_the_report_gathers_it_all() -> None:
    report = ArrayReport.of(RING)
    assert (report.name, report.rank, report.num_microphones) == ("ring", "plane", 6)
    assert report.axis == pytest.approx((0, 0, 1))
    assert report.span == pytest.approx(0.0926)
    assert report.thickness == pytest.approx(0, abs=1e-12)
    assert report.aliasing_frequency == aliasing_frequency(RING)
    assert report.lowest_frequency == lowest_frequency(RING)
    assert [f for f, _ in report.resolvable_angles] == [500, 1000, 2000, 4000]
    assert ArrayReport.of(TETRAHEDRON).axis is None


def test_phases_tell_most_at_half_a_wavelength_and_nothing_of_no_sound() -> None:
    pair = MicrophoneArray([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0]])
    half_wavelength = pair.speed_of_sound / 0.2
    frequency = np.array([0.0, 0.5, 1.0, 2.0]) * half_wavelength
    np.testing.assert_allclose(phase_information(pair, frequency), [0.0, 0.5, 1.0, 0.5], atol=1e-12)


def test_the_information_of_phases_is_the_mean_of_those_that_do_not_wrap() -> None:
    pair, frequency = MicrophoneArray([[0.0, 0.0, 0.0], [0.0, 0.0, 0.3]]), np.array([200.0, 900.0, 3000.0])
    rng = np.random.default_rng(0)
    height = rng.uniform(-1, 1, 200_000)  # directions spread evenly over the sphere
    half_turns = np.abs(2 * frequency[:, None] * 0.3 * height / pair.speed_of_sound)
    mean = np.where(half_turns <= 1, half_turns, 0.0).mean(1)
    # At half a wavelength, where it is greatest, the mean is one half.
    np.testing.assert_allclose(phase_information(pair, frequency), mean / 0.5, atol=0.01)

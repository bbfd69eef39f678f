"""The rigid sphere against its limits: long waves, short waves, and the average over all directions."""

import numpy as np
import pytest

from anydoa.constants import SAMPLE_RATE, SPEED_OF_SOUND
from anydoa.errors import ConfigError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, great_circle_distance
from anydoa.geometry.grid import fibonacci_grid
from anydoa.simulation.rooms import RoomPlan
from anydoa.simulation.sphere import RigidSphere

RADIUS = 0.0875  # a head
HEAD = RigidSphere(RADIUS)
EARS = RADIUS * np.array([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]])
AZIMUTHS_DEG = (15.0, 40.0, 70.0)


def test_long_waves_do_not_see_the_sphere() -> None:
    response = HEAD.response(np.array([1.0, 5.0]), np.linspace(0, np.pi, 7))
    assert np.abs(response - 1).max() < 0.02


def test_short_waves_double_at_the_side_that_faces_them() -> None:
    response = HEAD.response(np.array([20_000.0]), np.array([0.0]))
    assert np.abs(response) == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("azimuth_deg", AZIMUTHS_DEG)
def test_at_low_frequencies_the_ears_differ_by_three_radii(azimuth_deg: float) -> None:
    """Kuhn (1977): 3 a/c sin(azimuth), half as much again as without the sphere."""
    frequency = np.array([50.0])
    angle = great_circle_distance(EARS, angles_deg_to_direction(azimuth_deg, 0.0))
    left, right = np.angle(HEAD.response(frequency, angle))[:, 0]
    kuhn = 3 * RADIUS / SPEED_OF_SOUND * np.sin(np.deg2rad(azimuth_deg))
    assert (left - right) / (2 * np.pi * frequency[0]) == pytest.approx(kuhn, rel=0.01)


@pytest.mark.parametrize("azimuth_deg", AZIMUTHS_DEG)
def test_clicks_at_the_ears_differ_by_the_way_around_the_sphere(azimuth_deg: float) -> None:
    """Woodworth (1938): a/c (azimuth + sin(azimuth)), the bound of short waves."""
    azimuth = np.deg2rad(azimuth_deg)
    far = 100 * angles_deg_to_direction(azimuth_deg, 0.0)[None]
    left, right = (HEAD.filters(ear, far, np.zeros(1))[0].astype(np.float64) for ear in EARS)
    spectra = np.fft.rfft([left, right], 8 * 256)
    correlation = np.fft.irfft(spectra[1] * spectra[0].conj(), 8 * 8 * 256)
    lag = int(correlation.argmax())
    lag = lag - len(correlation) if lag > len(correlation) / 2 else lag
    woodworth = RADIUS / SPEED_OF_SOUND * (azimuth + np.sin(azimuth))
    kuhn = 3 * RADIUS / SPEED_OF_SOUND * np.sin(azimuth)
    assert 0.95 * woodworth < lag / (8 * SAMPLE_RATE) < 1.02 * kuhn


def test_filters_have_the_response_and_the_delay_asked_for() -> None:
    directions = angles_deg_to_direction(np.array([10.0, 77.0, 150.0]), np.array([0.0, 20.0, -40.0]))
    fraction = np.array([0.0, 0.35, 0.8])
    taps = HEAD.filters(EARS[0], directions, fraction)
    frequency = np.fft.rfftfreq(512, 1 / SAMPLE_RATE)[10:200]  # 300 to 6200 Hz
    angle = great_circle_distance(directions, EARS[0])
    wanted = HEAD.response(frequency, angle)
    wanted = wanted * np.exp(-2j * np.pi * frequency * (HEAD.lead + fraction[:, None]) / SAMPLE_RATE)
    assert np.abs(np.fft.rfft(taps, 512)[:, 10:200] - wanted).max() < 0.05


def test_coherence_is_the_average_over_all_directions() -> None:
    mics = RADIUS * np.array([[1.0, 0, 0], [0, 1.0, 0], [-0.6, 0, 0.8]])
    frequency = np.array([100.0, 1000.0, 5000.0])
    directions = fibonacci_grid(3000).directions
    waves = np.stack([HEAD.response(frequency, great_circle_distance(directions, mic)) for mic in mics])
    average = np.einsum("idf,jdf->fij", waves, waves.conj()).real / len(directions)
    assert np.abs(HEAD.coherence(mics)(frequency) - average).max() < 0.01


@pytest.mark.parametrize("radius", [0.0, 1.0])
def test_other_sizes_are_refused(radius: float) -> None:
    with pytest.raises(ConfigError, match=f"got {radius}; give metres"):
        RigidSphere(radius)


def test_the_radius_that_a_plan_refuses_is_that_of_the_array() -> None:
    buoy = MicrophoneArray(np.eye(3), "buoy", rigid_sphere_radius=1.0, speed_of_sound=1480.0)
    assert RoomPlan(num_rooms=1).with_array(buoy).sphere_radius == pytest.approx(343 / 1480)
    large = MicrophoneArray(1.4 * np.eye(3), "buoy", rigid_sphere_radius=1.4, speed_of_sound=1480.0)
    with pytest.raises(ConfigError, match=r"'buoy': .* at 1480 m/s .* 0.0216..1.29 m, got 1.4; take another"):
        RoomPlan(num_rooms=1).with_array(large)

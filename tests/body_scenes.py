"""Arrays whose steering was measured, in truth computed around a rigid sphere; and what they hear."""

from pathlib import Path

import numpy as np
from free_field import plane_wave, random_array, random_direction, talker
from scipy.interpolate import CubicSpline

from anydoa.acoustics.rigid_sphere import sphere_response, sphere_wave_number
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import great_circle_distance, random_rotation, rotate
from anydoa.geometry.grid import fibonacci_grid
from anydoa.geometry.measured_steering import MeasuredSteering
from anydoa.geometry.pattern import MicrophonePattern
from properties.strategies import Scene, in_noise
from sphere_scenes import ball_array, random_sphere_scene

SAMPLE_RATE = 48_000
_TAPS = 256


def sphere_responses(array: MicrophoneArray, directions: np.ndarray) -> np.ndarray:
    """Impulse responses (direction, mic, tap) at the microphones of a rigid sphere, by the series."""
    frequencies = np.fft.rfftfreq(_TAPS, 1 / SAMPLE_RATE)
    late = np.exp(-2j * np.pi * frequencies * _TAPS / 4 / SAMPLE_RATE)
    # The series at many angles costs much, and it is smooth between them.
    assert array.rigid_sphere_radius is not None
    angles = np.linspace(0, np.pi, 400)
    wave_number = sphere_wave_number(frequencies, array.rigid_sphere_radius, array.speed_of_sound)
    taps = np.fft.irfft(sphere_response(wave_number, angles) * late, _TAPS)
    return CubicSpline(angles, taps)(great_circle_distance(directions[:, None], array.positions))


def measured(array: MicrophoneArray, num_directions: int = 1000) -> MicrophoneArray:
    """The array of a rigid sphere as somebody would have it who does not know the sphere, but measured it."""
    directions = fibonacci_grid(num_directions).directions
    steering = MeasuredSteering(directions, sphere_responses(array, directions), SAMPLE_RATE)
    return array.replace(rigid_sphere_radius=None, steering=steering)


def measured_ball(seed: int, num_microphones: int = 6, *, num_directions: int = 400) -> MicrophoneArray:
    """Microphones all over a measured ball of 5 cm."""
    return measured(ball_array(np.random.default_rng(seed), num_microphones), num_directions)


def turned_directions(count: int, seed: int = 5) -> np.ndarray:
    """Even directions, turned at random, so that none of them is a measured one."""
    return rotate(fibonacci_grid(count).directions, random_rotation(np.random.default_rng(seed)))


def write_sofa(path: Path, array: MicrophoneArray, convention: str = "GeneralFIR") -> Path:
    """Measured steering of an array as a SOFA file.

    Args:
        path: file to write.
        array: one that has measured steering.
        convention: one of impulse responses.
    """
    import sofar

    from anydoa.geometry.coordinates import direction_to_angles_deg

    assert array.steering is not None
    steering = array.steering
    content = sofar.Sofa(convention)
    angles = np.stack(direction_to_angles_deg(steering.directions), axis=1)
    content.SourcePosition = np.column_stack([angles, np.full(len(angles), 2.0)])
    content.SourcePosition_Type, content.SourcePosition_Units = "spherical", "degree, degree, metre"
    content.ReceiverPosition = array.body_positions
    content.ReceiverPosition_Type, content.ReceiverPosition_Units = "cartesian", "metre"
    content.Data_IR = steering.responses.astype(np.float64)
    content.Data_SamplingRate = steering.sample_rate
    content.Data_Delay = np.zeros((1, array.num_microphones))
    if convention == "SingleRoomSRIR":
        content.ListenerPosition = np.zeros((len(angles), 3))
    sofar.write_sofa(str(path), content)
    return path


def patterned(rng: np.random.Generator, array: MicrophoneArray) -> MicrophoneArray:
    """Microphones of any pattern that look anywhere, the first one to the front."""
    axes = rng.standard_normal((array.num_microphones, 3))
    shares = rng.uniform(size=array.num_microphones)
    patterns = [MicrophonePattern(share, tuple(axis)) for share, axis in zip(shares, axes, strict=True)]
    return array.replace(patterns=patterns)


def random_body_scene(seed: int) -> Scene:
    """A talker around a measured ball, or around microphones with patterns."""
    rng = np.random.default_rng(seed)
    if seed % 2:
        scene = random_sphere_scene(seed)
        return Scene(measured(scene.array, 100), scene.direction, scene.audio)
    array = patterned(rng, random_array(rng, int(rng.integers(4, 10))))
    direction = random_direction(rng)
    heard = array.gains(direction)[:, None] * plane_wave(array, direction, talker(rng, 8000))
    return in_noise(rng, array, direction, heard, snr_db=20.0)

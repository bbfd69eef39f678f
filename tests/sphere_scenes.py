"""Arrays on rigid spheres, and what they hear of far sources: by the series, frequency by frequency."""

import numpy as np
from free_field import random_direction, talker

from anydoa.acoustics.rigid_sphere import sphere_response
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import great_circle_distance, random_rotation, rotate
from anydoa.geometry.grid import fibonacci_grid
from properties.strategies import Scene, in_noise


def ball_array(rng: np.random.Generator, num_microphones: int, *, radius: float = 0.05) -> MicrophoneArray:
    """Microphones all over a rigid sphere, turned at random."""
    spread = rotate(fibonacci_grid(num_microphones).directions, random_rotation(rng))
    return MicrophoneArray(radius * spread, "ball", rigid_sphere_radius=radius)


def waves_at(array: MicrophoneArray, directions: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """Pressure of plane waves at the microphones, (direction, mic, frequency), straight from the series."""
    assert array.rigid_sphere_radius is not None
    wave_number = 2 * np.pi * frequencies * array.rigid_sphere_radius / array.speed_of_sound
    angles = great_circle_distance(directions[:, None], array.positions)
    return sphere_response(wave_number, angles.ravel()).reshape(*angles.shape, -1)


def sphere_scene(
    rng: np.random.Generator,
    array: MicrophoneArray,
    direction: np.ndarray,
    *,
    seconds: float = 0.5,
    snr_db: float = 20.0,
) -> Scene:
    """A talker far away and independent noise in every microphone."""
    num_samples = round(seconds * 16_000)
    dry = np.fft.rfft(talker(rng, num_samples))
    waves = waves_at(array, direction[None], np.fft.rfftfreq(num_samples, 1 / 16_000))[0]
    return in_noise(rng, array, direction, np.fft.irfft(waves * dry, num_samples), snr_db=snr_db)


def random_sphere_scene(seed: int) -> Scene:
    """A talker anywhere around 4 to 12 microphones on a sphere."""
    rng = np.random.default_rng(seed)
    array = ball_array(rng, int(rng.integers(4, 13)))
    return sphere_scene(rng, array, random_direction(rng))

"""Arrays of every shape, turned anywhere, and the delays they would measure."""

import numpy as np

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import random_rotation, rotate
from anydoa.geometry.layouts import circular_positions, linear_positions, tetrahedral_positions

LINE = MicrophoneArray(linear_positions(4, 0.03), "line")
RING = MicrophoneArray(circular_positions(6, 0.0463), "ring")
TETRAHEDRON = MicrophoneArray(tetrahedral_positions(0.04), "tetrahedron")
HEARING_AIDS = MicrophoneArray([[0.005, 0.08, 0], [-0.005, 0.08, 0], [0.005, -0.08, 0], [-0.005, -0.08, 0]])


def turned(array: MicrophoneArray, seed: int) -> MicrophoneArray:
    rng = np.random.default_rng(seed)
    moved = rotate(array.body_positions, random_rotation(rng)) + rng.standard_normal(3)
    return array.replace(body_positions=moved)


def random_direction(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).standard_normal(3)
    return vector / np.linalg.norm(vector)


def time_differences(array: MicrophoneArray, directions: np.ndarray) -> np.ndarray:
    return -(directions @ array.centred_positions.T) / array.speed_of_sound

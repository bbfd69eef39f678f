"""The delays of plane waves in free air: the one place that says so."""

import numpy as np
from jaxtyping import Float

from anydoa.constants import SPEED_OF_SOUND
from anydoa.geometry import MicrophoneArray


def arrival_time(
    positions: Float[np.ndarray, "mic 3"],
    directions: Float[np.ndarray, "*direction 3"],
    speed_of_sound: float = SPEED_OF_SOUND,
) -> Float[np.ndarray, "*direction mic"]:
    """Seconds after the origin at which plane waves in free field reach each microphone: ``-(p . u) / c``.

    For the difference of two positions it is the difference of their times.

    Args:
        positions: metres.
        directions: unit vectors towards the sources.
        speed_of_sound: metres a second.

    Convention:
        Negative where a microphone lies towards the source, for it hears the wave before the origin does.
    """
    return -(directions @ positions.T) / speed_of_sound


def size_in_air(array: MicrophoneArray) -> float:
    """How many times as large an array in air has the same delays, at the speed of sound that we assume.

    What was measured on a body has the speed in it.

    Args:
        array: the microphones, with the speed of sound around them.
    """
    return 1.0 if array.steering is not None else SPEED_OF_SOUND / array.speed_of_sound

"""What plane waves look like to an array, as networks with a PlaneWaveNet take it; once an array."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid
from anydoa.geometry.plane_wave import steering_phases


def steering_input(
    array: MicrophoneArray, grid: DirectionGrid, frequencies: Sequence[float]
) -> Float32[np.ndarray, "freq twice_mic direction"]:
    """Cosines, then sines of the phase of a plane wave at each microphone.

    Args:
        array: what listens; around a rigid sphere if it declares one.
        grid: directions that the network judges.
        frequencies: hertz that it looks at.
    """
    phases = steering_phases(grid.directions, array, np.asarray(frequencies)).swapaxes(1, 2)
    return np.ascontiguousarray(np.concatenate([phases.real, phases.imag], axis=1))

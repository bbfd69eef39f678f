"""What is immutable stays so as a copy and in another process."""

import copy
import pickle
from collections.abc import Callable

import numpy as np
import pytest

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.geometry.layouts import circular_positions
from anydoa.geometry.measured_steering import MeasuredSteering

THINGS: dict[str, Callable[[], object]] = {
    "array": lambda: MicrophoneArray(circular_positions(4, 0.05), "ring"),
    "grid": lambda: fibonacci_grid(40),
    "steering": lambda: MeasuredSteering(
        np.eye(3), np.random.default_rng(0).standard_normal((3, 2, 8)), 48_000
    ),
}


def arrays_of(thing: object) -> dict[str, np.ndarray]:
    return {name: value for name, value in vars(thing).items() if isinstance(value, np.ndarray)}


@pytest.mark.parametrize("name", THINGS)
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_nobody_writes_to_a_copy(name: str, again: Callable[[object], object]) -> None:
    thing = THINGS[name]()
    assert isinstance(thing, MicrophoneArray | DirectionGrid | MeasuredSteering)
    known = thing.hash
    other = again(thing)
    assert isinstance(other, MicrophoneArray | DirectionGrid | MeasuredSteering)
    assert arrays_of(other)
    for values in arrays_of(other).values():
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0.0
    assert other.hash == known

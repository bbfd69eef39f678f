"""Delay and sum: the sound from a direction adds up, everything else does not quite."""

import numpy as np
from jaxtyping import Complex64

from anydoa.beamforming.slot import BeamedSlot, Slot, beamed, mean_power
from anydoa.beamforming.sound_field import SoundField
from anydoa.beamforming.weights import delay_and_sum_weights


class DelayAndSum:
    """Takes slots apart by directions alone; it can do no harm, and little good.

    Args:
        field: steering vectors.
    """

    def __init__(self, field: SoundField) -> None:
        self._field = field

    def push(self, slot: Slot) -> list[BeamedSlot]:
        """The slot itself, taken apart."""
        sounds = {aim.id: self._sound(slot, aim.id, aim.direction) for aim in slot.aims}
        levels = {id: mean_power(sound) / slot.scale**2 for id, sound in sounds.items()}
        return [BeamedSlot(slot, levels, sounds.__getitem__)]

    def finish(self) -> list[BeamedSlot]:
        """None: no slot waits."""
        return []

    def _sound(self, slot: Slot, id: int, direction: np.ndarray) -> Complex64[np.ndarray, "window freq"]:
        if not slot.alive.any():
            return np.zeros(slot.spectra.shape[1::-1], dtype=np.complex64)
        steering = self._field.steering(id, direction) * slot.alive
        reference = self._field.reference(id, direction, slot.alive)
        return beamed(delay_and_sum_weights(steering, reference), slot.spectra)

"""Some windows of sound that share weights, and what a beamformer makes of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Complex64, Float32

from anydoa.beamforming.aim import Aim

_SILENT = 1e-10  # share of the loudest microphone's power below which one hears nothing


@dataclass(frozen=True, eq=False)
class Slot:
    """Windows that share weights.

    Args:
        spectra: spectra of the microphones, times the scale.
        scale: factor on all of them, 1 for usual recordings; from the first sound on it never grows.
        speech: chance that each bin is speech, as the mask says.
        aims: who may sound in it.
    """

    spectra: Complex64[np.ndarray, "freq window mic"]
    scale: float
    speech: Float32[np.ndarray, "freq window"]
    aims: Sequence[Aim]

    @cached_property
    def alive(self) -> Bool[np.ndarray, "mic"]:
        """Microphones that hear anything; none in silence."""
        power = np.sum(np.square(np.abs(self.spectra)), axis=(0, 1))
        alive: np.ndarray = power > _SILENT * power.max()
        return alive


@dataclass(frozen=True, eq=False)
class BeamedSlot:
    """A slot taken apart.

    Args:
        slot: what was taken apart.
        levels: mean power of each aim in it, by number, in the recording's own scale.
        sound: gives the spectra of one of them, times the scale of the slot.
    """

    slot: Slot
    levels: dict[int, float]
    sound: Callable[[int], Complex64[np.ndarray, "window freq"]]


def beamed(
    weights: Complex64[np.ndarray, "freq mic"], spectra: Complex64[np.ndarray, "freq window mic"]
) -> Complex64[np.ndarray, "window freq"]:
    """The weighted sum of the microphones: ``w^H x``."""
    sound: np.ndarray = (spectra @ weights.conj()[:, :, None])[:, :, 0].T
    return sound.astype(np.complex64)


def mean_power(spectra: Complex64[np.ndarray, "window freq"]) -> float:
    """Mean of the squared magnitudes."""
    return float(np.mean(np.square(np.abs(spectra))))

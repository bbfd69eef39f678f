"""What the recent past says about directions: cells of masked, steered phases, and what they were made of."""

import numpy as np
from jaxtyping import Complex64, Float32, Int

from anydoa.steered.bin_features import BinAxis
from anydoa.steered.candidates import Candidates
from anydoa.steered.options import SteeredOptions

_LEAST_MASS = 1e-6
_RECENT_SLOTS = 4  # that say whether somebody speaks now


def mel_bands(axis: BinAxis, num_bands: int) -> Int[np.ndarray, "band_and_end"]:
    """First bin of each band and the end of the last: even on a mel axis, at least a bin wide."""
    mel = np.log1p(axis.frequencies / 700)
    edges = np.interp(np.linspace(mel[0], mel[-1], num_bands + 1), mel, np.arange(axis.num_bins))
    first = np.unique(np.rint(edges).astype(int))
    first[-1] = axis.num_bins
    return first


class EvidenceMemory:
    """The last slots of evidence; the oldest is overwritten by the newest.

    A slot is a few analysis windows, a cell a band of bins in a slot. Each cell has a likelihood for every
    candidate direction and for none, in a unit of its own, and a mass: how much it counts.

    Args:
        candidates: directions.
        axis: bins.
        options: see there.
        num_mics: of the array.
    """

    def __init__(
        self, candidates: Candidates, axis: BinAxis, options: SteeredOptions, *, num_mics: int
    ) -> None:
        edges = mel_bands(axis, options.num_bands)
        slots, bands = options.memory_slots, len(edges) - 1
        self._candidates, self._options, self._num_mics = candidates, options, num_mics
        self._first_bins = edges[:-1]
        self._band_of_bin = np.repeat(np.arange(bands), np.diff(edges))
        self._sharpness = np.float32(options.sharpness * num_mics**options.microphone_power)
        self._likelihood = np.ones((slots, bands, len(candidates)), dtype=np.float32)
        self._noise_likelihood = np.ones((slots, bands), dtype=np.float32)
        self._mass = np.zeros((slots, bands), dtype=np.float32)
        self._covariance = np.zeros((axis.num_bins, slots, num_mics**2), dtype=np.complex64)
        self._next = 0

    def push(
        self,
        phases: Complex64[np.ndarray, "freq frame mic"],
        weight: Float32[np.ndarray, "freq frame"],
    ) -> None:
        """Take whole slots of windows.

        Args:
            phases: of the microphones, magnitudes one.
            weight: of each bin.
        """
        size, rows = self._options.slot_frames, self._first_bins
        weighted = phases * np.sqrt(weight)[..., None]
        num_freq, num_frames, _ = phases.shape
        by_slot = (num_freq, num_frames // size, size)
        power = self._candidates.power(weighted).reshape(*by_slot, -1).sum(axis=2)
        mass = weight.reshape(by_slot).sum(axis=2)
        power -= np.float32(self._num_mics) * mass[..., None]
        power /= np.float32(self._num_mics * (self._num_mics - 1))
        banded, band_mass = np.add.reduceat(power, rows, axis=0), np.add.reduceat(mass, rows, axis=0)
        scale = self._sharpness * np.maximum(band_mass, _LEAST_MASS) ** (self._options.evidence_power - 1)
        evidence = banded * scale[..., None]
        greatest = np.maximum(evidence.max(axis=2), 0)
        snapshots = weighted.reshape(*by_slot, -1)
        covariance = snapshots.swapaxes(-1, -2) @ snapshots.conj()
        for slot in range(by_slot[1]):
            row = self._next
            np.exp(evidence[:, slot] - greatest[:, slot, None], out=self._likelihood[row])
            self._noise_likelihood[row] = np.exp(-greatest[:, slot])
            self._mass[row] = band_mass[:, slot]
            self._covariance[:, row] = covariance[:, slot].reshape(num_freq, -1)
            self._next = (row + 1) % len(self._mass)

    @property
    def likelihood(self) -> Float32[np.ndarray, "cell candidate"]:
        """Of each cell for each candidate."""
        return self._likelihood.reshape(-1, self._likelihood.shape[2])

    @property
    def noise_likelihood(self) -> Float32[np.ndarray, "cell"]:
        """Of each cell for sound from nowhere in particular, in the same unit."""
        return self._noise_likelihood.ravel()

    @property
    def mass(self) -> Float32[np.ndarray, "cell"]:
        """Of each cell, less the older it is."""
        return (self._mass * self._decay[:, None]).ravel()

    @property
    def recent_mass(self) -> Float32[np.ndarray, "cell"]:
        """Of each cell of the last few slots; 0 for older ones."""
        return (self._mass * (self._age < _RECENT_SLOTS)[:, None]).ravel()

    def covariances(
        self, parts: Float32[np.ndarray, "talker cell"]
    ) -> Complex64[np.ndarray, "talker freq mic mic"]:
        """Masked phases of each bin, summed over slots by the part of each cell that belongs to a talker."""
        per_slot = parts.reshape(len(parts), *self._mass.shape) * self._decay[:, None]
        per_bin = per_slot[:, :, self._band_of_bin].transpose(2, 0, 1).astype(np.complex64)
        summed = per_bin @ self._covariance
        return summed.swapaxes(0, 1).reshape(len(parts), -1, self._num_mics, self._num_mics)

    @property
    def _decay(self) -> Float32[np.ndarray, "slot"]:
        return (self._options.decay**self._age).astype(np.float32)

    @property
    def _age(self) -> Int[np.ndarray, "slot"]:
        """Of each row, in slots."""
        return (self._next - 1 - np.arange(len(self._mass))) % len(self._mass)

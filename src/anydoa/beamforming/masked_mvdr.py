"""Mask-based MVDR: what is a talker's is kept, and the rest weakened as far as the microphones can."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Complex64, Float32, Int

from anydoa.beamforming.aim import Aim
from anydoa.beamforming.memory import Covariance, FadingMemory
from anydoa.beamforming.mixture import BinShares, weighted_covariance
from anydoa.beamforming.options import BeamOptions
from anydoa.beamforming.slot import BeamedSlot, Slot, beamed
from anydoa.beamforming.sound_field import SoundField
from anydoa.beamforming.weights import mvdr_weights, output_power, with_wave

_REST = None  # the class of what is nobody's
_TINY = 1e-30
_LEAST_PASSED = 1e-3  # share of the rest that weights are thought to let through at least


@dataclass(eq=False)
class _Explained:
    """A slot and whose its bins are.

    Args:
        slot: the sound.
        shares: share of each class; empty in silence.
        covariances: what each class has of the sound, in the scale of the newest slot.
    """

    slot: Slot
    shares: dict[int | None, Float32[np.ndarray, "freq window"]] = field(default_factory=dict)
    covariances: dict[int | None, Covariance] = field(default_factory=dict)

    def level(self, id: int) -> float:
        """Mean power that a talker has at the microphones, in the recording's own scale."""
        if id not in self.shares:
            return 0.0
        power = np.mean(self.shares[id] * np.square(np.abs(self.slot.spectra)).mean(axis=2))
        return float(power) / self.slot.scale**2

    def rescale(self, factor: float) -> None:
        """Bring what each class has of the sound to another scale of power."""
        self.covariances = {name: one * np.float32(factor) for name, one in self.covariances.items()}


class MaskedMvdr:
    """Takes slots apart by what is heard in them and around them.

    Args:
        sound_field: steering vectors and the diffuse field.
        options: every number of it.
        shares: says whose each bin is.
        slots_ahead: later slots that are waited for.
    """

    def __init__(
        self, sound_field: SoundField, options: BeamOptions, shares: BinShares, *, slots_ahead: int
    ) -> None:
        self._field, self._options, self._shares = sound_field, options, shares
        self._decay = math.exp(-options.slot_s / options.memory_s)
        self._slots_ahead = slots_ahead
        self._past: dict[int | None, FadingMemory] = {}
        self._waiting: deque[_Explained] = deque()
        self._scale = 1.0  # of the newest slot; what was heard before is brought to it

    def push(self, slot: Slot) -> list[BeamedSlot]:
        """The slots that can be given out now that this one was heard."""
        self._bring_to(slot.scale)
        self._waiting.append(self._explained(slot))
        return [self._oldest()] if len(self._waiting) > self._slots_ahead else []

    def finish(self) -> list[BeamedSlot]:
        """The slots that still waited for later ones."""
        return [self._oldest() for _ in range(len(self._waiting))]

    def _bring_to(self, scale: float) -> None:
        """Let all that was heard count as much beside what comes in another scale."""
        if scale == self._scale:
            return
        factor = (scale / self._scale) ** 2
        for memory in self._past.values():
            memory.rescale(factor)
        for explained in self._waiting:
            explained.rescale(factor)
        self._scale = scale

    def _explained(self, slot: Slot) -> _Explained:
        """Whose each bin of a slot is."""
        if not slot.alive.any():
            return _Explained(slot)
        classes = [_REST, *(aim.id for aim in slot.aims)]
        if slot.aims:
            steering = np.stack([self._field.steering(aim.id, aim.direction) for aim in slot.aims])
            shares = self._shares.shares(slot.spectra, steering, self._prior(slot), slot.alive)
        else:
            shares = np.ones((1, *slot.speech.shape), dtype=np.float32)
        covariances = weighted_covariance(slot.spectra, shares)
        return _Explained(
            slot, dict(zip(classes, shares, strict=True)), dict(zip(classes, covariances, strict=True))
        )

    def _prior(self, slot: Slot) -> Float32[np.ndarray, "talker freq window"]:
        """Chance of each talker before the microphones are compared."""
        options = self._options
        speech = options.least_speech + (options.most_speech - options.least_speech) * slot.speech
        chances = np.array([aim.chance for aim in slot.aims], dtype=np.float32)
        chances /= max(float(chances.sum()), 1.0)
        prior: np.ndarray = chances[:, None, None] * speech
        return prior.astype(np.float32)

    def _oldest(self) -> BeamedSlot:
        """The slot that waits longest, taken apart and remembered."""
        oldest = self._waiting[0]
        self._turn(oldest.slot.aims)
        heard = {name: self._around(name) for name in oldest.covariances}
        self._waiting.popleft()
        self._remember(oldest)
        own = {aim.id: aim for aim in oldest.slot.aims}

        def sound(id: int) -> Complex64[np.ndarray, "window freq"]:
            return self._sound(own[id], oldest, heard)

        return BeamedSlot(oldest.slot, {id: oldest.level(id) for id in own}, sound)

    def _around(self, name: int | None) -> Covariance:
        """What a class sounds like in the slot that waits longest, before it and after it."""
        memory = self._past.get(name)
        parts = [] if memory is None or memory.covariance is None else [memory.covariance]
        parts += [
            one.covariances[name] * np.float32(self._decay**number)
            for number, one in enumerate(self._waiting)
            if name in one.covariances
        ]
        return sum(parts[1:], parts[0])

    def _turn(self, aims: Sequence[Aim]) -> None:
        """Let the past fade by the time of a slot, and where somebody moved; forget who is long gone."""
        for memory in self._past.values():
            memory.fade(self._decay)
        self._past = {name: memory for name, memory in self._past.items() if not memory.is_faint}
        for aim in aims:
            self._past.setdefault(aim.id, FadingMemory(self._options.turn_deg)).turn(aim.direction)

    def _remember(self, explained: _Explained) -> None:
        """Take a slot that is given out into the past."""
        for name, covariance in explained.covariances.items():
            self._past.setdefault(name, FadingMemory(self._options.turn_deg)).add(covariance)

    def _sound(
        self, aim: Aim, explained: _Explained, heard: dict[int | None, Covariance]
    ) -> Complex64[np.ndarray, "window freq"]:
        """The sound of one talker in a slot; zeros in silence."""
        slot, options = explained.slot, self._options
        if not explained.shares:
            return np.zeros(slot.spectra.shape[1::-1], dtype=np.complex64)
        living = np.flatnonzero(slot.alive)
        reference = self._field.reference(aim.id, aim.direction, slot.alive)
        reference = int(np.searchsorted(living, reference))
        steering = self._field.steering(aim.id, aim.direction)[:, living]
        others = [covariance for name, covariance in heard.items() if name != aim.id]
        talker = with_wave(_among(heard[aim.id], living), steering, options.wave)
        rest = _among(sum(others[1:], others[0]), living)
        weights = mvdr_weights(talker, rest, reference, options.loading)
        passed = output_power(weights, rest) / np.maximum(rest[:, reference, reference].real, _TINY)
        share = explained.shares[aim.id]
        through = (1 - share) * np.clip(passed, _LEAST_PASSED, 1)[:, None]
        gain = np.maximum(share / np.maximum(share + through, _TINY), options.floor)
        return beamed(weights, slot.spectra[:, :, living]) * gain.T


def _among(covariance: Covariance, living: Int[np.ndarray, "living"]) -> Complex64[np.ndarray, "freq _ _"]:
    """The part of a covariance that is between some microphones."""
    if len(living) == covariance.shape[1]:
        return covariance
    part: np.ndarray = covariance[:, living[:, None], living]
    return part

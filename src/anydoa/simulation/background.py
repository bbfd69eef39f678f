"""The noise of a scene: from a place or from everywhere, plus what the microphones make themselves."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float

from anydoa.simulation.convolution import (
    SEAM_SAMPLES,
    close_loop,
    lowest_bin,
    spectrum_power,
    wet_spectrum,
)
from anydoa.simulation.noise import NUM_WAVES, isotropic_spectrum, sensor_noise
from anydoa.simulation.pool import AudioPool
from anydoa.simulation.recipe import MixRecipe
from anydoa.simulation.rooms import SimulatedRoom

_HISS_SAMPLES = 1 << 20


@dataclass(frozen=True, eq=False)
class Noise:
    """Noise in two parts that, each times its gain, add up to power one (the hiss on average).

    Args:
        outside: spectrum of what comes from a place or from everywhere, or None.
        outside_gain: gain of ``outside``.
        hiss: noise that the microphones make.
        hiss_gain: gain of ``hiss``.
        places: metres from the centre of the array to each noise source that is heard; none where noise comes
            from everywhere.
    """

    outside: Complex[np.ndarray, "mic freq"] | None
    outside_gain: np.float32
    hiss: Float[np.ndarray, "mic time"]
    hiss_gain: np.float32
    places: Float[np.ndarray, "noise 3"]


class Background:
    """Noise for scenes of one length.

    Args:
        pool: dry noise, or None for noise of the microphones only.
        recipe: ratio and kind of the noises.
        num_samples: length of the scenes.
        seed: seed of the white noise, a million samples drawn once; drawing it anew would cost more than all
            else.
    """

    def __init__(self, pool: AudioPool | None, recipe: MixRecipe, *, num_samples: int, seed: int) -> None:
        self._pool, self._recipe, self._num_samples = pool, recipe, num_samples
        self._hiss = sensor_noise(1, _HISS_SAMPLES, np.random.default_rng(seed))[0]

    def render(self, room: SimulatedRoom, rng: np.random.Generator) -> Noise:
        """Noise at the microphones of a room."""
        alone = self.render_hiss(room, rng)
        if self._pool is None or len(room.noises) == 0:
            return alone
        low = lowest_bin(self._num_samples, self._pool.sample_rate)
        if rng.random() < self._recipe.isotropic_share:
            waves = np.stack([self._take_loop(self._pool, rng) for _ in range(NUM_WAVES)])
            rate = self._pool.sample_rate
            outside = isotropic_spectrum(room.mics, waves, bends=room.bends, sample_rate=rate)
            outside[:, :low] = 0
            places = np.zeros((0, 3))
        else:
            chosen = rng.integers(len(room.noises))
            dry = self._take_loop(self._pool, rng)[None]
            outside = wet_spectrum(dry, room.noise_rirs[chosen][None], first_bin=low)
            places = room.noises[chosen][None]
        power = spectrum_power(outside, self._num_samples)
        if power == 0:
            return alone
        ratio = 10 ** (rng.uniform(*self._recipe.point_to_sensor_db) / 10)
        share = ratio / (1 + ratio)
        gains = np.sqrt(share / power), np.sqrt(1 - share)
        return Noise(outside, np.float32(gains[0]), alone.hiss, np.float32(gains[1]), places)

    def render_hiss(self, room: SimulatedRoom, rng: np.random.Generator) -> Noise:
        """What the microphones of a room make themselves, and nothing else.

        Each takes its samples from a part of the white noise of its own, as long as there is enough of it.
        """
        num_mics = len(room.mics)
        stride = _HISS_SAMPLES // num_mics
        if stride < self._num_samples:
            hiss = sensor_noise(num_mics, self._num_samples, rng)
        else:
            offsets = rng.permutation(num_mics)
            starts = stride * offsets + rng.integers(stride - self._num_samples + 1, size=num_mics)
            hiss = np.stack([self._hiss[start : start + self._num_samples] for start in starts])
        return Noise(None, np.float32(0), hiss, np.float32(1), np.zeros((0, 3)))

    def _take_loop(self, pool: AudioPool, rng: np.random.Generator) -> Float[np.ndarray, "time"]:
        group = int(rng.integers(len(pool.groups)))
        start = int(rng.integers(pool.group_length(group)))
        return close_loop(pool.segment(group, start, SEAM_SAMPLES + self._num_samples))

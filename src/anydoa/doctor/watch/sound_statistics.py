"""Sums over a sound that all watches share: how channels go together, and how loud each frequency is.

Of every tenth of a second one short window is looked at, so that watching costs little:

    samples  |-- window --|               |-- window --|               |-- window
             |<---------- 0.1 s --------->|<---------- 0.1 s --------->|

A window counts by its level, not its power: a beep among hours of speech does not decide alone.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float, Float32
from scipy.fft import rfft

from anydoa.acoustics import hann_window

SPAN_S = 0.1
"""Seconds of sound of which one window is looked at."""

WINDOW_S = 0.032

LOWEST_HZ = 100.0
"""Frequency below which is rumble, which says nothing of direction."""

_LEVEL_STEP_DB = 1.0
_LEVELS_DB = (-200.0, 300.0)  # of windows; wider than single precision is used


@dataclass(frozen=True)
class LevelRange:
    """Windows of about one level, from the frequency ``common_min_hz`` of the sums on.

    Args:
        level_db: their mean level, in dB of an arbitrary unit.
        common_share: share of their power that all channels carry alike: 1 is one signal, as loud on each.
    """

    level_db: float
    common_share: float


class SoundStatistics:
    """Sums over the windows of a sound; nothing else is kept, so its length costs no memory.

    Args:
        num_channels: number of rows of every block.
        sample_rate: samples a second.
        highest_hz: frequency above which nothing is listened to.
        common_min_hz: frequency from which all channels alike are remarkable; see :class:`LevelRange`.

    Attributes:
        num_windows: number of windows so far, silent ones left out.
        cross: products of channels at each frequency listened to, ``freq channel channel``, summed over
            windows, each divided by its level.
        power: power of all channels at each frequency, those above what is listened to included; the same
            sum.
        inverse_level: sum over windows of one by their level.
    """

    def __init__(self, num_channels: int, sample_rate: int, highest_hz: float, common_min_hz: float) -> None:
        self.sample_rate = sample_rate
        self._span = round(SPAN_S * sample_rate)
        self._length = 2 * round(WINDOW_S * sample_rate / 2)
        self._window = hann_window(self._length)
        frequency = np.fft.rfftfreq(self._length, 1 / sample_rate)
        self.frequency_hz = frequency
        self.listened = slice(
            int(np.searchsorted(frequency, LOWEST_HZ)), int(np.searchsorted(frequency, highest_hz, "right"))
        )
        self._common_from = int(np.searchsorted(frequency[self.listened], common_min_hz))
        self._tail = np.zeros((num_channels, 0), dtype=np.float32)
        self.forget()

    def forget(self) -> None:
        """Start the sums anew."""
        num_listened, num_channels = len(self.frequency_hz[self.listened]), len(self._tail)
        self.num_windows = 0
        self.cross: Complex[np.ndarray, "freq channel channel"] = np.zeros(
            (num_listened, num_channels, num_channels), dtype=np.complex128
        )
        self.power: Float[np.ndarray, "freq"] = np.zeros(len(self.frequency_hz))
        self.inverse_level = 0.0
        self._by_level = np.zeros((2, round((_LEVELS_DB[1] - _LEVELS_DB[0]) / _LEVEL_STEP_DB)))

    def see(self, block: Float[np.ndarray, "channel time"]) -> None:
        """Take the next samples."""
        samples = np.concatenate([self._tail, block], axis=1, dtype=np.float32)
        whole = samples.shape[1] // self._span
        self._tail = samples[:, whole * self._span :].copy()
        if whole:
            spans = samples[:, : whole * self._span].reshape(len(samples), whole, self._span)
            self._add(spans[:, :, : self._length])

    def finish(self) -> None:
        """Look at the last window, if it is complete."""
        if self._tail.shape[1] >= self._length:
            self._add(self._tail[:, None, : self._length])
        self._tail = self._tail[:, :0]

    def quantile(self, low: float, high: float) -> "LevelRange":
        """The windows between two shares of all, ordered by their level.

        Args:
            low: share of the windows that are quieter.
            high: share of the windows that are quieter or counted.
        """
        count, common_share = self._by_level
        quieter = np.cumsum(count)
        first = int(np.searchsorted(quieter, low * quieter[-1], side="right"))
        last = max(int(np.searchsorted(quieter, high * quieter[-1])), first)
        counted = slice(first, last + 1)
        number = max(float(count[counted].sum()), 1.0)
        middle = float(count[counted] @ np.arange(first, first + len(count[counted]))) / number
        return LevelRange(
            _LEVELS_DB[0] + _LEVEL_STEP_DB * middle, float(common_share[counted].sum()) / number
        )

    def _add(self, windows: Float32[np.ndarray, "channel window time"]) -> None:
        # (channel, window, time) -> (channel, window, freq)
        # A constant must come out as nothing, and a large one must cost the rest no digits.
        spectra = rfft((windows - windows[..., :1]) * self._window, axis=-1)
        # -> (window, freq) -> (window): power of all channels, and the level in what is listened to
        power = _squared(spectra).sum(axis=0)
        level = np.sqrt(power[:, self.listened.start :].sum(axis=-1, dtype=np.float64))
        heard = level > 0
        if not heard.all():
            spectra, power, level = spectra[:, heard], power[heard], level[heard]
        if not len(level):
            return
        self.num_windows += len(level)
        self.inverse_level += float((1 / level).sum())
        self.power += (1 / level) @ power
        # -> (freq, channel, window) -> (freq, channel, channel): products of channels
        listened = np.moveaxis(spectra[..., self.listened], 2, 0)
        scaled = listened * np.sqrt(1 / level).astype(np.float32)
        self.cross += scaled @ scaled.conj().swapaxes(1, 2)
        # (channel, window, freq) -> (window): share that all channels carry alike, kept by the level's steps
        high = slice(self.listened.start + self._common_from, self.listened.stop)
        spectra = spectra[..., high]
        alone = power[:, high].sum(axis=1, dtype=np.float64)
        heard = alone > 0
        together = _squared(spectra.sum(axis=0)).sum(axis=1, dtype=np.float64)[heard]
        share = together / (len(spectra) * alone[heard])
        steps = (10 * np.log10(alone[heard]) - _LEVELS_DB[0]) / _LEVEL_STEP_DB
        places = np.clip(steps.astype(int), 0, self._by_level.shape[1] - 1)
        np.add.at(self._by_level[0], places, 1.0)
        np.add.at(self._by_level[1], places, share)

    @property
    def rounding_power(self) -> float:
        """What one step of 16 bits does to the sum over all frequencies of ``power``, in one channel."""
        step = math.ldexp(1.0, -15)
        energy = step**2 * float(np.square(self._window).sum()) * self._length / 2
        return energy * self.inverse_level


def _squared(values: Complex[np.ndarray, "*axes"]) -> Float[np.ndarray, "*axes"]:
    """Squared magnitudes."""
    squared: np.ndarray = np.square(values.real) + np.square(values.imag)
    return squared

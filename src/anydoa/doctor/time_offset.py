"""Channels that are late together: by how much, and whether that grows as clocks that run apart let it.

Channels of a second sound card stand side by side in a recording, so the groups tried are every channel alone
and the smaller side of every cut through the row.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from anydoa.doctor.evidence import spurious_time_gain, z_score
from anydoa.doctor.places import HeardPlace, heard_places
from anydoa.doctor.wave_fit import ChannelHypothesis, WaveFit

OFFSET_RANGE_S = 1.2e-3  # s; larger ones are seen in the recording as a whole
DRIFT_RANGE = 3e-4  # s/s; crystals keep to 1e-4, so two of them to 2e-4
LARGE_S = 2.7e-4
"""s; from here on one place is enough, as no echo and no bend of a wave looks like that."""

_STEP_S = 6e-5  # half the width of a peak, a sample at 16 kHz
_LEAST_S = 4e-5  # positions that are 1 cm wrong look like this
_LEAST_DRIFT_S = 1e-4  # s either way; talkers at several places look like less
_PLACE_STEPS_S = np.linspace(-1.2e-4, 1.2e-4, 9)  # what echoes and near talkers make of one place
_PLACE_SHARE = 0.5  # of that gain over times that differ from place to place, which fit nearly as well
_FINER = np.linspace(-0.75, 0.75, 7)  # of a step
_LEAST_DRIFT_GAIN = 2.5  # times what wrong times gain, over the best that is late by one time
_LEAST_DRIFT_Z = 2.33  # 99 %


@dataclass(frozen=True, eq=False)
class TimeOffset:
    """Channels made later or earlier, as fits best.

    Args:
        hypothesis: after that.
        fit: of each segment.
        drifts: whether the lateness grows.
    """

    hypothesis: ChannelHypothesis
    fit: Float[np.ndarray, "segment"]
    drifts: bool


def offset_groups(num_channels: int) -> list[tuple[int, ...]]:
    """Channels that may be late together: each alone, and the smaller side of each cut through the row."""
    row = tuple(range(num_channels))
    cuts = [(row[:cut], row[cut:]) for cut in range(2, num_channels - 1)]
    sides = [first if len(first) < len(second) else second for first, second in cuts]
    return [(channel,) for channel in row] + sides


def best_time_offset(waves: WaveFit, hypothesis: ChannelHypothesis, channels: tuple[int, ...]) -> TimeOffset:
    """By how much these channels are late: one time, or a time that grows where that fits clearly better.

    Args:
        waves: fit of the recording.
        hypothesis: all that is believed so far.
        channels: that are late together.
    """
    scan = _Scan(waves, hypothesis, channels)
    constant = scan.constant()
    drifting = scan.drifting()
    if drifting is None:
        return constant
    least = max((constant.fit, waves.fit(hypothesis)), key=lambda fit: float(fit.mean()))
    enough = _LEAST_DRIFT_GAIN * spurious_time_gain(len(hypothesis.order), len(channels))
    if not _is_clear(drifting.fit, least, enough):
        return constant
    places = heard_places(waves, drifting.hypothesis)
    if not places:
        return constant
    placed = np.any([place.segments for place in places], axis=0)
    offset_s = constant.hypothesis.offset_s[channels[0]] - hypothesis.offset_s[channels[0]]
    still = [scan.constant_by_place(around_s, places)[placed] for around_s in (0.0, offset_s)]
    is_clear = all(_is_clear(drifting.fit[placed], fit, _PLACE_SHARE * enough) for fit in still)
    return drifting if is_clear else constant


def _is_clear(
    drifting: Float[np.ndarray, "segment"], still: Float[np.ndarray, "segment"], enough: float
) -> bool:
    """Whether a time that grows fits better by enough, and steadily."""
    gain = float((drifting - still).mean()) / max(float(drifting.mean()), 1e-6)
    return bool(gain >= enough and z_score(drifting, still) >= _LEAST_DRIFT_Z)


class _Scan:
    """Fits with some channels late by each of a range of times."""

    def __init__(self, waves: WaveFit, hypothesis: ChannelHypothesis, channels: tuple[int, ...]) -> None:
        self._waves, self._told, self._channels = waves, hypothesis, channels
        self._across = waves.is_across(channels)
        self._rest = waves.totals(hypothesis, ~self._across)
        count = round(OFFSET_RANGE_S / _STEP_S)
        self._offset_s = _STEP_S * np.arange(-count, count + 1)
        self._fits = np.stack([self._fit(float(offset_s)) for offset_s in self._offset_s])  # offset segment

    def constant(self) -> TimeOffset:
        """The one time that fits best."""
        enough = np.flatnonzero(np.abs(self._offset_s) >= _LEAST_S)
        coarse = float(self._offset_s[enough[self._fits[enough].mean(axis=1).argmax()]])
        tried = coarse + _STEP_S * _FINER
        tried = tried[np.abs(tried) >= _LEAST_S]
        fits = [self._fit(float(offset_s)) for offset_s in tried]
        best = int(np.argmax([fit.mean() for fit in fits]))
        return TimeOffset(self._told.later(self._channels, float(tried[best])), fits[best], False)

    def constant_by_place(self, offset_s: float, places: list[HeardPlace]) -> Float[np.ndarray, "segment"]:
        """Fit of each segment with one time, a little earlier or later at each place as its echoes have it.

        Talkers at one place after another look like a lateness that grows.
        """
        fits = self._fit(offset_s)
        tried = [self._fit(offset_s + step_s) for step_s in _PLACE_STEPS_S]
        for place in places:
            best = max(tried, key=lambda fit: float(fit[place.segments].mean()))
            fits[place.segments] = best[place.segments]
        return fits

    def drifting(self) -> TimeOffset | None:
        """The straight line through time that fits best, None if it does not rise."""
        reach_s = float(np.abs(self._waves.time_s).max(initial=0.0))
        if reach_s * DRIFT_RANGE < _LEAST_DRIFT_S:
            return None
        step = _STEP_S / reach_s
        count = int(min(DRIFT_RANGE, OFFSET_RANGE_S / reach_s) / step)
        drifts = step * np.arange(-count, count + 1)
        heights = np.stack([self._along(float(drift)) for drift in drifts])  # drift offset
        row, column = np.unravel_index(int(heights.argmax()), heights.shape)
        drift, offset_s = float(drifts[row]), float(self._offset_s[column])
        for finer_s, finer in ((_STEP_S * _FINER, 0 * _FINER), (0 * _FINER, step * _FINER)):
            lines = list(zip(offset_s + finer_s, drift + finer, strict=True))
            fits = [self._fit(*map(float, line)) for line in lines]
            best = int(np.argmax([fit.mean() for fit in fits]))
            offset_s, drift = map(float, lines[best])
        if abs(drift) * reach_s < _LEAST_DRIFT_S:
            return None
        return TimeOffset(self._told.later(self._channels, offset_s, drift), fits[best], True)

    def _fit(self, offset_s: float, drift: float = 0.0) -> Float[np.ndarray, "segment"]:
        later = self._told.later(self._channels, offset_s, drift)
        best: np.ndarray = (self._rest + self._waves.totals(later, self._across)).max(axis=0)
        return best

    def _along(self, drift: float) -> Float[np.ndarray, "offset"]:
        """Mean fit along a line of this slope through each offset in the middle."""
        moved = drift * self._waves.time_s / _STEP_S  # segment, in offsets
        place = np.arange(len(self._offset_s))[:, None] + moved
        place = np.clip(place, 0, len(self._offset_s) - 1.001)
        below = place.astype(np.intp)
        share = place - below
        segments = np.arange(len(moved))
        heights: np.ndarray = (1 - share) * self._fits[below, segments] + share * self._fits[
            below + 1, segments
        ]
        return heights.mean(axis=1)

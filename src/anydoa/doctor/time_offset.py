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

OFFSET_RANGE_S = 1.2e-3
"""Seconds up to which offsets are found with waves; larger ones are seen in the recording as a whole."""

DRIFT_RANGE = 3e-4
"""Seconds a second up to which clocks drift apart; crystals keep to 1e-4, so two of them to 2e-4."""

LARGE_S = 2.7e-4
"""Seconds from which on one place is enough, as no echo and no bend of a wave looks like that."""

_FINER_STEPS = np.linspace(-0.75, 0.75, 7)


@dataclass(frozen=True)
class TimeOffsetOptions:
    """How offsets are searched, and when a drift is believed.

    Args:
        step_s: seconds between the offsets tried: half the width of a peak, a sample at 16 kHz.
        min_s: smallest offset; positions that are 1 cm wrong look like less.
        min_drift_s: least seconds either way that a drift makes; talkers at several places look like less.
        min_drift_gain: factor on what wrong times gain that a drift must gain over the best constant offset.
        min_drift_z: standard errors that a drift must gain; 2.33 is 99 %.
        place_range_s: seconds either way that echoes and near talkers shift the offset of one place.
        place_steps: number of shifts tried for each place.
        place_share: share of the least gain that is asked over offsets that differ from place to place, which
            fit nearly as well.
    """

    step_s: float = 6e-5
    min_s: float = 4e-5
    min_drift_s: float = 1e-4
    min_drift_gain: float = 2.5
    min_drift_z: float = 2.33
    place_range_s: float = 1.2e-4
    place_steps: int = 9
    place_share: float = 0.5


@dataclass(frozen=True, eq=False)
class TimeOffset:
    """Channels made later or earlier, as fits best.

    Args:
        hypothesis: what each channel is after that.
        fit: fit of each segment.
        drifts: whether the offset grows.
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


def best_time_offset(
    waves: WaveFit,
    hypothesis: ChannelHypothesis,
    channels: tuple[int, ...],
    options: TimeOffsetOptions = TimeOffsetOptions(),
) -> TimeOffset:
    """The time by which these channels are late: one, or one that grows where that fits clearly better.

    Args:
        waves: fit of the recording.
        hypothesis: all that is believed so far.
        channels: channels that are late together.
        options: how offsets are searched.
    """
    scan = _OffsetScan(waves, hypothesis, channels, options)
    constant = scan.constant()
    drifting = scan.drifting()
    if drifting is None:
        return constant

    def is_clearly_better(
        fit: Float[np.ndarray, "part"], still: Float[np.ndarray, "part"], least: float
    ) -> bool:
        gain = float((fit - still).mean()) / max(float(fit.mean()), 1e-6)
        return bool(gain >= least and z_score(fit, still) >= options.min_drift_z)

    # A drift must beat one time, and none at all.
    least = options.min_drift_gain * spurious_time_gain(len(hypothesis.order), len(channels))
    still = max((constant.fit, waves.fit(hypothesis)), key=lambda fit: float(fit.mean()))
    if not is_clearly_better(drifting.fit, still, least):
        return constant
    # It must also beat times that differ a little from place to place, as those of talkers in turn do.
    places = heard_places(waves, drifting.hypothesis)
    if not places:
        return constant
    placed = np.any([place.segments for place in places], axis=0)
    offset_s = constant.hypothesis.offset_s[channels[0]] - hypothesis.offset_s[channels[0]]
    by_place = [scan.constant_by_place(around_s, places)[placed] for around_s in (0.0, offset_s)]
    is_clear = all(
        is_clearly_better(drifting.fit[placed], fit, options.place_share * least) for fit in by_place
    )
    return drifting if is_clear else constant


class _OffsetScan:
    """Fits with some channels late by each of a range of times."""

    def __init__(
        self,
        waves: WaveFit,
        hypothesis: ChannelHypothesis,
        channels: tuple[int, ...],
        options: TimeOffsetOptions,
    ) -> None:
        self._waves, self._before, self._channels, self._options = waves, hypothesis, channels, options
        self._across = waves.is_across(channels)
        self._rest = waves.totals(hypothesis, ~self._across)
        count = round(OFFSET_RANGE_S / options.step_s)
        self._offset_s = options.step_s * np.arange(-count, count + 1)
        self._fits = np.stack([self._fit(float(offset_s)) for offset_s in self._offset_s])  # offset segment

    def constant(self) -> TimeOffset:
        """The one time that fits best."""
        step_s, min_s = self._options.step_s, self._options.min_s
        enough = np.flatnonzero(np.abs(self._offset_s) >= min_s)
        coarse = float(self._offset_s[enough[self._fits[enough].mean(axis=1).argmax()]])
        tried = coarse + step_s * _FINER_STEPS
        tried = tried[np.abs(tried) >= min_s]
        fits = [self._fit(float(offset_s)) for offset_s in tried]
        best = int(np.argmax([fit.mean() for fit in fits]))
        return TimeOffset(self._before.later(self._channels, float(tried[best])), fits[best], False)

    def constant_by_place(self, offset_s: float, places: list[HeardPlace]) -> Float[np.ndarray, "segment"]:
        """Fit of each segment with one time, a little earlier or later at each place as its echoes have it.

        Talkers at one place after another look like an offset that grows.
        """
        reach_s = self._options.place_range_s
        fits = self._fit(offset_s)
        tried = [
            self._fit(offset_s + step_s)
            for step_s in np.linspace(-reach_s, reach_s, self._options.place_steps)
        ]
        for place in places:
            best = max(tried, key=lambda fit: float(fit[place.segments].mean()))
            fits[place.segments] = best[place.segments]
        return fits

    def drifting(self) -> TimeOffset | None:
        """The straight line through time that fits best, None if it does not rise."""
        options = self._options
        reach_s = float(np.abs(self._waves.time_s).max(initial=0.0))
        if reach_s * DRIFT_RANGE < options.min_drift_s:
            return None
        # (drift, offset): mean fit along every line that stays within the range of offsets
        step = options.step_s / reach_s
        count = int(min(DRIFT_RANGE, OFFSET_RANGE_S / reach_s) / step)
        drifts = step * np.arange(-count, count + 1)
        heights = np.stack([self._fit_along(float(drift)) for drift in drifts])
        row, column = np.unravel_index(int(heights.argmax()), heights.shape)
        drift, offset_s = float(drifts[row]), float(self._offset_s[column])
        # Finer steps, of the offset first and then of the drift.
        for finer_s, finer in (
            (options.step_s * _FINER_STEPS, 0 * _FINER_STEPS),
            (0 * _FINER_STEPS, step * _FINER_STEPS),
        ):
            lines = list(zip(offset_s + finer_s, drift + finer, strict=True))
            fits = [self._fit(*map(float, line)) for line in lines]
            best = int(np.argmax([fit.mean() for fit in fits]))
            offset_s, drift = map(float, lines[best])
        if abs(drift) * reach_s < options.min_drift_s:
            return None
        return TimeOffset(self._before.later(self._channels, offset_s, drift), fits[best], True)

    def _fit(self, offset_s: float, drift: float = 0.0) -> Float[np.ndarray, "segment"]:
        later = self._before.later(self._channels, offset_s, drift)
        best: np.ndarray = (self._rest + self._waves.totals(later, self._across)).max(axis=0)
        return best

    def _fit_along(self, drift: float) -> Float[np.ndarray, "offset"]:
        """Mean fit along a line of this slope through each offset in the middle."""
        moved = drift * self._waves.time_s / self._options.step_s  # segment, in steps of the offset
        # (offset, segment): where each line is at each segment, between two offsets that were tried
        place = np.arange(len(self._offset_s))[:, None] + moved
        place = np.clip(place, 0, len(self._offset_s) - 1.001)
        below = place.astype(np.intp)
        share = place - below
        segments = np.arange(len(moved))
        heights: np.ndarray = (1 - share) * self._fits[below, segments] + share * self._fits[
            below + 1, segments
        ]
        return heights.mean(axis=1)

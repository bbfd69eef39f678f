"""Channels that do not run together: what the recording as a whole and plane waves say, in findings."""

from collections import Counter
from typing import NamedTuple

import numpy as np

from anydoa.doctor.channel_assignment import ChannelAssignment, listed
from anydoa.doctor.clocks import ClockLag
from anydoa.doctor.findings import SURE, Finding
from anydoa.doctor.repairs import RepairResult

_LONG_S = 1e-3  # from here on in milliseconds
_SAME_OFFSET_S = 1e-4  # s within which two channels are late alike; each is measured to half of it
_SAME_DRIFT = 3e-5
_UNSURE = 0.5  # where halves of the recording put channels on different clocks


class _Clock(NamedTuple):
    """How a channel runs: seconds it is late in the middle of the recording, and seconds a second more."""

    offset_s: float
    drift: float

    def is_near(self, other: "_Clock") -> bool:
        return (
            abs(self.offset_s - other.offset_s) < _SAME_OFFSET_S
            and abs(self.drift - other.drift) < _SAME_DRIFT
            and bool(self.drift) == bool(other.drift)
        )


def timing_findings(assignment: ChannelAssignment, sample_rate: int, mended: RepairResult) -> list[Finding]:
    """One finding for each group of channels that are late, or drift, alike.

    Most channels are taken to be right; of two halves the one with the lowest channel.

    Args:
        assignment: what was undone in the recording as a whole.
        sample_rate: samples a second.
        mended: what was found with plane waves after that.
    """
    hypothesis = mended.hypothesis
    clocks = [
        _Clock(round(lag.samples / sample_rate + offset_s, 9), round(lag.drift + drift, 12))
        for lag, offset_s, drift in zip(assignment.lags, hypothesis.offset_s, hypothesis.drift, strict=True)
    ]
    right = Counter(clocks).most_common(1)[0][0]
    right_lag = assignment.lags[clocks.index(right)]
    findings = []
    for mics in _alike(clocks, right, assignment.lags):
        channels = tuple(assignment.channels[mic] for mic in mics)
        drift = float(np.mean([clocks[mic].drift - right.drift for mic in mics]))
        seen = [assignment.lags[mic] for mic in mics]
        is_seen = all(lag.drift != right_lag.drift if drift else lag != right_lag for lag in seen)
        sure = SURE if is_seen else _certainty(mended, mics)
        if not all(lag.is_sure for lag in assignment.lags):
            sure = min(sure, _UNSURE)
        if drift:
            findings.append(_drift_finding(channels, drift, sure))
        else:
            offset_s = float(np.mean([clocks[mic].offset_s - right.offset_s for mic in mics]))
            findings.append(_offset_finding(channels, offset_s, sure))
    return findings


def _alike(clocks: list[_Clock], right: _Clock, lags: tuple[ClockLag, ...]) -> list[list[int]]:
    """Channels whose clocks are wrong, those together that are seen on one clock or heard on nearly one."""
    right_lag = lags[clocks.index(right)]
    groups: list[list[int]] = []
    for mic, clock in enumerate(clocks):
        if clock == right:
            continue
        near = [
            group
            for group in groups
            if lags[mic] == lags[group[0]] != right_lag or clock.is_near(clocks[group[0]])
        ]
        if near:
            near[0].append(mic)
        else:
            groups.append([mic])
    return groups


def _certainty(mended: RepairResult, mics: list[int]) -> float:
    """Of the least certain repair that made these channels run with the others."""
    repairs = [taken for taken in mended.taken if taken.repair.kind in ("offset", "drift")]
    own = [taken.certainty for taken in repairs if set(taken.repair.mics) & set(mics)]
    return min([SURE, *(own or [taken.certainty for taken in repairs])])


def _offset_finding(channels: tuple[int, ...], offset_s: float, certainty: float) -> Finding:
    """Channels that are late, or early where negative, wherever the sound comes from."""
    size = abs(offset_s)
    much = f"{1e3 * size:.1f} ms" if size > _LONG_S else f"{1e6 * size:.0f} microseconds"
    is_are, it_does = ("is", "it does") if len(channels) == 1 else ("are", "they do")
    text = (
        f"{listed(channels)} {is_are} {much} {'late' if offset_s > 0 else 'early'} wherever the sound comes "
        f"from: {it_does} not start or sample together with the others."
    )
    return Finding("offset", channels, certainty, text, offset_s)


def _drift_finding(channels: tuple[int, ...], drift: float, certainty: float) -> Finding:
    """Channels whose clock runs faster than that of the others, or slower where negative."""
    ppm = 1e6 * drift
    text = (
        f"the clock of {listed(channels)} runs {abs(ppm):.0f} parts per million "
        f"{'faster' if ppm > 0 else 'slower'} than the others', so delays change all the time: record with "
        "one clock, that is one sound card, or cards that are synchronized."
    )
    return Finding("drift", channels, certainty, text, float(np.round(ppm, 2)))

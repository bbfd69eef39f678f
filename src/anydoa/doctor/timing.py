"""Channels that do not run together: what the recording as a whole and plane waves say, in findings."""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from anydoa.doctor.channel_assignment import ChannelAssignment
from anydoa.doctor.clocks import ClockLag
from anydoa.doctor.findings import SURE, Finding, channels_in_words
from anydoa.doctor.repairs import RepairResult


@dataclass(frozen=True)
class TimingOptions:
    """Which channels are late alike.

    Args:
        same_offset_s: seconds within which the offsets of two channels are alike; each is measured to half of
            it.
        same_drift: seconds a second within which two drifts are alike.
    """

    same_offset_s: float = 1e-4
    same_drift: float = 3e-5


class _Clock(NamedTuple):
    """How a channel runs: seconds it is late in the middle of the recording, and seconds a second more."""

    offset_s: float
    drift: float


def timing_findings(
    assignment: ChannelAssignment,
    sample_rate: int,
    repairs: RepairResult,
    options: TimingOptions = TimingOptions(),
) -> list[Finding]:
    """One finding for each group of channels that are late, or drift, alike.

    Most channels are taken to be right; of two halves the one with the lowest channel.

    Args:
        assignment: channels that hear the room, with the lags that were realigned in the recording.
        sample_rate: samples a second.
        repairs: what was found with plane waves after that.
        options: which channels are late alike.
    """
    hypothesis = repairs.hypothesis
    clocks = [
        _Clock(round(lag.samples / sample_rate + offset_s, 9), round(lag.drift + drift, 12))
        for lag, offset_s, drift in zip(assignment.lags, hypothesis.offset_s, hypothesis.drift, strict=True)
    ]
    right = Counter(clocks).most_common(1)[0][0]
    right_lag = assignment.lags[clocks.index(right)]
    times = [accepted for accepted in repairs.accepted if accepted.repair.kind in ("offset", "drift")]
    findings = []
    for mics in _groups(clocks, right, assignment.lags, options):
        channels = tuple(assignment.channels[mic] for mic in mics)
        drift = float(np.mean([clocks[mic].drift - right.drift for mic in mics]))
        seen = [assignment.lags[mic] for mic in mics]
        is_seen = all(lag.drift != right_lag.drift if drift else lag != right_lag for lag in seen)
        sure = SURE
        if not is_seen:  # the least certain repair that made these channels run with the others
            own = [each.certainty for each in times if set(each.repair.mics) & set(mics)]
            sure = min([SURE, *(own or [each.certainty for each in times])])
        if not all(lag.is_sure for lag in assignment.lags):
            sure = min(sure, 0.5)  # halves of the recording put channels on different clocks
        offset_s = float(np.mean([clocks[mic].offset_s - right.offset_s for mic in mics]))
        findings.append(_timing_finding(channels, offset_s, drift, sure))
    return findings


def _groups(
    clocks: list[_Clock], right: _Clock, lags: tuple[ClockLag, ...], options: TimingOptions
) -> list[list[int]]:
    """Channels whose clocks are wrong, those together that are seen on one clock or heard on nearly one."""
    right_lag = lags[clocks.index(right)]

    def are_near(one: _Clock, other: _Clock) -> bool:
        return (
            abs(one.offset_s - other.offset_s) < options.same_offset_s
            and abs(one.drift - other.drift) < options.same_drift
            and bool(one.drift) == bool(other.drift)
        )

    groups: list[list[int]] = []
    for mic, clock in enumerate(clocks):
        if clock == right:
            continue
        near = [
            group
            for group in groups
            if lags[mic] == lags[group[0]] != right_lag or are_near(clock, clocks[group[0]])
        ]
        if near:
            near[0].append(mic)
        else:
            groups.append([mic])
    return groups


def _timing_finding(channels: tuple[int, ...], offset_s: float, drift: float, certainty: float) -> Finding:
    """Channels whose clock runs faster or, where negative, slower; else channels that are late or early."""
    named = channels_in_words(channels)
    if drift:
        ppm = 1e6 * drift
        text = (
            f"the clock of {named} runs {abs(ppm):.0f} parts per million "
            f"{'faster' if ppm > 0 else 'slower'} than the others', so delays change all the time: record "
            "with one clock, that is one sound card, or cards that are synchronized."
        )
        return Finding("drift", channels, certainty, text, float(np.round(ppm, 2)))
    size = abs(offset_s)
    much = f"{1e3 * size:.1f} ms" if size > 1e-3 else f"{1e6 * size:.0f} microseconds"
    is_are, it_does = ("is", "it does") if len(channels) == 1 else ("are", "they do")
    text = (
        f"{named} {is_are} {much} {'late' if offset_s > 0 else 'early'} wherever the sound comes from: "
        f"{it_does} not start or sample together with the others."
    )
    return Finding("offset", channels, certainty, text, offset_s)

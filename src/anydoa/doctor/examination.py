"""The examination of a recording: from samples to a diagnosis.

First what each channel says alone (dead, clipped, a copy), then whether it hears the room at all, then
whether plane waves over the array explain what the rest hear, and what would have to be mended so that they
do.
"""

from dataclasses import replace
from typing import get_args

import numpy as np
from jaxtyping import Float

from anydoa.doctor.channel_assignment import ChannelAssignment, assign_channels, listed
from anydoa.doctor.channels import ChannelStatistics, channel_statistics
from anydoa.doctor.clocks import IN_SYNC
from anydoa.doctor.delay_check import check_delays
from anydoa.doctor.diagnosis import Diagnosis, correct
from anydoa.doctor.findings import CERTAIN, Finding, Kind
from anydoa.doctor.measurement import Measurement, measure, without_copies
from anydoa.doctor.order import check_order
from anydoa.doctor.order_search import MOST_MICROPHONES
from anydoa.doctor.recording import check_sound, checked_recording
from anydoa.doctor.repairs import AcceptedRepair, find_repairs
from anydoa.doctor.symmetry import best_known_talker, symmetries
from anydoa.doctor.time_offset import best_time_offset
from anydoa.doctor.timing import timing_findings
from anydoa.doctor.wave_fit import ChannelHypothesis
from anydoa.errors import AudioError, ConfigError
from anydoa.geometry.ambiguity import array_report
from anydoa.geometry.array import MicrophoneArray
from anydoa.threads import one_blas_thread

_GAIN_DB = 6.0  # rooms and talkers nearby make 2 dB
_SEED = 0


@one_blas_thread()
def diagnose(
    recording: np.ndarray,
    sample_rate: int,
    array: MicrophoneArray,
    *,
    known_azimuth_deg: float | None = None,
) -> Diagnosis:
    """What is wrong with an array, heard in a recording of somebody who talks or claps.

    Args:
        recording: every channel of the card, (channel, time), floating-point, full scale 1: 2 s or more,
            better 4, from two or more directions.
        sample_rate: samples a second.
        array: what the user believes it to be.
        known_azimuth_deg: where the only talker of the recording is, if that is known.

    Raises:
        AudioError: if the recording has fewer channels than the array needs, is too short, or nothing sounds
            for long enough, or its sample rate or a sample cannot be.
        ConfigError: if the known azimuth cannot be.
        ShapeError: if the recording is not floating-point (channel, time).
    """
    _check_azimuth(known_azimuth_deg)
    recording = checked_recording(recording, sample_rate)
    _check_channels(recording, array)
    facts = channel_statistics(recording, sample_rate)
    assignment = assign_channels(recording, sample_rate, array, facts)
    assignment, copies = without_copies(recording, sample_rate, array, assignment, facts)
    findings = [*_unlisted(len(recording), array), *assignment.findings, *copies, *_clipped(facts, array)]
    findings += _gains(facts, assignment)
    diagnosis = replace(diagnose_geometry(array), findings=tuple(findings))
    if len(assignment.live) >= 2:
        check_sound(recording[assignment.channels], sample_rate)
        measurement = measure(recording, sample_rate, array, assignment)
        diagnosis = _examine_waves(measurement, diagnosis, sample_rate, known_azimuth_deg)
    return correct(_likely(diagnosis), len(recording))


def _likely(diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis with what is likelier than not alone, gravest first."""
    kinds = get_args(Kind)
    findings = [found for found in diagnosis.findings if found.is_likely]
    findings.sort(key=lambda found: kinds.index(found.kind))
    order = diagnosis.order
    if order is not None and order.status == "wrong" and not any(found.kind == "order" for found in findings):
        order = replace(order, status="unclear")
    return replace(diagnosis, findings=tuple(findings), order=order)


def diagnose_geometry(array: MicrophoneArray) -> Diagnosis:
    """What can be said of an array before any sound is heard."""
    group = symmetries(array) if array.num_microphones <= MOST_MICROPHONES else ()
    return Diagnosis(array, array_report(array), max(1, len(group)), best_known_talker(array, group))


def _examine_waves(
    measurement: Measurement, diagnosis: Diagnosis, sample_rate: int, known_azimuth_deg: float | None
) -> Diagnosis:
    """What plane waves say about polarity, timing and order."""
    rng = np.random.default_rng(_SEED)
    mended = find_repairs(
        measurement.waves, measurement.near_waves, _clocks_set(measurement), measurement.group, rng
    )
    inverted = [taken for taken in mended.taken if taken.repair.kind == "inverted"]
    found = [_inverted_finding(measurement.assignment, taken) for taken in inverted]
    found += timing_findings(measurement.assignment, sample_rate, mended)
    verdict = check_order(measurement, mended, diagnosis.array, known_azimuth_deg)
    return replace(
        diagnosis,
        findings=(*diagnosis.findings, *found, *verdict.findings),
        order=verdict.check,
        talker=verdict.talker,
        delays=check_delays(measurement, mended.hypothesis),
    )


def _clocks_set(measurement: Measurement) -> ChannelHypothesis:
    """Everything as placed; clocks that ran apart, right but for what places explain, set right by waves.

    Left to the search of faults, the rest of a lag looks like another fault.
    """
    hypothesis = measurement.as_declared
    for lag in dict.fromkeys(measurement.assignment.lags):
        if lag == IN_SYNC:
            continue
        mics = tuple(mic for mic, own in enumerate(measurement.assignment.lags) if own == lag)
        late = best_time_offset(measurement.waves, hypothesis, mics)
        if late.fit.mean() > measurement.waves.fit(hypothesis).mean():
            hypothesis = late.hypothesis
    return hypothesis


def _inverted_finding(assignment: ChannelAssignment, taken: AcceptedRepair) -> Finding:
    channel = assignment.channels[taken.repair.mics[0]]
    text = f"channel {channel} is inverted: its signal is upside down against the others."
    return Finding("inverted", (channel,), taken.certainty, text)


def _check_azimuth(known_azimuth_deg: float | None) -> None:
    if known_azimuth_deg is not None and not -180 <= known_azimuth_deg <= 360:
        raise ConfigError(f"a known azimuth must be -180..360 degrees, got {known_azimuth_deg!r:.40}")


def _check_channels(recording: Float[np.ndarray, "channel time"], array: MicrophoneArray) -> None:
    if len(recording) <= max(array.channels):
        raise AudioError(
            f"recording has {len(recording)} channels but array {array.name!r} has a microphone on channel "
            f"{max(array.channels)}; record all channels of the card, or take the array of this recording"
        )


def _unlisted(num_channels: int, array: MicrophoneArray) -> list[Finding]:
    extra = tuple(
        channel
        for channel in range(num_channels)
        if channel not in array.channels and channel not in array.ignore_channels
    )
    if not extra:
        return []
    text = f"the recording has {num_channels} channels, but the array file does not mention {listed(extra)}."
    return [Finding("unlisted", extra, 1.0, text)]


def _clipped(facts: ChannelStatistics, array: MicrophoneArray) -> list[Finding]:
    clipped = tuple(channel for channel in sorted(array.channels) if facts.is_clipped[channel])
    if not clipped:
        return []
    worst = float(facts.clipped_share[list(clipped)].max())
    most = f"up to {_percent(worst)} of the samples stand at the limit"
    text = f"{listed(clipped)} clipped: {most}; record quieter."
    return [Finding("clipped", clipped, 1.0, text, worst)]


def _percent(share: float) -> str:
    """Two digits where a percentage is small, none after the point where it is not."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def _gains(facts: ChannelStatistics, assignment: ChannelAssignment) -> list[Finding]:
    if len(assignment.live) < 3:
        return []  # of two, nobody knows which one is wrong
    level = facts.level_db[assignment.channels]
    findings = []
    for channel, gain_db in zip(assignment.channels, level - np.median(level), strict=True):
        if abs(gain_db) > _GAIN_DB:
            text = (
                f"channel {channel} is {abs(gain_db):.0f} dB {'louder' if gain_db > 0 else 'quieter'} than "
                "the others: set all gains alike."
            )
            findings.append(Finding("gain", (channel,), CERTAIN, text, float(gain_db)))
    return findings

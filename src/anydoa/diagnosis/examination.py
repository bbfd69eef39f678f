"""The examination of a recording: from samples to a diagnosis.

First what each channel says alone (dead, clipped, a copy), then whether it hears the room at all, then
whether plane waves over the array explain what the rest hear, and what would have to be mended so that they
do.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from anydoa.diagnosis.bench import Bench, set_up
from anydoa.diagnosis.channels import ChannelFacts, channel_facts
from anydoa.diagnosis.correction import correct
from anydoa.diagnosis.delay_check import check_delays
from anydoa.diagnosis.findings import CERTAIN, Diagnosis, Finding
from anydoa.diagnosis.order import MOST_MICROPHONES
from anydoa.diagnosis.order_check import check_order
from anydoa.diagnosis.placing import Placing, listed, offset_finding, place_channels
from anydoa.diagnosis.repairs import Taken, certainty, mend
from anydoa.diagnosis.symmetry import best_known_talker, symmetries
from anydoa.errors import AudioError
from anydoa.geometry.ambiguity import array_report
from anydoa.geometry.array import MicrophoneArray

_GAIN_DB = 6.0  # rooms and talkers nearby make 2 dB
_SEED = 0
_KIND_ORDER = ("unlisted", "order", "dead", "loopback", "duplicated", "inverted", "offset", "clipped", "gain")


def diagnose(
    recording: Float[np.ndarray, "channel time"],
    sample_rate: int,
    array: MicrophoneArray,
    *,
    known_azimuth_deg: float | None = None,
) -> Diagnosis:
    """What is wrong with an array, heard in a recording of somebody who talks or claps.

    Args:
        recording: every channel of the card, full scale 1: a few seconds, from two or more directions.
        sample_rate: samples a second.
        array: what the user believes it to be.
        known_azimuth_deg: where the only talker of the recording is, if that is known.

    Raises:
        AudioError: if the recording has fewer channels than the array needs, or is too short.
    """
    _check_channels(recording, array)
    facts = channel_facts(recording, sample_rate)
    placing = place_channels(recording, sample_rate, array, facts)
    placing, copies = _without_copies(recording, sample_rate, array, placing, facts)
    findings = [*_unlisted(len(recording), array), *placing.findings, *copies, *_clipped(facts, array)]
    findings += _gains(facts, placing)
    diagnosis = replace(diagnose_geometry(array), findings=tuple(findings))
    if len(placing.live) >= 2:
        bench = set_up(recording, sample_rate, array, placing)
        diagnosis = _examine_waves(bench, diagnosis, known_azimuth_deg)
    joined = sorted(_joined_offsets(diagnosis.findings), key=lambda found: _KIND_ORDER.index(found.kind))
    diagnosis = replace(diagnosis, findings=tuple(joined))
    return correct(diagnosis, len(recording))


def diagnose_geometry(array: MicrophoneArray) -> Diagnosis:
    """What can be said of an array before any sound is heard."""
    group = symmetries(array) if array.num_microphones <= MOST_MICROPHONES else ()
    return Diagnosis(array, array_report(array), max(1, len(group)), best_known_talker(array, group))


def _examine_waves(bench: Bench, diagnosis: Diagnosis, known_azimuth_deg: float | None) -> Diagnosis:
    """What plane waves say about polarity, offsets and order."""
    mended = mend(bench.waves, bench.as_told, bench.group, np.random.default_rng(_SEED))
    found = [_repair_finding(bench.placing, taken) for taken in mended.taken if taken.repair.kind != "order"]
    order, order_finding = check_order(bench, mended, diagnosis.array, known_azimuth_deg)
    return replace(
        diagnosis,
        findings=(*diagnosis.findings, *found, *order_finding),
        order=order,
        delays=check_delays(bench, mended.hypothesis),
    )


def _repair_finding(placing: Placing, taken: Taken) -> Finding:
    """A polarity or an offset in words."""
    repair = taken.repair
    mic = repair.mics[0]
    channel = placing.channels[mic]
    sure = min([taken.certainty, *(certainty(repair.fit, rival.fit) for rival in taken.rivals)])
    if repair.kind == "inverted":
        text = f"channel {channel} is inverted: its signal is upside down against the others."
        return Finding("inverted", (channel,), sure, text)
    return offset_finding(channel, repair.hypothesis.offset_s[mic], sure)


def _joined_offsets(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """One finding for a channel that is late as a whole and by a rest that was found piece by piece."""
    total: dict[int, float] = {}
    for finding in findings:
        if finding.kind == "offset":
            total[finding.channels[0]] = total.get(finding.channels[0], 0.0) + (finding.value or 0.0)
    sure = {finding.channels[0]: finding.certainty for finding in findings if finding.kind == "offset"}
    others = tuple(finding for finding in findings if finding.kind != "offset")
    return others + tuple(
        offset_finding(channel, offset_s, sure[channel]) for channel, offset_s in total.items()
    )


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


def _clipped(facts: ChannelFacts, array: MicrophoneArray) -> list[Finding]:
    clipped = tuple(channel for channel in sorted(array.channels) if facts.is_clipped[channel])
    if not clipped:
        return []
    worst = 100 * float(facts.clipped_share[list(clipped)].max())
    text = (
        f"{listed(clipped)} clipped: up to {worst:.2g} % of the samples stand at the limit; record quieter."
    )
    return [Finding("clipped", clipped, 1.0, text, worst / 100)]


def _gains(facts: ChannelFacts, placing: Placing) -> list[Finding]:
    if len(placing.live) < 3:
        return []  # of two, nobody knows which one is wrong
    level = facts.level_db[placing.channels]
    findings = []
    for channel, gain_db in zip(placing.channels, level - np.median(level), strict=True):
        if abs(gain_db) > _GAIN_DB:
            text = (
                f"channel {channel} is {abs(gain_db):.0f} dB {'louder' if gain_db > 0 else 'quieter'} than "
                "the others: set all gains alike."
            )
            findings.append(Finding("gain", (channel,), CERTAIN, text, float(gain_db)))
    return findings


def _without_copies(
    recording: Float[np.ndarray, "channel time"],
    sample_rate: int,
    array: MicrophoneArray,
    placing: Placing,
    facts: ChannelFacts,
) -> tuple[Placing, list[Finding]]:
    """Leave out copies: of two equal channels the one that plane waves fit worse at its place."""
    findings = []
    for pair in facts.copies:
        if not set(pair) <= set(placing.channels):
            continue
        fits = {}
        for channel in pair:
            kept = placing.without(channel)
            if len(kept.live) > 1:
                bench = set_up(recording, sample_rate, array, kept)
                fits[channel] = bench.waves.fit(bench.as_told)
        copy, model = sorted(pair, key=lambda channel: -float(fits[channel].mean()) if fits else 0.0)
        sure = certainty(fits[copy], fits[model]) if fits else 0.5
        text = f"channels {copy} and {model} carry the same signal"
        text += f": channel {copy} is a copy." if sure >= CERTAIN else "; which is the copy is not clear."
        findings.append(Finding("duplicated", (copy, model), sure, text))
        placing = placing.without(copy)
    return placing, findings

"""The examination of a recording: from samples to a diagnosis.

First what each channel says alone (dead, clipped, a copy), then whether it hears the room at all, then
whether plane waves over the array explain what the rest hear, and what would have to be repaired so that they
do.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from anydoa.doctor.channel_assignment import ChannelAssignment, assign_channels
from anydoa.doctor.channels import ChannelOptions, ChannelStatistics, channel_statistics
from anydoa.doctor.clocks import ClockOptions
from anydoa.doctor.delay_check import DelayCheckOptions, check_delays
from anydoa.doctor.diagnosis import Diagnosis
from anydoa.doctor.findings import CERTAIN, Finding, channels_in_words
from anydoa.doctor.measurement import Measurement, MeasurementOptions, measure, without_copies
from anydoa.doctor.order import check_order
from anydoa.doctor.order_search import MAX_MICROPHONES
from anydoa.doctor.processed_channels import ProcessingOptions
from anydoa.doctor.recording import RecordingOptions, check_sound, checked_recording
from anydoa.doctor.repairs import RepairOptions, RepairSearch
from anydoa.doctor.symmetry import best_known_talker, symmetries
from anydoa.doctor.talker import TalkerOptions
from anydoa.doctor.timing import TimingOptions, timing_findings
from anydoa.errors import AudioError, ConfigError
from anydoa.geometry import ArrayReport, MicrophoneArray
from anydoa.threads import one_blas_thread


@dataclass(frozen=True)
class DoctorOptions:
    """What the doctor believes about recordings, channels and rooms; the defaults were tuned in simulation.

    Args:
        max_gain_db: farthest that the level of a microphone is from the median of all; rooms and talkers
            nearby make 2 dB.
        seed: seed of the random starts of the search of orders.
        recording: how much a recording must hold.
        channels: what tells that a channel is dead, clipped or a copy.
        clocks: how channels that run behind as a whole are found.
        processing: what tells processed sound from a microphone.
        measurement: which parts of the recording are measured.
        repairs: when a repair is believed.
        timing: which channels are late alike.
        talker: how a talker at a known azimuth is looked for.
        delays: which measured delays are believed.
    """

    max_gain_db: float = 6.0
    seed: int = 0
    recording: RecordingOptions = field(default_factory=RecordingOptions)
    channels: ChannelOptions = field(default_factory=ChannelOptions)
    clocks: ClockOptions = field(default_factory=ClockOptions)
    processing: ProcessingOptions = field(default_factory=ProcessingOptions)
    measurement: MeasurementOptions = field(default_factory=MeasurementOptions)
    repairs: RepairOptions = field(default_factory=RepairOptions)
    timing: TimingOptions = field(default_factory=TimingOptions)
    talker: TalkerOptions = field(default_factory=TalkerOptions)
    delays: DelayCheckOptions = field(default_factory=DelayCheckOptions)


def check_azimuth(azimuth_deg: float, name: str, said: str) -> None:
    """Refuse an azimuth that nobody means.

    Args:
        azimuth_deg: degrees anticlockwise from the front; NaN for no number.
        name: what it is called where it was said.
        said: how it was said.

    Raises:
        ConfigError: if it is not -180..360.
    """
    if not -180 <= azimuth_deg <= 360:
        raise ConfigError(
            f"{name} must be -180..360 degrees, got {said:.80}; count anticlockwise from the front"
        )


@one_blas_thread()
def diagnose(
    recording: np.ndarray,
    sample_rate: int,
    array: MicrophoneArray,
    *,
    known_azimuth_deg: float | None = None,
    options: DoctorOptions = DoctorOptions(),
) -> Diagnosis:
    """What is wrong with an array, heard in a recording of somebody who talks or claps.

    Args:
        recording: every channel of the card, (channel, time), floating-point, full scale 1: 2 s or more,
            better 4, from two or more directions.
        sample_rate: samples a second.
        array: what the user believes it to be.
        known_azimuth_deg: where the only talker of the recording is, if that is known.
        options: what the doctor believes.

    Raises:
        AudioError: if the recording has fewer channels than the array needs, is too short, or nothing sounds
            for long enough, or its sample rate or a sample cannot be.
        ConfigError: if the known azimuth cannot be.
        ShapeError: if the recording is not floating-point (channel, time).
    """
    if known_azimuth_deg is not None:
        check_azimuth(known_azimuth_deg, "a known azimuth", str(known_azimuth_deg))
    recording = checked_recording(recording, sample_rate, options=options.recording)
    if len(recording) <= max(array.channels):
        plural = "" if len(recording) == 1 else "s"
        raise AudioError(
            f"recording has {len(recording)} channel{plural} but array {array.name!r} has a microphone on "
            f"channel {max(array.channels)}; record all channels of the card, or take the array of this "
            "recording"
        )
    # Each channel alone, and whether it hears the room.
    statistics = channel_statistics(recording, sample_rate, options.channels)
    assignment = assign_channels(
        recording, sample_rate, array, statistics, options.clocks, options.processing
    )
    assignment, copies = without_copies(
        recording, sample_rate, array, assignment, statistics.copies, options.measurement
    )
    findings = _channel_findings(statistics, assignment, array, options.max_gain_db)
    findings += [*assignment.findings, *copies]
    diagnosis = replace(diagnose_geometry(array), findings=tuple(findings))
    # What plane waves say of the channels that hear it.
    if len(assignment.pairs) >= 2:
        check_sound(recording[assignment.channels], sample_rate, options=options.recording)
        measurement = measure(recording, sample_rate, array, assignment, options.measurement)
        diagnosis = _examine_waves(measurement, diagnosis, sample_rate, known_azimuth_deg, options)
    return diagnosis.likely().with_correction(len(recording))


def diagnose_geometry(array: MicrophoneArray) -> Diagnosis:
    """What can be said of an array before any sound is heard."""
    group = symmetries(array) if array.num_microphones <= MAX_MICROPHONES else ()
    return Diagnosis(array, ArrayReport.of(array), max(1, len(group)), best_known_talker(array, group))


def _examine_waves(
    measurement: Measurement,
    diagnosis: Diagnosis,
    sample_rate: int,
    known_azimuth_deg: float | None,
    options: DoctorOptions,
) -> Diagnosis:
    """What plane waves say about polarity, timing and order."""
    assignment = measurement.assignment
    search = RepairSearch(
        measurement.waves,
        measurement.near_waves,
        measurement.group,
        np.random.default_rng(options.seed),
        options.repairs,
    )
    repairs = search.run(measurement.with_fine_lags(options.repairs.time_offset))
    findings = []
    for accepted in repairs.accepted:
        if accepted.repair.kind == "inverted":
            channels = tuple(assignment.channels[mic] for mic in accepted.repair.mics)
            findings.append(Finding("inverted", channels, accepted.certainty, _inverted_text(channels)))
    findings += timing_findings(assignment, sample_rate, repairs, options.timing)
    order = check_order(measurement, repairs, diagnosis.array, known_azimuth_deg, options.talker)
    return replace(
        diagnosis,
        findings=(*diagnosis.findings, *findings, *order.findings),
        order=order.result,
        talker=order.talker,
        delays=check_delays(measurement, repairs.hypothesis, options.delays),
    )


def _inverted_text(channels: tuple[int, ...]) -> str:
    """One channel that is upside down, or two of which one is, in words."""
    named = channels_in_words(channels)
    if len(channels) == 1:
        return f"{named} is inverted: its signal is upside down against the others."
    return f"{named} are in opposite polarity: of two, nobody knows which one is inverted."


def _channel_findings(
    statistics: ChannelStatistics, assignment: ChannelAssignment, array: MicrophoneArray, max_gain_db: float
) -> list[Finding]:
    """Channels that the array file does not mention, and those that are clipped, too loud or too quiet."""
    findings = []
    num_channels = len(statistics.level_db)
    unlisted = tuple(sorted({*range(num_channels)} - {*array.channels} - {*array.ignore_channels}))
    if unlisted:
        named = channels_in_words(unlisted)
        text = f"the recording has {num_channels} channels, but the array file does not mention {named}."
        findings.append(Finding("unlisted", unlisted, 1.0, text))
    clipped = tuple(channel for channel in sorted(array.channels) if statistics.is_clipped[channel])
    if clipped:
        worst = float(statistics.clipped_share[list(clipped)].max())
        # Two digits where a percentage is small, none after the point where it is not.
        percent = f"{100 * worst:.0f}" if worst >= 0.1 else f"{100 * worst:.2g}"
        most = f"up to {percent} % of the samples stand at the limit"
        text = f"{channels_in_words(clipped)} clipped: {most}; record quieter."
        findings.append(Finding("clipped", clipped, 1.0, text, worst))
    if len(assignment.pairs) < 3 or array.levels_turn:
        return findings  # of two, nobody knows which one is wrong
    level = statistics.level_db[assignment.channels]
    for channel, gain_db in zip(assignment.channels, level - np.median(level), strict=True):
        if abs(gain_db) > max_gain_db:
            text = (
                f"channel {channel} is {abs(gain_db):.0f} dB {'louder' if gain_db > 0 else 'quieter'} than "
                "the others: set all gains alike."
            )
            findings.append(Finding("gain", (channel,), CERTAIN, text, float(gain_db)))
    return findings

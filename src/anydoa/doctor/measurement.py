"""What the microphones that hear the room measure together: their delays, their geometry, its symmetries."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float

from anydoa.acoustics import plane_arrival_times
from anydoa.doctor.channel_assignment import ChannelAssignment
from anydoa.doctor.clocks import IN_SYNC
from anydoa.doctor.delays import DelayOptions, SegmentCorrelations, correlate_segments
from anydoa.doctor.evidence import Explanation, certainty
from anydoa.doctor.findings import CERTAIN, Finding
from anydoa.doctor.order_search import MAX_MICROPHONES
from anydoa.doctor.symmetry import Order, are_interchangeable, symmetries
from anydoa.doctor.time_offset import OFFSET_RANGE_S, TimeOffsetOptions, best_time_offset
from anydoa.doctor.wave_fit import (
    ChannelHypothesis,
    WaveFit,
    curved_arrival_times,
    talker_distances,
    wave_directions,
    wave_polarity,
)
from anydoa.geometry import MicrophoneArray


@dataclass(frozen=True)
class MeasurementOptions:
    """Which parts of a recording are measured.

    Args:
        segment_s: seconds a segment; longer ones mix the echoes of more syllables.
        max_segments: number of loudest segments that are kept; more cost time and say the same.
        delays: how signals are correlated.
    """

    segment_s: float = 0.125
    max_segments: int = 60
    delays: DelayOptions = field(default_factory=DelayOptions)


@dataclass(frozen=True, eq=False)
class Measurement:
    """Some microphones of an array and what they heard.

    Args:
        array: these microphones alone, in the order of their channels.
        assignment: which channels and microphones of the whole array they are.
        correlations: correlations of all pairs of them.
    """

    array: MicrophoneArray
    assignment: ChannelAssignment
    correlations: SegmentCorrelations

    @cached_property
    def waves(self) -> WaveFit:
        """Fit of plane waves from anywhere."""
        return self.waves_from(wave_directions(self.array))

    @cached_property
    def near_waves(self) -> WaveFit:
        """Fit of plane waves and of those of talkers near by; takes as long again for every distance."""
        if not talker_distances(self.array):
            return self.waves
        directions = wave_directions(self.array)
        arrival_s = curved_arrival_times(self.array, directions)
        polarity = wave_polarity(self.array, directions)
        if polarity is not None:  # the same at every distance
            polarity = np.tile(polarity, arrival_s.shape[1] // len(directions))
        return WaveFit(self.correlations, arrival_s, polarity)

    @cached_property
    def group(self) -> tuple[Order, ...]:
        """Orders of these microphones that no recording from unknown directions tells apart."""
        if self.array.num_microphones > MAX_MICROPHONES:
            return (self.as_declared.order,)
        return symmetries(self.array)

    @property
    def as_declared(self) -> ChannelHypothesis:
        """Every channel as assigned."""
        return ChannelHypothesis.as_declared(self.array.num_microphones)

    def with_fine_lags(self, options: TimeOffsetOptions) -> ChannelHypothesis:
        """Every channel as assigned, with what waves say is left of the lags of clocks that were realigned.

        Left to the search of repairs, the rest of a lag looks like another fault.
        """
        hypothesis = self.as_declared
        for lag in dict.fromkeys(self.assignment.lags):
            if lag == IN_SYNC:
                continue
            mics = tuple(mic for mic, own in enumerate(self.assignment.lags) if own == lag)
            late = best_time_offset(self.waves, hypothesis, mics, options)
            if late.fit.mean() > self.waves.fit(hypothesis).mean():
                hypothesis = late.hypothesis
        return hypothesis

    def waves_from(self, directions: Float[np.ndarray, "direction 3"]) -> WaveFit:
        """Fit of plane waves from these directions."""
        arrival_s = plane_arrival_times(self.array, directions)
        return WaveFit(self.correlations, arrival_s, wave_polarity(self.array, directions))


def measure(
    recording: Float[np.ndarray, "channel time"],
    sample_rate: int,
    array: MicrophoneArray,
    assignment: ChannelAssignment,
    options: MeasurementOptions = MeasurementOptions(),
) -> Measurement:
    """Correlate the channels that hear the room, in the loudest segments of the recording.

    Args:
        recording: every channel of the card.
        sample_rate: samples a second.
        array: what the user believes.
        assignment: two channels or more.
        options: which parts of the recording are measured.

    Raises:
        AudioError: if the recording is too short.
    """
    # The mount stays: directions are those of the user's frame.
    part = array.select_microphones(assignment.mics)
    correlations = correlate_segments(
        assignment.aligned(recording, sample_rate),
        sample_rate,
        max_delay_s=part.span / part.speed_of_sound + OFFSET_RANGE_S,
        segment_s=options.segment_s,
        options=options.delays,
    )
    return Measurement(part, assignment, correlations.loudest(options.max_segments))


def without_copies(
    recording: Float[np.ndarray, "channel time"],
    sample_rate: int,
    array: MicrophoneArray,
    assignment: ChannelAssignment,
    copies: tuple[tuple[int, int], ...],
    options: MeasurementOptions = MeasurementOptions(),
) -> tuple[ChannelAssignment, list[Finding]]:
    """Leave out copies: of two equal channels the one that plane waves fit worse at its place.

    Args:
        recording: every channel of the card.
        sample_rate: samples a second.
        array: what the user believes.
        assignment: channels that hear the room.
        copies: pairs of channels that carry one signal.
        options: which parts of the recording are measured.
    """
    findings = []
    for pair in copies:
        if not set(pair) <= set(assignment.channels):
            continue
        mic_of = dict(assignment.pairs)
        others = [mic for channel, mic in assignment.pairs if channel not in pair]
        sure, doubt = 0.5, "cannot be heard, as the others are equally far from both"
        copy, original = pair
        if not are_interchangeable(array, mic_of[copy], mic_of[original], others):
            fits = {}
            for channel in pair:
                rest = measure(recording, sample_rate, array, assignment.without(channel), options)
                fits[channel] = Explanation(rest.waves.fit(rest.as_declared))
            # Without the copy, waves fit better than without the original.
            copy, original = sorted(pair, key=lambda channel: -float(fits[channel].fit.mean()))
            sure, doubt = certainty(fits[copy], [fits[original]]), "is not clear"
        text = f"channels {copy} and {original} carry the same signal"
        text += f": channel {copy} is a copy." if sure >= CERTAIN else f"; which is the copy {doubt}."
        findings.append(Finding("duplicated", (copy, original), sure, text))
        assignment = assignment.without(copy)
    return assignment, findings

"""Which channels of the card carry which microphones, as far as hearing the room says.

Channels that are dead, hear something else than the others, or were processed on the board carry none. Where
such channels stand at places of microphones, and channels that the array file ignores hear the room, the card
has moved them. Channels that start much later than the others, or whose clock runs apart, hear the room once
they are realigned.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from anydoa.doctor.channels import COHERENT, COHERENT_SPACING_M, ChannelStatistics, largest_group
from anydoa.doctor.clocks import IN_SYNC, ClockLag, ClockOptions, find_clock_lags, realigned
from anydoa.doctor.findings import LIKELY, SURE, Finding, channels_in_words
from anydoa.doctor.processed_channels import ProcessingOptions, find_processed_channels
from anydoa.geometry import MicrophoneArray


@dataclass(frozen=True)
class ChannelAssignment:
    """Channels paired with microphones.

    Args:
        pairs: channel and microphone of every channel that hears the room, in the order of the channels.
        lags: lag of each of these channels beyond what the places of the microphones explain.
        findings: what is wrong with the others.
    """

    pairs: tuple[tuple[int, int], ...]
    lags: tuple[ClockLag, ...]
    findings: tuple[Finding, ...]

    @property
    def channels(self) -> list[int]:
        """Channels that hear the room."""
        return [channel for channel, _ in self.pairs]

    @property
    def mics(self) -> list[int]:
        """Microphones of these channels."""
        return [mic for _, mic in self.pairs]

    def without(self, channel: int) -> "ChannelAssignment":
        """This assignment with one channel left out."""
        kept = [number for number, own in enumerate(self.channels) if own != channel]
        return replace(
            self,
            pairs=tuple(self.pairs[number] for number in kept),
            lags=tuple(self.lags[number] for number in kept),
        )

    def aligned(
        self, recording: Float[np.ndarray, "channel time"], sample_rate: int
    ) -> Float[np.ndarray, "assigned time"]:
        """The signals of these channels, those that are late moved back."""
        return np.stack(
            [
                realigned(recording[channel], lag, sample_rate)
                for channel, lag in zip(self.channels, self.lags, strict=True)
            ]
        )


def assign_channels(
    recording: Float[np.ndarray, "channel time"],
    sample_rate: int,
    array: MicrophoneArray,
    statistics: ChannelStatistics,
    options: ClockOptions,
    processing: ProcessingOptions,
) -> ChannelAssignment:
    """Pair the channels that hear the room with microphones, and say what the others are.

    Args:
        recording: every channel of the card.
        sample_rate: samples a second.
        array: what the user believes.
        statistics: what every channel of the recording carries.
        options: how channels that run behind are found.
        processing: what tells processed sound from a microphone.
    """
    alive = np.flatnonzero(~statistics.is_dead)
    linked = statistics.coherence[np.ix_(alive, alive)] > COHERENT
    hearing = [int(alive[number]) for number in largest_group(linked)] if len(alive) else []
    unrelated = [channel for channel in sorted(array.channels) if not statistics.is_dead[channel]]
    if len(hearing) < 2:  # perhaps all start at different times, so that no two hear the room together
        hearing = unrelated[:1]
    late = find_clock_lags(recording, sample_rate, array, statistics, hearing, options) if hearing else {}
    hearing = sorted({*hearing, *late})
    if len(hearing) < 2:
        return ChannelAssignment((), (), tuple(_unheard_findings(array, statistics, unrelated, hearing)))
    declared = {channel: mic for mic, channel in enumerate(array.channels)}
    processed = []
    if len(hearing) > 2 and array.span <= processing.max_span_m and not array.levels_turn:
        signals = [
            realigned(recording[channel], late.get(channel, IN_SYNC), sample_rate) for channel in hearing
        ]
        numbers = find_processed_channels(np.stack(signals), sample_rate, processing)
        processed = [hearing[number] for number in numbers]
        hearing = [channel for channel in hearing if channel not in processed]
    missing = [channel for channel in declared if channel not in hearing]
    extra = [channel for channel in hearing if channel not in declared]
    if missing and extra:
        pairs, moved = _moved_channels(array, len(recording), (hearing, missing, extra))
        findings = [moved]
    else:
        pairs = tuple((channel, declared[channel]) for channel in hearing if channel in declared)
        silent = [channel for channel in missing if channel not in processed]
        unrelated = [channel for channel in silent if not statistics.is_dead[channel]]
        findings = _unheard_findings(array, statistics, unrelated, hearing)
    findings += _processed_findings([channel for channel in processed if channel in declared])
    lags = tuple(late.get(channel, IN_SYNC) for channel, _ in pairs)
    return ChannelAssignment(pairs, lags, tuple(findings))


def _unheard_findings(
    array: MicrophoneArray, statistics: ChannelStatistics, unrelated: list[int], hearing: list[int]
) -> list[Finding]:
    """What is wrong with channels of microphones that do not hear the room: dead, or something else.

    Args:
        array: what the user believes.
        statistics: what every channel of the recording carries.
        unrelated: channels of microphones that nothing else follows.
        hearing: channels that hear the room.
    """
    findings = []
    dead = tuple(channel for channel in sorted(array.channels) if statistics.is_dead[channel])
    if dead:
        verb = "is" if len(dead) == 1 else "are"
        is_constant = statistics.is_constant[list(dead)].all()
        how = "constant" if is_constant else "silent but for a trace of noise"
        text = f"{channels_in_words(dead)} {verb} {how}: not connected, muted or broken."
        findings.append(Finding("dead", dead, SURE, text))
    far = [channel for channel in unrelated if _nearest_m(array, channel, hearing) > COHERENT_SPACING_M]
    near = [channel for channel in unrelated if channel not in far]
    turned_away = LIKELY, " Facing away from all who talk it may hear the room all the same."
    for channels, (certainty, doubt) in (
        (near, turned_away if array.levels_turn else (SURE, "")),
        (far, (LIKELY, " So far from the others it may hear the room all the same.")),
    ):
        if channels:
            verb = "does" if len(channels) == 1 else "do"
            text = (
                f"{channels_in_words(channels)} {verb} not hear the room: nothing there follows what the "
                f"other microphones hear, as in a playback reference (loopback) or another input.{doubt}"
            )
            findings.append(Finding("loopback", tuple(channels), certainty, text))
    return findings


def _nearest_m(array: MicrophoneArray, channel: int, others: list[int]) -> float:
    """Distance from the microphone of a channel to the nearest of other channels; 0 where there is none."""
    places = dict(zip(array.channels, array.body_positions, strict=True))
    known = [places[other] for other in others if other in places and other != channel]
    return min((float(np.linalg.norm(places[channel] - place)) for place in known), default=0.0)


def _processed_findings(channels: list[int]) -> list[Finding]:
    """That channels of microphones carry processed sound, where there are any."""
    if not channels:
        return []
    verb = "carries" if len(channels) == 1 else "carry"
    text = (
        f"{channels_in_words(channels)} {verb} processed sound, no microphone: its loudness against the "
        "others changes from moment to moment, as behind a beam, noise suppression or gain control."
    )
    return [Finding("processed", tuple(channels), SURE, text)]


def _moved_channels(
    array: MicrophoneArray, num_channels: int, channels: tuple[list[int], list[int], list[int]]
) -> tuple[tuple[tuple[int, int], ...], Finding]:
    """Microphones of the channels of a card that has moved them, by a shift of all if that explains it.

    Args:
        array: what the user believes.
        num_channels: number of channels of the card.
        channels: those that hear the room; those that should and do not; those that should not and do.
    """
    hearing, missing, extra = channels
    fitting = [
        (step, shifted)
        for step in range(1, num_channels)
        if sorted(shifted := {(one + step) % num_channels: mic for mic, one in enumerate(array.channels)})
        == hearing
    ]
    if fitting:
        first, steps = array.channels[0], [step for step, _ in fitting]
        by = " or ".join(map(str, steps))
        carried = " or ".join(str((first + step) % num_channels) for step in steps)
        text = (
            f"all channels are shifted by {by}: what channel {first} should carry is on channel {carried}, "
            "and so on around the card."
        )
        # By which of several steps, the channels do not say; the waves may.
        value = float(steps[0]) if len(steps) == 1 else None
        return tuple(sorted(fitting[0][1].items())), Finding("order", tuple(hearing), SURE, text, value)
    declared = {channel: mic for mic, channel in enumerate(array.channels)}
    kept = {channel: declared[channel] for channel in hearing if channel in declared}
    filled = dict(zip(extra, (declared[channel] for channel in missing), strict=False))
    text = (
        f"{channels_in_words(missing)} should carry microphones and carry none, while "
        f"{channels_in_words(extra)}, which the array file ignores, hear the room."
    )
    # Nine in ten: which of several channels took the place of which is a guess.
    return tuple(sorted({**kept, **filled}.items())), Finding("order", (*missing, *extra), 0.9, text)

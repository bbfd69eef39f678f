"""Which channels of the card carry which microphones, as far as hearing the room says.

Channels that are dead, or hear something else than the others, carry none. Where such channels stand at
places of microphones, and channels that the array file ignores hear the room, the card has moved them.
Channels that start much later than the others, or whose clock runs apart, hear the room once they are realigned.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from anydoa.doctor.channels import COHERENT, ChannelStatistics, largest_group
from anydoa.doctor.clocks import IN_SYNC, ClockLag, find_clock_lags, realigned
from anydoa.doctor.findings import SURE, Finding
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.channel_list import MAX_LISTED, channel_text

_LIKELY = 0.9


@dataclass(frozen=True)
class ChannelAssignment:
    """Channels paired with microphones.

    Args:
        live: channel and microphone of every channel that hears the room, in the order of the channels.
        lags: by how much the clock of each of these channels is behind, beyond what places explain.
        findings: what is wrong with the others.
    """

    live: tuple[tuple[int, int], ...]
    lags: tuple[ClockLag, ...]
    findings: tuple[Finding, ...]

    @property
    def channels(self) -> list[int]:
        """Channels that hear the room."""
        return [channel for channel, _ in self.live]

    @property
    def mics(self) -> list[int]:
        """Their microphones."""
        return [mic for _, mic in self.live]

    def without(self, channel: int) -> "ChannelAssignment":
        """The same with one channel left out."""
        kept = [number for number, (live, _) in enumerate(self.live) if live != channel]
        return replace(
            self, live=tuple(self.live[number] for number in kept), lags=tuple(self.lags[n] for n in kept)
        )

    def aligned(
        self, recording: Float[np.ndarray, "channel time"], sample_rate: int
    ) -> Float[np.ndarray, "live time"]:
        """The signals of the live channels, those that are late moved back."""
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
    facts: ChannelStatistics,
) -> ChannelAssignment:
    """Pair the channels that hear the room with microphones, and say what the others are.

    Args:
        recording: every channel of the card.
        sample_rate: samples a second.
        array: what the user believes.
        facts: of the recording.
    """
    alive = np.flatnonzero(~facts.is_dead)
    linked = facts.coherence[np.ix_(alive, alive)] > COHERENT
    room = [int(alive[number]) for number in largest_group(linked)] if len(alive) else []
    strangers = [channel for channel in sorted(array.channels) if not facts.is_dead[channel]]
    if len(room) < 2:  # perhaps all start at different times, so that no two hear the room together
        room = strangers[:1]
    late = find_clock_lags(recording, sample_rate, array, facts, room) if room else {}
    room = sorted({*room, *late})
    if len(room) < 2:
        return ChannelAssignment((), (), (*_dead_finding(array, facts), *_loopback_finding(strangers)))
    told = {channel: mic for mic, channel in enumerate(array.channels)}
    lost = [channel for channel in told if channel not in room]
    spare = [channel for channel in room if channel not in told]
    if lost and spare:
        live, moved = _moved_channels(array, len(recording), (room, lost, spare))
        findings = [moved]
    else:
        live = tuple((channel, told[channel]) for channel in room if channel in told)
        strangers = [channel for channel in lost if not facts.is_dead[channel]]
        findings = [*_dead_finding(array, facts), *_loopback_finding(strangers)]
    lags = tuple(late.get(channel, IN_SYNC) for channel, _ in live)
    return ChannelAssignment(live, lags, tuple(findings))


def _dead_finding(array: MicrophoneArray, facts: ChannelStatistics) -> list[Finding]:
    dead = tuple(channel for channel in sorted(array.channels) if facts.is_dead[channel])
    if not dead:
        return []
    verb = "is" if len(dead) == 1 else "are"
    how = "constant" if facts.is_constant[list(dead)].all() else "silent but for a trace of noise"
    return [Finding("dead", dead, SURE, f"{listed(dead)} {verb} {how}: not connected, muted or broken.")]


def _loopback_finding(channels: list[int]) -> list[Finding]:
    if not channels:
        return []
    text = (
        f"{listed(channels)} {'does' if len(channels) == 1 else 'do'} not hear the room: nothing there "
        "follows what the other microphones hear, as in a playback reference (loopback) or another input."
    )
    return [Finding("loopback", tuple(channels), SURE, text)]


def _moved_channels(
    array: MicrophoneArray, num_channels: int, channels: tuple[list[int], list[int], list[int]]
) -> tuple[tuple[tuple[int, int], ...], Finding]:
    """Microphones of the channels of a card that has moved them, by a shift of all if that explains it."""
    room, lost, spare = channels
    for step in range(1, num_channels):
        shifted = {(channel + step) % num_channels: mic for mic, channel in enumerate(array.channels)}
        if sorted(shifted) == room:
            text = (
                f"all channels are shifted by {step}: what channel {array.channels[0]} should carry is on "
                f"channel {(array.channels[0] + step) % num_channels}, and so on around the card."
            )
            return tuple(sorted(shifted.items())), Finding("order", tuple(room), SURE, text, float(step))
    told = {channel: mic for mic, channel in enumerate(array.channels)}
    kept = {channel: told[channel] for channel in room if channel in told}
    filled = dict(zip(spare, (told[channel] for channel in lost), strict=False))
    text = (
        f"{listed(lost)} should carry microphones but hear nothing of the room, while {listed(spare)}, which "
        "the array file ignores, do."
    )
    return tuple(sorted({**kept, **filled}.items())), Finding("order", (*lost, *spare), _LIKELY, text)


def listed(channels: tuple[int, ...] | list[int]) -> str:
    """Channels as the beginning of a sentence."""
    names = [str(channel) for channel in channels]
    if len(names) == 1:
        return f"channel {names[0]}"
    if len(names) > MAX_LISTED:
        return f"channels {channel_text(channels)}"
    return f"channels {', '.join(names[:-1])} and {names[-1]}"

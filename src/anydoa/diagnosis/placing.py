"""Which channels of the card carry which microphones, as far as hearing the room says.

Channels that are dead, or hear something else than the others, carry none. Where such channels stand at
places of microphones, and channels that the array file ignores hear the room, the card has moved them.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from anydoa.diagnosis.channels import COHERENT, ChannelFacts, coherence_between, lag_between, together
from anydoa.diagnosis.findings import Finding
from anydoa.geometry.array import MicrophoneArray

_CLEAR_LAG = 12.0  # height of a peak over the rest, for a whole recording; chance is 5
_BETTER_ALIGNED = 1.5  # times the coherence before; echoes do not do that
_LIKELY, _SURE = 0.9, 0.999
_NEAR_S = 1e-3  # s beyond the spacing; smaller offsets are found piece by piece


@dataclass(frozen=True)
class Placing:
    """Channels paired with microphones.

    Args:
        live: channel and microphone of every channel that hears the room, in the order of the channels.
        late: samples by which each of these channels is behind as a whole.
        findings: what is wrong with the others.
    """

    live: tuple[tuple[int, int], ...]
    late: tuple[int, ...]
    findings: tuple[Finding, ...]

    @property
    def channels(self) -> list[int]:
        """Channels that hear the room."""
        return [channel for channel, _ in self.live]

    @property
    def mics(self) -> list[int]:
        """Their microphones."""
        return [mic for _, mic in self.live]

    def without(self, channel: int) -> "Placing":
        """The same with one channel left out."""
        kept = [number for number, (live, _) in enumerate(self.live) if live != channel]
        return replace(
            self, live=tuple(self.live[number] for number in kept), late=tuple(self.late[n] for n in kept)
        )

    def aligned(self, recording: Float[np.ndarray, "channel time"]) -> Float[np.ndarray, "live time"]:
        """The signals of the live channels, those that are late moved back."""
        return np.stack(
            [
                np.roll(recording[channel], -late)
                for channel, late in zip(self.channels, self.late, strict=True)
            ]
        )


def place_channels(
    recording: Float[np.ndarray, "channel time"],
    sample_rate: int,
    array: MicrophoneArray,
    facts: ChannelFacts,
) -> Placing:
    """Pair the channels that hear the room with microphones, and say what the others are.

    Args:
        recording: every channel of the card.
        sample_rate: samples a second.
        array: what the user believes.
        facts: of the recording.
    """
    alive = np.flatnonzero(~facts.is_dead)
    linked = facts.coherence[np.ix_(alive, alive)] > COHERENT
    room = [int(alive[number]) for number in together(linked)] if len(alive) else []
    if len(room) < 2:
        strangers = [channel for channel in sorted(array.channels) if not facts.is_dead[channel]]
        return Placing((), (), (*_dead_finding(array, facts), *_loopback_finding(strangers)))
    late, offset_findings = _far_offsets(recording, sample_rate, array, (facts, room))
    room = sorted({*room, *late})
    told = {channel: mic for mic, channel in enumerate(array.channels)}
    lost = [channel for channel in told if channel not in room]
    spare = [channel for channel in room if channel not in told]
    if lost and spare:
        placed, moved = _moved_channels(array, len(recording), (room, lost, spare))
        return Placing(
            placed, tuple(late.get(channel, 0) for channel, _ in placed), (moved, *offset_findings)
        )
    live = tuple((channel, told[channel]) for channel in room if channel in told)
    strangers = [channel for channel in lost if not facts.is_dead[channel]]
    findings = [*_dead_finding(array, facts), *_loopback_finding(strangers), *offset_findings]
    return Placing(live, tuple(late.get(channel, 0) for channel, _ in live), tuple(findings))


def _dead_finding(array: MicrophoneArray, facts: ChannelFacts) -> list[Finding]:
    dead = tuple(channel for channel in sorted(array.channels) if facts.is_dead[channel])
    if not dead:
        return []
    verb = "is" if len(dead) == 1 else "are"
    how = "constant" if facts.is_constant[list(dead)].all() else "silent but for a trace of noise"
    return [Finding("dead", dead, _SURE, f"{listed(dead)} {verb} {how}: not connected, muted or broken.")]


def _loopback_finding(channels: list[int]) -> list[Finding]:
    if not channels:
        return []
    text = (
        f"{listed(channels)} {'does' if len(channels) == 1 else 'do'} not hear the room: nothing there "
        "follows what the other microphones hear, as in a playback reference (loopback) or another input."
    )
    return [Finding("loopback", tuple(channels), _SURE, text)]


def _far_offsets(
    recording: Float[np.ndarray, "channel time"],
    sample_rate: int,
    array: MicrophoneArray,
    heard: tuple[ChannelFacts, list[int]],
) -> tuple[dict[int, int], list[Finding]]:
    """Samples by which microphones are late beyond anything their places explain, none where they are not."""
    facts, room = heard
    reference = max(room, key=lambda channel: float(facts.coherence[channel, room].sum()))
    reach = (array.span / array.speed_of_sound + _NEAR_S) * sample_rate
    late: dict[int, int] = {}
    for channel in array.channels:
        if channel == reference or facts.is_dead[channel]:
            continue
        lag, clearness = lag_between(recording[channel], recording[reference], sample_rate)
        if abs(lag) <= reach or clearness < _CLEAR_LAG:
            continue
        before = float(facts.coherence[channel, reference])
        after = coherence_between(np.roll(recording[channel], -lag), recording[reference], sample_rate)
        if after > 2 * COHERENT and after > _BETTER_ALIGNED * before:
            late[channel] = lag
    return late, [offset_finding(channel, lag / sample_rate, _SURE) for channel, lag in late.items()]


def offset_finding(channel: int, offset_s: float, certainty: float) -> Finding:
    """A channel that is late, or early where negative, wherever the sound comes from."""
    size = abs(offset_s)
    much = f"{1e3 * size:.1f} ms" if size > _NEAR_S else f"{1e6 * size:.0f} microseconds"
    text = (
        f"channel {channel} is {much} {'late' if offset_s > 0 else 'early'} wherever the sound comes from: "
        "it does not start or sample together with the others."
    )
    return Finding("offset", (channel,), certainty, text, offset_s)


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
            return tuple(sorted(shifted.items())), Finding("order", tuple(room), _SURE, text, float(step))
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
    return f"channels {', '.join(names[:-1])} and {names[-1]}"

"""By how much one channel as a whole runs behind another, and whether that grows, as with two sound cards.

Far beyond what places explain: milliseconds. What is left after that is heard with the array's geometry.
Channels of one clock are late alike but for what their places explain.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy.fft import next_fast_len

from anydoa.doctor.channels import COHERENT, ChannelStatistics, band_coherence
from anydoa.doctor.time_offset import DRIFT_RANGE
from anydoa.geometry.array import MicrophoneArray

_LOWEST_HZ = 150.0
_REACH_S = 0.5  # how far apart in time channels are looked for
_STRETCH_S = 2.0  # two clocks move apart by less than a millisecond within it
_SMEAR = 2  # samples by which neighbouring drifts differ at either end
_NEAR_S = 1e-3  # s beyond the spacing; smaller lags are found segment by segment
_CLEAR = 12.0  # height of a peak over the rest, for a whole recording; chance is 5
_DRIFTED = 0.35  # coherence that is not left where a lag grows by a millisecond
_BETTER = 1.5  # times the coherence before; echoes do not do that
_LEAST_STEP = 1e-9  # of coherence; less is rounding
_LIKE_NEIGHBOURS = 0.4  # of the coherence of microphones as far apart; a playback the room hears keeps 0.36


@dataclass(frozen=True)
class ClockLag:
    """How one channel runs behind another.

    Args:
        samples: lag in the middle of the recording.
        drift: samples a sample by which it grows.
        clearness: height of the correlation's peak over the root mean square of the rest: 5 is chance.
        is_sure: whether it is known which channels it belongs to.
    """

    samples: int
    drift: float
    clearness: float
    is_sure: bool = True


IN_SYNC = ClockLag(0, 0.0, np.inf)
"""Of a channel that starts and runs with the others."""


def clock_lag(
    late: Float[np.ndarray, "time"], early: Float[np.ndarray, "time"], sample_rate: int, *, drifts: bool
) -> ClockLag:
    """Lag of a channel behind another, up to half a second, and its drift.

    Args:
        late: a channel.
        early: what it is compared with.
        sample_rate: samples a second.
        drifts: look for a lag that grows; else for the same all along.
    """
    reach = min(round(_REACH_S * sample_rate), len(late) // 2 - 1)
    length = round(_STRETCH_S * sample_rate) if drifts else len(late)
    starts = np.arange(0, max(1, len(late) - length + 1), max(1, length // 2))
    stretches = np.stack(
        [_correlation(late[start:][:length], early[start:][:length], sample_rate, reach) for start in starts]
    )
    middle = starts - starts.mean()  # samples
    step = _SMEAR / max(float(middle[-1]), 1.0)
    count = int(DRIFT_RANGE / step) if len(starts) > 1 else 0
    tried = step * np.arange(-count, count + 1)
    summed = [_along(stretches, drift * middle) for drift in tried]
    best = int(np.argmax([line.max() for line in summed]))
    line = summed[best]
    top = int(line.argmax())
    clearness = float(line[top] / max(np.sqrt(np.square(line).mean()), 1e-30))
    return ClockLag(top - len(line) // 2, float(tried[best]), clearness)


def realigned(
    signal: Float[np.ndarray, "time"], lag: ClockLag, sample_rate: int
) -> Float[np.ndarray, "time"]:
    """A signal as it would be if its clock had started and run with the others."""
    if lag.drift:
        import soxr

        right = soxr.resample(signal, sample_rate * (1 + lag.drift), sample_rate, quality="VHQ")
        right = right[: len(signal)]
        signal = np.pad(right, (0, len(signal) - len(right)))
    start = lag.samples - round(lag.drift * len(signal) / 2)
    return np.roll(signal, -start)


def find_clock_lags(
    recording: Float[np.ndarray, "channel time"],
    sample_rate: int,
    array: MicrophoneArray,
    facts: ChannelStatistics,
    room: list[int],
) -> dict[int, ClockLag]:
    """Lags of channels beyond anything their places explain, none for those that run with the others.

    Args:
        recording: every channel of the card.
        sample_rate: samples a second.
        array: what the user believes.
        facts: of the recording.
        room: channels that hear the room together.
    """
    reference = max(room, key=lambda channel: float(facts.coherence[channel, room].sum()))
    reach = (array.span / array.speed_of_sound + _NEAR_S) * sample_rate
    around = 2 * array.span / array.speed_of_sound * sample_rate  # from one end of the array to the other
    late: dict[int, ClockLag] = {}
    for channel in array.channels:
        if channel == reference or facts.is_dead[channel]:
            continue
        before = float(facts.coherence[channel, reference])
        most_drift = around / recording.shape[1] if channel in room else 0.0
        # Talkers at several places look like a little drift: one lag is believed first.
        for drifts in (False, True) if before < _DRIFTED else (False,):
            lag = clock_lag(recording[channel], recording[reference], sample_rate, drifts=drifts)
            if lag.clearness < _CLEAR or _is_as_placed(lag, reach, most_drift):
                continue
            moved = realigned(recording[channel], lag, sample_rate)
            coherence = band_coherence(np.stack([moved, *recording[room]]), sample_rate)
            if _hears_room(array, channel, room, (before, coherence)):
                late[channel] = lag
                break
    late = _of_one_clock(late, around, recording.shape[1])
    heard = [channel for channel in array.channels if channel in room or channel in late]
    return _settled(recording, sample_rate, heard, late) if late else late


def _is_as_placed(lag: ClockLag, reach: float, most_drift: float) -> bool:
    """Whether talkers may have made this lag: at one side of the array first, and later at the other.

    Args:
        lag: of a channel.
        reach: longest lag that places explain, in samples.
        most_drift: samples a sample by which a talker who goes around makes it grow.
    """
    return abs(lag.samples) <= reach and abs(lag.drift) <= most_drift


def _hears_room(
    array: MicrophoneArray,
    channel: int,
    room: list[int],
    coherence: tuple[float, Float[np.ndarray, "live live"]],
) -> bool:
    """Whether a channel moved back hears what microphones at such distances hear together.

    A playback reference that the microphones hear, too, is clearly early, but only a part of the sound.
    """
    before, among = coherence
    others = [
        number for number, live in enumerate(room, start=1) if live != channel and live in array.channels
    ]
    after = float(among[0, others].max(initial=0.0))
    if after < max(2 * COHERENT, _BETTER * before):
        return False
    places = array.body_positions[[array.channels.index(room[number - 1]) for number in others]]
    distance = np.linalg.norm(places[:, None] - places, axis=-1)
    own = np.linalg.norm(places - array.body_positions[array.channels.index(channel)], axis=-1).min()
    first, second = np.triu_indices(len(others), k=1)
    if not len(first):
        return True
    nearest = int(np.abs(np.log(distance[first, second] / own)).argmin())
    typical = float(among[others[first[nearest]], others[second[nearest]]])
    return after >= _LIKE_NEIGHBOURS * typical


def _of_one_clock(late: dict[int, ClockLag], near: float, num_samples: int) -> dict[int, ClockLag]:
    """The lags with those that places may have set apart made alike."""
    groups: list[list[int]] = []
    for channel, lag in sorted(late.items(), key=lambda item: item[1].samples):
        alike = [
            group
            for group in groups
            if abs(late[group[0]].samples - lag.samples) <= near
            and abs(late[group[0]].drift - lag.drift) * num_samples <= near
        ]
        if alike:
            alike[0].append(channel)
        else:
            groups.append([channel])
    together = {}
    for group in groups:
        middle = late[group[len(group) // 2]]
        together.update(dict.fromkeys(group, middle))
    return together


def _settled(
    recording: Float[np.ndarray, "channel time"],
    sample_rate: int,
    channels: list[int],
    late: dict[int, ClockLag],
) -> dict[int, ClockLag]:
    """The lags with every channel on the clock under which it hears most of the others.

    A microphone far from the reference hears little of it, whatever its clock: its neighbours know more.
    Sure where each half of the recording, with other talkers in it, says the same.
    """
    clocks = [IN_SYNC, *dict.fromkeys(late.values())]
    told = np.array([clocks.index(late.get(channel, IN_SYNC)) for channel in channels])
    moved = np.stack(
        [[realigned(recording[channel], clock, sample_rate) for channel in channels] for clock in clocks]
    )
    own = _most_heard(moved, sample_rate, told)
    halves = np.array_split(moved, 2, axis=2)
    is_sure = all((_most_heard(half, sample_rate, own) == own).all() for half in halves)
    clocks = [replace(clock, is_sure=is_sure) for clock in clocks]
    return {channel: clocks[clock] for channel, clock in zip(channels, own, strict=True) if clock}


def _most_heard(
    moved: Float[np.ndarray, "clock channel time"], sample_rate: int, own: Int[np.ndarray, "channel"]
) -> Int[np.ndarray, "channel"]:
    """The clock of each channel, from a first guess, so that no other would make it hear more."""
    count = len(own)
    every = np.arange(count)
    coherence = band_coherence(moved.reshape(-1, moved.shape[2]), sample_rate)
    coherence = coherence.reshape(len(moved), count, len(moved), count)
    coherence[:, every, :, every] = 0.0  # a channel knows nothing of its own clock
    own = own.copy()
    while True:
        heard = coherence[:, :, own, every].sum(axis=-1)  # clock channel
        gain = heard - heard[own, every]
        clock, channel = np.unravel_index(int(gain.argmax()), gain.shape)
        if gain[clock, channel] <= _LEAST_STEP:
            return own
        own[channel] = clock


def _along(
    stretches: Float[np.ndarray, "stretch lag"], moved: Float[np.ndarray, "stretch"]
) -> Float[np.ndarray, "inner"]:
    """Magnitude of the sum over stretches, each moved by so many samples."""
    steps = np.rint(moved).astype(int)
    widest = int(np.abs(steps).max())
    inner = stretches.shape[1] - 2 * widest
    total = np.zeros(inner)
    for row, step in zip(stretches, steps, strict=True):
        total += row[widest + step : widest + step + inner]
    return np.abs(total)


def _correlation(
    late: Float[np.ndarray, "time"], early: Float[np.ndarray, "time"], sample_rate: int, reach: int
) -> Float[np.ndarray, "lag"]:
    """GCC-PHAT of two signals at the lags up to so many samples both ways."""
    length = next_fast_len(len(late) + reach, real=True)
    cross = np.fft.rfft(late, length) * np.fft.rfft(early, length).conj()
    frequency = np.fft.rfftfreq(length, 1 / sample_rate)
    magnitude = np.abs(cross)
    cross = np.where((frequency > _LOWEST_HZ) & (magnitude > 0), cross / np.maximum(magnitude, 1e-30), 0)
    correlation = np.fft.irfft(cross, length)
    return np.concatenate([correlation[-reach:], correlation[: reach + 1]])

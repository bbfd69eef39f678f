"""How far one channel as a whole runs behind another, and whether that grows, as with two sound cards.

Such lags are milliseconds, far beyond what places explain. What is left after realigning them is found with
the array's geometry. Channels of one clock have the same lag but for what their places explain.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy.fft import next_fast_len

from anydoa.acoustics import plane_arrival_times
from anydoa.doctor.channels import COHERENT, ChannelOptions, ChannelStatistics, band_coherence
from anydoa.doctor.time_offset import DRIFT_RANGE
from anydoa.doctor.wave_fit import wave_directions
from anydoa.geometry import MicrophoneArray


@dataclass(frozen=True)
class ClockOptions:
    """How lags of whole channels are found and believed.

    Args:
        min_hz: frequency above which channels are correlated.
        max_lag_s: farthest apart in time that channels are looked for.
        block_s: seconds in which two clocks move apart by less than a millisecond.
        smear_samples: samples by which neighbouring drifts differ at either end of the recording.
        near_s: seconds beyond the spacing up to which lags are left to the search segment by segment.
        min_clearness: height of a peak over the rest, for a whole recording; chance is 5.
        drifted_coherence: coherence that is not left where a lag grows by a millisecond.
        min_coherence_factor: least factor by which realigning raises the coherence; echoes do not do that.
        min_neighbour_share: share of the coherence of microphones as far apart; a playback reference that the
            room hears keeps 0.36.
    """

    min_hz: float = 150.0
    max_lag_s: float = 0.5
    block_s: float = 2.0
    smear_samples: int = 2
    near_s: float = 1e-3
    min_clearness: float = 12.0
    drifted_coherence: float = 0.35
    min_coherence_factor: float = 1.5
    min_neighbour_share: float = 0.4


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
"""Lag of a channel that starts and runs with the others."""


def clock_lag(
    late: Float[np.ndarray, "time"],
    early: Float[np.ndarray, "time"],
    sample_rate: int,
    *,
    drifts: bool,
    options: ClockOptions = ClockOptions(),
) -> ClockLag:
    """Lag of a channel behind another, up to half a second, and its drift.

    Args:
        late: a channel.
        early: the channel it is compared with.
        sample_rate: samples a second.
        drifts: whether the lag may grow.
        options: how lags are found.
    """
    reach = min(round(options.max_lag_s * sample_rate), len(late) // 2 - 1)
    # (time) -> (block, lag): one correlation of each block, blocks overlapping by half
    length = round(options.block_s * sample_rate) if drifts else len(late)
    starts = np.arange(0, max(1, len(late) - length + 1), max(1, length // 2))
    middle = starts - starts.mean()  # samples
    # Of a recording so long that a drift may leave the lags, the middle tells it.
    is_near = np.abs(middle) <= reach / (2 * DRIFT_RANGE)
    starts, middle = starts[is_near], middle[is_near]
    blocks = np.stack(
        [
            _correlation(late[start:][:length], early[start:][:length], reach, sample_rate, options.min_hz)
            for start in starts
        ]
    )
    # (block, lag) -> (drift, lag): sums along lines, for every drift that can be told from the next
    step = options.smear_samples / max(float(middle[-1]), 1.0)
    count = int(DRIFT_RANGE / step) if len(starts) > 1 else 0
    tried = step * np.arange(-count, count + 1)
    summed = []
    for drift in tried:
        moved = np.rint(drift * middle).astype(int)
        widest = int(np.abs(moved).max())
        inner = blocks.shape[1] - 2 * widest
        total = np.zeros(inner)
        for row, start in zip(blocks, widest + moved, strict=True):
            total += row[start : start + inner]
        summed.append(np.abs(total))
    # The highest peak of all drifts, and how far it stands above the rest of its line.
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
    statistics: ChannelStatistics,
    hearing: list[int],
    options: ClockOptions = ClockOptions(),
) -> dict[int, ClockLag]:
    """Lags of channels beyond anything their places explain, none for those that run with the others.

    Args:
        recording: every channel of the card.
        sample_rate: samples a second.
        array: what the user believes.
        statistics: what every channel of the recording carries.
        hearing: channels that hear the room together.
        options: how lags are found and believed.
    """
    reference = max(hearing, key=lambda channel: float(statistics.coherence[channel, hearing].sum()))
    around_body_s = float(np.ptp(plane_arrival_times(array, wave_directions(array)), axis=0).max())
    longest_s = max(array.span / array.speed_of_sound, around_body_s)
    reach = (longest_s + options.near_s) * sample_rate
    around = 2 * longest_s * sample_rate  # from one end of the array to the other
    late: dict[int, ClockLag] = {}
    for channel in array.channels:
        if channel == reference or statistics.is_dead[channel]:
            continue
        before = float(statistics.coherence[channel, reference])
        max_drift = around / recording.shape[1] if channel in hearing else 0.0
        # Talkers at several places look like a little drift: one lag is believed first.
        for drifts in (False, True) if before < options.drifted_coherence else (False,):
            lag = clock_lag(
                recording[channel], recording[reference], sample_rate, drifts=drifts, options=options
            )
            # Talkers may have made this lag, at one side of the array first, and later at the other.
            is_of_places = abs(lag.samples) <= reach and abs(lag.drift) <= max_drift
            if lag.clearness < options.min_clearness or is_of_places:
                continue
            moved = realigned(recording[channel], lag, sample_rate)
            together = np.stack([moved, *recording[hearing]])
            coherence = band_coherence(together, sample_rate, statistics.options)
            if _hears_room(array, channel, hearing, (before, coherence), options):
                late[channel] = lag
                break
    channels = [channel for channel in array.channels if channel in hearing or channel in late]
    return _on_best_clocks(recording, sample_rate, channels, late, around, statistics.options)


def _hears_room(
    array: MicrophoneArray,
    channel: int,
    hearing: list[int],
    coherence: tuple[float, Float[np.ndarray, "realigned realigned"]],
    options: ClockOptions,
) -> bool:
    """Whether a channel moved back hears what microphones at such distances hear together.

    A playback reference that the microphones hear, too, is clearly early, but only a part of the sound.
    """
    before, among = coherence
    others = [
        number
        for number, other in enumerate(hearing, start=1)
        if other != channel and other in array.channels
    ]
    after = float(among[0, others].max(initial=0.0))
    if after < max(2 * COHERENT, options.min_coherence_factor * before):
        return False
    # (other, other): distances between the others, to find the pair that is as far apart as this channel
    places = array.body_positions[[array.channels.index(hearing[number - 1]) for number in others]]
    distance = np.linalg.norm(places[:, None] - places, axis=-1)
    own = np.linalg.norm(places - array.body_positions[array.channels.index(channel)], axis=-1).min()
    first, second = np.triu_indices(len(others), k=1)
    if not len(first):
        return True
    nearest = int(np.abs(np.log(distance[first, second] / own)).argmin())
    typical = float(among[others[first[nearest]], others[second[nearest]]])
    return after >= options.min_neighbour_share * typical


def _on_best_clocks(
    recording: Float[np.ndarray, "channel time"],
    sample_rate: int,
    channels: list[int],
    late: dict[int, ClockLag],
    near: float,
    options: ChannelOptions,
) -> dict[int, ClockLag]:
    """The lags with every channel on the clock under which it hears most of the others.

    A microphone far from the reference hears little of it, whatever its clock: its neighbours know more.
    Sure where each half of the recording, with other talkers in it, says the same.

    Args:
        recording: every channel of the card.
        sample_rate: samples a second.
        channels: those that hear the room.
        late: lags of some of them.
        near: samples within which places may have set lags of one clock apart.
        options: how coherence is measured.
    """
    if not late:
        return late
    # Lags that may be of one clock are made alike.
    groups: list[list[int]] = []
    for channel, lag in sorted(late.items(), key=lambda item: item[1].samples):
        alike = [
            group
            for group in groups
            if abs(late[group[0]].samples - lag.samples) <= near
            and abs(late[group[0]].drift - lag.drift) * recording.shape[1] <= near
        ]
        if alike:
            alike[0].append(channel)
        else:
            groups.append([channel])
    late = {channel: late[group[len(group) // 2]] for group in groups for channel in group}
    # (channel, time) -> (clock, channel, time): every channel by every clock
    clocks = [IN_SYNC, *dict.fromkeys(late.values())]
    first_guess = np.array([clocks.index(late.get(channel, IN_SYNC)) for channel in channels])
    moved = np.stack(
        [[realigned(recording[channel], clock, sample_rate) for channel in channels] for clock in clocks]
    )
    own = _most_heard(moved, sample_rate, first_guess, options)
    halves = np.array_split(moved, 2, axis=2)
    is_sure = all((_most_heard(half, sample_rate, own, options) == own).all() for half in halves)
    clocks = [replace(clock, is_sure=is_sure) for clock in clocks]
    return {channel: clocks[clock] for channel, clock in zip(channels, own, strict=True) if clock}


def _most_heard(
    moved: Float[np.ndarray, "clock channel time"],
    sample_rate: int,
    own: Int[np.ndarray, "channel"],
    options: ChannelOptions,
) -> Int[np.ndarray, "channel"]:
    """The clock of each channel, from a first guess, so that no other would make it hear more."""
    count = len(own)
    every = np.arange(count)
    # (clock, channel, time) -> (clock, channel, clock, channel)
    coherence = band_coherence(moved.reshape(-1, moved.shape[2]), sample_rate, options)
    coherence = coherence.reshape(len(moved), count, len(moved), count)
    coherence[:, every, :, every] = 0.0  # a channel knows nothing of its own clock
    own = own.copy()
    while True:
        # (clock, channel, clock, channel) -> (clock, channel): with all others on their own clocks
        heard = coherence[:, :, own, every].sum(axis=-1)
        gain = heard - heard[own, every]
        clock, channel = np.unravel_index(int(gain.argmax()), gain.shape)
        if gain[clock, channel] <= 1e-9:  # less is rounding
            return own
        own[channel] = clock


def _correlation(
    late: Float[np.ndarray, "time"],
    early: Float[np.ndarray, "time"],
    reach: int,
    sample_rate: int,
    min_hz: float,
) -> Float[np.ndarray, "lag"]:
    """GCC-PHAT of two signals above a frequency, at the lags up to so many samples both ways."""
    length = next_fast_len(len(late) + reach, real=True)
    cross = np.fft.rfft(late, length) * np.fft.rfft(early, length).conj()
    frequency = np.fft.rfftfreq(length, 1 / sample_rate)
    magnitude = np.abs(cross)
    cross = np.where((frequency > min_hz) & (magnitude > 0), cross / np.maximum(magnitude, 1e-30), 0)
    correlation = np.fft.irfft(cross, length)
    return np.concatenate([correlation[-reach:], correlation[: reach + 1]])

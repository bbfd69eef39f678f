"""How well plane waves explain a recording, if its channels were these microphones.

A hypothesis says which microphone each channel is, by how much the channel lags behind, how fast that grows
and whether it is turned upside down. Its fit, segment by segment, is the mean over all pairs of the
correlation at the delays that one plane wave would give, for the direction that suits the segment best: 1 is
a perfect wave, 0 chance.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from anydoa.acoustics import plane_arrival_times, spherical_arrival_times
from anydoa.doctor.delays import SegmentCorrelations
from anydoa.geometry import MicrophoneArray

_DELAY_STEP = 22e-6  # s by which delays of neighbouring directions differ at the rim: a third of a sample
_FEWEST, _MOST = 100, 3000  # directions


@dataclass(frozen=True)
class ChannelHypothesis:
    """What each channel would be.

    Args:
        order: number of the microphone whose signal each channel carries.
        offset_s: seconds by which each channel is late.
        sign: 1, or -1 where the channel is turned upside down.
        drift: seconds a second by which that grows; ``offset_s`` is that of the middle of the segments.
    """

    order: tuple[int, ...]
    offset_s: tuple[float, ...]
    sign: tuple[int, ...]
    drift: tuple[float, ...]

    @staticmethod
    def as_declared(num_channels: int) -> "ChannelHypothesis":
        """Everything as the array file says."""
        return ChannelHypothesis(
            tuple(range(num_channels)), (0.0,) * num_channels, (1,) * num_channels, (0.0,) * num_channels
        )

    def reordered(self, order: tuple[int, ...]) -> "ChannelHypothesis":
        """This hypothesis with other microphones."""
        return replace(self, order=tuple(int(mic) for mic in order))

    def swapped(self, first: int, second: int) -> "ChannelHypothesis":
        """This hypothesis with the microphones of two channels exchanged."""
        order = list(self.order)
        order[first], order[second] = order[second], order[first]
        return replace(self, order=tuple(order))

    def later(self, channels: tuple[int, ...], offset_s: float, drift: float = 0.0) -> "ChannelHypothesis":
        """This hypothesis with some channels later, and growing later by so much a second."""
        offset, drifts = list(self.offset_s), list(self.drift)
        for channel in channels:
            offset[channel] += offset_s
            drifts[channel] += drift
        return replace(self, offset_s=tuple(offset), drift=tuple(drifts))

    def flipped(self, channel: int) -> "ChannelHypothesis":
        """This hypothesis with one channel turned upside down."""
        sign = list(self.sign)
        sign[channel] = -sign[channel]
        return replace(self, sign=tuple(sign))


class WaveFit:
    """Fits hypotheses about the channels of one recording.

    Args:
        correlations: correlations of all pairs of the channels.
        arrival_s: seconds after the origin at which a wave from each direction reaches each microphone.
        polarity: -1 where a microphone turns a wave upside down, else 1; None where none ever does.
    """

    def __init__(
        self,
        correlations: SegmentCorrelations,
        arrival_s: Float[np.ndarray, "mic direction"],
        polarity: Float32[np.ndarray, "mic direction"] | None = None,
    ) -> None:
        self._polarity = polarity
        self._pairs = correlations.pairs
        self._values = np.ascontiguousarray(correlations.correlation)
        self._step = float(correlations.lag_s[1] - correlations.lag_s[0])
        self._arrival = arrival_s / self._step
        self._drift, self._steady = (0.0,) * len(arrival_s), self._values
        self.time_s: Float[np.ndarray, "segment"] = correlations.start_s - correlations.start_s.mean()
        """When each segment is, from the middle of them all."""
        self.longest_s = float(np.ptp(arrival_s, axis=0).max())
        """Longest delay that a wave of these has between two microphones."""

    @property
    def num_segments(self) -> int:
        """Number of segments of the recording."""
        return self._values.shape[2]

    def is_across(self, channels: tuple[int, ...]) -> Bool[np.ndarray, "pair"]:
        """Which pairs hold one of these channels and one of the others."""
        return np.isin(self._pairs, channels).sum(axis=1) == 1

    def totals(
        self, hypothesis: ChannelHypothesis, pairs: Bool[np.ndarray, "pair"] | None = None
    ) -> Float[np.ndarray, "direction segment"]:
        """Mean correlation of the pairs for a wave from each direction.

        Args:
            hypothesis: what each channel is.
            pairs: pairs that are summed over; the mean is still over all.
        """
        # (channel, direction): when waves arrive; (pair, lag, segment): what is compared with them
        late, polarity = self._late(hypothesis), self._polarity
        steady = self._steadied(hypothesis.drift)
        # -> (direction, segment): each pair at the lag of each direction
        total = np.zeros((late.shape[1], self.num_segments), dtype=np.float32)
        part = np.empty_like(total)
        for number in range(len(self._pairs)) if pairs is None else np.flatnonzero(pairs):
            first, second = self._pairs[number]
            np.take(steady[number], self._rows(late[first] - late[second]), axis=0, out=part, mode="clip")
            if polarity is not None:
                part *= (polarity[hypothesis.order[first]] * polarity[hypothesis.order[second]])[:, None]
            if hypothesis.sign[first] == hypothesis.sign[second]:
                total += part
            else:
                total -= part
        total /= max(len(self._pairs), 1)  # fewer than two microphones that hear anything fit nothing
        return total

    def fit(self, hypothesis: ChannelHypothesis) -> Float[np.ndarray, "segment"]:
        """Fit of each segment, for the best direction."""
        best: np.ndarray = self.totals(hypothesis).max(axis=0)
        return best

    def swap_fits(
        self, hypothesis: ChannelHypothesis
    ) -> Iterator[tuple[tuple[int, ...], Float[np.ndarray, "segment"]]]:
        """Every order with two microphones exchanged, and its fit.

        Only pairs that hold one of the two are summed anew.
        """
        whole = self.totals(hypothesis)
        holds = [(self._pairs == channel).any(axis=1) for channel in range(len(hypothesis.order))]
        held = [self.totals(hypothesis, pairs) for pairs in holds]
        for first, second in self._pairs.tolist():
            both = self.totals(hypothesis, holds[first] & holds[second])
            rest = whole - held[first] - held[second] + both
            swapped = hypothesis.swapped(first, second)
            yield swapped.order, (rest + self.totals(swapped, holds[first] | holds[second])).max(axis=0)

    def best_directions(self, hypothesis: ChannelHypothesis) -> Int[np.ndarray, "segment"]:
        """The best direction of each segment, as its number."""
        return self.totals(hypothesis).argmax(axis=0)

    def best_waves(
        self, hypothesis: ChannelHypothesis
    ) -> tuple[Float[np.ndarray, "segment"], Float[np.ndarray, "channel segment"]]:
        """Fit of each segment, and when its best wave would be in each channel by the clock of the first."""
        total = self.totals(hypothesis)
        arrival = self._arrival[list(hypothesis.order)][:, total.argmax(axis=0)] * self._step
        return total.max(axis=0), arrival

    def arrivals(
        self, hypothesis: ChannelHypothesis, directions: Int[np.ndarray, "segment"]
    ) -> Float[np.ndarray, "channel segment"]:
        """Seconds after the origin at which the wave of each segment is in each channel."""
        steady = self._late(hypothesis)[:, directions] * self._step
        return steady + np.outer(hypothesis.drift, self.time_s)

    def assignment_gain(
        self,
        hypothesis: ChannelHypothesis,
        places: Int[np.ndarray, "place"],
        directions: Int[np.ndarray, "segment"],
    ) -> Float[np.ndarray, "channel place"]:
        """How well each channel fits at each place, all others and the directions staying as they are.

        Args:
            hypothesis: what each channel is so far.
            places: numbers of the microphones to choose from.
            directions: number of the direction of each segment.
        """
        # (mic, direction) -> (mic, segment), and when the wave of each segment is in each channel
        arrival = self._arrival[:, directions]
        offset = np.array(hypothesis.offset_s)[:, None] / self._step
        late = arrival[list(hypothesis.order)] + offset
        sign = np.array(hypothesis.sign)
        polarity = None if self._polarity is None else self._polarity[:, directions]
        steady = self._steadied(hypothesis.drift)
        gain = np.zeros((len(late), len(places)))
        for channel in range(len(late)):
            pairs = np.flatnonzero((self._pairs == channel).any(axis=1))
            others = self._pairs[pairs].sum(axis=1) - channel
            # (place, other, segment): lag of this channel to every other, if it were at each place
            lag = (arrival[places] + offset[channel])[:, None] - late[others]
            # A pair says when its first channel hears later: turned around where that is the other.
            lag = lag * np.where(others > channel, 1, -1)[:, None]
            # (place, other, segment) -> (place): mean correlation at these lags
            found = steady[pairs[:, None], self._rows(lag), np.arange(self.num_segments)]
            if polarity is not None:
                found *= polarity[places][:, None] * polarity[list(hypothesis.order)][others]
            gain[channel] = ((sign[others] * sign[channel])[:, None] * found).sum(axis=1).mean(axis=1)
        return gain

    def _late(self, hypothesis: ChannelHypothesis) -> Float[np.ndarray, "channel direction"]:
        """When a wave from each direction would be in each channel, in lags."""
        offset = np.array(hypothesis.offset_s)[:, None] / self._step
        return self._arrival[list(hypothesis.order)] + offset

    def _steadied(self, drift: tuple[float, ...]) -> Float[np.ndarray, "pair lag segment"]:
        """The correlations with every segment moved to where it would be without the drift."""
        if drift != self._drift:
            # (channel) -> (pair) -> (pair, segment): lags by which the drift has set each pair apart
            apart = np.subtract(*np.array(drift)[self._pairs.T]) / self._step
            moved = np.rint(apart[:, None] * self.time_s).astype(np.intp)
            steady = self._values.copy() if moved.any() else self._values
            # (lag, segment) of each pair that is set apart, moved back
            last = self._values.shape[1] - 1
            lags = np.arange(last + 1)[:, None]
            for number in np.flatnonzero(moved.any(axis=1)):
                rows = np.clip(lags + moved[number], 0, last)
                steady[number] = np.take_along_axis(self._values[number], rows, axis=0)
            self._drift, self._steady = drift, steady
        return self._steady

    def _rows(self, lag: np.ndarray) -> np.ndarray:
        """Where lags stand in the correlations, the ends standing for all beyond."""
        middle = self._values.shape[1] // 2
        rows = (lag + (middle + 0.5)).astype(np.intp)
        np.maximum(rows, 0, out=rows)
        np.minimum(rows, 2 * middle, out=rows)
        return rows


def wave_directions(array: MicrophoneArray) -> Float[np.ndarray, "direction 3"]:
    """Directions dense enough for the array's delays, one of each set that the array cannot tell apart."""
    step = _DELAY_STEP * array.speed_of_sound / (array.span / 2)
    return array.ambiguity.sweep(step, fewest=_FEWEST, most=_MOST)


def curved_arrival_times(
    array: MicrophoneArray, directions: Float[np.ndarray, "direction 3"]
) -> Float[np.ndarray, "mic wave"]:
    """Seconds after the middle of the array at which plane waves and those of talkers near by arrive.

    Args:
        array: the microphones.
        directions: directions of the talkers; plane waves come first, then one set for each distance.
    """
    spheres = [spherical_arrival_times(array, directions, distance) for distance in talker_distances(array)]
    return np.concatenate([plane_arrival_times(array, directions), *spheres], axis=1)


def wave_polarity(
    array: MicrophoneArray, directions: Float[np.ndarray, "direction 3"]
) -> Float32[np.ndarray, "mic direction"] | None:
    """-1 where a microphone turns the sound of a direction upside down, else 1; None if none ever does."""
    if not any(pattern.turns_over for pattern in array.patterns):
        return None
    return np.where(array.gains(directions) < 0, -1, 1).T.astype(np.float32)


def talker_distances(array: MicrophoneArray) -> list[float]:
    """Metres from the middle of the array, farthest first, at which its microphones hear another bend.

    Wave fronts are spheres: at 0.5 m from a circle of 10 cm the middle of the front is 29 microseconds ahead
    of a plane.
    """
    radius = float(np.linalg.norm(array.centred_positions, axis=1).max())
    radius = max(radius, array.rigid_sphere_radius or 0.0)  # nobody talks inside a ball
    nearest = max(0.25, 1.3 * radius)  # m; nearer than that is among the microphones
    bend_s = radius**2 / (2 * nearest * array.speed_of_sound)
    count = round(bend_s / _DELAY_STEP)
    return [nearest * count / number for number in range(1, count + 1)]

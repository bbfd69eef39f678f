"""Measured delays: how much later each microphone hears a sound than each other one, segment by segment.

Cross-spectrum ``X_i conj(X_j)``; a positive delay of a pair (i, j) says that microphone i hears later.
Times in seconds. Nothing here knows where the microphones are.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Complex, Float, Int
from scipy.fft import next_fast_len

from anydoa.acoustics import hann_window, short_time_spectra
from anydoa.errors import AudioError

LAG_STEP = 1 / 128_000
"""Seconds between lags: an eighth of a sample at 16 kHz, so that the nearest lag is near enough."""


@dataclass(frozen=True)
class DelayOptions:
    """How signals are correlated.

    Args:
        band_hz: frequencies in which speech and claps are.
        window_s: shortest window.
        window_delays: how often a window holds the longest delay, so that both microphones see one sound.
        floor_quantile: share of all windows in which a bin holds less than when nobody talks.
        decay_db_s: dB a second at which any sound is taken to fade; a room of 0.67 s.
        min_lags: fewest lags to either side.
    """

    band_hz: tuple[float, float] = (150.0, 7_500.0)
    window_s: float = 0.032
    window_delays: int = 4
    floor_quantile: float = 0.1
    decay_db_s: float = 90.0
    min_lags: int = 8


@dataclass(frozen=True, eq=False)
class SegmentDelays:
    """The delay of every pair in every segment that is loud enough.

    Args:
        pairs: the two microphones of each pair, the lower first.
        tdoa_s: seconds by which the first microphone hears later than the second.
        quality: height of the correlation's peak over the root mean square of the rest of it; about 3 where
            there is nothing but noise, 10 and more for one talker in a dry room.
        level: loudness of each segment in dB of full scale, the median of the microphones.
        start_s: seconds at which each segment begins.
    """

    pairs: Int[np.ndarray, "pair 2"]
    tdoa_s: Float[np.ndarray, "segment pair"]
    quality: Float[np.ndarray, "segment pair"]
    level: Float[np.ndarray, "segment"]
    start_s: Float[np.ndarray, "segment"]

    def every(self, step: int) -> "SegmentDelays":
        """The first of every so many segments."""
        return SegmentDelays(
            self.pairs, self.tdoa_s[::step], self.quality[::step], self.level[::step], self.start_s[::step]
        )

    def followed_by(self, later: "SegmentDelays") -> "SegmentDelays":
        """The segments of this and a later part of a recording."""
        return SegmentDelays(
            self.pairs,
            np.concatenate([self.tdoa_s, later.tdoa_s]),
            np.concatenate([self.quality, later.quality]),
            np.concatenate([self.level, later.level]),
            np.concatenate([self.start_s, later.start_s]),
        )


@dataclass(frozen=True, eq=False)
class SegmentCorrelations:
    """GCC-PHAT of every pair in every segment that is loud enough.

    Args:
        pairs: the two microphones of each pair, the lower first.
        lag_s: seconds by which the first microphone hears later, evenly spaced, zero in the middle.
        correlation: -1..1; 1 where a pure delay by that lag explains everything.
        level: loudness of each segment in dB of full scale, the median of the microphones.
        start_s: seconds at which each segment begins.
    """

    pairs: Int[np.ndarray, "pair 2"]
    lag_s: Float[np.ndarray, "lag"]
    correlation: Float[np.ndarray, "pair lag segment"]
    level: Float[np.ndarray, "segment"]
    start_s: Float[np.ndarray, "segment"]

    def loudest(self, count: int) -> "SegmentCorrelations":
        """The loudest segments, in the order of time."""
        kept = np.sort(np.argsort(-self.level, kind="stable")[:count])
        return replace(
            self, correlation=self.correlation[..., kept], level=self.level[kept], start_s=self.start_s[kept]
        )

    def between(self, channels: tuple[int, ...]) -> "SegmentCorrelations":
        """The correlations between these channels, which become microphones 0, 1, 2, ..."""
        microphone = np.full(int(max(self.pairs.max(initial=0), *channels)) + 1, -1)
        microphone[list(channels)] = np.arange(len(channels))
        pairs = microphone[self.pairs]
        kept = (pairs >= 0).all(axis=1)
        return replace(self, pairs=pairs[kept], correlation=self.correlation[kept])


def measure_delays(
    audio: Float[np.ndarray, "mic time"],
    sample_rate: int,
    *,
    max_delay_s: float,
    segment_s: float = 0.25,
    options: DelayOptions = DelayOptions(),
) -> SegmentDelays:
    """Delays of all pairs in the louder half of the recording's segments, which overlap by half.

    Args:
        audio: the microphones' signals, any scale.
        sample_rate: samples a second.
        max_delay_s: longest delay that is sought, both ways.
        segment_s: seconds a segment.
        options: how signals are correlated.

    Raises:
        AudioError: if the recording is shorter than a segment.
    """
    found = correlate_segments(
        audio, sample_rate, max_delay_s=max_delay_s, segment_s=segment_s, options=options
    )
    # (pair, lag, segment) -> (segment, pair): the highest peak of each correlation
    correlation = np.moveaxis(found.correlation, 2, 0)
    tdoa_s, height = parabolic_peak(correlation, found.lag_s)
    # (segment, pair, lag) -> (segment, pair): root mean square beside the peak, whose width is the band's
    total = np.square(correlation).sum(axis=-1)
    near = np.abs(found.lag_s - tdoa_s[..., None]) < 0.5 / (options.band_hz[1] - options.band_hz[0])
    rest = np.sqrt(
        np.maximum(total - np.square(correlation * near).sum(axis=-1), 0)
        / np.maximum((~near).sum(axis=-1), 1)
    )
    quality = height / np.maximum(rest, 1e-6)
    return SegmentDelays(found.pairs, tdoa_s, quality, found.level, found.start_s)


def correlate_segments(
    audio: Float[np.ndarray, "mic time"],
    sample_rate: int,
    *,
    max_delay_s: float,
    segment_s: float = 0.25,
    options: DelayOptions = DelayOptions(),
) -> SegmentCorrelations:
    """GCC-PHAT of all pairs in the louder half of the recording's segments, which overlap by half.

    Every bin of every window counts by how far it stands above the noise and above what the room still
    echoes of earlier windows: onsets come straight from the talker.

    Args:
        audio: the microphones' signals, any scale.
        sample_rate: samples a second.
        max_delay_s: longest lag, both ways.
        segment_s: seconds a segment.
        options: how signals are correlated.

    Raises:
        AudioError: if the recording is shorter than a segment.

    Reference:
        Knapp and Carter (1976), PHAT. The weights are ours.
    """
    shortest = max(options.window_s, options.window_delays * max_delay_s) * sample_rate
    length = 4 * int(next_fast_len(int(np.ceil(shortest / 4)), real=True))
    hop = length // 4
    half = max(1, round(segment_s * sample_rate / 2 / hop))  # windows in half a segment
    if audio.shape[1] < length + (2 * half - 1) * hop:
        raise AudioError(
            f"a recording to measure delays in lasts at least {segment_s} s, "
            f"got {audio.shape[1] / sample_rate:.2f} s; record longer"
        )
    frequency = np.fft.rfftfreq(length, 1 / sample_rate)
    lowest, highest = options.band_hz
    band = (frequency >= lowest) & (frequency <= min(highest, 0.45 * sample_rate))
    # (mic, time) -> (mic, frame, freq) in the band, whole half segments
    spectra = short_time_spectra(audio.astype(np.float32), hann_window(length), hop)[..., band]
    num_halves = spectra.shape[1] // half
    spectra = spectra[:, : num_halves * half]
    power = np.square(np.abs(spectra)) + np.float32(1e-20)
    # (mic, frame, freq) -> (segment): the louder half of them is kept
    # The level is the median of the microphones, so that one loud channel says nothing.
    energy = power.sum(axis=-1) * (2 / (length * 0.375 * length))  # Hann windows pass 3/8 of the power
    halves = energy.reshape(len(energy), -1, half).mean(axis=-1)
    level = np.median(10 * np.log10((halves[:, :-1] + halves[:, 1:]) / 2), axis=0)
    kept = np.flatnonzero(level >= (np.quantile(level, 0.1) + np.quantile(level, 0.9)) / 2)
    # (mic, frame, freq) -> (frame, freq): how much of the power comes straight from the talker
    weight = _onset_weight(np.exp(np.log(power).mean(axis=0)), hop / sample_rate, options)
    phase = spectra / np.sqrt(power)
    # (mic, frame, freq) -> (pair, lag, segment)
    num_lags = max(options.min_lags, int(np.ceil(max_delay_s / LAG_STEP)))
    lags = np.arange(-num_lags, num_lags + 1) * LAG_STEP
    pairs = np.stack(np.triu_indices(len(audio), k=1), axis=1)
    correlation = _correlate_pairs(phase, weight, pairs, (half, kept), np.outer(frequency[band], lags))
    start_s = kept * half * hop / sample_rate
    return SegmentCorrelations(pairs, lags, correlation, level[kept], start_s)


def parabolic_peak(
    values: Float[np.ndarray, "*batch lag"], lag_s: Float[np.ndarray, "lag"]
) -> tuple[Float[np.ndarray, "*batch"], Float[np.ndarray, "*batch"]]:
    """Lag in seconds and height of the highest value, between the samples by a parabola through three.

    Args:
        values: correlations.
        lag_s: lags, evenly spaced.
    """
    top = values.argmax(axis=-1)
    inner = np.clip(top, 1, values.shape[-1] - 2)[..., None]
    before, here, after = (np.take_along_axis(values, inner + step, axis=-1)[..., 0] for step in (-1, 0, 1))
    curvature = before - 2 * here + after
    shift = np.where(curvature < 0, 0.5 * (before - after) / np.where(curvature < 0, curvature, -1), 0)
    shift = np.clip(shift, -1, 1)
    height = here - 0.25 * (before - after) * shift
    return lag_s[inner[..., 0]] + shift * (lag_s[1] - lag_s[0]), height


def _onset_weight(
    power: Float[np.ndarray, "frame freq"], step_s: float, options: DelayOptions
) -> Float[np.ndarray, "frame freq"]:
    """Share of each bin's power, 0..1, that is neither noise nor the echo of earlier windows."""
    floor = np.quantile(power, options.floor_quantile, axis=0)
    fade = np.float32(10 ** (-options.decay_db_s * step_s / 10))
    echo = np.empty_like(power)
    memory = floor.astype(power.dtype)
    for frame, now in enumerate(power):
        echo[frame] = memory
        memory = np.maximum(now, memory * fade)
    weight: np.ndarray = power / (power + echo + floor)
    return weight


def _correlate_pairs(
    phase: Complex[np.ndarray, "mic frame freq"],
    weight: Float[np.ndarray, "frame freq"],
    pairs: Int[np.ndarray, "pair 2"],
    segments: tuple[int, Int[np.ndarray, "segment"]],
    cycles: Float[np.ndarray, "freq lag"],
) -> Float[np.ndarray, "pair lag segment"]:
    """Weighted phases of each pair, summed over the windows of each segment and brought to the lags."""
    half, kept = segments
    cosine = np.cos(2 * np.pi * cycles).astype(np.float32)
    sine = np.sin(2 * np.pi * cycles).astype(np.float32)
    total = _sum_segments(weight, half).sum(axis=-1)[kept]
    correlation = np.empty((len(pairs), cycles.shape[1], len(kept)), dtype=np.float32)
    weighted = phase * weight
    for row, (first, second) in zip(correlation, pairs, strict=True):
        cross = _sum_segments(weighted[first] * phase[second].conj(), half)[kept]
        row[:] = ((cross.real @ cosine - cross.imag @ sine) / total[:, None]).T
    return correlation


def _sum_segments(frames: np.ndarray, half: int) -> np.ndarray:
    """Sums over the windows of each segment; segments are two neighbouring halves."""
    halves = frames.reshape(-1, half, frames.shape[-1]).sum(axis=1)
    return halves[:-1] + halves[1:]

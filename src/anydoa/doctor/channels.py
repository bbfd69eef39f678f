"""What each channel of a recording carries, before anything is asked of the geometry.

Channels are those of the recording, from 0. Levels in dB of full scale.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from anydoa.acoustics import hann_window, short_time_spectra

COHERENT = 0.12
"""Mean coherence from 150 to 2000 Hz with any other microphone above which a channel hears the same room.

Unrelated channels reach 0.04 in 4 s, microphones up to 0.2 m apart in a reverberant room at 10 dB above
noise keep 0.25.
"""

COHERENT_SPACING_M = 0.2
"""Distance up to which microphones in one room are that coherent; farther ones need not be."""


@dataclass(frozen=True)
class ChannelOptions:
    """What tells that a channel is dead, clipped or a copy of another.

    Args:
        dead_db: level relative to the median of the channels; a microphone hears at least its neighbour's
            room.
        copy_correlation: correlation of the first differences of copies; noise at 30 dB leaves 0.999.
        clipped_run: samples in a row at the largest value.
        clipped_share: share of all samples; a knock or two is no broken input.
        clipped_level: share of full scale; quieter recordings touch their own peak for other reasons.
        band_hz: frequencies in which level and coherence are measured.
        window_s: seconds of the windows in which they are.
    """

    dead_db: float = -40.0
    copy_correlation: float = 0.9999
    clipped_run: int = 3
    clipped_share: float = 1e-4
    clipped_level: float = 0.1
    band_hz: tuple[float, float] = (150.0, 2_000.0)
    window_s: float = 0.032


@dataclass(frozen=True, eq=False)
class ChannelStatistics:
    """What is known of the channels of a recording.

    Args:
        level_db: loudness in the band of speech.
        is_constant: whether the channel never changes, silence included.
        clipped_share: share of samples in runs at the channel's largest value.
        coherence: mean coherence of each pair of channels, 0..1, the diagonal 0.
        copies: pairs of channels that carry one signal, up to a gain.
        options: what tells dead and clipped channels.
    """

    level_db: Float[np.ndarray, "channel"]
    is_constant: Bool[np.ndarray, "channel"]
    clipped_share: Float[np.ndarray, "channel"]
    coherence: Float[np.ndarray, "channel channel"]
    copies: tuple[tuple[int, int], ...]
    options: ChannelOptions = ChannelOptions()

    @property
    def is_clipped(self) -> Bool[np.ndarray, "channel"]:
        """Whether enough samples stand at the limit to matter."""
        return self.clipped_share > self.options.clipped_share

    @property
    def is_dead(self) -> Bool[np.ndarray, "channel"]:
        """Whether a channel is constant, or far quieter than those that hear together, if there are any."""
        alive = ~self.is_constant
        together = alive & (self.coherence.max(axis=1, initial=0.0) > COHERENT)
        typical = np.median(self.level_db[together if together.any() else alive]) if alive.any() else 0.0
        return self.is_constant | (self.level_db < typical + self.options.dead_db)


def channel_statistics(
    audio: Float[np.ndarray, "channel time"], sample_rate: int, options: ChannelOptions = ChannelOptions()
) -> ChannelStatistics:
    """Look at every channel of a recording.

    Args:
        audio: samples, full scale 1.
        sample_rate: samples a second.
        options: what tells that a channel is dead, clipped or a copy.
    """
    is_constant = np.ptp(audio, axis=1) == 0
    # (channel): share of the samples that stand in runs at the largest absolute value of a channel.
    ones = np.ones(options.clipped_run)
    clipped_share = np.zeros(len(audio))
    for number, magnitude in enumerate(np.abs(audio)):
        peak = float(magnitude.max())
        if peak >= options.clipped_level:
            run = np.convolve(magnitude >= peak * (1 - 1e-4), ones, mode="valid") == options.clipped_run
            clipped_share[number] = np.convolve(run, ones, mode="full").astype(bool).mean()
    power, coherence = _power_and_coherence(audio, sample_rate, options)
    # (channel, time) -> (channel, channel): copies differ by nothing but a gain, in the steps between
    # samples, where rumble counts little.
    steps = np.diff(audio.astype(np.float64), axis=1)
    norm = np.linalg.norm(steps, axis=1)
    steps = steps / np.where(norm > 0, norm, 1)[:, None]
    same = np.abs(steps @ steps.T) > options.copy_correlation
    same[is_constant] = same[:, is_constant] = False
    return ChannelStatistics(
        level_db=10 * np.log10(power + 1e-20),
        is_constant=is_constant,
        clipped_share=clipped_share,
        coherence=coherence,
        copies=tuple((int(i), int(j)) for i, j in zip(*np.nonzero(np.triu(same, 1)), strict=True)),
        options=options,
    )


def linked_groups(linked: Bool[np.ndarray, "channel channel"]) -> list[tuple[int, ...]]:
    """Groups of channels that are linked with each other, directly or through others; some of one channel."""
    groups: list[tuple[int, ...]] = []
    left = set(range(len(linked)))
    while left:
        group: set[int] = set()
        edge = {min(left)}
        while edge:
            group |= edge
            edge = {int(other) for channel in edge for other in np.flatnonzero(linked[channel])} - group
        groups.append(tuple(sorted(group)))
        left -= group
    return groups


def largest_group(linked: Bool[np.ndarray, "channel channel"]) -> tuple[int, ...]:
    """The largest group of channels that are linked with each other, directly or through others."""
    return max(linked_groups(linked), key=len)


def band_coherence(
    audio: Float[np.ndarray, "channel time"], sample_rate: int, options: ChannelOptions = ChannelOptions()
) -> Float[np.ndarray, "channel channel"]:
    """Mean magnitude-squared coherence of each pair in the band of speech, 0..1, the diagonal 0."""
    return _power_and_coherence(audio, sample_rate, options)[1]


def _power_and_coherence(
    audio: Float[np.ndarray, "channel time"], sample_rate: int, options: ChannelOptions
) -> tuple[Float[np.ndarray, "channel"], Float[np.ndarray, "channel channel"]]:
    """Power in the band, and mean magnitude-squared coherence of each pair."""
    length = 2 * round(options.window_s * sample_rate / 2)
    padded = np.pad(audio, ((0, 0), (0, max(0, length - audio.shape[1])))).astype(np.float32)
    frequency = np.fft.rfftfreq(length, 1 / sample_rate)
    band = (frequency >= options.band_hz[0]) & (frequency <= options.band_hz[1])
    # (channel, time) -> (channel, frame, freq) in the band
    spectra = short_time_spectra(padded, hann_window(length), length // 2)[..., band]
    # (channel, frame, freq) -> (freq, channel, channel): mean products of every pair
    by_bin = np.moveaxis(spectra, 2, 0)
    cross = by_bin @ by_bin.conj().swapaxes(1, 2) / spectra.shape[1]
    power = np.einsum("fcc->fc", cross).real
    # (freq, channel, channel) -> (channel, channel): coherence at each frequency, then its mean
    denominator = power[:, :, None] * power[:, None]
    coherence = (np.abs(cross) ** 2 / np.maximum(denominator, 1e-30)).mean(axis=0)
    np.fill_diagonal(coherence, 0.0)
    # Hann windows pass 3/8 of the power.
    return power.sum(axis=0) * (2 / (0.375 * length**2)), np.minimum(coherence, 1.0)

"""What each channel of a recording carries, before anything is asked of the geometry.

Channels are those of the recording, from 0. Levels in dB of full scale.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from anydoa.classical.stft import hann_window, short_time_spectra

COHERENT = 0.12
"""Mean coherence from 150 to 2000 Hz with any other microphone above which a channel hears the same room.

Unrelated channels reach 0.04 in 4 s, microphones up to 0.2 m apart in a reverberant room at 10 dB above
noise keep 0.25.
"""

DEAD_DB = -40.0  # to the median of the channels; a microphone hears at least its neighbour's room
_SAME = 0.9999  # correlation of the first differences; noise at 30 dB leaves 0.999
_CLIPPED_RUN = 3  # samples in a row at the largest value
_CLIPPED_SHARE = 1e-4  # of all samples; a knock or two is no broken input
_CLIPPED_LEVEL = 0.1  # of full scale; quieter recordings touch their own peak for other reasons
_BAND = (150.0, 2_000.0)  # Hz
_WINDOW_S = 0.032


@dataclass(frozen=True, eq=False)
class ChannelStatistics:
    """What is known of the channels of a recording.

    Args:
        level_db: loudness in the band of speech.
        is_constant: never changes, silence included.
        clipped_share: share of samples in runs at the channel's largest value.
        coherence: mean coherence of each pair of channels, 0..1, the diagonal 0.
        copies: pairs of channels that carry one signal, up to a gain.
    """

    level_db: Float[np.ndarray, "channel"]
    is_constant: Bool[np.ndarray, "channel"]
    clipped_share: Float[np.ndarray, "channel"]
    coherence: Float[np.ndarray, "channel channel"]
    copies: tuple[tuple[int, int], ...]

    @property
    def is_clipped(self) -> Bool[np.ndarray, "channel"]:
        """Enough samples at the limit to matter."""
        return self.clipped_share > _CLIPPED_SHARE

    @property
    def is_dead(self) -> Bool[np.ndarray, "channel"]:
        """Constant, or far quieter than the others: those that hear together, if there are any."""
        alive = ~self.is_constant
        together = alive & (self.coherence.max(axis=1, initial=0.0) > COHERENT)
        typical = np.median(self.level_db[together if together.any() else alive]) if alive.any() else 0.0
        return self.is_constant | (self.level_db < typical + DEAD_DB)


def channel_statistics(audio: Float[np.ndarray, "channel time"], sample_rate: int) -> ChannelStatistics:
    """Look at every channel of a recording.

    Args:
        audio: full scale 1.
        sample_rate: samples a second.
    """
    is_constant = np.ptp(audio, axis=1) == 0
    power, coherence = _coherence(audio, sample_rate)
    return ChannelStatistics(
        level_db=10 * np.log10(power + 1e-20),
        is_constant=is_constant,
        clipped_share=np.array([_clipped_share(channel) for channel in audio]),
        coherence=coherence,
        copies=_copies(audio, is_constant),
    )


def largest_group(linked: Bool[np.ndarray, "channel channel"]) -> tuple[int, ...]:
    """The largest group of channels that are linked with each other, directly or through others."""
    groups: list[set[int]] = []
    left = set(range(len(linked)))
    while left:
        group: set[int] = set()
        edge = {min(left)}
        while edge:
            group |= edge
            edge = {int(other) for channel in edge for other in np.flatnonzero(linked[channel])} - group
        groups.append(group)
        left -= group
    largest = max(groups, key=len)
    return tuple(sorted(largest))


def band_coherence(
    audio: Float[np.ndarray, "channel time"], sample_rate: int
) -> Float[np.ndarray, "channel channel"]:
    """Mean magnitude-squared coherence of each pair in the band of speech, 0..1, the diagonal 0."""
    return _coherence(audio, sample_rate)[1]


def _coherence(
    audio: Float[np.ndarray, "channel time"], sample_rate: int
) -> tuple[Float[np.ndarray, "channel"], Float[np.ndarray, "channel channel"]]:
    """Power in the band, and mean magnitude-squared coherence of each pair."""
    length = 2 * round(_WINDOW_S * sample_rate / 2)
    padded = np.pad(audio, ((0, 0), (0, max(0, length - audio.shape[1])))).astype(np.float32)
    frequency = np.fft.rfftfreq(length, 1 / sample_rate)
    band = (frequency >= _BAND[0]) & (frequency <= _BAND[1])
    spectra = short_time_spectra(padded, hann_window(length), length // 2)[..., band]
    by_bin = np.moveaxis(spectra, 2, 0)  # freq channel frame
    cross = by_bin @ by_bin.conj().swapaxes(1, 2) / spectra.shape[1]
    power = np.einsum("fcc->fc", cross).real
    denominator = power[:, :, None] * power[:, None]
    coherence = (np.abs(cross) ** 2 / np.maximum(denominator, 1e-30)).mean(axis=0)
    np.fill_diagonal(coherence, 0.0)
    return power.sum(axis=0) * (2 / (0.375 * length**2)), np.minimum(coherence, 1.0)


def _clipped_share(channel: Float[np.ndarray, "time"]) -> float:
    """Share of the samples that stand in runs at the largest absolute value."""
    peak = float(np.abs(channel).max())
    if peak < _CLIPPED_LEVEL:
        return 0.0
    at_limit = np.abs(channel) >= peak * (1 - 1e-4)
    run = np.convolve(at_limit, np.ones(_CLIPPED_RUN), mode="valid") == _CLIPPED_RUN
    return float(np.convolve(run, np.ones(_CLIPPED_RUN), mode="full").astype(bool).mean())


def _copies(
    audio: Float[np.ndarray, "channel time"], is_constant: Bool[np.ndarray, "channel"]
) -> tuple[tuple[int, int], ...]:
    """Pairs that differ by nothing but a gain; differences of neighbours, so that rumble counts little."""
    steps = np.diff(audio.astype(np.float64), axis=1)
    norm = np.linalg.norm(steps, axis=1)
    steps = steps / np.where(norm > 0, norm, 1)[:, None]
    same = np.abs(steps @ steps.T) > _SAME
    same[is_constant] = same[:, is_constant] = False
    return tuple((int(i), int(j)) for i, j in zip(*np.nonzero(np.triu(same, 1)), strict=True))

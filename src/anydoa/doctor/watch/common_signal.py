"""Channels that carry sound at the same time: B-format taken for microphones, and hum of the electronics.

The components of B-format come from one point. They are in phase or in antiphase whatever the direction, so
their cross spectra are real. Those of microphones apart turn with frequency, for every sound but one from
straight across a flat array; that one is in phase everywhere.

Hum or hiss of the electronics reaches all channels at once, as sound from straight across a flat array would.
But a room returns sound from all sides, so from the frequency on at which the array hears the difference no
sound in a pause is the same at every microphone. While somebody talks it is covered; if nobody ever does it
is as loud all the time.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped

from anydoa.doctor.watch.notice import Notice
from anydoa.doctor.watch.sound_statistics import SoundStatistics
from anydoa.geometry import MicrophoneArray


@dataclass(frozen=True)
class CoincidenceOptions:
    """What tells channels of one point from microphones apart.

    Args:
        min_windows: number of windows.
        min_channels: number of channels: W, X, Y and Z.
        max_hz: frequency above which components made from real microphones are no longer of one point.
        min_turn: phase by which sound along two microphones is late, from which they tell anything.
        block_bins: neighbouring bins; echoes more than 4 ms late cancel over 250 Hz, delays between
            microphones do not.
        min_blocks: number of blocks of all pairs.
        coherence: squared coherence that neither noise nor sound from everywhere has at such a turn.
        min_share: share of the blocks that must be so coherent.
        max_imaginary: share of the squared coherence; half for microphones apart.
        min_antiphase: share of the squared coherence that no sound across a flat array has.
        min_spread_db: level between channels; microphones of a flat array hear sound across it about as loud.
    """

    min_windows: int = 8
    min_channels: int = 4
    max_hz: float = 7_000.0
    min_turn: float = math.pi / 2
    block_bins: int = 8
    min_blocks: int = 6
    coherence: float = 0.45
    min_share: float = 0.15
    max_imaginary: float = 0.08
    min_antiphase: float = 0.05
    min_spread_db: float = 4.5


@dataclass(frozen=True)
class CommonSignalOptions:
    """What tells hum of the electronics from sound in a room.

    Args:
        min_windows: number of windows.
        quiet: shares of the windows by level between which they are quiet.
        loud: shares of the windows by level between which they are loud.
        common_share: share of the power of quiet windows that all channels carry alike.
        covered_share: share in loud windows above which it may well be sound from straight across.
        steady_db: level between quiet and loud windows; talk has ten and more.
        turn: phase by which sound along the array is late, from which it would be heard.
    """

    min_windows: int = 10
    quiet: tuple[float, float] = (0.0, 0.1)
    loud: tuple[float, float] = (0.7, 1.0)
    common_share: float = 0.95
    covered_share: float = 0.85
    steady_db: float = 6.0
    turn: float = 2.0

    def min_hz(self, array: MicrophoneArray) -> float:
        """Frequency above which sound in a room is not the same at all microphones."""
        return self.turn * array.speed_of_sound / (2 * math.pi * array.span)


def coincident_channels(
    sums: SoundStatistics, array: MicrophoneArray, options: CoincidenceOptions = CoincidenceOptions()
) -> Notice | None:
    """What to say of channels that are no microphones apart, or None."""
    if sums.num_windows < options.min_windows or array.num_microphones < options.min_channels:
        return None
    # (freq, channel, channel) -> (block, channel, channel): means over neighbouring frequencies, over which
    # echoes cancel
    power = np.einsum("fcc->fc", sums.cross).real
    scale = np.sqrt(np.maximum(power[:, :, None] * power[:, None], np.finfo(np.float64).tiny))
    coherence = _blocks(sums.cross / scale, options.block_bins).mean(axis=1)
    # (block, channel, channel): at which frequencies sound along each pair is clearly late
    frequency = _blocks(sums.frequency_hz[sums.listened], options.block_bins)
    distance: Float[np.ndarray, "channel channel"] = np.linalg.norm(
        array.positions[:, None] - array.positions, axis=-1
    )
    turn = 2 * np.pi * frequency.min(axis=1)[:, None, None] * distance / array.speed_of_sound
    is_low = frequency.max(axis=1)[:, None, None] <= options.max_hz
    is_telling = (turn >= options.min_turn) & is_low & ~np.tri(len(distance), dtype=bool)
    # (block, channel, channel) -> (one): what is coherent there
    coherence = coherence[is_telling]
    fewest = max(options.min_blocks, options.min_share * len(coherence))
    coherence = coherence[np.square(np.abs(coherence)) >= options.coherence]
    if len(coherence) < fewest:
        return None
    squared = np.square(np.abs(coherence)).sum()
    imaginary, antiphase = (np.square(part).sum() for part in (coherence.imag, np.minimum(coherence.real, 0)))
    if imaginary > options.max_imaginary * squared:
        return None
    # Sound from straight across a flat array is in phase, too, but never in antiphase, and about as loud
    # everywhere.
    level = np.einsum("fcc->c", sums.cross).real
    across = (
        antiphase < options.min_antiphase * squared
        and level.max() < 10 ** (options.min_spread_db / 10) * level.min()
    )
    if across and array.ambiguity.broadside:
        return None
    return Notice(
        "coincident",
        "all channels are in phase or in antiphase, nothing is ever late: these are no microphones apart; "
        "is it B-format or a mix? Give the microphones' own signals (A-format)",
    )


def _blocks(values: Shaped[np.ndarray, "freq *rest"], bins: int) -> Shaped[np.ndarray, "block bin *rest"]:
    """Neighbouring frequencies together; those left over are left out."""
    count = len(values) // bins
    return values[: count * bins].reshape(count, bins, *values.shape[1:])


def common_signal(
    sums: SoundStatistics, array: MicrophoneArray, options: CommonSignalOptions = CommonSignalOptions()
) -> Notice | None:
    """What to say of a signal that all channels share in pauses, or None."""
    quiet, loud = sums.quantile(*options.quiet), sums.quantile(*options.loud)
    if sums.num_windows < options.min_windows or quiet.common_share < options.common_share:
        return None
    if loud.common_share > options.covered_share and loud.level_db - quiet.level_db > options.steady_db:
        return None
    broadside = array.ambiguity.broadside
    place = f"; directions {broadside} may be it" if broadside else ""
    return Notice(
        "common",
        "while it is quiet all channels carry one signal at once, which no sound in a room does; is it hum "
        f"or hiss of the electronics, on the cable or the power supply{place}?",
    )

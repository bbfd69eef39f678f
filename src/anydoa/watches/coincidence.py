"""Channels between which nothing is ever late: B-format or a mix, taken for microphones.

The components of B-format come from one point. They are in phase or in antiphase whatever the direction, so
their cross spectra are real. Those of microphones apart turn with frequency, for every sound but one from
straight across a flat array; that one is in phase everywhere.
"""

import numpy as np
from jaxtyping import Bool, Complex, Float, Shaped

from anydoa.geometry.array import MicrophoneArray
from anydoa.watches.notice import Notice
from anydoa.watches.sound_sums import SoundSums

_FEWEST_WINDOWS = 8
_FEWEST_MICROPHONES = 4  # W, X, Y and Z
_HIGHEST_HZ = 7_000.0  # above, components made from real microphones are no longer of one point
_LEAST_TURN = np.pi / 2  # phase by which sound along two microphones is late, from which they tell anything
_BLOCK = 8  # bins; echoes more than 4 ms late cancel over 250 Hz, lateness between microphones does not
_FEWEST_BLOCKS = 6  # of all pairs
_COHERENT = 0.45  # squared coherence that neither noise nor sound from everywhere has at such a turn
_LEAST_SHARE = 0.15  # of the blocks that must be so coherent
_MOST_IMAGINARY = 0.08  # share of the squared coherence; half for microphones apart
_LEAST_ANTIPHASE = 0.05  # share of the squared coherence that no sound across a flat array has
_LEAST_SPREAD_DB = 4.5  # between channels; microphones of a flat array hear sound across it about as loud


def coincident_channels(sums: SoundSums, array: MicrophoneArray) -> Notice | None:
    """What to say of channels that are no microphones apart, or None."""
    if sums.num_windows < _FEWEST_WINDOWS or array.num_microphones < _FEWEST_MICROPHONES:
        return None
    coherence = _coherence(sums)[_telling(sums, array)]
    fewest = max(_FEWEST_BLOCKS, _LEAST_SHARE * len(coherence))
    coherence = coherence[np.square(np.abs(coherence)) >= _COHERENT]
    if len(coherence) < fewest:
        return None
    squared = np.square(np.abs(coherence)).sum()
    imaginary, antiphase = (np.square(part).sum() for part in (coherence.imag, np.minimum(coherence.real, 0)))
    if imaginary > _MOST_IMAGINARY * squared:
        return None
    power = np.einsum("fcc->c", sums.cross).real
    across = (
        antiphase < _LEAST_ANTIPHASE * squared and power.max() < 10 ** (_LEAST_SPREAD_DB / 10) * power.min()
    )
    if across and array.ambiguity.broadside:
        return None
    return Notice(
        "coincident",
        "all channels are in phase or in antiphase, nothing is ever late: these are no microphones apart; "
        "is it B-format or a mix? Give the microphones' own signals (A-format)",
    )


def _coherence(sums: SoundSums) -> Complex[np.ndarray, "block channel channel"]:
    """Of each pair of channels, the mean over neighbouring frequencies, over which echoes cancel."""
    power = np.einsum("fcc->fc", sums.cross).real
    scale = np.sqrt(np.maximum(power[:, :, None] * power[:, None], np.finfo(np.float64).tiny))
    return _blocks(sums.cross / scale).mean(axis=1)


def _telling(sums: SoundSums, array: MicrophoneArray) -> Bool[np.ndarray, "block channel channel"]:
    """Pairs and frequencies at which sound along the pair is clearly late."""
    frequency = _blocks(sums.frequency_hz[sums.listened])
    distance: Float[np.ndarray, "channel channel"] = np.linalg.norm(
        array.positions[:, None] - array.positions, axis=-1
    )
    turn = 2 * np.pi * frequency.min(axis=1)[:, None, None] * distance / array.speed_of_sound
    low = frequency.max(axis=1) <= _HIGHEST_HZ
    return (turn >= _LEAST_TURN) & low[:, None, None] & ~np.tri(len(distance), dtype=bool)


def _blocks(values: Shaped[np.ndarray, "freq *rest"]) -> Shaped[np.ndarray, "block bin *rest"]:
    """Neighbouring frequencies together; those left over are left out."""
    count = len(values) // _BLOCK
    return values[: count * _BLOCK].reshape(count, _BLOCK, *values.shape[1:])

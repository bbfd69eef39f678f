"""Channels between which nothing is ever late: B-format or a mix, taken for microphones.

The components of B-format come from one point. They are in phase or in antiphase whatever the direction, so
their cross spectra are real. Those of microphones apart turn with frequency, for every sound but one from
straight across a flat array; that one is in phase everywhere.
"""

import math

import numpy as np
from jaxtyping import Bool, Complex, Float, Shaped

from anydoa.doctor.watch.notice import Notice
from anydoa.doctor.watch.sound_statistics import SoundStatistics
from anydoa.geometry.ambiguity import geometry_rank
from anydoa.geometry.array import MicrophoneArray

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


def coincident_channels(sums: SoundStatistics, array: MicrophoneArray) -> Notice | None:
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
    if across and geometry_rank(array) != "volume":
        return None
    return Notice(
        "coincident",
        "all channels are in phase or in antiphase, nothing is ever late: these are no microphones apart; "
        "is it B-format or a mix? Give the microphones' own signals (A-format)",
    )


def _coherence(sums: SoundStatistics) -> Complex[np.ndarray, "block channel channel"]:
    """Of each pair of channels, the mean over neighbouring frequencies, over which echoes cancel."""
    power = np.einsum("fcc->fc", sums.cross).real
    scale = np.sqrt(np.maximum(power[:, :, None] * power[:, None], np.finfo(np.float64).tiny))
    return _blocks(sums.cross / scale).mean(axis=1)


def _telling(sums: SoundStatistics, array: MicrophoneArray) -> Bool[np.ndarray, "block channel channel"]:
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


_FEWEST_COMMON = 10
_QUIET, _LOUD = (0.0, 0.1), (0.7, 1.0)  # shares of the windows by level
_IN_STEP = 0.95  # in quiet windows
_COVERED = 0.85  # in loud ones; above, it may well be sound from straight across
_STEADY_DB = 6.0  # between quiet and loud windows; talk has ten and more
_TURN = 2.0  # phase by which sound along the array is late, from which it would be heard
_PLACES = {
    "line": "; directions square to the line may be it",
    "plane": "; directions square to the array's plane may be it",
}


def in_step_hz(array: MicrophoneArray) -> float:
    """From which frequency on sound in a room is not the same at all microphones."""
    return _TURN * array.speed_of_sound / (2 * math.pi * array.span)


def common_signal(sums: SoundStatistics, array: MicrophoneArray) -> Notice | None:
    """What to say of a signal that all channels share in pauses, or None."""
    quiet, loud = sums.quantile(*_QUIET), sums.quantile(*_LOUD)
    if sums.num_windows < _FEWEST_COMMON or quiet.in_step < _IN_STEP:
        return None
    if loud.in_step > _COVERED and loud.level_db - quiet.level_db > _STEADY_DB:
        return None
    place = _PLACES.get(geometry_rank(array), "")
    return Notice(
        "common",
        "while it is quiet all channels carry one signal at once, which no sound in a room does; is it hum "
        f"or hiss of the electronics, on the cable or the power supply{place}?",
    )

"""One talker: a piece of dry speech, when it is speech, and the part of a response that is direct sound."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from anydoa.constants import SAMPLE_RATE, SPEED_OF_SOUND
from anydoa.simulation.convolution import SEAM_SAMPLES, close_loop
from anydoa.simulation.pool import AudioPool

_CUTS = 8  # places tried for enough speech
_DIRECT_S = 0.003  # s of the response from the direct sound on


@dataclass(frozen=True, eq=False)
class Speech:
    """A piece of a talker's recordings, closed to a loop.

    Args:
        dry: the samples.
        activity: true where they are speech.
    """

    dry: Float[np.ndarray, "time"]
    activity: Bool[np.ndarray, "time"]


def cut_speech(
    pool: AudioPool, group: int, num_samples: int, rng: np.random.Generator, *, min_activity: float
) -> Speech:
    """A random piece of one talker's recordings; of several tries the first with enough speech, or the best.

    Args:
        pool: dry speech.
        group: which talker.
        num_samples: length of the piece.
        rng: source of randomness.
        min_activity: share of the piece that is enough.
    """
    best, share = 0, -1.0
    for start in rng.integers(pool.group_length(group), size=_CUTS):
        found = float(pool.segment_activity(group, int(start), num_samples).mean())
        if found > share:
            best, share = int(start), found
        if share >= min_activity:
            break
    dry = close_loop(pool.segment(group, best - SEAM_SAMPLES, SEAM_SAMPLES + num_samples))
    return Speech(dry, pool.segment_activity(group, best, num_samples))


def activity_at_array(
    activity: Bool[np.ndarray, "time"], places: Float[np.ndarray, "knot 3"], *, sample_rate: int = SAMPLE_RATE
) -> Bool[np.ndarray, "time"]:
    """Activity of a loop as it arrives at the centre of the array, late by the flight of the direct sound.

    Args:
        activity: of the dry speech.
        places: where the talker is, metres from the array; the flight of one who moves is the mean.
        sample_rate: samples a second.
    """
    flight = float(np.linalg.norm(places, axis=-1).mean()) / SPEED_OF_SOUND
    return np.roll(activity, round(flight * sample_rate))


def direct_part(
    rirs: Float[np.ndarray, "knot mic tap"],
    places: Float[np.ndarray, "knot 3"],
    mics: Float[np.ndarray, "mic 3"],
    *,
    sample_rate: int = SAMPLE_RATE,
) -> Float[np.ndarray, "knot mic early"]:
    """The responses up to 3 ms after the direct sound arrives, and nothing after."""
    flight = np.linalg.norm(places[:, None] - mics, axis=-1) / SPEED_OF_SOUND
    end = np.ceil((flight + _DIRECT_S) * sample_rate).astype(int)
    tap = np.arange(min(int(end.max()), rirs.shape[-1]))
    return np.where(tap < end[..., None], rirs[..., : len(tap)], np.float32(0))

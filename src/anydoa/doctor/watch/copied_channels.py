"""One signal on several channels: a microphone that a sound system copied.

Copies differ by a gain and by what rounding to 16 bits adds. Nothing that microphones hear is so alike: their
own noise, and sound from elsewhere, differ. Only a single wave without any noise, which is computed and not
recorded, can reach two microphones in the same way; it is told by how well it fits all of them.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Complex, Float

from anydoa.doctor.watch.notice import Notice
from anydoa.doctor.watch.sound_statistics import SoundStatistics
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.channel_list import named_channels
from anydoa.geometry.grid import fibonacci_grid
from anydoa.geometry.plane_wave import steering_phases

_FEWEST_WINDOWS = 4
_SAME = 1e-5  # share of the power that two copies may differ by, high frequencies counting more
_ROUNDED = 1e-2  # the same where the difference is no more than rounding
_ROUNDING_STEPS = 2.0  # powers of one step of 16 bits; two roundings with dither come to half a step
_NOISE_FREE = 0.995  # coherence of all other microphones from which a sound must have been computed
_SAME_DELAY_S = 20e-6
_NUM_DIRECTIONS = 4000
_NUM_FREQUENCIES = 24


def copied_channels(sums: SoundStatistics, array: MicrophoneArray) -> Notice | None:
    """Channels that carry one signal up to a gain, or None."""
    if sums.num_windows < _FEWEST_WINDOWS:
        return None
    groups = [group for group in _groups(_alike(sums)) if not _one_wave(sums, array, group)]
    if not groups:
        return None
    said = " and ".join(
        f"{named_channels(sorted(array.channels[one] for one in group))} carry the same signal"
        for group in groups
    )
    return Notice("copies", f"{said}; is this one microphone, copied by the sound system?", is_soon=True)


def _alike(sums: SoundStatistics) -> Bool[np.ndarray, "channel channel"]:
    # As in the differences of neighbouring samples, so that rumble counts little.
    tilt = np.square(sums.frequency_hz[sums.listened])
    share = _differing_share(np.tensordot(tilt, sums.cross, axes=1))
    level = sums.cross.sum(axis=0)
    power = np.diag(level).real
    differing = _differing_share(level) * np.minimum(power, power[:, None])
    rounded = (share < _ROUNDED) & (differing < _ROUNDING_STEPS * sums.rounding_power)
    alike: np.ndarray = ((share < _SAME) | rounded) & (power > 0) & (power > 0)[:, None]
    np.fill_diagonal(alike, False)
    return alike


def _differing_share(cross: Complex[np.ndarray, "channel channel"]) -> Float[np.ndarray, "channel channel"]:
    """Share of the power of either channel that no gain makes of the other."""
    power = np.diag(cross).real
    alike = np.square(cross.real) / np.maximum(power * power[:, None], np.finfo(np.float64).tiny)
    return 1 - alike


def _groups(alike: Bool[np.ndarray, "channel channel"]) -> list[list[int]]:
    groups: list[list[int]] = []
    for channel in range(len(alike)):
        if alike[channel].any() and not any(channel in group for group in groups):
            groups.append(
                [channel, *np.flatnonzero(alike[channel] & (np.arange(len(alike)) > channel)).tolist()]
            )
    return groups


def _one_wave(sums: SoundStatistics, array: MicrophoneArray, group: Sequence[int]) -> bool:
    """Whether a single computed wave reaches these microphones at once, as the others say."""
    others = [one for one in range(array.num_microphones) if one not in group[1:]]
    if len(others) < 3:
        return False
    cross = sums.cross[:, others][:, :, others]
    if _least_coherence(cross) < _NOISE_FREE:
        return False
    directions = fibonacci_grid(_NUM_DIRECTIONS).directions
    loudest = np.argsort(-np.trace(cross, axis1=1, axis2=2).real)[:_NUM_FREQUENCIES]
    steering = steering_phases(directions, array, sums.frequency_hz[sums.listened][loudest])[..., others]
    fit = np.einsum("fdi,fij,fdj->d", steering.conj(), cross[loudest], steering, optimize=True).real
    delays = array.positions[list(group)] @ directions[fit.argmax()] / array.speed_of_sound
    return float(np.ptp(delays)) < _SAME_DELAY_S


def _least_coherence(cross: Complex[np.ndarray, "freq channel channel"]) -> float:
    """Of any two channels, over all frequencies by their power."""
    power = np.einsum("fcc->fc", cross).real
    both = np.sqrt(power[:, :, None] * power[:, None])
    return float((np.abs(cross).sum(axis=0) / np.maximum(both.sum(axis=0), np.finfo(np.float64).tiny)).min())

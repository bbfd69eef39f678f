"""One signal on several channels: a microphone that a sound system copied.

Copies differ by a gain and by what rounding to 16 bits adds. Nothing that microphones hear is so alike: their
own noise, and sound from elsewhere, differ. Only a single wave without any noise, which is computed and not
recorded, can reach two microphones in the same way; it is recognized by how well it fits all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float

from anydoa.acoustics import arrival_time, steering_phases
from anydoa.doctor.channels import linked_groups
from anydoa.doctor.watch.notice import Notice
from anydoa.doctor.watch.sound_statistics import SoundStatistics
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.channels import named_channels
from anydoa.geometry.grid import fibonacci_grid


@dataclass(frozen=True)
class CopyOptions:
    """What tells copies from microphones that hear the same.

    Args:
        min_windows: number of windows.
        same_share: share of the power that two copies may differ by, high frequencies counting more.
        rounded_share: share of the power that they may differ by where that is no more than rounding.
        rounding_steps: powers of one step of 16 bits; two roundings with dither come to half a step.
        noise_free: coherence of all other microphones from which a sound must have been computed.
        same_delay_s: seconds within which a computed wave reaches microphones at once.
        num_directions: directions tried for a computed wave.
        num_frequencies: loudest frequencies at which it is tried.
    """

    min_windows: int = 4
    same_share: float = 1e-5
    rounded_share: float = 1e-2
    rounding_steps: float = 2.0
    noise_free: float = 0.995
    same_delay_s: float = 20e-6
    num_directions: int = 4000
    num_frequencies: int = 24


def copied_channels(
    sums: SoundStatistics, array: MicrophoneArray, options: CopyOptions = CopyOptions()
) -> Notice | None:
    """Channels that carry one signal up to a gain, or None."""
    if sums.num_windows < options.min_windows:
        return None
    # (freq, channel, channel) -> (channel, channel): which differ by a gain alone, in the differences of
    # neighbouring samples, so that rumble counts little
    tilt = np.square(sums.frequency_hz[sums.listened])
    share = _differing_share(np.tensordot(tilt, sums.cross, axes=1))
    # and which differ by no more than rounding
    level = sums.cross.sum(axis=0)
    power = np.diag(level).real
    differing = _differing_share(level) * np.minimum(power, power[:, None])
    most = options.rounding_steps * sums.rounding_power
    rounded = (share < options.rounded_share) & (differing < most)
    alike = ((share < options.same_share) | rounded) & (power > 0) & (power > 0)[:, None]
    np.fill_diagonal(alike, False)
    groups = [
        group
        for group in linked_groups(alike)
        if len(group) > 1 and not _one_wave(sums, array, group, options)
    ]
    if not groups:
        return None
    said = " and ".join(
        f"{named_channels(sorted(array.channels[one] for one in group))} carry the same signal"
        for group in groups
    )
    return Notice("copies", f"{said}; is this one microphone, copied by the sound system?", is_soon=True)


def _differing_share(cross: Complex[np.ndarray, "channel channel"]) -> Float[np.ndarray, "channel channel"]:
    """Share of the power of either channel that no gain makes of the other."""
    power = np.diag(cross).real
    alike = np.square(cross.real) / np.maximum(power * power[:, None], np.finfo(np.float64).tiny)
    return 1 - alike


def _one_wave(
    sums: SoundStatistics, array: MicrophoneArray, group: Sequence[int], options: CopyOptions
) -> bool:
    """Whether a single computed wave reaches these microphones at once, as the others say."""
    others = [one for one in range(array.num_microphones) if one not in group[1:]]
    if len(others) < 3:
        return False
    # (freq, other, other): least coherence of any two of the others, over all frequencies by their power
    cross = sums.cross[:, others][:, :, others]
    power = np.einsum("fcc->fc", cross).real
    both = np.sqrt(power[:, :, None] * power[:, None]).sum(axis=0)
    coherence = np.abs(cross).sum(axis=0) / np.maximum(both, np.finfo(np.float64).tiny)
    if coherence.min() < options.noise_free:
        return False
    # (freq, direction, other) -> (direction): the wave that fits the others best at the loudest frequencies
    directions = fibonacci_grid(options.num_directions).directions
    loudest = np.argsort(-np.trace(cross, axis1=1, axis2=2).real)[: options.num_frequencies]
    steering = steering_phases(directions, array, sums.frequency_hz[sums.listened][loudest])[..., others]
    fit = np.einsum("fdi,fij,fdj->d", steering.conj(), cross[loudest], steering, optimize=True).real
    delays = arrival_time(array.positions[list(group)], directions[fit.argmax()], array.speed_of_sound)
    return float(np.ptp(delays)) < options.same_delay_s

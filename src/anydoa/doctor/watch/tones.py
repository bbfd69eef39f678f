"""Sound that is nearly all one tone, or nearly all above what is listened to."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from anydoa.acoustics import steering_phases
from anydoa.doctor.watch.notice import Notice
from anydoa.doctor.watch.sound_statistics import SoundStatistics
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import direction_to_angles_deg
from anydoa.peaks import PeakFinder


@dataclass(frozen=True)
class ToneOptions:
    """What tells sound that is nearly all one tone, or nearly all too high.

    Args:
        high_share: share of the power above what is listened to.
        tone_share: share of the power in one tone; speech has half of it in so narrow a band at most.
        lobe_bins: bins to both sides that a tone spreads over.
        fit_share: share of the power that a direction may explain less than the best one.
        max_named: number of directions that are named.
        mirror_spacings: spacings of the grid within which a direction is taken for the mirror image of
            another.
    """

    high_share: float = 0.97
    tone_share: float = 0.9
    lobe_bins: int = 2
    fit_share: float = 0.02
    max_named: int = 4
    mirror_spacings: float = 2


def high_sound(sums: SoundStatistics, options: ToneOptions = ToneOptions()) -> Notice | None:
    """What to say of sound nearly all of which is not listened to, or None."""
    first, last = sums.listened.start, sums.listened.stop
    total = sums.power[first:].sum()
    if total <= 0 or sums.power[last:].sum() < options.high_share * total:
        return None
    highest_khz = sums.frequency_hz[last - 1] / 1000
    return Notice(
        "high",
        f"nearly all sound lies above {highest_khz:.0f} kHz, which is not listened to; directions are "
        "those of the little below",
    )


def single_tone(
    sums: SoundStatistics, array: MicrophoneArray, finder: PeakFinder, options: ToneOptions = ToneOptions()
) -> Notice | None:
    """What to say of sound that is nearly all one tone, with the directions that fit it, or None."""
    first, last = sums.listened.start, sums.listened.stop
    total = sums.power[first:].sum()
    strongest = int(sums.power[first:last].argmax())
    lobe = slice(max(strongest - options.lobe_bins, 0), strongest + options.lobe_bins + 1)
    power = sums.power[first:last][lobe]
    if total <= 0 or power.sum() < options.tone_share * total:
        return None
    tone_hz = float(power @ sums.frequency_hz[first:last][lobe] / power.sum())
    half_wave_cm = 50 * array.speed_of_sound / tone_hz
    # (channel, channel) -> (grid): share of the tone that a wave from each direction explains, every channel
    # counting as much
    cross = sums.cross[strongest]
    scale = np.sqrt(np.diag(cross).real)
    alive = scale > 0
    cross = (cross / np.maximum(scale * scale[:, None], np.finfo(np.float64).tiny))[alive][:, alive]
    steering = steering_phases(finder.grid.directions, array, np.array([tone_hz]))[0][:, alive]
    explained = np.einsum("di,ij,dj->d", steering.conj(), cross, steering, optimize=True).real
    explained = explained / alive.sum() ** 2
    named = _best_directions(explained, finder, options)
    return Notice(
        "tone",
        f"nearly all sound is one tone of {tone_hz:.0f} Hz, which does not tell directions apart for "
        f"microphones more than half a wave ({half_wave_cm:.1f} cm) apart; {named}; speech tells more",
    )


def _best_directions(explained: Float[np.ndarray, "grid"], finder: PeakFinder, options: ToneOptions) -> str:
    """The directions that fit a tone best, in words, each with its mirror image, which fits as well."""
    # (grid) -> (top): the highest direction of each patch in which all values come near the highest of all
    grid = finder.grid
    inside = explained >= float(explained.max()) - options.fit_share
    edges = np.array(
        [(one, other) for one in np.flatnonzero(inside) for other in grid.neighbours[one] if inside[other]]
    ).reshape(-1, 2)
    linked = csr_array((np.ones(len(edges)), edges.T), shape=(len(grid), len(grid)))
    patch = connected_components(linked, directed=False)[1]
    best_first = np.flatnonzero(inside)[np.argsort(-explained[inside], kind="stable")]
    tops = best_first[np.sort(np.unique(patch[best_first], return_index=True)[1])]
    # A direction that is the mirror image of an earlier one is named there.
    places: list[str] = []
    mirrors: list[np.ndarray] = []
    same = np.cos(options.mirror_spacings * grid.spacing)
    for direction in grid.directions[tops]:
        if any(direction @ mirror > same for mirror in mirrors):
            continue
        twins = finder.mirror(direction)
        mirrors.extend(twins)
        azimuth, elevation = _degrees(direction)
        mirrored = "".join(f" (or {', '.join(_degrees(twin))} mirrored)" for twin in twins)
        places.append(f"azimuth {azimuth}, elevation {elevation}{mirrored}")
    more = " and others" if len(places) > options.max_named else ""
    return f"what fits it is {' or '.join(places[: options.max_named])}{more}"


def _degrees(direction: Float[np.ndarray, "3"]) -> tuple[str, str]:
    azimuth, elevation = direction_to_angles_deg(direction)
    return f"{azimuth:.0f}°", f"{elevation:.0f}°"

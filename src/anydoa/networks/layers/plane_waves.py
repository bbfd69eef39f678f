"""How well plane waves from a fixed set of directions explain the phases of all microphones, band by band.

Nothing here is learned. It is the steered response with phase transform over all pairs, SRP-PHAT, kept apart
by bands of bins: the power of a beam for each direction, less what each microphone gives by itself. So the
cost grows linearly with the number of microphones.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from anydoa.constants import SPEED_OF_SOUND


def plane_wave_phase(
    mic_positions: Float[Tensor, "*batch mic 3"],
    directions: Float[Tensor, "*any direction 3"],
    frequencies: Float[Tensor, "freq"],
) -> Float[Tensor, "*batch freq mic direction"]:
    """Phase of plane waves at each microphone in free field, in radians; the one delay formula in torch.

    A plane wave from direction u reaches a microphone at p with the delay -(p . u) / c against the origin, so
    its phase there is 2 pi f p . u / c.

    Args:
        mic_positions: metres; the origin turns all microphones alike.
        directions: unit vectors towards the sources, the same for all items or those of each.
        frequencies: hertz.
    """
    lead = mic_positions @ directions.mT
    return (2 * math.pi / SPEED_OF_SOUND) * frequencies[:, None, None] * lead[..., None, :, :]


def steering_vectors(
    mic_positions: Float[Tensor, "batch mic 3"],
    directions: Float[Tensor, "direction 3"],
    frequencies: Float[Tensor, "freq"],
) -> Float[Tensor, "batch freq twice_mic direction"]:
    """Cosines, then sines of :func:`plane_wave_phase`: a steering vector for each direction.

    Args:
        mic_positions: metres; the origin only turns whole beams, whose power counts.
        directions: unit vectors towards candidate sources.
        frequencies: hertz.
    """
    batch, mics, _ = mic_positions.shape
    vectors = mic_positions.new_empty(batch, len(frequencies), 2 * mics, len(directions))
    # Item by item: the phases of several would not stay in a cache of the processor.
    for positions, rows in zip(mic_positions, vectors, strict=True):
        phase = plane_wave_phase(positions, directions, frequencies)
        torch.cos(phase, out=rows[:, :mics])
        torch.sin(phase, out=rows[:, mics:])
    return vectors


def agreement(
    real: Float[Tensor, "batch freq frame mic"],
    imag: Float[Tensor, "batch freq frame mic"],
    steering: Float[Tensor, "batch freq twice_mic direction"],
    num_mics: Float[Tensor, "batch"],
    num_bands: int,
) -> Float[Tensor, "batch band frame direction"]:
    """Mean cosine of the phase errors of all pairs and bins of a band, for each direction: 1 where all fit.

    Args:
        real: real parts of the phases of the microphones, magnitude one; zeros without sound or microphone.
        imag: imaginary parts of the phases.
        steering: from :func:`steering_vectors`.
        num_mics: microphones present in each clip.
        num_bands: bands, each of as many successive bins.
    """
    # batch freq 2*frame 2*mic: rows for the real parts of beams, below them rows for the imaginary parts
    sound = torch.cat([torch.cat([real, imag], -1), torch.cat([imag, -real], -1)], 2)
    # -> batch band frame direction, clip by clip: a processor's cache does not hold the beams of several.
    if torch.onnx.is_in_onnx_export():
        power = _band_power(sound, steering, num_bands)
    else:
        clips = zip(sound[:, None], steering[:, None], strict=True)
        power = torch.cat([_band_power(*clip, num_bands) for clip in clips])
    # What each microphone gives by itself, then the number of ordered pairs and bins in a band.
    own = sum_bands((real.square() + imag.square()).sum(-1), num_bands)
    pairs = num_mics * (num_mics - 1) * (real.shape[1] // num_bands)
    return (power - own[..., None]) / pairs[:, None, None, None]


def _band_power(
    sound: Float[Tensor, "batch freq twice_frame twice_mic"],
    steering: Float[Tensor, "batch freq twice_mic direction"],
    num_bands: int,
) -> Float[Tensor, "batch band frame direction"]:
    """Power of each beam, summed over the bins of each band."""
    beams = torch.matmul(sound, steering)
    real, imag = sum_bands(beams.square(), num_bands).chunk(2, 2)
    return real + imag


def sum_bands(values: Float[Tensor, "batch freq *rest"], num_bands: int) -> Float[Tensor, "batch band *rest"]:
    """Sums over bands, each of as many successive bins."""
    return values.reshape(values.shape[0], num_bands, -1, *values.shape[2:]).sum(2)

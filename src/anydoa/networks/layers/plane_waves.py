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


def arrival_time(
    mic_positions: Float[Tensor, "batch mic 3"], directions: Float[Tensor, "batch wave 3"]
) -> Float[Tensor, "batch wave mic"]:
    """Seconds after the origin at which plane waves in free field reach each microphone: ``-(p . u) / c``.

    Args:
        mic_positions: metres.
        directions: unit vectors towards the sources of each clip.
    """
    return -torch.einsum("bwx,bmx->bwm", directions, mic_positions) / SPEED_OF_SOUND


def steering_vectors(
    mic_positions: Float[Tensor, "batch mic 3"],
    directions: Float[Tensor, "direction 3"],
    frequencies: Float[Tensor, "freq"],
) -> Float[Tensor, "batch freq twice_mic direction"]:
    """Cosines, then sines of the phase of a plane wave at each microphone in free field.

    Args:
        mic_positions: metres; the origin only turns whole beams, whose power counts.
        directions: unit vectors towards candidate sources.
        frequencies: hertz.
    """
    batch, mics, _ = mic_positions.shape
    delay = arrival_time(mic_positions, directions.expand(batch, -1, -1)).mT.contiguous()
    radians = -2 * math.pi * frequencies[:, None, None]
    vectors = delay.new_empty(batch, len(frequencies), 2 * mics, len(directions))
    # Clip by clip: a processor's cache does not hold the phases of several, freq mic direction each.
    for item, rows in zip(delay, vectors, strict=True):
        phase = radians * item
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
        steering: what :func:`steering_vectors` returned.
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

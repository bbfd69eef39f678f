"""Levels that rise and fall as speech does: pauses, syllables, gliding spectra."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

_SPEECH_S, _PAUSE_S = 0.8, 0.3  # s, mean lengths
_SYLLABLE_S = 0.1  # s, over which levels change
_LOUDNESS_DB = 6.0  # standard deviation of the level of all bins together
_SHAPE_DB = 5.0  # standard deviation of each curve that a spectrum is made of
_NUM_SHAPES = 8
_PIVOT_HZ = 500.0  # above it spectra fall


@dataclass(frozen=True)
class TimeAxis:
    """Frames of an example.

    Args:
        num_frames: how many.
        frame_s: seconds from a frame to the next.
    """

    num_frames: int
    frame_s: float

    def decay(self, time_s: float) -> float:
        """What is left after a frame of what falls to 1/e in a time."""
        return math.exp(-self.frame_s / time_s)


def speech_and_pauses(
    shape: tuple[int, int], axis: TimeAxis, generator: torch.Generator
) -> Bool[Tensor, "batch source frame"]:
    """Turns of speech and pauses of random length, from a random moment on."""
    ends = torch.tensor(
        [axis.frame_s / _PAUSE_S, axis.frame_s / _SPEECH_S]
    )  # chance that a frame is the last
    draws = torch.rand(axis.num_frames, *shape, generator=generator)
    speaking = draws[0] < _SPEECH_S / (_SPEECH_S + _PAUSE_S)
    frames = [speaking]
    for draw in draws[1:]:
        frames.append(frames[-1] ^ (draw < ends[frames[-1].long()]))
    return torch.stack(frames, -1)


def speech_level_db(
    shape: tuple[int, int], bins: Float[Tensor, "freq"], axis: TimeAxis, generator: torch.Generator
) -> Float[Tensor, "batch source freq frame"]:
    """Level of each bin of each talker, in decibels around zero, before the fall towards high frequencies."""
    curves = _smooth_curves(bins)
    glide = axis.decay(_SYLLABLE_S)
    loudness = _gliding((*shape, 1), axis.num_frames, glide, generator)
    weights = _gliding((*shape, len(curves)), axis.num_frames, glide, generator)
    return _LOUDNESS_DB * loudness + _SHAPE_DB * torch.einsum("kf,bskt->bsft", curves, weights)


def fall_db(bins: Float[Tensor, "freq"], tilt_db: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch freq"]:
    """Level over frequency of a spectrum that is flat to 500 Hz and then falls by ``tilt_db`` an octave."""
    return -tilt_db[..., None] * torch.log2(bins.clamp(min=_PIVOT_HZ) / _PIVOT_HZ)


def smear(
    power: Float[Tensor, "batch freq frame"], decay: Float[Tensor, "batch"]
) -> Float[Tensor, "batch freq frame"]:
    """Power that builds up and dies away: a running mean with the share ``decay`` of the past."""
    past = torch.zeros_like(power[..., 0])
    frames = []
    for now in power.unbind(-1):
        past = decay[:, None] * past + (1 - decay[:, None]) * now
        frames.append(past)
    return torch.stack(frames, -1)


def _gliding(
    shape: tuple[int, ...], num_frames: int, decay: float, generator: torch.Generator
) -> Float[Tensor, "*batch frame"]:
    """Normal numbers, each like the one before."""
    steps = torch.randn(num_frames, *shape, generator=generator)
    frames = [steps[0]]
    for step in steps[1:]:
        frames.append(decay * frames[-1] + math.sqrt(1 - decay**2) * step)
    return torch.stack(frames, -1)


def _smooth_curves(bins: Float[Tensor, "freq"]) -> Float[Tensor, "curve freq"]:
    """Cosines over a frequency axis that the ear would call even."""
    place = torch.log1p(bins / _PIVOT_HZ)
    order = torch.arange(1, _NUM_SHAPES + 1)
    return torch.cos(math.pi * order[:, None] * place / place.max())

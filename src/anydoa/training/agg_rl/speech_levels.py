"""Levels that rise and fall as speech does: pauses, syllables, gliding spectra."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class SpeechOptions:
    """What speech is like.

    Args:
        speech_s: mean length of speech between two pauses.
        pause_s: mean length of a pause.
        syllable_s: time over which levels change.
        loudness_db: standard deviation of the level of all bins together.
        shape_db: standard deviation of each curve that a spectrum is made of.
        num_shapes: how many curves a spectrum is made of.
    """

    speech_s: float = 0.8
    pause_s: float = 0.3
    syllable_s: float = 0.1
    loudness_db: float = 6.0
    shape_db: float = 5.0
    num_shapes: int = 8


SPEECH = SpeechOptions()
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
    shape: tuple[int, int], axis: TimeAxis, generator: torch.Generator, speech: SpeechOptions = SPEECH
) -> Bool[Tensor, "batch source frame"]:
    """Turns of speech and pauses of random length, from a random moment on."""
    # Chance that a frame is the last, of a pause and of speech.
    ends = torch.tensor([axis.frame_s / speech.pause_s, axis.frame_s / speech.speech_s])
    draws = torch.rand(axis.num_frames, *shape, generator=generator)
    speaking = draws[0] < speech.speech_s / (speech.speech_s + speech.pause_s)
    frames = [speaking]
    for draw in draws[1:]:
        frames.append(frames[-1] ^ (draw < ends[frames[-1].long()]))
    return torch.stack(frames, -1)


def speech_level_db(
    shape: tuple[int, int],
    bins: Float[Tensor, "freq"],
    axis: TimeAxis,
    generator: torch.Generator,
    speech: SpeechOptions = SPEECH,
) -> Float[Tensor, "batch source freq frame"]:
    """Level of each bin of each talker, in decibels around zero, before the fall towards high frequencies."""
    # Cosines over a frequency axis that the ear would call even: (freq) -> (curve, freq).
    place = torch.log1p(bins / _PIVOT_HZ)
    order = torch.arange(1, speech.num_shapes + 1)
    curves = torch.cos(math.pi * order[:, None] * place / place.max())
    glide = axis.decay(speech.syllable_s)
    loudness = _gliding((*shape, 1), axis.num_frames, glide, generator)
    weights = _gliding((*shape, len(curves)), axis.num_frames, glide, generator)
    return speech.loudness_db * loudness + speech.shape_db * torch.einsum("kf,bskt->bsft", curves, weights)


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

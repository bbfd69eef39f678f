"""Geometry first, without audio: spectra of random arrays and talkers, written down by formula.

What an array and a grid mean can be learned from cheap independent examples; rooms and speech are left to
clips. In each bin and frame the microphones hear

    talkers      a random phasor as strong as speech is then, through the exact delays of the direct sound and
                 of a few early reflections
    late sound   waves from a few directions, as strong as what was said just before
    noise        the same waves at a steady level, and each microphone's own

Phasors of different bins and frames are independent, which those of overlapping windows are not quite.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Complex, Float
from torch import Tensor
from torch.utils.data import Dataset

from anydoa.geometry.coordinates import random_rotation, rotate
from anydoa.networks import AggRl
from anydoa.networks.layers import arrival_time
from anydoa.simulation import sample_dynamic_array
from anydoa.training.agg_rl.batches import ClipShape, SpectraBatch
from anydoa.training.agg_rl.speech_levels import (
    TimeAxis,
    fall_db,
    smear,
    speech_and_pauses,
    speech_level_db,
)
from anydoa.training.agg_rl.targets import BatchAmbiguity
from anydoa.training.batch import draw_num_mics
from anydoa.training.data import MAX_TALKERS


@dataclass(frozen=True)
class SpectraOptions:
    """What examples are made of. Pairs of numbers are limits between which each example draws evenly.

    Args:
        snr_db: the first talker over all noise.
        diffuse_db: steady noise from everywhere over noise of the microphones.
        second_talker_db: the second talker over the first.
        early_db: early reflections over direct sound.
        late_db: late sound over direct sound.
        decay_s: time in which late sound falls to 1/e.
        tilt_db: fall of the spectra of talkers and diffuse noise for each octave.
        reflection_s: how much later than the direct sound a reflection comes, within the window.
        num_reflections: early reflections of each talker.
        num_waves: directions that late sound and diffuse noise come from.
        separation_deg: smallest angle between two talkers.
        num_arrays: different arrays of each number of microphones; each example turns one anew.
    """

    snr_db: tuple[float, float] = (-5.0, 30.0)
    diffuse_db: tuple[float, float] = (-15.0, 15.0)
    second_talker_db: tuple[float, float] = (-5.0, 5.0)
    early_db: tuple[float, float] = (-20.0, 3.0)
    late_db: tuple[float, float] = (-20.0, 3.0)
    decay_s: tuple[float, float] = (0.03, 0.2)
    tilt_db: tuple[float, float] = (0.0, 9.0)
    reflection_s: tuple[float, float] = (0.0005, 0.015)
    num_reflections: int = 4
    num_waves: int = 6
    separation_deg: float = 10.0
    num_arrays: int = 200


class SpectraBatches(Dataset[SpectraBatch]):
    """``batches[first]`` draws a batch of examples by the number of its first; another size, other examples.

    Args:
        shape: what they are like; ``duration_s`` is the time their frames would span.
        bins: frequency of each bin in hertz.
        seed: seed of all examples.
        offset: examples of the same step that other processes draw, before these.
        options: what examples are made of.
    """

    def __init__(
        self,
        shape: ClipShape,
        bins: Sequence[float],
        *,
        seed: int,
        offset: int = 0,
        options: SpectraOptions | None = None,
    ) -> None:
        self.shape, self.bins, self.seed, self.offset = shape, bins, seed, offset
        self.options = SpectraOptions() if options is None else options
        self._arrays: dict[int, list[np.ndarray]] = {}

    def __getitem__(self, first: int) -> SpectraBatch:
        num_mics = draw_num_mics(self.shape.microphones, self.seed, first)
        rng = np.random.default_rng((self.seed, first + self.offset, num_mics))
        # Scattering points costs more than the rest, so arrays are drawn once and each time turned anew.
        if num_mics not in self._arrays:
            first_rng, count = np.random.default_rng((self.seed, num_mics)), self.options.num_arrays
            scattered = [sample_dynamic_array(num_mics, first_rng).positions for _ in range(count)]
            self._arrays[num_mics] = scattered
        arrays = self._arrays[num_mics]
        chosen = rng.integers(len(arrays), size=self.shape.batch_size)
        positions = np.stack([rotate(arrays[index], random_rotation(rng)) for index in chosen])
        return draw_spectra(
            torch.from_numpy(positions.astype(np.float32)),
            torch.tensor(self.bins),
            TimeAxis(self.shape.num_frames, self.shape.model.hop_length / self.shape.model.sample_rate),
            options=self.options,
            generator=torch.Generator().manual_seed(int(rng.integers(2**62))),
        )


def draw_spectra(
    positions: Float[Tensor, "batch mic 3"],
    bins: Float[Tensor, "freq"],
    axis: TimeAxis,
    *,
    options: SpectraOptions,
    generator: torch.Generator,
) -> SpectraBatch:
    """What arrays hear of random talkers, reflections and noise.

    Args:
        positions: metres.
        bins: frequency of each bin in hertz.
        axis: frames of an example.
        options: what examples are made of.
        generator: random number generator.
    """
    batch = len(positions)
    # Who is there and who speaks: (batch, source, xyz) and (batch, source, frame).
    talkers = draw_talkers(batch, generator, options)
    present = torch.rand(batch, MAX_TALKERS, generator=generator) < torch.tensor([1.0, 0.5])
    active = speech_and_pauses((batch, MAX_TALKERS), axis, generator) & present[..., None]
    # Power of talkers (batch, source, freq, frame), of each wave around them and of microphones' noise.
    power = _speech_power(active, bins, axis, options=options, generator=generator)
    waves, noise = _background_power(power, bins, axis, options=options, generator=generator)
    # (batch, path, mic, freq): the talkers' paths, then those of the waves.
    paths = torch.cat(
        [
            _talker_paths(talkers, positions, bins, options=options, generator=generator),
            plane_wave(_random_directions((batch, options.num_waves), generator), positions, bins),
        ],
        dim=1,
    )
    power = torch.cat([power, waves[:, None].expand(-1, options.num_waves, -1, -1)], dim=1)
    # (batch, path, mic, freq) and (batch, path, freq, frame) -> (mic, frame, batch, freq): everything through
    # its path with a random phasor, and the microphones' own noise.
    phasors = torch.randn(power.shape, dtype=torch.complex64, generator=generator) * power.sqrt()
    heard = torch.einsum("bpmf,bpft->bfmt", paths, phasors).permute(2, 3, 0, 1)
    level = (noise / 2).sqrt()[:, None]
    real, imag = torch.randn(2, *heard.shape, generator=generator)
    return SpectraBatch(
        positions=positions,
        sources=torch.where(present[..., None], talkers, 0.0)[:, :, None],
        active=active,
        ambiguity=BatchAmbiguity.of(positions),
        real=real.mul_(level).add_(heard.real),
        imag=imag.mul_(level).add_(heard.imag),
    )


def bin_frequencies(network: AggRl) -> list[float]:
    """Frequency of each bin of a network in hertz, as it is now."""
    with torch.no_grad():
        scale = network.config.sample_rate / network.config.window_length
        frequencies: list[float] = (network.augeonet.transform.bins.double() * scale).tolist()
    return frequencies


def plane_wave(
    directions: Float[Tensor, "batch wave 3"],
    positions: Float[Tensor, "batch mic 3"],
    bins: Float[Tensor, "freq"],
) -> Complex[Tensor, "batch wave mic freq"]:
    """Phase of waves at each microphone."""
    phase = -2 * math.pi * arrival_time(positions, directions)[..., None] * bins
    return torch.polar(torch.ones_like(phase), phase)


def draw_talkers(
    batch: int, generator: torch.Generator, options: SpectraOptions | None = None
) -> Float[Tensor, "batch source 3"]:
    """Directions of two talkers, spread evenly over the sphere and not too near to each other."""
    options = SpectraOptions() if options is None else options
    first, second = _random_directions((batch, MAX_TALKERS), generator).unbind(1)
    too_near = (first * second).sum(-1, keepdim=True) > math.cos(math.radians(options.separation_deg))
    return torch.stack([first, torch.where(too_near, -second, second)], 1)


def _random_directions(shape: tuple[int, int], generator: torch.Generator) -> Float[Tensor, "batch wave 3"]:
    return torch.nn.functional.normalize(torch.randn(*shape, 3, generator=generator), dim=-1)


def _speech_power(
    active: Bool[Tensor, "batch source frame"],
    bins: Float[Tensor, "freq"],
    axis: TimeAxis,
    *,
    options: SpectraOptions,
    generator: torch.Generator,
) -> Float[Tensor, "batch source freq frame"]:
    """Power of the direct sound of each talker; the first has power one while speaking, mean over bins."""
    shape = (active.shape[0], active.shape[1])
    # Level over time, plus the fall of the spectrum: (batch, source, freq, frame).
    level_db = speech_level_db(shape, bins, axis, generator)
    level_db = level_db + fall_db(bins, _uniform(options.tilt_db, shape, generator))[..., None]
    power = _from_db(level_db) * active[:, :, None]
    # Power one, mean over the bins and frames in which the talker speaks.
    spoken = active.sum(-1).clamp(min=1) * len(bins)
    power = power / (power.sum((-2, -1)) / spoken).clamp(min=1e-12)[..., None, None]
    louder = _from_db(_uniform(options.second_talker_db, (len(active), 1), generator))
    gain = torch.cat([torch.ones_like(louder), louder], 1)
    return power * gain[..., None, None]


def _background_power(
    power: Float[Tensor, "batch source freq frame"],
    bins: Float[Tensor, "freq"],
    axis: TimeAxis,
    *,
    options: SpectraOptions,
    generator: torch.Generator,
) -> tuple[Float[Tensor, "batch freq frame"], Float[Tensor, "batch"]]:
    """Power of each wave of late sound and diffuse noise, and of each microphone's own noise."""

    def draw(limits: tuple[float, float]) -> Float[Tensor, "batch"]:
        return _uniform(limits, (len(power),), generator)

    # Late sound: all that was said, smeared over time: (batch, freq, frame).
    decay = torch.exp(-axis.frame_s / draw(options.decay_s))
    late = _from_db(draw(options.late_db))[:, None, None] * smear(power.sum(1), decay)
    # Noise: one power for each example, split between diffuse noise and microphones.
    noise = _from_db(-draw(options.snr_db))
    ratio = _from_db(draw(options.diffuse_db))
    # (batch, freq): the part that is diffuse falls towards high frequencies.
    spectrum = _from_db(fall_db(bins, draw(options.tilt_db)))
    spectrum = spectrum / spectrum.mean(-1, keepdim=True)
    diffuse = (noise * ratio / (1 + ratio))[:, None] * spectrum
    return (late + diffuse[..., None]) / options.num_waves, noise / (1 + ratio)


def _talker_paths(
    talkers: Float[Tensor, "batch source 3"],
    positions: Float[Tensor, "batch mic 3"],
    bins: Float[Tensor, "freq"],
    *,
    options: SpectraOptions,
    generator: torch.Generator,
) -> Complex[Tensor, "batch source mic freq"]:
    """Response from each talker to each microphone: direct sound and early reflections."""
    shape = (talkers.shape[0], talkers.shape[1] * options.num_reflections)
    strength = _from_db(_uniform(options.early_db, (len(talkers), 1), generator) / 2)
    gain = strength * torch.randn(shape, generator=generator) / math.sqrt(options.num_reflections)
    # Each reflection is a plane wave that is weaker and later: (batch, source * reflection, mic, freq).
    later = _uniform(options.reflection_s, shape, generator)
    phase = -2 * math.pi * later[..., None] * bins
    factor = torch.polar(torch.ones_like(phase), phase) * gain[..., None]
    reflections = plane_wave(_random_directions(shape, generator), positions, bins) * factor[:, :, None]
    # (batch, source * reflection, mic, freq) -> (batch, source, mic, freq).
    early = reflections.reshape(*talkers.shape[:2], options.num_reflections, *reflections.shape[2:]).sum(2)
    return plane_wave(talkers, positions, bins) + early


def _uniform(
    limits: tuple[float, float], shape: tuple[int, ...], generator: torch.Generator
) -> Float[Tensor, "*shape"]:
    low, high = limits
    return low + (high - low) * torch.rand(shape, generator=generator)


def _from_db(level_db: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    return torch.exp(level_db * (math.log(10) / 10))

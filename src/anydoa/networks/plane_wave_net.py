"""PlaneWaveNet: what plane waves explain, scored the same way for every direction.

AuGeonet has to learn from examples what a phase difference at some place means. Here that is computed. Only
the rest is learned: which bands to believe at a time, what it means that a direction fits better than the
others, and what to make of it over time. The network is small and shared by all directions, so each clip
teaches it once for each of them, and an array it never met looks like any other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from anydoa.geometry.grid import fibonacci_grid
from anydoa.networks.config import AggRlConfig
from anydoa.networks.layers.fading_memory import BandLevels, FadingMemory
from anydoa.networks.layers.gcc import FLOOR
from anydoa.networks.layers.plane_waves import agreement, sum_bands

_FAINTEST = 1e-5  # share of the loudest bin of a microphone in a frame from which a bin has a phase to trust


@dataclass(frozen=True, eq=False)
class ScoredDirections:
    """The directions that PlaneWaveNet scores, and what Gridnet makes of them.

    Args:
        directions: unit vectors.
        representation: grid representation of the last output over the square root of its width, so that
            its product with the representation of AuGeonet gives log-odds.
        tops: directions on whose slope each one would lie, and itself, repeated where there are fewer;
            None in training, where directions are drawn anew for each step.
    """

    directions: Float[Tensor, "direction 3"]
    representation: Float[Tensor, "direction latent"]
    tops: Int[Tensor, "direction top"] | None = None


class PlaneWaveNet(nn.Module):
    """Log-odds of every direction it is given, in every frame.

    Args:
        config: sizes.

    ``bins`` are the bins of the transform that are looked at; successive ones form a band.
    """

    bins: Int[Tensor, "freq"]

    def __init__(self, config: AggRlConfig) -> None:
        super().__init__()
        self.num_bands, self.width = config.plane_wave_bands, config.plane_wave_features
        self.smooth_frames, self.contrast = config.plane_wave_frames, config.plane_wave_contrast
        bins = torch.linspace(2, config.num_bins - 2, self.num_bands * config.plane_wave_bins).round().long()
        self.register_buffer("bins", bins, persistent=False)
        self.levels = BandLevels(self.num_bands, hop_s=config.hop_length / config.sample_rate)
        bands, width = self.num_bands, self.width
        self.context = nn.Linear(2 * config.num_features + self.levels.num_features, bands + width)
        self.entry = nn.Linear(2 * bands, width, bias=False)
        self.latent = nn.Parameter(torch.zeros(2, width))
        self.memory = FadingMemory(hop_s=config.hop_length / config.sample_rate)
        self.pooled = nn.Linear(2 * width, width)
        self.join = nn.Linear(2 * width, width, bias=False)
        self.exit = nn.Linear(width, 1)
        nn.init.zeros_(self.exit.weight)
        nn.init.zeros_(self.exit.bias)

    def forward(
        self,
        real: Float[Tensor, "mic frame batch freq"],
        imag: Float[Tensor, "mic frame batch freq"],
        plane_waves: Float[Tensor, "batch looked_at twice_mic direction"],
        num_mics: Float[Tensor, "batch"] | None,
        pooled_pairs: Float[Tensor, "frame batch pooled"],
        latent_logits: Float[Tensor, "frame batch direction"],
        tops: Int[Tensor, "direction top"] | None,
        memory: Sequence[Tensor | None],
    ) -> tuple[Float[Tensor, "frame batch direction"], list[Tensor]]:
        """Summand to the log-odds of each direction, and the memory for the frames that follow.

        Args:
            real: real parts of the spectra at all bins of the transform.
            imag: imaginary parts of the spectra.
            plane_waves: steering vectors of the directions to score, at :attr:`bins`.
            num_mics: microphones present in each clip; None if all are.
            pooled_pairs: representation that AuGeonet made of each frame.
            latent_logits: log-odds of these directions by AuGeonet and Gridnet alone.
            tops: tops of :class:`ScoredDirections`.
            memory: what the previous call returned, or nothing but None at the start.
        """
        if num_mics is None:
            num_mics = torch.ones_like(real[:, 0, :, 0]).sum(0)
        # Phases need all the digits there are, in mixed precision too.
        with torch.no_grad(), torch.autocast(real.device.type, enabled=False):
            # mic frame batch freq -> batch band frame direction: how well each plane wave fits
            power, fit = self._look(real, imag, plane_waves, num_mics)
            # -> frame batch band direction: mean over this frame and the ones just before
            fit, tail = _mean_of_last(fit, memory[0], self.smooth_frames)
            # -> frame batch 2*band direction: the fit, and its lead over the best direction. One that fits
            # worse by a tenth has a lead of 1 / e.
            fit = torch.cat([fit, torch.exp(10.0 * (fit - fit.amax(-1, keepdim=True)))], 2)
            levels, total, mass = self.levels(power, memory[1], memory[2])
        # frame batch pooled -> frame batch band and frame batch feature: which bands to believe in a frame
        context = self.context(torch.cat([pooled_pairs, levels], -1))
        belief, bias = torch.sigmoid(context[..., : self.num_bands]), context[..., self.num_bands :]
        # feature 2*band -> frame batch feature 2*band
        weight = self.entry.weight * torch.cat([belief, belief], -1)[..., None, :]
        first, second = (latent_logits[:, :, None] * part[:, None] for part in self.latent)
        # -> frame batch feature direction: a layer over the bands, for each direction by itself
        now = nn.functional.elu(torch.matmul(weight, fit) + first + bias[..., None])
        past, last = self.memory(now, memory[3])
        # -> frame batch feature: what there is anywhere. Extremes hardly depend on how the directions are
        # spread, as a mean would.
        everywhere = self.pooled(torch.cat([past.amax(-1), past.amin(-1)], -1))
        # frame batch 2*feature direction -> frame batch feature direction -> frame batch direction
        joined = _mix(self.join.weight, torch.cat([now, past], 2)) + second + everywhere[..., None]
        logits = _mix(self.exit.weight, nn.functional.elu(joined))[:, :, 0] + self.exit.bias
        if tops is not None:
            # Small arrays have wide lobes. On the slope of the lobe of a loud talker the log-odds are higher
            # than at another talker who is heard half of the time, and who would be missed. So slopes fall
            # several times as deep below their tops. The surroundings of a top stay as they are, or a talker
            # between two directions would lose to one who is right on one.
            in_all = logits + latent_logits
            logits = logits - self.contrast * (in_all[..., tops].amax(-1) - in_all)
        return logits, [tail, total, mass, last]

    def memory_shapes(self, batch: int, count: int) -> list[tuple[int, ...]]:
        """Shape of each tensor of the memory.

        Args:
            batch: streams.
            count: directions.
        """
        bands = self.num_bands
        tail = (self.smooth_frames - 1, batch, bands * count)
        return [tail, (batch, bands), (batch, 1), (self.width, batch, count)]

    def _look(
        self, real: Tensor, imag: Tensor, plane_waves: Tensor, num_mics: Tensor
    ) -> tuple[Float[Tensor, "frame batch band"], Float[Tensor, "batch band frame direction"]]:
        """Mean power of the microphones in each band, and how well each direction fits it."""
        # mic frame batch freq -> batch 1 frame mic
        loudest = (real * real + imag * imag).amax(-1, keepdim=True).permute(2, 3, 1, 0)
        # mic frame batch freq -> batch looked_at frame mic
        real, imag = (part[..., self.bins].permute(2, 3, 1, 0) for part in (real, imag))
        square = real * real + imag * imag
        # Where sound was resampled nothing is left but its rounding errors, alike in all microphones.
        scale = square.clamp(min=FLOOR**2).rsqrt() * (square > _FAINTEST**2 * loudest)
        power = sum_bands(square.sum(3), self.num_bands) / num_mics[:, None, None]
        fit = agreement(real * scale, imag * scale, plane_waves, num_mics, self.num_bands)
        return power.permute(2, 0, 1), fit


def _mix(
    weight: Float[Tensor, "new feature"], x: Float[Tensor, "frame batch feature direction"]
) -> Float[Tensor, "frame batch new direction"]:
    """A linear layer over features that are not the last axis."""
    if not torch.is_grad_enabled():
        return torch.matmul(weight, x)
    # The same, but torch.matmul would turn everything around to learn from it.
    frames = x.flatten(0, 1)
    return torch.bmm(weight.expand(len(frames), -1, -1), frames).view(*x.shape[:2], len(weight), -1)


def _mean_of_last(
    fit: Float[Tensor, "batch band frame direction"], tail: Tensor | None, count: int
) -> tuple[Float[Tensor, "frame batch band direction"], Float[Tensor, "tail batch flat"]]:
    """Mean over ``count`` frames up to each one, zeros before the first, and the frames to remember."""
    new = fit.permute(2, 0, 1, 3)
    old = new.new_zeros(count - 1, *new.shape[1:]) if tail is None else tail.view(count - 1, *new.shape[1:])
    frames = torch.cat([old, new])
    # Ends counted from the back leave the number of frames free when this is traced.
    total = sum((frames[i : (i - count + 1) or None] for i in range(1, count)), frames[: 1 - count or None])
    return total / count, frames[1 - count :].flatten(2)


class ScoringGrid(nn.Module):
    """The fixed directions that PlaneWaveNet scores where it runs, and any other as a weighted mean of them.

    Args:
        count: directions of the Fibonacci sphere.
        slope_deg: distances from a top at which its slopes begin and end.
        reach: reach of each direction in the weighted means, in grid spacings.

    ``tops`` are the directions on whose slope each one would lie, and itself, repeated where there are fewer.
    """

    directions: Float[Tensor, "direction 3"]
    tops: Int[Tensor, "direction top"]

    def __init__(self, count: int, slope_deg: tuple[float, float], *, reach: float = 0.6) -> None:
        super().__init__()
        grid = fibonacci_grid(count)
        directions = torch.tensor(grid.directions, dtype=torch.float32)
        cosine = directions @ directions.T
        nearest, farthest = (math.cos(math.radians(angle)) for angle in slope_deg)
        # direction direction: whether the second is a top on whose slope the first lies
        on_slope = ((cosine <= nearest) & (cosine >= farthest)).fill_diagonal_(True)
        # -> direction top: tops first, then the direction itself in the places that are left
        order = on_slope.int().argsort(dim=1, descending=True, stable=True)
        tops = torch.where(on_slope.gather(1, order), order, torch.arange(count)[:, None])
        tops = tops[:, : int(on_slope.sum(1).max())]
        self.register_buffer("directions", directions, persistent=False)
        self.register_buffer("tops", tops.clone(), persistent=False)
        self.sharpness = 1 / (1 - math.cos(reach * grid.spacing))

    def forward(self, directions: Float[Tensor, "grid 3"]) -> Float[Tensor, "grid direction"]:
        """Weights of the fixed directions for each unit vector; they sum to one."""
        return torch.softmax(self.sharpness * (directions @ self.directions.T), -1)

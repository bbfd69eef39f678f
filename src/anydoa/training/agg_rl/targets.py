"""What AGG-RL is asked and should answer: the grid of a step, and lobes around the talkers who speak.

Gridnet runs once a step instead of once a clip. A few hundred even directions leave a narrow lobe with none
in it, so as many directions again are drawn near the talkers of the batch, anywhere along the paths of those
who move: near its own talkers for one clip, nearly even for the others.

The near directions are deliberately not weighted down. They make high targets more frequent than on an even
grid, as a larger positive weight in the loss would: the spectrum rises where the network is in doubt. Since
that keeps the order of directions, peaks stay where they are, but the threshold that calls a peak a talker
has to be chosen on validation clips and not taken to be 0.5.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from anydoa.errors import ConfigError
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction, random_rotation, rotate
from anydoa.geometry.grid import fibonacci_grid
from anydoa.io.options import check_positive


@dataclass(frozen=True)
class BeamwidthOptions:
    """Beamwidths of the targets: constant before the first place and after the last, linear between.

    Args:
        at: places, rising, in units of the run.
        widths_deg: beamwidth of each output, for each place.
    """

    at: tuple[float, ...] = (35.0, 60.0)
    widths_deg: tuple[tuple[float, ...], ...] = ((32.0, 12.0, 5.0), (5.0, 5.0, 5.0))

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.at, self.at[1:], strict=False))
        if not self.at or not rising or len(self.at) != len(self.widths_deg):
            raise ConfigError(
                f"beams.at must rise and have one row of beams.widths_deg each, got {len(self.at)} and "
                f"{len(self.widths_deg)}: {self.at}; give a row for each place"
            )
        if any(not 0 < width < 90 for row in self.widths_deg for width in row):
            raise ConfigError(
                f"beams.widths_deg must be above 0 and below 90 degrees, got {self.widths_deg}; 5..32 are "
                "usual"
            )

    def widths_at(self, place: float) -> tuple[float, ...]:
        """Beamwidth of each output at a place, in degrees."""
        return tuple(
            float(np.interp(place, self.at, column)) for column in zip(*self.widths_deg, strict=True)
        )


@dataclass(frozen=True)
class GridOptions:
    """The grid of a training step.

    Args:
        even: directions of a Fibonacci sphere.
        near: directions near the talkers of the batch.
        near_spread_deg: standard deviation of the latter.
        turn: whether the even ones are randomly turned at each step.
    """

    even: int = 192
    near: int = 192
    near_spread_deg: float = 10.0
    turn: bool = True

    def __post_init__(self) -> None:
        check_positive(self, "near_spread_deg")
        if self.even < 2 or self.near < 0:
            raise ConfigError(
                f"grid.even must be at least 2 and grid.near at least 0, got {self.even} and {self.near}; "
                "192 is usual for both"
            )


class GridSampler:
    """Draws the directions of each step.

    Args:
        options: how many directions of each kind.
    """

    def __init__(self, options: GridOptions) -> None:
        self.options = options
        self._even = fibonacci_grid(options.even).directions

    def draw(
        self, sources: Float[np.ndarray, "source instant 3"], rng: np.random.Generator
    ) -> Float[np.ndarray, "grid 3"]:
        """Even directions, randomly turned if so configured, then the ones near talkers.

        Args:
            sources: unit vectors towards all talkers of the batch, in each frame or once for all; without
                any the near directions are even.
            rng: random number generator.
        """
        even = rotate(self._even, random_rotation(rng)) if self.options.turn else self._even
        if not self.options.near:
            return even.astype(np.float32)
        count = self.options.near
        if not len(sources):
            near = rng.standard_normal((count, 3))
        else:  # Gaussian around talkers, each as often as the next
            turns = -(-count // len(sources))
            order = np.concatenate([rng.permutation(len(sources)) for _ in range(turns)])[:count]
            offset = np.deg2rad(self.options.near_spread_deg) * rng.standard_normal((count, 3))
            # Anywhere along the path of a talker who moves: (source, instant, xyz) -> (near, xyz).
            instant = rng.integers(sources.shape[1], size=len(order))
            near = sources[order, instant] + offset
        return np.concatenate([even, normalize_direction(near)]).astype(np.float32)


@dataclass(frozen=True, eq=False)
class BatchAmbiguity:
    """What the arrays of a batch cannot tell apart: the plane or line that their microphones lie on, if any.

    Args:
        axis: unit vectors: normal of the plane, direction of the line; zeros for arrays in space.
        straight: true for lines.
    """

    axis: Float[Tensor, "batch 3"]
    straight: Bool[Tensor, "batch"]

    @classmethod
    def of(cls, positions: Float[Tensor, "batch mic 3"]) -> "BatchAmbiguity":
        """The ambiguity of arrays in free air whose microphones are declared at ``positions``, in metres."""
        ambiguities = [MicrophoneArray(row).ambiguity for row in positions.numpy()]
        axes = [np.zeros(3) if one.axis is None else one.axis for one in ambiguities]
        return cls(
            axis=torch.from_numpy(np.stack(axes).astype(np.float32)),
            straight=torch.tensor([one.cones is not None for one in ambiguities]),
        )

    def to(self, device: torch.device) -> "BatchAmbiguity":
        """The same on a device."""
        return BatchAmbiguity(self.axis.to(device), self.straight.to(device))

    def fold_cosine(
        self,
        cosine: Float[Tensor, "batch source grid #frame"],
        sources: Float[Tensor, "batch source #frame 3"],
        directions: Float[Tensor, "grid 3"],
    ) -> Float[Tensor, "batch source grid #frame"]:
        """Cosine of the smallest angle between a direction and all that sounds like the talker.

        With ``a`` the axis, ``g`` a direction and ``t`` a talker, all of unit length, it is

            in space    g.t
            plane       g.t - (g.a)(t.a) + |(g.a)(t.a)|
            line        (g.a)(t.a) + sqrt(1 - (g.a)^2) sqrt(1 - (t.a)^2)

        Args:
            cosine: ``g.t``.
            sources: unit vectors towards the talkers.
            directions: unit vectors of the grid.
        """
        # Cosines with the axis, of talkers (batch, source, 1, frame) and directions (batch, 1, grid, 1).
        talker = torch.einsum("bsfx,bx->bsf", sources, self.axis)[:, :, None]
        direction = (self.axis @ directions.T)[:, None, :, None]
        along = direction * talker
        across = (1 - direction**2).clamp(min=0).sqrt() * (1 - talker**2).clamp(min=0).sqrt()
        # In space the axis is zero, so this adds nothing.
        plane = cosine + (along.abs() - along)
        return torch.where(self.straight[:, None, None, None], along + across, plane)


def target_spectrum(
    sources: Float[Tensor, "batch source #frame 3"],
    active: Bool[Tensor, "batch source frame"],
    directions: Float[Tensor, "grid 3"],
    beamwidths_deg: Sequence[float],
    ambiguity: BatchAmbiguity | None = None,
) -> Float[Tensor, "batch output grid frame"]:
    """Highest lobe of the active talkers at each direction, one spectrum for each beamwidth; 0 in silence.

    A lobe is ``exp(kappa (cos(angle) - 1))``, with kappa such that it has fallen to 0.707 one beamwidth away.
    Flat and straight arrays have as high a lobe around each direction that sounds like the talker's.

    Args:
        sources: unit vectors towards the talkers, in each frame or, if nobody moves, once for all frames;
            rows of absent talkers do not matter.
        active: which talkers speak in which frame; false for absent ones.
        directions: unit vectors of the grid.
        beamwidths_deg: one for each output.
        ambiguity: what the arrays cannot tell apart; nothing if None.

    Reference:
        Baek et al. (2026), equation 8. The lobes of directions that sound alike are ours.
    """
    # Frames last in memory, as in the target; where nobody moves there is one, and nothing to rearrange.
    cosine = torch.einsum("bsfx,gx->bsgf", sources, directions).contiguous()
    if ambiguity is not None:
        cosine = ambiguity.fold_cosine(cosine, sources, directions)
    # (batch, source, grid, #frame) -> (batch, source, output, grid, #frame): a lobe around each talker.
    below_peak = cosine.clamp(max=1.0) - 1.0
    kappas = torch.tensor([concentration(width) for width in beamwidths_deg], device=directions.device)
    lobes = torch.exp(kappas[:, None, None] * below_peak[:, :, None]).to(directions.dtype)
    # (batch, source, output, grid, #frame) -> (batch, output, grid, frame): the highest of those who speak.
    target = lobes.new_zeros(len(sources), len(beamwidths_deg), len(directions), active.shape[-1])
    for source in range(sources.shape[1]):
        speaking = active[:, source, None, None, :].to(lobes.dtype)
        target = torch.maximum(target, lobes[:, source] * speaking)
    return target


def concentration(beamwidth_deg: float) -> float:
    """The kappa of a lobe that has fallen to 0.707 at ``beamwidth_deg`` from its middle."""
    return math.log(math.sqrt(0.5)) / (math.cos(math.radians(beamwidth_deg)) - 1)

"""Places and directions as features.

A microphone's place becomes sines modulated by it (rMPE) and a few plain numbers. Places are relative: to the
reference microphone, because time differences depend on nothing else, or in the ablation (aMPE) to the
centroid of the array. A direction becomes spherical harmonics, the published phases, or what these are
compared with.
"""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

NUM_SCALARS = 8


class MicrophoneEncoding(nn.Module):
    """Sines and cosines of azimuth and colatitude, scaled by distance, modulated in frequency or phase.

    Args:
        num_features: width, a multiple of 4.
        alpha: scale.
        beta: modulation depth.
        modulation: ``fm`` or ``pm``.

    Reference:
        Baek et al. (2026), relative microphone positional encoding; the formula of GI-DOAEnet.
    """

    ramp: Tensor

    def __init__(
        self,
        num_features: int,
        *,
        alpha: float = 7.0,
        beta: float = 4.0,
        modulation: Literal["fm", "pm"] = "fm",
    ) -> None:
        super().__init__()
        self.alpha, self.beta, self.modulation = alpha, beta, modulation
        quarter = num_features // 4
        self.register_buffer("ramp", torch.arange(quarter) / quarter, persistent=False)

    def forward(self, place: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch feature"]:
        """Features of places in metres."""
        azimuth, colatitude, distance = (part[..., None] for part in spherical(place))
        if self.modulation == "fm":
            angles = [self.beta * azimuth * self.ramp, self.beta * colatitude * self.ramp]
        else:
            angles = [angle + 2 * math.pi * self.beta * self.ramp for angle in (azimuth, colatitude)]
        waves = [wave(angle) for angle in angles for wave in (torch.cos, torch.sin)]
        return self.alpha * distance * torch.cat(waves, -1)


def place_scalars(place: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 8"]:
    """The place itself, sine and cosine of azimuth and of colatitude, and distance in metres."""
    azimuth, colatitude, distance = spherical(place)
    angles = [azimuth.sin(), azimuth.cos(), colatitude.sin(), colatitude.cos(), distance]
    return torch.cat([place, torch.stack(angles, -1)], -1)


def spherical(
    place: Float[Tensor, "*batch 3"],
) -> tuple[Float[Tensor, "*batch"], Float[Tensor, "*batch"], Float[Tensor, "*batch"]]:
    """Azimuth (-pi, pi], colatitude (0..pi) and distance; both angles are 0 at the origin."""
    x, y, z = place.unbind(-1)
    horizontal = torch.sqrt(x * x + y * y)
    return angle_of(y, x), angle_of(horizontal, z), torch.sqrt(x * x + y * y + z * z)


class HarmonicEncoding(nn.Module):
    """Real orthonormal spherical harmonics of a unit vector, degree by degree, order -l..l.

    Smooth on the whole sphere, full rank, no pole. Scaled so that the features have mean square one.

    Args:
        degree: highest degree; ``(degree + 1) ** 2`` features.
    """

    def __init__(self, degree: int) -> None:
        super().__init__()
        self.degree = degree
        self.num_features = (degree + 1) ** 2

    def forward(self, directions: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch feature"]:
        """Features of unit vectors."""
        x, y, z = directions.unbind(-1)
        cosines, sines = [torch.ones_like(x)], [torch.zeros_like(x)]
        for _ in range(self.degree):
            # Real and imaginary part of (x + iy)^m.
            cosines, sines = (
                [*cosines, x * cosines[-1] - y * sines[-1]],
                [*sines, x * sines[-1] + y * cosines[-1]],
            )
        columns: dict[tuple[int, int], Tensor] = {}
        for order in range(self.degree + 1):
            for degree, polynomial in enumerate(_reduced_legendre(z, order, self.degree), start=order):
                ratio = math.factorial(degree - order) / math.factorial(degree + order)
                scale = math.sqrt((2 * degree + 1) * ratio * (2 if order else 1))
                columns[degree, order] = scale * polynomial * cosines[order]
                if order:
                    columns[degree, -order] = scale * polynomial * sines[order]
        return torch.stack([columns[key] for key in sorted(columns)], -1)


class PhaseEncoding(nn.Module):
    """Cosine and sine of azimuth and colatitude at many phases: the published grid features.

    The published phases are whole turns, so all copies are equal up to rounding and the features have rank 4.
    Kept for the published weights only.

    Args:
        num_features: width, a multiple of 4.
    """

    phases: Tensor

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features
        self.register_buffer("phases", 2 * math.pi * torch.arange(num_features // 4), persistent=False)

    def forward(self, directions: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch feature"]:
        """Features of unit vectors."""
        return _waves_of_angles(*(angle[..., None] + self.phases for angle in _angles_of(directions)))


class FrequencyEncoding(nn.Module):
    """Cosine and sine of multiples of azimuth and colatitude, as microphones are encoded; for comparison.

    Args:
        num_features: width, a multiple of 4.
        beta: highest multiple, not reached.
    """

    multiples: Tensor

    def __init__(self, num_features: int, beta: float) -> None:
        super().__init__()
        self.num_features = num_features
        quarter = num_features // 4
        self.register_buffer("multiples", beta * torch.arange(quarter) / quarter, persistent=False)

    def forward(self, directions: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch feature"]:
        """Features of unit vectors."""
        return _waves_of_angles(*(angle[..., None] * self.multiples for angle in _angles_of(directions)))


def _angles_of(directions: Float[Tensor, "*batch 3"]) -> tuple[Tensor, Tensor]:
    """Azimuth and colatitude in radians."""
    x, y, z = directions.unbind(-1)
    return angle_of(y, x), angle_of(torch.sqrt(x * x + y * y), z)


def _waves_of_angles(
    azimuth: Float[Tensor, "*batch angle"], colatitude: Float[Tensor, "*batch angle"]
) -> Float[Tensor, "*batch feature"]:
    return torch.cat([azimuth.cos(), azimuth.sin(), colatitude.cos(), colatitude.sin()], -1)


class CartesianEncoding(nn.Module):
    """The unit vector as it is, for comparison."""

    num_features = 3

    def forward(self, directions: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3"]:
        """The same unit vectors."""
        return directions


def _reduced_legendre(z: Tensor, order: int, degree: int) -> list[Tensor]:
    """Associated Legendre functions of degrees ``order..degree`` over ``sin^order``: polynomials in z."""
    values = [torch.full_like(z, float(math.prod(range(1, 2 * order, 2))))]
    if degree > order:
        values.append((2 * order + 1) * z * values[0])
    for n in range(order + 2, degree + 1):
        values.append(((2 * n - 1) * z * values[-1] - (n + order - 1) * values[-2]) / (n - order))
    return values


def angle_of(y: Float[Tensor, "*batch"], x: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """Angle from the x axis towards the y axis in (-pi, pi]; 0 at the origin.

    Args:
        y: second coordinate; -0.0 counts as 0.0.
        x: first coordinate.
    """
    # In place of zero a number so small that any other coordinate over it is a right angle.
    slope = torch.atan(y / torch.where(x == 0, 1e-30, x))
    half_turn = torch.where(y >= 0, math.pi, -math.pi)
    return slope + torch.where(x < 0, half_turn, torch.zeros_like(slope))

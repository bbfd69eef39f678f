"""Random microphone arrays: what a network for any array learns from.

    ball    scattered in a small ball: the "dynamic" arrays of the published network
    plane   exactly flat: a circle, with or without a microphone in its middle, or scattered in a disc
    line    exactly straight: evenly or unevenly spaced
    wide    scattered in a large ball

Where few microphones are taken out of an array, the rest may be flat or straight whatever its shape was.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from anydoa.constants import MAX_MICROPHONES, MIN_MICROPHONES
from anydoa.errors import ConfigError
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import random_rotation, rotate

SHAPES = {"ball": MIN_MICROPHONES, "plane": 3, "line": MIN_MICROPHONES, "wide": MIN_MICROPHONES}
"""Shapes of random arrays, and the fewest microphones that make one."""


@dataclass(frozen=True)
class ArrayRanges:
    """What random arrays are drawn from; lengths in metres, diameters and lengths on a logarithmic scale.

    Args:
        jitter: greatest displacement of each coordinate in a small ball.
        darts: number of candidate points before smaller distances are drawn.
        plane_diameter: least and greatest diameter of circles and discs.
        plane_spacing: range of the least distance of microphones in a disc.
        line_length: least and greatest length of lines.
        line_spacing: least distance of microphones in any line, and greatest in even ones.
        wide_diameter: least and greatest diameter of large balls.
        wide_spacing: range of the least distance in a large ball, as a share of its diameter.
    """

    jitter: float = 0.005
    darts: int = 400
    plane_diameter: tuple[float, float] = (0.05, 0.25)
    plane_spacing: tuple[float, float] = (0.01, 0.02)
    line_length: tuple[float, float] = (0.06, 1.2)
    line_spacing: tuple[float, float] = (0.015, 0.2)
    wide_diameter: tuple[float, float] = (0.15, 0.6)
    wide_spacing: tuple[float, float] = (0.05, 0.25)

    def draw_plane(self, num_mics: int, rng: np.random.Generator) -> Float[np.ndarray, "mic 3"]:
        """A regular circle half of the time, otherwise points in a disc; none so thin that it is a line."""
        if rng.random() < 0.5:
            return self.draw_circle(num_mics, rng)
        while True:
            distances = (rng.uniform(*self.plane_spacing), _log_uniform(self.plane_diameter, rng))
            places = _scatter(num_mics, distances, rng, self.darts, dimensions=2)
            if places is None:
                continue
            positions = np.pad(places, ((0, 0), (0, 1)))
            if MicrophoneArray(positions).ambiguity.num_dimensions == 2:
                return positions

    def draw_circle(self, num_mics: int, rng: np.random.Generator) -> Float[np.ndarray, "mic 3"]:
        """Evenly spaced on a circle; from four microphones on, half of the time one of them in the middle."""
        in_middle = int(num_mics > SHAPES["plane"] and rng.random() < 0.5)
        angles = 2 * np.pi * np.arange(num_mics - in_middle) / (num_mics - in_middle)
        positions = np.zeros((num_mics, 3))
        positions[in_middle:, :2] = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        return positions * _log_uniform(self.plane_diameter, rng) / 2

    def draw_line(self, num_mics: int, rng: np.random.Generator) -> Float[np.ndarray, "mic 3"]:
        """Microphones at both ends and, half of the time evenly, between them."""
        gaps = num_mics - 1
        is_even = rng.random() < 0.5
        least, most = self.line_spacing
        shortest = max(self.line_length[0], gaps * least)
        longest = max(self.line_length[1], shortest)
        length = _log_uniform((shortest, min(longest, gaps * most) if is_even else longest), rng)
        shares = np.full(gaps, 1 / gaps) if is_even else rng.dirichlet(np.ones(gaps))
        positions = np.zeros((num_mics, 3))
        positions[1:, 0] = np.cumsum(least + (length - gaps * least) * shares)
        return positions

    def draw_wide(self, num_mics: int, rng: np.random.Generator) -> Float[np.ndarray, "mic 3"]:
        """Scattered in a large ball."""
        positions = None
        while positions is None:
            most = _log_uniform(self.wide_diameter, rng)
            distances = (rng.uniform(*self.wide_spacing) * most, most)
            positions = _scatter(num_mics, distances, rng, self.darts)
        return positions


_RANGES = ArrayRanges()


def sample_array(
    shape: str, num_mics: int, rng: np.random.Generator, ranges: ArrayRanges = _RANGES
) -> MicrophoneArray:
    """A random array of a shape, turned in any way and centred on its mean.

    Args:
        shape: one of :data:`SHAPES`.
        num_mics: how many microphones.
        rng: random number generator.
        ranges: what to draw from.

    Raises:
        ConfigError: if there is no such shape, or no array of it with that many microphones.
    """
    check_shape(shape, num_mics)
    if shape == "ball":
        return sample_dynamic_array(num_mics, rng, ranges)
    _check_count(num_mics)
    draw = {"plane": ranges.draw_plane, "line": ranges.draw_line, "wide": ranges.draw_wide}[shape]
    positions = rotate(draw(num_mics, rng), random_rotation(rng))
    return MicrophoneArray(positions - positions.mean(axis=0), name=f"{shape}-{num_mics}")


def check_shape(shape: str, num_mics: int) -> None:
    """Refuse shapes that are not known, or that need more microphones.

    Raises:
        ConfigError: with the cure.
    """
    if shape not in SHAPES:
        raise ConfigError(
            f"random arrays have the shapes {', '.join(SHAPES)}, got {shape!r}; take one of them"
        )
    if num_mics < SHAPES[shape]:
        raise ConfigError(
            f"arrays of shape {shape!r} have at least {SHAPES[shape]} microphones, got {num_mics}; "
            "ask for more or leave out the shape"
        )


def sample_dynamic_array(
    num_mics: int, rng: np.random.Generator, ranges: ArrayRanges = _RANGES
) -> MicrophoneArray:
    """An array of microphones scattered in a small ball, centred on its mean.

    Smallest and largest distance between microphones are drawn first; with more microphones arrays may be
    denser and larger. When the microphones do not fit, both are drawn again.

    Args:
        num_mics: how many microphones.
        rng: random number generator.
        ranges: what to draw from.

    Raises:
        ConfigError: if an array cannot have that many.

    Reference:
        Baek et al. (2026), algorithm 3; its range of 4..16 microphones is carried on below and above.
    """
    _check_count(num_mics)
    crowd = (num_mics - 4) / 8
    positions = None
    while positions is None:
        least = rng.uniform(max(1.0, 4 - 3 * crowd), 6.0) / 100
        most = rng.uniform(7.0, max(7.0, 9 + 4 * crowd)) / 100
        positions = _scatter(num_mics, (least, most), rng, ranges.darts)
    positions = positions - positions.mean(axis=0)
    positions = positions + rng.uniform(-ranges.jitter, ranges.jitter, positions.shape)
    return MicrophoneArray(positions - positions.mean(axis=0), name=f"dynamic-{num_mics}")


def _check_count(num_mics: int) -> None:
    if not MIN_MICROPHONES <= num_mics <= MAX_MICROPHONES:
        raise ConfigError(
            f"a random array has {MIN_MICROPHONES}..{MAX_MICROPHONES} microphones, got {num_mics}; "
            "ask for another number"
        )


def _log_uniform(limits: tuple[float, float], rng: np.random.Generator) -> float:
    """A number drawn evenly on a logarithmic scale."""
    return float(np.exp(rng.uniform(*np.log(limits))))


def _scatter(
    num_mics: int,
    distances: tuple[float, float],
    rng: np.random.Generator,
    num_darts: int,
    *,
    dimensions: int = 3,
) -> Float[np.ndarray, "mic axis"] | None:
    """Points in a ball as wide as the largest distance, none nearer than the least; None when too few fit."""
    least, most = distances
    darts = rng.uniform(-most / 2, most / 2, (num_darts, dimensions))
    darts = darts[np.linalg.norm(darts, axis=1) <= most / 2]
    kept: list[int] = []
    far = np.ones(len(darts), dtype=bool)  # from all that are kept
    while len(kept) < num_mics and far.any():
        kept.append(int(far.argmax()))
        far &= np.linalg.norm(darts - darts[kept[-1]], axis=1) >= least
        far[kept[-1]] = False
    return darts[kept] if len(kept) == num_mics else None

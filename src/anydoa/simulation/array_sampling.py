"""Random microphone arrays: what a network for any array learns from.

    ball    scattered in a small ball: the "dynamic" arrays of the published network
    plane   exactly flat: a circle, with or without a microphone in its middle, or scattered in a disc
    line    exactly straight: evenly or unevenly spaced
    wide    scattered in a large ball

Where few microphones are taken out of an array, the rest may be flat or straight whatever its shape was.
"""

import numpy as np
from jaxtyping import Float

from anydoa.constants import MAX_MICROPHONES, MIN_MICROPHONES
from anydoa.errors import ConfigError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import random_rotation, rotate

SHAPES = {"ball": MIN_MICROPHONES, "plane": 3, "line": MIN_MICROPHONES, "wide": MIN_MICROPHONES}
"""Shapes of random arrays, and the fewest microphones that make one."""

_JITTER = 0.005  # m, on each coordinate
_DARTS = 400  # candidate points before smaller distances are drawn
_PLANE_DIAMETER = (0.05, 0.25)  # m
_PLANE_SPACING = (0.01, 0.02)  # m, least distance in a disc
_LINE_LENGTH = (0.06, 1.2)  # m
_LINE_SPACING = (0.015, 0.2)  # m; the least of all lines, the greatest of even ones
_WIDE_DIAMETER = (0.15, 0.6)  # m
_WIDE_SPACING = (0.05, 0.25)  # least distance as a share of the diameter


def sample_array(shape: str, num_mics: int, rng: np.random.Generator) -> MicrophoneArray:
    """A random array of a shape, turned in any way and centred on its mean.

    Args:
        shape: one of :data:`SHAPES`.
        num_mics: how many microphones.
        rng: source of randomness.

    Raises:
        ConfigError: if there is no such shape, or no array of it with that many microphones.
    """
    check_shape(shape, num_mics)
    if shape == "ball":
        return sample_dynamic_array(num_mics, rng)
    _check_count(num_mics)
    draw = {"plane": _draw_plane, "line": _draw_line, "wide": _draw_wide}[shape]
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


def sample_dynamic_array(num_mics: int, rng: np.random.Generator) -> MicrophoneArray:
    """An array of microphones scattered in a small ball, centred on its mean.

    Smallest and largest distance between microphones are drawn first; with more microphones arrays may be
    denser and larger. When the microphones do not fit, both are drawn again.

    Args:
        num_mics: how many microphones.
        rng: source of randomness.

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
        positions = _scatter(num_mics, (least, most), rng)
    positions = positions - positions.mean(axis=0)
    positions = positions + rng.uniform(-_JITTER, _JITTER, positions.shape)
    return MicrophoneArray(positions - positions.mean(axis=0), name=f"dynamic-{num_mics}")


def _check_count(num_mics: int) -> None:
    if not MIN_MICROPHONES <= num_mics <= MAX_MICROPHONES:
        raise ConfigError(
            f"a random array has {MIN_MICROPHONES}..{MAX_MICROPHONES} microphones, got {num_mics}; "
            "ask for another number"
        )


def _draw_plane(num_mics: int, rng: np.random.Generator) -> Float[np.ndarray, "mic 3"]:
    """A regular circle half of the time, otherwise points in a disc; none so thin that it is a line."""
    if rng.random() < 0.5:
        return _draw_circle(num_mics, rng)
    while True:
        distances = (rng.uniform(*_PLANE_SPACING), _log_uniform(_PLANE_DIAMETER, rng))
        places = _scatter(num_mics, distances, rng, dimensions=2)
        if places is None:
            continue
        positions = np.pad(places, ((0, 0), (0, 1)))
        if MicrophoneArray(positions).ambiguity.num_dimensions == 2:
            return positions


def _draw_circle(num_mics: int, rng: np.random.Generator) -> Float[np.ndarray, "mic 3"]:
    """Evenly spaced on a circle; from four microphones on, half of the time one of them in the middle."""
    in_middle = int(num_mics > SHAPES["plane"] and rng.random() < 0.5)
    angles = 2 * np.pi * np.arange(num_mics - in_middle) / (num_mics - in_middle)
    positions = np.zeros((num_mics, 3))
    positions[in_middle:, :2] = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return positions * _log_uniform(_PLANE_DIAMETER, rng) / 2


def _draw_line(num_mics: int, rng: np.random.Generator) -> Float[np.ndarray, "mic 3"]:
    """Microphones at both ends and, half of the time evenly, between them."""
    gaps = num_mics - 1
    is_even = rng.random() < 0.5
    shortest = max(_LINE_LENGTH[0], gaps * _LINE_SPACING[0])
    longest = max(_LINE_LENGTH[1], shortest)
    length = _log_uniform((shortest, min(longest, gaps * _LINE_SPACING[1]) if is_even else longest), rng)
    shares = np.full(gaps, 1 / gaps) if is_even else rng.dirichlet(np.ones(gaps))
    positions = np.zeros((num_mics, 3))
    positions[1:, 0] = np.cumsum(_LINE_SPACING[0] + (length - gaps * _LINE_SPACING[0]) * shares)
    return positions


def _draw_wide(num_mics: int, rng: np.random.Generator) -> Float[np.ndarray, "mic 3"]:
    positions = None
    while positions is None:
        most = _log_uniform(_WIDE_DIAMETER, rng)
        positions = _scatter(num_mics, (rng.uniform(*_WIDE_SPACING) * most, most), rng)
    return positions


def _log_uniform(limits: tuple[float, float], rng: np.random.Generator) -> float:
    """A number drawn evenly on a logarithmic scale."""
    return float(np.exp(rng.uniform(*np.log(limits))))


def _scatter(
    num_mics: int, distances: tuple[float, float], rng: np.random.Generator, *, dimensions: int = 3
) -> Float[np.ndarray, "mic axis"] | None:
    """Points in a ball as wide as the largest distance, none nearer than the least; None when too few fit."""
    least, most = distances
    darts = rng.uniform(-most / 2, most / 2, (_DARTS, dimensions))
    darts = darts[np.linalg.norm(darts, axis=1) <= most / 2]
    kept = np.zeros((num_mics, dimensions))
    count = 0
    for dart in darts:
        if count == 0 or np.linalg.norm(kept[:count] - dart, axis=1).min() >= least:
            kept[count] = dart
            count += 1
            if count == num_mics:
                return kept
    return None

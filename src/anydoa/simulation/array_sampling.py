"""Random microphone arrays: the "dynamic" arrays a network for any array learns from."""

import numpy as np
from jaxtyping import Float

from anydoa.constants import MAX_MICROPHONES, MIN_MICROPHONES
from anydoa.errors import ConfigError
from anydoa.geometry.array import MicrophoneArray

_JITTER = 0.005  # m, on each coordinate
_DARTS = 400  # candidate points before smaller distances are drawn


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
    if not MIN_MICROPHONES <= num_mics <= MAX_MICROPHONES:
        raise ConfigError(
            f"a random array has {MIN_MICROPHONES}..{MAX_MICROPHONES} microphones, got {num_mics}; "
            "ask for another number"
        )
    crowd = (num_mics - 4) / 8
    positions = None
    while positions is None:
        least = rng.uniform(max(1.0, 4 - 3 * crowd), 6.0) / 100
        most = rng.uniform(7.0, max(7.0, 9 + 4 * crowd)) / 100
        positions = _scatter_in_ball(num_mics, (least, most), rng)
    positions = positions - positions.mean(axis=0)
    positions = positions + rng.uniform(-_JITTER, _JITTER, positions.shape)
    return MicrophoneArray(positions - positions.mean(axis=0), name=f"dynamic-{num_mics}")


def _scatter_in_ball(
    num_mics: int, distances: tuple[float, float], rng: np.random.Generator
) -> Float[np.ndarray, "mic 3"] | None:
    """Points in a ball as wide as the largest distance, none nearer than the least; None when too few fit."""
    least, most = distances
    darts = rng.uniform(-most / 2, most / 2, (_DARTS, 3))
    darts = darts[np.linalg.norm(darts, axis=1) <= most / 2]
    kept = np.zeros((num_mics, 3))
    count = 0
    for dart in darts:
        if count == 0 or np.linalg.norm(kept[:count] - dart, axis=1).min() >= least:
            kept[count] = dart
            count += 1
            if count == num_mics:
                return kept
    return None

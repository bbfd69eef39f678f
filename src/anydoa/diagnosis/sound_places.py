"""From the delays of pairs, piece by piece, to one arrival time a microphone for every place of a sound.

Pieces of one place share its echoes, so they are one observation, however long somebody stayed there: what
echoes do to the delays does not average out until the talker moves on.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from anydoa.diagnosis.delays import PieceDelays
from anydoa.diagnosis.position_fit import fit_waves

MAX_PLACES = 60  # more add little and cost time with their square
_APART = 0.14  # between unit vectors: 8 degrees
_LEAST_QUALITY = 5.0  # mean of a piece's pairs; noise has about 3
_REWEIGHTINGS = 8
_CLOSED_M = 0.001  # by which pairs of a clean piece contradict each other; beyond, a pair counts less


@dataclass(frozen=True, eq=False)
class SoundPlaces:
    """What the microphones heard from each place.

    Args:
        paths: arrival times in metres of path, mean 0 over the microphones.
        num_pieces: how many pieces of the recording are in each.
    """

    paths: Float[np.ndarray, "place mic"]
    num_pieces: Int[np.ndarray, "place"]

    def heard_for(self, least_pieces: int) -> "SoundPlaces":
        """Those with so many pieces or more."""
        kept = self.num_pieces >= least_pieces
        return replace(self, paths=self.paths[kept], num_pieces=self.num_pieces[kept])


def find_places(
    delays: PieceDelays, positions: Float[np.ndarray, "mic axis"], *, speed_of_sound: float
) -> SoundPlaces:
    """Places that sounds came from, those heard longest first.

    Args:
        delays: measured in the recording.
        positions: nominal, metres along the principal axes, relative to their mean.
        speed_of_sound: metres a second, nominal.
    """
    clear = delays.quality.mean(axis=1) >= _LEAST_QUALITY
    if not clear.any():
        return SoundPlaces(np.zeros((0, len(positions))), np.zeros(0, dtype=np.int64))
    paths = arrival_paths(delays.pairs, delays.tdoa_s[clear] * speed_of_sound)
    groups = _groups(fit_waves(positions, paths)[0], delays.quality[clear].mean(axis=1))
    groups = sorted(groups, key=lambda group: -int(group.sum()))[:MAX_PLACES]
    middle = [np.median(paths[group], axis=0) for group in groups]
    centred = np.stack([path - path.mean() for path in middle])
    return SoundPlaces(centred, np.array([int(group.sum()) for group in groups], dtype=np.int64))


def arrival_paths(
    pairs: Int[np.ndarray, "pair 2"], differences: Float[np.ndarray, "piece pair"]
) -> Float[np.ndarray, "piece mic"]:
    """One number a microphone whose differences are those of the pairs, mean 0, in the same unit.

    The least sum of absolute contradictions, nearly: a pair that fits no other counts little.
    """
    num_mics = int(pairs.max()) + 1
    first, second = np.eye(num_mics)[pairs.T]
    design = first - second
    weight = np.ones(differences.shape)
    paths = np.zeros((len(differences), num_mics))
    for _ in range(_REWEIGHTINGS):
        normal = np.einsum("np,pi,pj->nij", weight, design, design, optimize=True) + 1 / num_mics
        paths = np.linalg.solve(normal, ((weight * differences) @ design)[..., None])[..., 0]
        weight = 1 / np.sqrt(1 + ((differences - paths @ design.T) / _CLOSED_M) ** 2)
    return paths


def _groups(
    waves: Float[np.ndarray, "piece axis"], quality: Float[np.ndarray, "piece"]
) -> list[Bool[np.ndarray, "piece"]]:
    """Which pieces are one place: the clearest piece left, and all near it."""
    groups = []
    left = np.ones(len(waves), dtype=bool)
    while left.any():
        leader = np.where(left, quality, -np.inf).argmax()
        group = left & (np.linalg.norm(waves - waves[leader], axis=1) < _APART)
        groups.append(group)
        left &= ~group
    return groups

"""From the delays of pairs, segment by segment, to one arrival time a microphone for every place of a sound.

Segments of one place share its echoes, so they are one observation, however long somebody stayed there: what
echoes do to the delays does not average out until the talker moves on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from anydoa.calibration.position_fit import fit_waves
from anydoa.doctor.delays import SegmentDelays, measure_delays
from anydoa.errors import AudioError

MAX_PLACES = 60  # more add little and cost time with their square
_APART = 0.14  # between unit vectors: 8 degrees
_LEAST_QUALITY = 5.0  # mean of a segment's pairs; noise has about 3
_REWEIGHTINGS = 8
_CLOSED_M = 0.001  # by which pairs of a clean segment contradict each other; beyond, a pair counts less


@dataclass(frozen=True, eq=False)
class SoundPlaces:
    """What the microphones heard from each place.

    Args:
        paths: arrival times in metres of path, mean 0 over the microphones.
        num_segments: how many segments of the recording are in each.
    """

    paths: Float[np.ndarray, "place mic"]
    num_segments: Int[np.ndarray, "place"]

    def heard_for(self, min_segments: int) -> "SoundPlaces":
        """Those with so many segments or more."""
        kept = self.num_segments >= min_segments
        return replace(self, paths=self.paths[kept], num_segments=self.num_segments[kept])


def find_places(
    delays: SegmentDelays, positions: Float[np.ndarray, "mic axis"], *, speed_of_sound: float
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
    pairs: Int[np.ndarray, "pair 2"], differences: Float[np.ndarray, "segment pair"]
) -> Float[np.ndarray, "segment mic"]:
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
    waves: Float[np.ndarray, "segment axis"], quality: Float[np.ndarray, "segment"]
) -> list[Bool[np.ndarray, "segment"]]:
    """Which segments are one place: the clearest segment left, and all near it."""
    groups = []
    left = np.ones(len(waves), dtype=bool)
    while left.any():
        leader = np.where(left, quality, -np.inf).argmax()
        group = left & (np.linalg.norm(waves - waves[leader], axis=1) < _APART)
        groups.append(group)
        left &= ~group
    return groups


_PART_S = 60.0
_LEAST_PART_S = 1.0  # shorter ends of a recording are left out
_MOST_PIECES = 4000  # eight minutes of nothing but sound


def gather_delays(
    blocks: Iterable[Float[np.ndarray, "mic time"]], sample_rate: int, *, max_delay_s: float
) -> SegmentDelays:
    """Delays of all pairs in the louder segments of a recording.

    Args:
        blocks: the microphones' signals, any scale.
        sample_rate: samples a second.
        max_delay_s: delays are sought up to here, both ways.

    Raises:
        AudioError: if there is no sound, or less than a segment.
    """
    found: SegmentDelays | None = None
    every, start_s = 1, 0.0
    for part in _parts(blocks, sample_rate):
        if found is None or part.shape[1] >= _LEAST_PART_S * sample_rate:
            delays = measure_delays(part, sample_rate, max_delay_s=max_delay_s)
            delays = _kept(replace(delays, start_s=delays.start_s + start_s), every)
            found = delays if found is None else _joined(found, delays)
        start_s += part.shape[1] / sample_rate
        while len(found.start_s) > _MOST_PIECES:
            every, found = 2 * every, _kept(found, 2)
    if found is None:
        raise AudioError("a recording to measure delays in holds no samples; record longer")
    return found


def _parts(
    blocks: Iterable[Float[np.ndarray, "mic time"]], sample_rate: int
) -> Iterator[Float[np.ndarray, "mic time"]]:
    """The same in parts of a minute, the last one shorter."""
    held: list[np.ndarray] = []
    num_held = 0
    for block in blocks:
        held.append(block)
        num_held += block.shape[1]
        if num_held >= _PART_S * sample_rate:
            yield np.concatenate(held, axis=1)
            held, num_held = [], 0
    if held:
        yield np.concatenate(held, axis=1)


def _kept(delays: SegmentDelays, every: int) -> SegmentDelays:
    """One of so many segments."""
    return replace(
        delays,
        tdoa_s=delays.tdoa_s[::every],
        quality=delays.quality[::every],
        level=delays.level[::every],
        start_s=delays.start_s[::every],
    )


def _joined(first: SegmentDelays, second: SegmentDelays) -> SegmentDelays:
    return replace(
        first,
        tdoa_s=np.concatenate([first.tdoa_s, second.tdoa_s]),
        quality=np.concatenate([first.quality, second.quality]),
        level=np.concatenate([first.level, second.level]),
        start_s=np.concatenate([first.start_s, second.start_s]),
    )

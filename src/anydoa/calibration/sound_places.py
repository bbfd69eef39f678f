"""One arrival time a microphone for every place that the sound of a recording came from.

Delays are measured a minute at a time, and what is loud is judged within each minute. Of a long recording
every second segment is left out, then every second of the rest, and so on, so that what is kept stays bounded
and comes from all of it.

Segments of one place share its echoes, so they are one observation, however long somebody stayed there: what
echoes do to the delays does not average out until the talker moves on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from anydoa.calibration.position_fit import fit_waves
from anydoa.doctor.delays import SegmentDelays, measure_delays
from anydoa.errors import AudioError


@dataclass(frozen=True)
class SoundPlaceOptions:
    """How places are gathered from a recording.

    Args:
        part_s: seconds that are held at a time.
        min_part_s: seconds below which the end of a recording is left out.
        max_segments: most segments that are kept; eight minutes of nothing but sound.
        min_quality: mean quality of a segment's pairs; noise has about 3.
        contradiction_m: metres by which pairs of a clean segment contradict each other; beyond, a pair counts
            less.
        apart: distance between unit vectors to two places: 8 degrees.
        max_places: number of places; more add little and cost time with their square.
    """

    part_s: float = 60.0
    min_part_s: float = 1.0
    max_segments: int = 4000
    min_quality: float = 5.0
    contradiction_m: float = 0.001
    apart: float = 0.14
    max_places: int = 60


@dataclass(frozen=True, eq=False)
class SoundPlaces:
    """What the microphones heard from each place.

    Args:
        paths: arrival times in metres of path, mean 0 over the microphones.
        num_segments: number of segments of the recording at each place.
    """

    paths: Float[np.ndarray, "place mic"]
    num_segments: Int[np.ndarray, "place"]

    def heard_for(self, min_segments: int) -> "SoundPlaces":
        """Those with so many segments or more."""
        kept = self.num_segments >= min_segments
        return replace(self, paths=self.paths[kept], num_segments=self.num_segments[kept])


def gather_delays(
    blocks: Iterable[Float[np.ndarray, "mic time"]],
    sample_rate: int,
    *,
    max_delay_s: float,
    options: SoundPlaceOptions = SoundPlaceOptions(),
) -> SegmentDelays:
    """Delays of all pairs in the louder segments of a recording of any length.

    Args:
        blocks: the microphones' signals, any scale.
        sample_rate: samples a second.
        max_delay_s: longest delay that is sought, both ways.
        options: how much is held and kept.

    Raises:
        AudioError: if there is no sound, or less than a segment.
    """
    found: SegmentDelays | None = None
    every, start_s = 1, 0.0
    for part in _parts(blocks, round(options.part_s * sample_rate)):
        if found is None or part.shape[1] >= options.min_part_s * sample_rate:
            delays = measure_delays(part, sample_rate, max_delay_s=max_delay_s)
            delays = replace(delays, start_s=delays.start_s + start_s).every(every)
            found = delays if found is None else found.followed_by(delays)
        start_s += part.shape[1] / sample_rate
        while len(found.start_s) > options.max_segments:
            every, found = 2 * every, found.every(2)
    if found is None:
        raise AudioError("a recording to measure delays in holds no samples; record longer")
    return found


def find_places(
    delays: SegmentDelays,
    positions: Float[np.ndarray, "mic axis"],
    *,
    speed_of_sound: float,
    options: SoundPlaceOptions = SoundPlaceOptions(),
) -> SoundPlaces:
    """Places that sounds came from, those heard longest first.

    Args:
        delays: delays measured in the recording.
        positions: nominal positions, metres along the principal axes, relative to their mean.
        speed_of_sound: metres a second, nominal.
        options: what makes segments one place.
    """
    clear = delays.quality.mean(axis=1) >= options.min_quality
    if not clear.any():
        return SoundPlaces(np.zeros((0, len(positions))), np.zeros(0, dtype=np.int64))
    # (segment, pair) -> (segment, mic) -> (segment, axis): arrivals, and the direction that fits them
    differences = delays.tdoa_s[clear] * speed_of_sound
    paths = arrival_paths(delays.pairs, differences, contradiction=options.contradiction_m)
    waves, _ = fit_waves(positions, paths)
    # (segment, mic) -> (place, mic): medians, those of the places heard longest
    # One place is the clearest segment left, and all near it.
    quality = delays.quality[clear].mean(axis=1)
    groups = []
    left = np.ones(len(waves), dtype=bool)
    while left.any():
        leader = np.where(left, quality, -np.inf).argmax()
        group = left & (np.linalg.norm(waves - waves[leader], axis=1) < options.apart)
        groups.append(group)
        left &= ~group
    groups = sorted(groups, key=lambda group: -int(group.sum()))[: options.max_places]
    middle = [np.median(paths[group], axis=0) for group in groups]
    centred = np.stack([path - path.mean() for path in middle])
    return SoundPlaces(centred, np.array([int(group.sum()) for group in groups], dtype=np.int64))


def arrival_paths(
    pairs: Int[np.ndarray, "pair 2"],
    differences: Float[np.ndarray, "segment pair"],
    *,
    contradiction: float = SoundPlaceOptions.contradiction_m,
) -> Float[np.ndarray, "segment mic"]:
    """One number a microphone whose differences are those of the pairs, mean 0, in the same unit.

    The least sum of absolute contradictions, nearly: a pair that fits no other counts little.

    Args:
        pairs: the two microphones of each pair.
        differences: number of the first microphone less that of the second.
        contradiction: size from which a contradiction counts less.
    """
    num_mics = int(pairs.max()) + 1
    first, second = np.eye(num_mics)[pairs.T]
    design = first - second  # pair mic
    weight = np.ones(differences.shape)
    paths = np.zeros((len(differences), num_mics))
    for _ in range(8):  # reweightings; more change nothing
        normal = np.einsum("np,pi,pj->nij", weight, design, design, optimize=True) + 1 / num_mics
        paths = np.linalg.solve(normal, ((weight * differences) @ design)[..., None])[..., 0]
        weight = 1 / np.sqrt(1 + ((differences - paths @ design.T) / contradiction) ** 2)
    return paths


def _parts(
    blocks: Iterable[Float[np.ndarray, "mic time"]], num_samples: int
) -> Iterator[Float[np.ndarray, "mic time"]]:
    """The blocks joined to parts of so many samples or more, the last one shorter."""
    held: list[np.ndarray] = []
    num_held = 0
    for block in blocks:
        held.append(block)
        num_held += block.shape[1]
        if num_held >= num_samples:
            yield np.concatenate(held, axis=1)
            held, num_held = [], 0
    if held:
        yield np.concatenate(held, axis=1)

"""What a localization says: sources of frames, talkers, and the recording as a whole.

Angles in degrees, in the frame and at the times that the conventions here spell out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from anydoa.geometry.coordinates import direction_to_angles_deg
from anydoa.io.angles import round_angles_deg
from anydoa.io.talkers import Talker

FRAME_CONVENTION = (
    "right-handed, x front, y left, z up; azimuth in degrees anticlockwise from +x seen from above, "
    "(-180, 180]; elevation in degrees up from the horizontal, -90..90; xyz is the unit vector "
    "towards the source"
)
TIME_CONVENTION = (
    "time_s is the centre of the newest analysis window of the frame, in seconds from the first sample"
)
ACTIVE = 0.5  # probability from which a source is said to sound


@dataclass(frozen=True, eq=False)
class Source:
    """A direction that sound comes from.

    Args:
        direction: unit vector towards it.
        score: value of the spectrum there, 0..1; 0 in frames of a talker's turn without a peak of its own.
        id: number of the talker, the same in every frame of a recording and in its summary; of peaks that
            nobody follows, the rank in their frame, 0 for the strongest.
        mirror: other directions that the array cannot tell from this one.
        activity: probability that it sounds in this frame; None where no tracker follows it, for such a
            source always sounds.
    """

    direction: Float[np.ndarray, "3"]
    score: float
    id: int = 0
    mirror: tuple[Float[np.ndarray, "3"], ...] = ()
    activity: float | None = None

    @property
    def active(self) -> bool:
        """Whether it sounds in this frame; a talker in a pause does not."""
        return self.activity is None or self.activity >= ACTIVE

    @property
    def azimuth_deg(self) -> float:
        """Degrees anticlockwise from the front, (-180, 180]."""
        return float(direction_to_angles_deg(self.direction)[0])

    @property
    def elevation_deg(self) -> float:
        """Degrees up from the horizontal, -90..90."""
        return float(direction_to_angles_deg(self.direction)[1])

    def __repr__(self) -> str:
        azimuth_deg, elevation_deg = round_angles_deg(self.direction, 1)
        return f"Source(azimuth {azimuth_deg}°, elevation {elevation_deg}°, score {self.score:.2f})"


@dataclass(frozen=True)
class ZoneEvent:
    """A talker enters or leaves a zone.

    Args:
        zone: name of the zone.
        id: number of the talker.
        entered: whether it enters; else it leaves, or is gone.
    """

    zone: str
    id: int
    entered: bool


@dataclass(frozen=True, eq=False)
class FrameResult:
    """The sources of one frame.

    Args:
        time_s: centre of the newest analysis window of the frame, in seconds from the first sample.
        sources: sources that were heard, strongest first; none in silence.
        events: who enters or leaves a zone, where somebody watches zones.
    """

    time_s: float
    sources: tuple[Source, ...]
    events: tuple[ZoneEvent, ...] = ()


@dataclass(frozen=True)
class ResultHeader:
    """Recording, array and estimator of results.

    Args:
        file: name of the recording.
        estimator: name of the estimator.
        weights_hash: hash of a network's weights; None for classical estimators.
        array: name of the microphone array.
        array_hash: hash of all in the array that an estimate depends on.
        array_rank: ``line``, ``plane`` or ``volume``: whether directions have mirrors.
        grid: name of the grid of directions.
        version: version of anydoa.
        look_ahead_s: seconds of later sound that a frame was judged by, at most; 0: by its past alone.
        id: what a list of recordings calls this one; None where it has no name but its file.
    """

    file: str
    estimator: str
    weights_hash: str | None
    array: str
    array_hash: str
    array_rank: str
    grid: str
    version: str
    look_ahead_s: float = 0.0
    id: str | None = None


@dataclass(frozen=True, eq=False)
class ResultSummary:
    """What stands behind the last frame of a file of results.

    Args:
        directions: the sources of the recording as a whole, strongest first.
        duration_s: length of the recording in seconds.
        warnings: what is wrong with the recording, a line each.
        talkers: who was where when; none where nobody was followed to the end.
    """

    directions: tuple[Source, ...]
    duration_s: float
    warnings: tuple[str, ...] = ()
    talkers: tuple[Talker, ...] = ()


@dataclass(frozen=True, eq=False)
class LocalizationResult:
    """All that was found in a recording.

    Args:
        header: recording, array and estimator of the result.
        frames: results of the frames, in order of time.
        directions: the sources of the recording as a whole, strongest first.
        duration_s: length of the recording in seconds.
        warnings: what is wrong with the recording, a line each: dead or copied channels, hum, a lone tone.
        talkers: who was where when, in order of the first sound. The id of a source in a frame is that of its
            talker.
    """

    header: ResultHeader
    frames: tuple[FrameResult, ...]
    directions: tuple[Source, ...]
    duration_s: float
    warnings: tuple[str, ...] = ()
    talkers: tuple[Talker, ...] = ()

    @property
    def summary(self) -> ResultSummary:
        """All but header and frames."""
        return ResultSummary(self.directions, self.duration_s, self.warnings, self.talkers)

    def __repr__(self) -> str:
        found = ", ".join(map(repr, self.directions)) or "no source"
        length = f"{self.duration_s:.1f} s, {len(self.frames)} frames"
        return f"LocalizationResult({self.header.file}, {length}: {found})"


def frames_of_talkers(
    times_s: Float[np.ndarray, "frame"],
    talkers: Sequence[Talker],
    mirror: Callable[[Float[np.ndarray, "3"]], tuple[Float[np.ndarray, "3"], ...]],
) -> Iterator[FrameResult]:
    """Frames one after the other, each with the talkers whose turn it is.

    Args:
        times_s: times of all frames of the recording.
        talkers: everyone in it.
        mirror: gives the directions that the array cannot tell from one.
    """
    parts = [(np.searchsorted(times_s, talker.path.times_s), talker) for talker in talkers]
    frame = np.concatenate([frames for frames, _ in parts]) if parts else np.zeros(0, dtype=int)
    who = np.repeat(np.arange(len(talkers)), [len(frames) for frames, _ in parts])
    row = np.concatenate([np.arange(len(frames)) for frames, _ in parts]) if parts else frame
    score = np.concatenate([talker.path.scores for talker in talkers]) if parts else np.zeros(0)
    order = np.lexsort((who, -score, frame))
    first = np.searchsorted(frame[order], np.arange(len(times_s) + 1))
    for index, time_s in enumerate(times_s.tolist()):
        sources = []
        for place in order[first[index] : first[index + 1]]:
            talker = talkers[who[place]]
            direction = np.asarray(talker.path.directions[row[place]], dtype=np.float64)
            sources.append(Source(direction, float(score[place]), talker.id, mirror(direction)))
        yield FrameResult(time_s, tuple(sources))

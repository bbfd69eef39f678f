"""Short recordings with their truth: what all of them know, simulated ones, and batches of them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from anydoa.errors import ShapeError
from anydoa.geometry.coordinates import interpolate_directions
from anydoa.simulation.activity import is_spoken

_FRAME_S = 0.032  # of sound around a frame's time that decides who speaks in it


class Clip(ABC):
    """A short recording with its truth, simulated or not: where its talkers are, and when they speak.

    Subclasses have these attributes as fields.

    Attributes:
        audio: the microphones' signals.
        sample_rate: samples a second.
        activity: true where a talker speaks, in the time of the array.
    """

    audio: Float[np.ndarray, "mic time"]
    sample_rate: int
    activity: Bool[np.ndarray, "talker time"]

    @property
    @abstractmethod
    def knots(self) -> Float[np.ndarray, "talker knot 3"]:
        """Unit vectors towards each talker at evenly spaced instants from the first sample to the last.

        One instant where nobody moves.
        """
        ...

    @property
    def num_talkers(self) -> int:
        """How many talkers there are."""
        return len(self.activity)

    @property
    def is_static(self) -> bool:
        """Whether all talkers stand still."""
        return self.knots.shape[1] == 1

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.audio.shape[1] / self.sample_rate

    @property
    def onsets_s(self) -> Float[np.ndarray, "talker"]:
        """When each talker first speaks; infinite for one who never does."""
        first = self.activity.argmax(axis=1) / self.sample_rate
        return np.where(self.activity.any(axis=1), first, np.inf)

    def directions_at(self, times_s: Float[np.ndarray, "frame"]) -> Float[np.ndarray, "frame talker 3"]:
        """Unit vectors towards each talker at the given times.

        Between the knots of a path the talker is where
        :func:`~anydoa.simulation.convolution.fade_between_knots` makes the sound come from: at the knots'
        sum, each weighted by its share of the sound.

        Args:
            times_s: seconds from the first sample; before it and after the last a talker stands still.
        """
        last_sample = max(self.audio.shape[1] - 1, 1)
        at = interpolate_directions(self.knots, times_s * self.sample_rate / last_sample)
        return np.moveaxis(at, 0, 1)

    def active_at(self, times_s: Float[np.ndarray, "frame"]) -> Bool[np.ndarray, "frame talker"]:
        """Who speaks in each frame, the 32 ms around its time; the same for the frames of every estimator."""
        spoken: np.ndarray = is_spoken(*self.count_in_frames(self.activity, times_s))
        return spoken.T

    def count_in_frames(
        self, marked: Bool[np.ndarray, "row time"], times_s: Float[np.ndarray, "frame"]
    ) -> tuple[Int[np.ndarray, "row frame"], Int[np.ndarray, "frame"]]:
        """Marked samples in the frame around each time, as far as it lies in the recording, and all of it."""
        total = np.pad(np.cumsum(marked, axis=1), ((0, 0), (1, 0)))
        samples = marked.shape[1]
        first = np.clip(np.rint((times_s - _FRAME_S / 2) * self.sample_rate).astype(int), 0, samples - 1)
        last = np.clip(np.rint((times_s + _FRAME_S / 2) * self.sample_rate).astype(int), first + 1, samples)
        return total[:, last] - total[:, first], last - first


@dataclass(frozen=True, eq=False)
class Scene(Clip):
    """What simulated microphones heard, and where it came from.

    Args:
        audio: the microphones' signals.
        sample_rate: samples a second.
        positions: metres, relative to the centre of the array.
        directions: unit vectors from the centre of the array towards each talker.
        activity: true where the talker's direct sound at the centre of the array is speech.
        snr_db: speech (all talkers) over noise (all of it), mean power of the microphones.
        rt60: reverberation time in seconds; 0 in free field.
        seed: what made it: the same seed and the same sources give the same scene.
        direct: each talker's direct sound at each microphone, or None when it was not kept.
        images: each talker's sound with its echoes at each microphone, or None when it was not kept; what is
            left of ``audio`` without them is noise.
        path: directions of moving talkers at evenly spaced instants from the first sample to the last,
            or None when all stand still; ``directions`` then is where they are half-way.
        noises: unit vectors towards each noise source that is heard, none where noise comes from everywhere;
            None where nobody knows.
        reflections: unit vectors towards the strongest early reflections of each talker; None where nobody
            knows.
    """

    audio: Float[np.ndarray, "mic time"]
    sample_rate: int
    positions: Float[np.ndarray, "mic 3"]
    directions: Float[np.ndarray, "talker 3"]
    activity: Bool[np.ndarray, "talker time"]
    snr_db: float
    rt60: float
    seed: tuple[int, ...]
    direct: Float[np.ndarray, "talker mic time"] | None = None
    images: Float[np.ndarray, "talker mic time"] | None = None
    path: Float[np.ndarray, "talker knot 3"] | None = None
    noises: Float[np.ndarray, "noise 3"] | None = None
    reflections: Float[np.ndarray, "talker reflection 3"] | None = None

    @property
    def knots(self) -> Float[np.ndarray, "talker knot 3"]:
        """Unit vectors towards each talker at evenly spaced instants from the first sample to the last."""
        return self.directions[:, None] if self.path is None else self.path

    @property
    def num_microphones(self) -> int:
        """How many microphones there are."""
        return len(self.positions)


@dataclass(frozen=True, eq=False)
class SceneBatch:
    """Several scenes in one set of arrays, padded with zeros; the masks say what is real.

    Args:
        audio: the microphones' signals.
        positions: metres, relative to the centre of each array.
        mic_mask: true where a microphone exists.
        directions: unit vectors at the instants asked for, one instant if nobody moves; zeros where no talker
            exists.
        source_mask: true where a talker exists.
        activity: true where a talker speaks.
        direct: each talker's direct sound, or None when a scene has not kept it.
    """

    audio: Float[np.ndarray, "batch mic time"]
    positions: Float[np.ndarray, "batch mic 3"]
    mic_mask: Bool[np.ndarray, "batch mic"]
    directions: Float[np.ndarray, "batch talker #instant 3"]
    source_mask: Bool[np.ndarray, "batch talker"]
    activity: Bool[np.ndarray, "batch talker time"]
    direct: Float[np.ndarray, "batch talker mic time"] | None = None


def collate(scenes: Sequence[Scene], times_s: Float[np.ndarray, "instant"] | None = None) -> SceneBatch:
    """The scenes as one batch of float32, as many microphones, talkers and samples as the largest has.

    Args:
        scenes: scenes of talkers who move, stand still, or both.
        times_s: instants when directions are wanted, in seconds from the first sample. If None, evenly from
            the first sample of each scene to its last, as often as the longest path has knots. In a batch
            where nobody moves it does not matter.

    Raises:
        ShapeError: if there are none.
    """
    if not scenes:
        raise ShapeError("a batch needs at least one scene, got none; give some")
    counts = np.array([(scene.num_microphones, scene.num_talkers, scene.audio.shape[1]) for scene in scenes])
    mics, talkers, time = counts.max(axis=0).tolist()
    num_knots = max(scene.knots.shape[1] for scene in scenes)
    if num_knots == 1:
        directions = [scene.knots for scene in scenes]
    else:
        directions = []  # (talker, instant, xyz), at the same instants for every scene
        for scene in scenes:
            last_s = (scene.audio.shape[1] - 1) / scene.sample_rate
            at = scene.directions_at(np.linspace(0, last_s, num_knots) if times_s is None else times_s)
            directions.append(np.moveaxis(at, 1, 0))
    direct = [scene.direct for scene in scenes if scene.direct is not None]
    return SceneBatch(
        audio=_stack_padded([scene.audio for scene in scenes], (mics, time)),
        positions=_stack_padded([scene.positions for scene in scenes], (mics, 3)),
        mic_mask=np.arange(mics) < counts[:, :1],
        directions=_stack_padded(directions, (talkers, directions[0].shape[1], 3)),
        source_mask=np.arange(talkers) < counts[:, 1:2],
        activity=_stack_padded([scene.activity for scene in scenes], (talkers, time)).astype(bool),
        direct=_stack_padded(direct, (talkers, mics, time)) if len(direct) == len(scenes) else None,
    )


def _stack_padded(arrays: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """The arrays as rows of float32, zeros behind their ends."""
    stacked = np.zeros((len(arrays), *shape), dtype=np.float32)
    for row, array in zip(stacked, arrays, strict=True):
        row[tuple(slice(size) for size in array.shape)] = array
    return stacked

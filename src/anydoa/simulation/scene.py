"""A simulated recording with its truth, and a batch of them padded to one shape."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from anydoa.errors import ShapeError
from anydoa.geometry.coordinates import interpolate_directions


@dataclass(frozen=True, eq=False)
class Scene:
    """What the microphones heard, and where it came from.

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
    directions: Float[np.ndarray, "source 3"]
    activity: Bool[np.ndarray, "source time"]
    snr_db: float
    rt60: float
    seed: tuple[int, ...]
    direct: Float[np.ndarray, "source mic time"] | None = None
    path: Float[np.ndarray, "source knot 3"] | None = None
    noises: Float[np.ndarray, "noise 3"] | None = None
    reflections: Float[np.ndarray, "source reflection 3"] | None = None

    @property
    def num_sources(self) -> int:
        """How many talkers there are."""
        return len(self.directions)

    @property
    def num_microphones(self) -> int:
        """How many microphones there are."""
        return len(self.positions)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.audio.shape[1] / self.sample_rate

    def directions_at(self, times_s: Float[np.ndarray, "instant"]) -> Float[np.ndarray, "source instant 3"]:
        """Unit vectors towards each talker at the given times.

        Between the knots of a path the talker is where
        :func:`~anydoa.simulation.convolution.fade_between_knots` makes the sound come from: at the knots'
        sum, each weighted by its share of the sound.

        Args:
            times_s: seconds from the first sample; before it and after the last a talker stands still.
        """
        knots = self.directions[:, None] if self.path is None else self.path
        last_sample = max(self.audio.shape[1] - 1, 1)
        return interpolate_directions(knots, times_s * self.sample_rate / last_sample)


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
    directions: Float[np.ndarray, "batch source #instant 3"]
    source_mask: Bool[np.ndarray, "batch source"]
    activity: Bool[np.ndarray, "batch source time"]
    direct: Float[np.ndarray, "batch source mic time"] | None = None


def collate(scenes: Sequence[Scene], times_s: Float[np.ndarray, "instant"] | None = None) -> SceneBatch:
    """The scenes as one batch of float32, as many microphones, talkers and samples as the largest has.

    Args:
        scenes: of talkers who move, stand still, or both.
        times_s: when directions are wanted, in seconds from the first sample. If None, evenly from the first
            sample of each scene to its last, as often as the longest path has knots. In a batch where nobody
            moves it does not matter.

    Raises:
        ShapeError: if there are none.
    """
    if not scenes:
        raise ShapeError("a batch needs at least one scene, got none")
    mics = max(scene.num_microphones for scene in scenes)
    sources = max(scene.num_sources for scene in scenes)
    time = max(scene.audio.shape[1] for scene in scenes)
    counts = np.array([[scene.num_microphones, scene.num_sources] for scene in scenes])
    direct = [scene.direct for scene in scenes if scene.direct is not None]
    return SceneBatch(
        audio=_stack_padded([scene.audio for scene in scenes], (mics, time)),
        positions=_stack_padded([scene.positions for scene in scenes], (mics, 3)),
        mic_mask=np.arange(mics) < counts[:, :1],
        directions=_directions(scenes, sources, times_s),
        source_mask=np.arange(sources) < counts[:, 1:],
        activity=_stack_padded([scene.activity for scene in scenes], (sources, time)).astype(bool),
        direct=_stack_padded(direct, (sources, mics, time)) if len(direct) == len(scenes) else None,
    )


def _directions(
    scenes: Sequence[Scene], sources: int, times_s: Float[np.ndarray, "instant"] | None
) -> Float[np.ndarray, "batch source #instant 3"]:
    """Directions of every scene at the same instants; a single instant if nobody moves."""
    knots = max(1 if scene.path is None else scene.path.shape[1] for scene in scenes)
    if knots == 1:
        return _stack_padded([scene.directions[:, None] for scene in scenes], (sources, 1, 3))
    directions = []
    for scene in scenes:
        last_s = (scene.audio.shape[1] - 1) / scene.sample_rate
        directions.append(scene.directions_at(np.linspace(0, last_s, knots) if times_s is None else times_s))
    return _stack_padded(directions, (sources, directions[0].shape[1], 3))


def _stack_padded(arrays: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    stacked = np.zeros((len(arrays), *shape), dtype=np.float32)
    for row, array in zip(stacked, arrays, strict=True):
        row[tuple(slice(size) for size in array.shape)] = array
    return stacked

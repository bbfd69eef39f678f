"""One recording of a suite with its truth: what an estimator hears and what it is measured against."""

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import ShapeError
from anydoa.evaluation.known_part import KnownPart
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import interpolate_directions
from anydoa.simulation.scene import Scene

FRAME_S = 0.032  # of sound around a frame's time that decides who speaks in it
ACTIVE_SHARE = 2 / 3  # of those samples, as published


@dataclass(frozen=True, eq=False)
class SuiteClip:
    """A recording with the directions and the activity of its talkers.

    Args:
        name: tells it from the others of its suite.
        suite: the row of the table it belongs to.
        audio: the microphones' signals.
        array: what recorded them.
        directions: unit vectors of each talker in the array's frame at evenly spaced instants from the
            first sample to the last; one instant for a talker who stands still.
        activity: true where a talker speaks, in the time of the array.
        valid: true where the truth is known; everywhere if None.
        sample_rate: samples a second.
        snr_db: speech over noise; NaN where nobody knows.
        rt60: reverberation time in seconds; NaN where nobody knows.
        noises: unit vectors towards each noise source that is heard, none where noise comes from everywhere;
            None where nobody knows.
        reflections: unit vectors towards the strongest early reflections of each talker; None where nobody
            knows.
        known: what the truth tells of a direction.
        tolerance_deg: how far off an answer may be without being wrong; NaN where nobody says.

    Raises:
        ShapeError: if there are not as many signals as microphones.
    """

    name: str
    suite: str
    audio: Float[np.ndarray, "mic time"]
    array: MicrophoneArray
    directions: Float[np.ndarray, "source knot 3"]
    activity: Bool[np.ndarray, "source time"]
    valid: Bool[np.ndarray, "time"] | None = None
    sample_rate: int = SAMPLE_RATE
    snr_db: float = float("nan")
    rt60: float = float("nan")
    noises: Float[np.ndarray, "noise 3"] | None = None
    reflections: Float[np.ndarray, "source reflection 3"] | None = None
    known: KnownPart = field(default_factory=KnownPart)
    tolerance_deg: float = float("nan")

    def __post_init__(self) -> None:
        if len(self.audio) != self.array.num_microphones:
            raise ShapeError(
                f"{self.name}: {len(self.audio)} signals for {self.array.num_microphones} microphones; "
                "select the channels of the array first"
            )

    @classmethod
    def from_scene(cls, scene: Scene, array: MicrophoneArray, *, name: str, suite: str) -> "SuiteClip":
        """The clip of a simulated scene, with the path of talkers who walk.

        Args:
            scene: sound and truth.
            array: what recorded it.
            name: tells it from the others of its suite.
            suite: the row of the table it belongs to.
        """
        return cls(
            name=name,
            suite=suite,
            audio=scene.audio,
            array=array,
            directions=scene.directions[:, None] if scene.path is None else scene.path,
            activity=scene.activity,
            sample_rate=scene.sample_rate,
            snr_db=scene.snr_db,
            rt60=scene.rt60,
            noises=scene.noises,
            reflections=scene.reflections,
        )

    @property
    def num_talkers(self) -> int:
        """How many talkers there are."""
        return len(self.directions)

    @property
    def is_static(self) -> bool:
        """Whether all talkers stand still."""
        return self.directions.shape[1] == 1

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.audio.shape[1] / self.sample_rate

    @property
    def onsets_s(self) -> Float[np.ndarray, "source"]:
        """When each talker first speaks; infinite for one who never does."""
        first = self.activity.argmax(axis=1) / self.sample_rate
        return np.where(self.activity.any(axis=1), first, np.inf)

    def directions_at(self, times_s: Float[np.ndarray, "frame"]) -> Float[np.ndarray, "frame source 3"]:
        """Where each talker is at the given times."""
        return np.moveaxis(interpolate_directions(self.directions, times_s / self.duration_s), 0, 1)

    def active_at(self, times_s: Float[np.ndarray, "frame"]) -> Bool[np.ndarray, "frame source"]:
        """Who speaks in each frame: at least two thirds of the 32 ms around its time.

        Reference:
            Baek et al. (2026) for its frames of 32 ms; here the same for the frames of every estimator.
        """
        return (self._share(self.activity, times_s) >= ACTIVE_SHARE - 1e-9).T

    def valid_at(self, times_s: Float[np.ndarray, "frame"]) -> Bool[np.ndarray, "frame"]:
        """Whether the truth of each frame is known throughout."""
        if self.valid is None:
            return np.ones(len(times_s), dtype=bool)
        return self._share(self.valid[None], times_s)[0] >= 1 - 1e-9

    def _share(
        self, marked: Bool[np.ndarray, "row time"], times_s: Float[np.ndarray, "frame"]
    ) -> Float[np.ndarray, "row frame"]:
        """Share of marked samples in the frame around each time, as far as it lies in the recording."""
        total = np.pad(np.cumsum(marked, axis=1), ((0, 0), (1, 0)))
        samples = marked.shape[1]
        first = np.clip(np.rint((times_s - FRAME_S / 2) * self.sample_rate).astype(int), 0, samples - 1)
        last = np.clip(np.rint((times_s + FRAME_S / 2) * self.sample_rate).astype(int), first + 1, samples)
        share: np.ndarray = (total[:, last] - total[:, first]) / (last - first)
        return share


@runtime_checkable
class Suite(Protocol):
    """Recordings to measure estimators on, made or read one by one when asked for."""

    @property
    def name(self) -> str:
        """As on the command line."""
        ...

    def __len__(self) -> int:
        """How many recordings there are."""
        ...

    def __getitem__(self, index: int) -> SuiteClip:
        """One recording, the same every time."""
        ...

    def row(self, index: int) -> tuple[str, int]:
        """Kind of recording and number of talkers: where in the table one belongs, without rendering it."""
        ...

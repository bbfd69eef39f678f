"""One recording of a suite with its truth: what an estimator hears and what it is measured against."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError, ChannelCountError, ConfigError, ShapeError
from anydoa.geometry import Cones, MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction
from anydoa.io.audio import read_audio
from anydoa.io.output import note_input, whole_binary
from anydoa.io.resampling import resample
from anydoa.simulation.scene import Clip, Scene

KnownKind = Literal["direction", "azimuth", "cone"]
"""What a truth may tell of a direction: all of it, its azimuth, or its angle to an axis."""


@dataclass(frozen=True, eq=False)
class KnownPart:
    """Takes out of a direction what nobody knows of it, so that errors count only what is known.

    Args:
        kind: ``direction`` leaves all, ``azimuth`` takes the elevation out, ``cone`` leaves the angle to an
            axis.
        axis: axis of the cone, any length.

    Raises:
        ConfigError: if a cone has no axis.
    """

    kind: KnownKind = "direction"
    axis: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        if self.kind == "cone" and self.axis is None:
            raise ConfigError("the truth of a cone needs its axis, got none; give one such as [0, 1, 0]")

    def of(self, directions: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
        """The direction that stands for all with the same known part; NaN for one that has none.

        Straight up and down have no azimuth.
        """
        if self.kind == "azimuth":
            flat = directions * [1.0, 1.0, 0.0]
            length = np.linalg.norm(flat, axis=-1, keepdims=True)
            return np.divide(flat, length, out=np.full_like(flat, np.nan), where=length > 1e-9)
        if self.kind == "cone":
            return Cones(self._unit_axis).fold(directions)
        return directions

    def check_heard(self, array: MicrophoneArray, name: str) -> None:
        """Refuse an array that cannot tell the known part of a direction from the rest.

        Args:
            array: microphones that recorded it.
            name: name of the recording, for the message.

        Raises:
            AudioError: if what sounds alike to it differs in what is known.
        """
        if self.kind == "direction":
            return
        heard = array.ambiguity
        if heard.folds_azimuths if self.kind == "azimuth" else heard.folds_cones(self._unit_axis):
            return
        cure = "take kind direction, with elevations"
        if heard.cones is not None:
            axis = [round(float(value), 3) + 0.0 for value in heard.cones.axis]
            cure = f"take kind cone with axis {axis}, or microphones that are not on one line"
        raise AudioError(
            f"{name}: the truth is of kind {self.kind}, which says nothing to array {array.name!r}: it "
            f"{heard.sentence}; {cure}"
        )

    @property
    def _unit_axis(self) -> Float[np.ndarray, "3"]:
        return normalize_direction(np.array(self.axis, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class SuiteClip(Clip):
    """A recording with the directions and the activity of its talkers.

    Args:
        name: tells it from the others of its suite.
        suite: row of the table it belongs to.
        audio: the microphones' signals.
        array: array that recorded them.
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
        known: part of a direction that the truth tells.
        tolerance_deg: how far off an answer may be without being wrong; NaN where nobody says.

    Raises:
        ShapeError: if there are not as many signals as microphones.
        AudioError: if the array cannot tell what the truth tells, or a direction has no known part.
    """

    name: str
    suite: str
    audio: Float[np.ndarray, "mic time"]
    array: MicrophoneArray
    directions: Float[np.ndarray, "talker knot 3"]
    activity: Bool[np.ndarray, "talker time"]
    valid: Bool[np.ndarray, "time"] | None = None
    sample_rate: int = SAMPLE_RATE
    snr_db: float = float("nan")
    rt60: float = float("nan")
    noises: Float[np.ndarray, "noise 3"] | None = None
    reflections: Float[np.ndarray, "talker reflection 3"] | None = None
    known: KnownPart = field(default_factory=KnownPart)
    tolerance_deg: float = float("nan")

    def __post_init__(self) -> None:
        if len(self.audio) != self.array.num_microphones:
            raise ShapeError(
                f"{self.name}: {len(self.audio)} signals for {self.array.num_microphones} microphones; "
                "select the channels of the array first"
            )
        self.known.check_heard(self.array, self.name)
        if not np.isfinite(self.known.of(self.directions)).all():
            raise AudioError(
                f"{self.name}: every talker needs a true {self.known.kind}, got one that has none; "
                "straight above there is no azimuth: correct the truth, or take kind direction"
            )

    @classmethod
    def from_scene(cls, scene: Scene, array: MicrophoneArray, *, name: str, suite: str) -> "SuiteClip":
        """The clip of a simulated scene, with the path of talkers who walk.

        Args:
            scene: sound and truth.
            array: array that recorded it.
            name: tells it from the others of its suite.
            suite: row of the table it belongs to.
        """
        return cls(
            name=name,
            suite=suite,
            audio=scene.audio,
            array=array,
            directions=scene.knots,
            activity=scene.activity,
            sample_rate=scene.sample_rate,
            snr_db=scene.snr_db,
            rt60=scene.rt60,
            noises=scene.noises,
            reflections=scene.reflections,
        )

    @property
    def knots(self) -> Float[np.ndarray, "talker knot 3"]:
        """Unit vectors towards each talker at evenly spaced instants from the first sample to the last."""
        return self.directions

    @classmethod
    def load(cls, path: Path, array: MicrophoneArray | None = None) -> "SuiteClip":
        """The clip that :meth:`save` has kept in a file; what NumPy raises if it is damaged.

        Args:
            path: path of the file.
            array: array that recorded it, or None for the one that the file keeps.
        """
        with path.open("rb") as file, np.load(file) as stored:
            sample_rate, snr_db, rt60 = stored["numbers"].tolist()
            return cls(
                name=str(stored["name"]),
                suite=str(stored["suite"]),
                audio=stored["audio"],
                array=array or MicrophoneArray(stored["positions"], name=str(stored["array_name"])),
                directions=stored["directions"],
                activity=stored["activity"],
                sample_rate=int(sample_rate),
                snr_db=snr_db,
                rt60=rt60,
                noises=stored.get("noises"),
                reflections=stored.get("reflections"),
            )

    def save(self, path: Path) -> None:
        """Keep a simulated clip in a file; of several processes that do so at once, each leaves the same.

        Raises:
            ConfigError: if the file cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        known: dict[str, Any] = {"noises": self.noises, "reflections": self.reflections}
        with whole_binary(path) as stream:
            np.savez(
                stream,
                name=self.name,
                suite=self.suite,
                audio=self.audio,
                positions=self.array.positions,
                array_name=self.array.name,
                directions=self.directions,
                activity=self.activity,
                numbers=np.array([self.sample_rate, self.snr_db, self.rt60]),
                **{name: values for name, values in known.items() if values is not None},
            )

    def valid_at(self, times_s: Float[np.ndarray, "frame"]) -> Bool[np.ndarray, "frame"]:
        """Whether the truth of each frame is known throughout."""
        if self.valid is None:
            return np.ones(len(times_s), dtype=bool)
        marked, whole = self.count_in_frames(self.valid[None], times_s)
        return marked[0] == whole


@runtime_checkable
class Suite(Protocol):
    """Recordings to measure estimators on, made or read one by one when asked for."""

    @property
    def name(self) -> str:
        """Name as on the command line."""
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


class KnownRecording(ABC):
    """A recording on disk with its truth."""

    @property
    @abstractmethod
    def row(self) -> tuple[str, int]:
        """Kind of recording and number of talkers: where in the table it belongs."""

    @property
    @abstractmethod
    def files(self) -> Iterable[Path]:
        """Files that it is read from, as far as they are known without reading them."""

    @abstractmethod
    def read(self) -> SuiteClip:
        """Sound and truth.

        Raises:
            AudioError: if files are missing or do not fit one another.
        """


class RecordedSuite:
    """Recordings on disk, read one by one when asked for.

    Args:
        name: name of the suite as on the command line.
        recordings: where they are, in the order of the suite.
    """

    def __init__(self, name: str, recordings: Iterable[KnownRecording]) -> None:
        self._name, self.recordings = name, tuple(recordings)
        # Other processes may read them.
        for recording in self.recordings:
            for file in recording.files:
                note_input(file, "file of the suite")

    @property
    def name(self) -> str:
        """Name as on the command line."""
        return self._name

    def __len__(self) -> int:
        return len(self.recordings)

    def __getitem__(self, index: int) -> SuiteClip:
        return self.recordings[index].read()

    def row(self, index: int) -> tuple[str, int]:
        """Kind of recording and number of talkers."""
        return self.recordings[index].row


def microphones_of(
    path: Path, array: MicrophoneArray, audio: Float[np.ndarray, "channel time"]
) -> Float[np.ndarray, "mic time"]:
    """The microphones of a recording, in the order of the array.

    Raises:
        AudioError: if the array describes another number of channels.
    """
    try:
        return array.select_channels(audio)
    except ChannelCountError as error:
        raise AudioError(
            f"{path}: {error.rule}; give an array file that says which channels hold the microphones"
        ) from None


def read_resampled(path: Path) -> Float[np.ndarray, "channel time"]:
    """A whole recording at the 16 kHz of suites.

    Raises:
        AudioError: if it cannot be read.
    """
    audio, rate = read_audio(path)
    return resample(audio, rate, SAMPLE_RATE)

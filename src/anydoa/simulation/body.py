"""What microphones sit on or look along in a simulated room: how each hears an image of a source."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from scipy import fft

from anydoa.acoustics import diffuse_cross_power, steering_vectors
from anydoa.constants import SAMPLE_RATE
from anydoa.errors import ConfigError
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction, rotate, rotation_from_rpy_deg
from anydoa.io import load_steering
from anydoa.simulation.noise import Coherence

_TAPS, _LEAD, _EDGE = 128, 40, 16  # of a filter: all, before the wave, and faded at either end


@runtime_checkable
class Body(Protocol):
    """Something hard around the origin that sound bends around on its way to the microphones."""

    @property
    def lead(self) -> int:
        """Taps of a filter before time zero."""
        ...

    @property
    def images_at_once(self) -> int:
        """How many images are heard at once, so that their filters fit into memory."""
        ...

    def hear(
        self,
        mics: Float[np.ndarray, "mic 3"],
        images: Float[np.ndarray, "image 3"],
        fraction: Float[np.ndarray, "image"],
    ) -> Iterator[Float[np.ndarray, "image tap"]]:
        """Impulse responses of each microphone in turn.

        Args:
            mics: metres from the origin.
            images: places of the sources, metres from the origin.
            fraction: delay of each in samples, 0 to 1.
        """
        ...

    def coherence(self, mics: Float[np.ndarray, "mic 3"]) -> Coherence:
        """Cross-power of the microphones in a spherically isotropic field."""
        ...


@dataclass(frozen=True)
class BodyFile:
    """Where the responses of a measured body are, in words that a plan can keep.

    Args:
        path: SOFA file.
        receivers: number of each microphone among its receivers.
        mount_rpy_deg: roll, pitch and yaw from the body's frame to the room's.
        speed_of_sound: metres a second.
    """

    path: str
    receivers: tuple[int, ...]
    mount_rpy_deg: tuple[float, float, float]
    speed_of_sound: float

    @classmethod
    def of(cls, array: MicrophoneArray) -> "BodyFile | None":
        """That of an array; None if it was not measured.

        Raises:
            ConfigError: if its responses come from no file, which a plan could name.
        """
        if array.steering is None:
            return None
        if array.steering.path is None:
            raise ConfigError(
                f"array {array.name!r}: measured steering from memory cannot be simulated; write it as SOFA "
                "and load an array file that names it"
            )
        path = str(array.steering.path.absolute())
        return cls(path, array.steering.receivers, array.mount_rpy_deg, array.speed_of_sound)

    def array(self, mics: Float[np.ndarray, "mic 3"]) -> MicrophoneArray:
        """The array of the body.

        Args:
            mics: metres, in the room's frame.
        """
        return MicrophoneArray(
            rotate(mics, rotation_from_rpy_deg(self.mount_rpy_deg).T),
            mount_rpy_deg=self.mount_rpy_deg,
            speed_of_sound=self.speed_of_sound,
            steering=load_steering(Path(self.path)).select(self.receivers),
        )


@lru_cache(maxsize=4)
def measured_body(file: BodyFile, places: tuple[tuple[float, ...], ...], sample_rate: int) -> "MeasuredBody":
    """One body for all rooms: to read its file takes longer than a room.

    Args:
        file: where its responses are.
        places: microphones in the room's frame, metres from their middle.
        sample_rate: samples a second.
    """
    return MeasuredBody(file.array(np.array(places)), sample_rate)


@dataclass(frozen=True, eq=False)
class MeasuredBody:
    """A body whose responses were measured, mixed between the directions that they were measured from.

    The middle of its microphones is the origin.

    Args:
        array: microphones with measured steering.
        sample_rate: samples a second of its responses.
    """

    array: MicrophoneArray
    sample_rate: int = SAMPLE_RATE

    @property
    def lead(self) -> int:
        """Taps of a filter before time zero."""
        return _LEAD

    @property
    def images_at_once(self) -> int:
        """How many images are heard at once, so that their filters fit into memory."""
        return 256

    def hear(
        self,
        mics: Float[np.ndarray, "mic 3"],
        images: Float[np.ndarray, "image 3"],
        fraction: Float[np.ndarray, "image"],
    ) -> Iterator[Float[np.ndarray, "image tap"]]:
        """Impulse responses of each microphone in turn, those that were measured.

        Args:
            mics: metres from the origin; only their number counts.
            images: places of the sources, metres from the origin.
            fraction: delay of each in samples, 0 to 1.
        """
        assert len(mics) == self.array.num_microphones
        vectors = steering_vectors(normalize_direction(images), self.array, self._frequencies)
        delay = (self.lead + fraction) / self.sample_rate
        shift = np.exp(-2j * np.pi * self._frequencies[:, None] * delay)
        for heard in np.moveaxis(vectors, 2, 0):
            taps = fft.irfft(heard * shift, 2 * _TAPS, axis=0)[:_TAPS].T
            yield (taps * self._window).astype(np.float32)

    def coherence(self, mics: Float[np.ndarray, "mic 3"]) -> Coherence:
        """Cross-power of the microphones in a spherically isotropic field."""
        assert len(mics) == self.array.num_microphones
        return lambda frequency: diffuse_cross_power(self.array, frequency)

    @cached_property
    def _frequencies(self) -> Float[np.ndarray, "freq"]:
        return fft.rfftfreq(2 * _TAPS, 1 / self.sample_rate)

    @cached_property
    def _window(self) -> Float[np.ndarray, "tap"]:
        """Fades in before the wave and out behind what is measured of it."""
        edge = np.sin(np.pi / 2 * (np.arange(_EDGE) + 0.5) / _EDGE) ** 2
        return np.concatenate([edge, np.ones(_TAPS - 2 * _EDGE), edge[::-1]])

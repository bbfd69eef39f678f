"""What microphones on a head, in a case or in free air hear of each direction, as it was measured."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Complex, Float, Float32, Int
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from anydoa.constants import MAX_MICROPHONES, SAMPLE_RATE
from anydoa.errors import GeometryError
from anydoa.geometry.coordinates import normalize_direction
from anydoa.geometry.read_only import ReadOnlyArrays

_MOST_VALUES = 2**26  # of all responses together: 256 MiB
_SPEECH_HZ, _STEP_HZ = (500.0, 4000.0), 125.0  # where phases of two directions are compared
_MOST_COMPARED = 100  # pairs of directions
_LEAST_HEIGHT, _SAME_DIRECTION = 0.3, 0.15  # above a plane, and apart, as chords of the unit sphere
_ALIKE = 0.9  # mean cosine of the phase errors, about; two unrelated directions have one half and less


@dataclass(frozen=True, eq=False)
class MeasuredSteering(ReadOnlyArrays):
    """Impulse responses from many directions to every microphone of an array. Immutable and validated.

    A delay or gain that all microphones of a direction share says nothing of where sound comes from, and one
    that all directions share neither: loudspeakers and distances need not be taken out.

    Args:
        directions: unit vectors towards the loudspeaker, in the array's own frame.
        responses: impulse responses from each direction to each microphone, those of a direction in one time.
        sample_rate: samples a second.
        path: SOFA file they come from; None for those in memory, which no array file can name.
        receivers: number of each microphone among the receivers of that file; default 0, 1, 2, ...

    Raises:
        GeometryError: if they are no such responses.
    """

    directions: Float[np.ndarray, "direction 3"] = field(repr=False)
    responses: Float32[np.ndarray, "direction mic tap"] = field(repr=False)
    sample_rate: float
    path: Path | None = None
    receivers: tuple[int, ...] = field(default=())

    def __init__(
        self,
        directions: ArrayLike,
        responses: ArrayLike,
        sample_rate: float,
        *,
        path: Path | None = None,
        receivers: Sequence[int] | None = None,
    ) -> None:
        heard = _valid_responses(responses)
        towards = np.asarray(directions, dtype=np.float64)
        if towards.shape != (len(heard), 3) or not np.isfinite(towards).all():
            raise GeometryError(
                f"measured responses from {len(heard)} directions need as many rows of 3 finite numbers, "
                f"got shape {towards.shape}; give unit vectors"
            )
        if not SAMPLE_RATE <= sample_rate < np.inf:
            raise GeometryError(
                f"measured responses must have {SAMPLE_RATE} samples a second or more, got {sample_rate}; "
                "below, half of speech would be missing"
            )
        towards = normalize_direction(towards)
        alike = towards @ towards[0] > 1 - 1e-12
        if alike.all():
            raise GeometryError(
                "measured steering needs two directions or more, got one; measure more, or take an array "
                "file without steering"
            )
        towards.flags.writeable = False
        numbers = tuple(range(heard.shape[1])) if receivers is None else tuple(int(one) for one in receivers)
        values = {
            "directions": towards, "responses": heard, "sample_rate": float(sample_rate), "path": path,
            "receivers": numbers,
        }  # fmt: skip
        for key, value in values.items():
            object.__setattr__(self, key, value)

    @property
    def num_microphones(self) -> int:
        """How many microphones were measured."""
        return self.responses.shape[1]

    @property
    def title(self) -> str:
        """What it is, for people."""
        source = "" if self.path is None else f" of {self.path.name}"
        return f"measured from {len(self.directions)} directions{source}"

    @cached_property
    def hash(self) -> str:
        """Twelve hex digits that change with the responses."""
        digest = hashlib.sha256(np.round(self.directions, 7).tobytes())
        digest.update(self.responses.tobytes() + repr(self.sample_rate).encode())
        return digest.hexdigest()[:12]

    def select(self, mics: Sequence[int]) -> "MeasuredSteering":
        """That of some of the microphones, in the given order."""
        chosen = list(mics)
        return replace(
            self,
            responses=self.responses[:, chosen],
            receivers=tuple(self.receivers[mic] for mic in chosen),
        )

    def is_mirrored(self, axis: Float[np.ndarray, "3"]) -> bool:
        """Whether directions and their reflections through a plane have the same phases between microphones.

        Args:
            axis: normal of the plane, a unit vector in the array's own frame.
        """
        height = self.directions @ axis
        tree = cKDTree(self.directions)
        distance, twins = tree.query(self.directions - 2 * height[:, None] * axis)
        compared = np.flatnonzero((height > _LEAST_HEIGHT) & (distance < _SAME_DIRECTION))
        if not len(compared):
            return False
        compared = compared[:: max(1, len(compared) // _MOST_COMPARED)]
        one, other = (self._phases(chosen) for chosen in (compared, twins[compared]))
        likeness = np.abs(np.mean(one * other.conj(), axis=1))
        return bool(likeness.mean() > _ALIKE)

    def _phases(self, chosen: Int[np.ndarray, "chosen"]) -> Complex[np.ndarray, "chosen mic freq"]:
        """Phases of the responses of some directions where speech is strongest."""
        length = max(self.responses.shape[2], int(self.sample_rate / _STEP_HZ))
        first, last = (round(hertz * length / self.sample_rate) for hertz in _SPEECH_HZ)
        spectra = np.fft.rfft(self.responses[chosen], length)[..., first:last]
        phases: np.ndarray = spectra / np.maximum(np.abs(spectra), np.finfo(np.float64).tiny)
        return phases


def _valid_responses(responses: ArrayLike) -> Float32[np.ndarray, "direction mic tap"]:
    """The responses in single precision, read-only, after every check."""
    with np.errstate(over="ignore"):
        heard = np.array(responses, dtype=np.float32)
    if heard.ndim != 3 or not 1 <= heard.shape[1] <= MAX_MICROPHONES or 0 in heard.shape:
        raise GeometryError(
            f"measured responses must be (directions, 1 to {MAX_MICROPHONES} microphones, samples), "
            f"got shape {heard.shape}; turn their axes"
        )
    if heard.size > _MOST_VALUES:
        raise GeometryError(
            f"measured responses may have {_MOST_VALUES >> 20} million values, got {heard.size / 2**20:.0f}; "
            "shorten them, or take fewer directions"
        )
    if not np.isfinite(heard).all():
        raise GeometryError(
            "measured responses must be finite, got NaN or infinite values; measure them again"
        )
    silent = np.flatnonzero(np.abs(heard).max(axis=(0, 2)) == 0)
    if len(silent):
        raise GeometryError(f"measured responses of microphone {silent[0]} are all 0; measure it again")
    heard.flags.writeable = False
    return heard

"""Measured steering out of SOFA files (AES69): what the receivers hear of each direction."""

import logging
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import fft

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import ArrayFileError, GeometryError
from anydoa.geometry import MeasuredSteering
from anydoa.geometry.coordinates import normalize_direction
from anydoa.io.formats.length_unit import in_metres
from anydoa.io.formats.sofa_coordinates import cartesian
from anydoa.io.formats.sofa_process import ask_reader, check_can_read
from anydoa.io.output import note_input

WALL_S = 120.0
"""Longest that reading may take, starting a process on a busy machine included."""

_READER = "anydoa.io.formats.sofa_responses"
_BEFORE_S, _AFTER_S = 0.001, 0.003  # of a response, before its first and after its last onset
_SAME_START_S = 0.0025  # spread of onsets over directions that are about as far away
_MOST_RATE, _MOST_DELAY = 1_000_000, 100_000  # samples a second, and samples
_SAME = 1e-3  # chord of the unit sphere; directions so near are one

_logger = logging.getLogger(__name__)


def load_steering(path: str | Path) -> MeasuredSteering:
    """What the receivers of a SOFA file hear of each direction.

    Impulse responses and transfer functions of any convention with one emitter are taken: GeneralFIR,
    SimpleFreeFieldHRIR, FreeFieldHRIR, SingleRoomSRIR, and so on. Only the direct sound is kept: up to 3 ms
    after the last microphone begins to hear it. In FreeFieldDirectivityTF, which describes things that sound,
    receivers are the directions and measurements the microphones, as sound goes the same way backwards.

    Args:
        path: the file.

    Raises:
        ArrayFileError: if it holds no such responses, or is damaged.
        MissingExtraError: if netCDF4 is not installed.
    """
    path = Path(path)
    check_can_read(path)
    note_input(path, "SOFA file")
    status = path.stat()
    return _load(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=2)
def _load(path: Path, _changed_ns: int, _size: int) -> MeasuredSteering:
    """Measured steering of a file as it is now: a process takes a second, however small the file."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            numbers_file = Path(folder) / "numbers.npz"
            facts = ask_reader(_READER, [str(path), str(numbers_file)], wall_s=WALL_S, wanted="responses")
            with np.load(numbers_file, allow_pickle=False) as content:
                sofa = SofaResponses(facts, dict(content))
        return sofa.steering(path)
    except (ArrayFileError, GeometryError) as error:
        raise ArrayFileError(f"{path}: {error}") from None


class SofaResponses:
    """Numbers of a SOFA file and what it says of them.

    Args:
        facts: conventions, type of data, and for each variable its type and units.
        numbers: the variables.
    """

    def __init__(self, facts: dict[str, Any], numbers: dict[str, np.ndarray]) -> None:
        self._facts, self._numbers = facts, numbers
        self._convention = facts["SOFAConventions"]

    def steering(self, path: Path) -> MeasuredSteering:
        """Responses by direction, of directions that differ."""
        responses, sample_rate = self._responses()
        if not SAMPLE_RATE <= sample_rate <= _MOST_RATE:
            raise ArrayFileError(
                f"responses must have {SAMPLE_RATE} to {_MOST_RATE} samples a second, got {sample_rate:g}; "
                "resample them"
            )
        if self._convention == "FreeFieldDirectivityTF":
            responses = responses.swapaxes(0, 1)
            offsets = self._around("Source", self._place("ReceiverPosition", len(responses)))
        else:
            offsets = self._around("Listener", self._place("SourcePosition", len(responses)))
        distance = np.linalg.norm(offsets, axis=1)
        if not np.isfinite(distance).all() or not distance.min() > 0:
            raise ArrayFileError(
                "a source lies where the listener is, so in no direction; mend the positions"
            )
        responses = _direct_sound(responses, sample_rate)
        kept = _distinct(offsets, distance)
        return MeasuredSteering(normalize_direction(offsets[kept]), responses[kept], sample_rate, path=path)

    def _responses(self) -> tuple[Float[np.ndarray, "measurement receiver tap"], float]:
        """Impulse responses of all measurements at all receivers, and their sample rate."""
        kind = self._facts["DataType"]
        if kind in ("FIR", "FIR-E", "FIRE"):
            responses, sample_rate = self._one_emitter("Data.IR"), self._sample_rate()
            return self._delayed(responses), sample_rate
        if kind in ("TF", "TF-E"):
            spectra = self._one_emitter("Data.Real") + 1j * self._one_emitter("Data.Imag")
            return _impulse_responses(spectra, self._numbers.get("N", np.zeros(0)).ravel())
        raise ArrayFileError(
            f"its data are {kind[:40]!r} of convention {self._convention[:40]!r}; give impulse responses "
            "(FIR) or transfer functions (TF)"
        )

    def _one_emitter(self, name: str) -> Float[np.ndarray, "measurement receiver value"]:
        if name not in self._numbers:
            raise ArrayFileError(f"it has no {name}; is it whole?")
        values = self._numbers[name]
        values = values[..., 0] if values.ndim == 4 and values.shape[3] == 1 else values
        if values.ndim != 3 or 0 in values.shape:
            raise ArrayFileError(
                f"{name} must be (measurements, receivers, samples) of one emitter, got shape "
                f"{values.shape}; turn its axes, or keep one emitter"
            )
        if not np.isfinite(values).all():
            raise ArrayFileError(f"{name} has values that are missing or not finite; complete the file")
        return values

    def _sample_rate(self) -> float:
        rates = np.unique(self._numbers.get("Data.SamplingRate", np.zeros(0)))
        if len(rates) != 1:
            raise ArrayFileError(
                f"Data.SamplingRate must be one number, got {rates.tolist()[:4]}; write one for all"
            )
        return float(rates[0])

    def _delayed(
        self, responses: Float[np.ndarray, "measurement receiver tap"]
    ) -> Float[np.ndarray, "measurement receiver later"]:
        """The responses with the delays that the file keeps beside them."""
        delay = self._numbers.get("Data.Delay", np.zeros(1))
        delay = delay[..., 0] if delay.ndim == 3 else np.atleast_2d(delay)
        fits = delay.ndim == 2 and all(
            size in (1, whole) for size, whole in zip(delay.shape, responses.shape, strict=False)
        )
        if not fits or not np.isfinite(delay).all() or np.ptp(delay) > _MOST_DELAY:
            raise ArrayFileError(
                "Data.Delay must be finite numbers of samples, one a receiver, or one a measurement and "
                "receiver; mend or remove it"
            )
        if not np.ptp(delay) > 0:
            return responses
        late = np.broadcast_to(delay - delay.min(), responses.shape[:2])[..., None]
        length = fft.next_fast_len(responses.shape[2] + int(np.ceil(late.max())) + 32, real=True)
        turn = np.exp(-2j * np.pi * np.arange(length // 2 + 1) / length * late)
        return np.asarray(fft.irfft(fft.rfft(responses, length) * turn, length))

    def _place(self, name: str, count: int) -> Float[np.ndarray, "measurement 3"]:
        """Metres; one row for each measurement."""
        rows = self._rows(name, count)
        positions, unit = cartesian(rows, *self._facts[name], name=name)
        return positions * in_metres(1.0, unit)

    def _rows(self, name: str, count: int) -> Float[np.ndarray, "measurement 3"]:
        if name not in self._numbers:
            raise ArrayFileError(f"it has no {name}; is it whole?")
        values = self._numbers[name]
        values = values[..., 0] if values.ndim == 3 else values
        if values.ndim != 2 or values.shape[1] != 3 or len(values) not in (1, count):
            raise ArrayFileError(
                f"{name} must be (1 or {count}, 3), got shape {values.shape}; give a row for all or for each"
            )
        return np.broadcast_to(values, (count, 3)).astype(np.float64)

    def _around(
        self, what: str, places: Float[np.ndarray, "measurement 3"]
    ) -> Float[np.ndarray, "measurement 3"]:
        """Metres from a listener or source to places, in the frame of the way that it looks."""
        count = len(places)
        if what == "Listener":
            places = places - self._place("ListenerPosition", count)
        front = self._view(f"{what}View", count, (1.0, 0.0, 0.0), f"{what}View")
        up = self._view(f"{what}Up", count, (0.0, 0.0, 1.0), f"{what}View")
        left = np.cross(up, front)
        if np.linalg.norm(left, axis=1).min() < 1e-6:
            raise ArrayFileError(f"{what}View and {what}Up point the same way; mend one")
        left = normalize_direction(left)
        frame = np.stack([front, left, np.cross(front, left)], axis=1)
        return np.einsum("mij,mj->mi", frame, places)

    def _view(
        self, name: str, count: int, default: tuple[float, float, float], described: str
    ) -> Float[np.ndarray, "measurement 3"]:
        """Unit vectors; one row for each measurement."""
        if name not in self._numbers:
            return np.broadcast_to(default, (count, 3))
        rows = self._rows(name, count)
        # Up vectors have the type of the view where they have none; lengths do not count.
        kind, units = self._facts[name]
        if not kind:
            kind, units = self._facts.get(described, ("", ""))
        vectors, _ = cartesian(rows, kind or "cartesian", units or "metre", name=name)
        if not np.linalg.norm(vectors, axis=1).min() > 0:
            raise ArrayFileError(f"{name} must not be 0; mend it")
        return normalize_direction(vectors)


def _impulse_responses(
    spectra: np.ndarray, frequencies: Float[np.ndarray, "freq"]
) -> tuple[Float[np.ndarray, "measurement receiver tap"], float]:
    """Impulse responses of transfer functions at evenly spaced frequencies, and their sample rate."""
    if len(frequencies) != spectra.shape[2] or len(frequencies) < 3:
        raise ArrayFileError(
            f"N must hold {spectra.shape[2]} frequencies, 3 or more, got {len(frequencies)}; write one for "
            "each value"
        )
    step = float(np.median(np.diff(frequencies)))
    first = frequencies[0] / step if step > 0 else np.nan
    even = np.allclose(np.diff(frequencies), step, rtol=1e-3) and abs(first - np.rint(first)) < 0.01
    if not even or not 0 <= first < 2**16:
        raise ArrayFileError(
            "frequencies of transfer functions must be multiples of one step, got "
            f"{', '.join(f'{one:g}' for one in frequencies[:3])}, ... Hz; write impulse responses"
        )
    missing = np.zeros((*spectra.shape[:2], int(np.rint(first))), dtype=np.complex64)
    taps = fft.irfft(np.concatenate([missing, spectra.astype(np.complex64)], axis=2))
    # Some files have time 0 where the wave is at the middle of the array: nothing may come before it.
    late = np.roll(taps, taps.shape[2] // 4, axis=2)
    return late, step * taps.shape[2]


def _direct_sound(
    responses: Float[np.ndarray, "measurement receiver tap"], sample_rate: float
) -> Float[np.ndarray, "measurement receiver kept"]:
    """The first milliseconds of responses: with a body's own echoes, without those of walls.

    As much is cut off before for all directions if they are about as far away, else as much as each has.
    """
    size = np.abs(responses)
    onset = (size >= 0.2 * size.max(axis=2, keepdims=True)).argmax(axis=2)
    before, after = round(_BEFORE_S * sample_rate), round(_AFTER_S * sample_rate)
    start, end = onset.min(axis=1) - before, onset.max(axis=1) + after
    if np.ptp(start) <= _SAME_START_S * sample_rate:
        start, end = np.full_like(start, start.min()), np.full_like(end, end.max())
    kept = min(int((end - start).max()), responses.shape[2] + before)
    padded = np.pad(responses, ((0, 0), (0, 0), (before, kept)))
    taps = np.broadcast_to((start + before)[:, None, None] + np.arange(kept), (*responses.shape[:2], kept))
    cut: np.ndarray = np.take_along_axis(padded, taps, axis=2).astype(np.float32)
    fade = 0.5 - 0.5 * np.cos(np.pi * (np.arange(before) + 0.5) / before)
    cut[..., :before] *= fade
    cut[..., -before:] *= fade[::-1]
    return cut


def _distinct(
    offsets: Float[np.ndarray, "measurement 3"], distance: Float[np.ndarray, "measurement"]
) -> np.ndarray:
    """Which measurements are kept: of one direction the farthest, whose wave is almost plane."""
    directions = np.rint(offsets / distance[:, None] / _SAME).astype(np.int64)
    by_distance = np.argsort(-distance, kind="stable")
    first = np.unique(directions[by_distance], axis=0, return_index=True)[1]
    return np.sort(by_distance[first])

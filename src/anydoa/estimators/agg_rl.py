"""AGG-RL: a network that brings audio, microphones and grid into one latent space, without torch."""

import logging
import math
from collections.abc import Sequence
from copy import copy

import numpy as np
from jaxtyping import Bool, Float, Float32

from anydoa.acoustics import ScaledTail, size_in_air, steering_phases
from anydoa.errors import ConfigError, GeometryError
from anydoa.estimators.frame_average import FrameWindow, NewestAverage, WindowAverage
from anydoa.estimators.grid_memory import GridMemory
from anydoa.estimators.model.folder import AUGEONET_FILE, GRIDNET_FILE, PLANE_WAVES, STATE_PREFIX, ModelFolder
from anydoa.estimators.model.session import open_session
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.spectrum import (
    SampleScale,
    SpatialSpectrum,
    StreamEnd,
    check_audio,
    check_look_ahead,
    spectrum_of,
)

_ROWS = 2048  # microphones x frames of the network in one call: what a processor's cache holds is fastest
_MAX_DIRECTIONS = 8192  # that Gridnet takes in one call
_KEPT_GRIDS = 4
_LEVELS, _LEVEL_COUNT = f"{STATE_PREFIX}{PLANE_WAVES}_1", f"{STATE_PREFIX}{PLANE_WAVES}_2"  # in the memory
_AHEAD_S = 0.48  # of later sound that helps, and
_BEHIND_S = 0.16  # of earlier sound beside it; the network remembers by itself what was
_FORGETTING_S = 0.15  # from a frame of the spectrum after which a frame of the network weighs 1/e

logger = logging.getLogger(__name__)


class AggRlEstimator:
    """AGG-RL by ONNX Runtime, on the protocol of every estimator.

    The representation of a grid is computed once and kept. The spectrum comes about ten times a second
    whatever the hop; each of its frames is the mean over the frames of the network in its newest 50 ms. A
    mean over all of them would say more often who spoke a moment ago. With look-ahead frames of the network
    on both sides are in that mean, the less the farther away they are.

    Args:
        folder: the model.
        frames_per_output: frames of the network in a frame of the spectrum; None for about 10 a second.
        num_threads: threads inside an operator.

    Raises:
        CheckpointError: if a graph is damaged.
        ConfigError: if ``frames_per_output`` is below 1.
    """

    def __init__(
        self, folder: ModelFolder, *, frames_per_output: int | None = None, num_threads: int = 1
    ) -> None:
        config = folder.card.config
        self.folder = folder
        self.network_hop: int = config["hop_length"]
        self.network_window: int = config["window_length"]
        default = self._frames_in(0.1)
        self.frames_per_output = default if frames_per_output is None else frames_per_output
        if self.frames_per_output < 1:
            raise ConfigError(
                f"frames_per_output must be at least 1, got {self.frames_per_output}; None is for 0.1 s"
            )
        self.frames_averaged = min(self._frames_in(0.05), self.frames_per_output)
        self.outputs_ahead = 0
        self.augeonet = open_session(folder.path / AUGEONET_FILE, num_threads=num_threads)
        compares = bool(folder.card.plane_wave_hz)
        self._wave_grid = fibonacci_grid(config["plane_wave_directions"]) if compares else None
        self._gridnet = open_session(folder.path / GRIDNET_FILE, num_threads=num_threads)
        self._gridnet.check_names(("directions",), ("representation",))
        self._grids = GridMemory(_KEPT_GRIDS)
        self._newest_waves: tuple[MicrophoneArray, np.ndarray] | None = None

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.folder.card.name

    @property
    def sample_rate(self) -> int:
        """Samples a second that the audio must have."""
        rate: int = self.folder.card.config["sample_rate"]
        return rate

    @property
    def window_length(self) -> int:
        """Samples of all windows of the network that are new in a frame of the spectrum."""
        return self.network_window + (self.frames_per_output - 1) * self.network_hop

    @property
    def hop_length(self) -> int:
        """Samples between frames of the spectrum."""
        return self.frames_per_output * self.network_hop

    @property
    def look_ahead_s(self) -> float:
        """Seconds of sound after a frame that its spectrum depends on: whole frames."""
        return self.outputs_ahead * self.hop_length / self.sample_rate

    @property
    def threshold(self) -> float:
        """Value from which a peak is called a source when their number is not known."""
        return self.folder.card.threshold

    @property
    def weights_hash(self) -> str:
        """Twelve hex digits of the weights."""
        return self.folder.weights_hash

    def grid_representation(self, grid: DirectionGrid) -> Float[np.ndarray, "latent grid"]:
        """Representation of a grid, computed once for each of the last few grids."""
        return self._grids.get(grid, self._represent)

    def _represent(self, grid: DirectionGrid) -> Float[np.ndarray, "latent grid"]:
        directions = grid.directions.astype(np.float32)
        parts = [
            self._gridnet.run(None, {"directions": directions[start : start + _MAX_DIRECTIONS]})[0]
            for start in range(0, len(directions), _MAX_DIRECTIONS)
        ]
        return np.ascontiguousarray(np.concatenate(parts).T)

    def plane_waves(self, array: MicrophoneArray) -> Float32[np.ndarray, "freq twice_mic direction"] | None:
        """What plane waves look like to an array, for all calls; None for networks that do not compare.

        Computed once for recordings of one array that come one after the other.
        """
        if self._wave_grid is None:
            return None
        known, waves = self._newest_waves or (None, None)
        if known is not array:
            waves = plane_wave_input(array, self._wave_grid, self.folder.card.plane_wave_hz)
            waves.flags.writeable = False
            self._newest_waves = array, waves
        return waves

    def _frames_in(self, seconds: float) -> int:
        return max(1, round(seconds * self.sample_rate / self.network_hop))

    def initial_state(self, batch: int, num_mics: int) -> dict[str, np.ndarray]:
        """The memory of fresh streams: zeros."""
        absolute = self.folder.card.config["mic_frame"] == "absolute"  # then the reference is a pair, too
        sizes = {"batch": batch, "pair": num_mics if absolute else num_mics - 1}
        return {
            node.name: np.zeros([sizes.get(size, size) for size in node.shape], dtype=np.float32)
            for node in self.augeonet.get_inputs()
            if node.name.startswith(STATE_PREFIX)
        }

    def rescaled(self, state: dict[str, np.ndarray], factor: float) -> dict[str, np.ndarray]:
        """The memory of streams, had all that was heard been as many times as loud.

        Loudness is remembered in the levels of bands alone: their natural logarithms are summed up and fade,
        as does the number of summands.
        """
        if _LEVELS not in state:
            return state
        return {**state, _LEVELS: state[_LEVELS] + np.float32(math.log(factor)) * state[_LEVEL_COUNT]}

    def step(
        self,
        audio: Float[np.ndarray, "batch mic time"],
        mic_positions: Float[np.ndarray, "batch mic 3"],
        state: dict[str, np.ndarray],
        mic_mask: Bool[np.ndarray, "batch mic"] | None = None,
        plane_waves: Float[np.ndarray, "batch freq twice_mic direction"] | None = None,
    ) -> tuple[Float[np.ndarray, "batch frame latent"], dict[str, np.ndarray]]:
        """Representation of the frames in whole windows of several streams at once, and their new memory.

        Args:
            audio: window_length + (frames - 1) * hop samples of the network; they overlap the samples of
                the last call by window_length - hop.
            mic_positions: metres in air, any origin; see :func:`~anydoa.acoustics.tdoa.size_in_air`. Arrays
                of different size are padded.
            state: memory that :meth:`initial_state` or the last call returned.
            mic_mask: true where there is a microphone, the same in each call; None if all are there. The
                graph knows no absent microphones, so with some each stream runs by itself.
            plane_waves: what :meth:`plane_waves` returns for each stream; None to compute them anew, in free
                field.
        """
        if mic_mask is not None and not mic_mask.all():
            return self._step_each(audio, mic_positions, state, mic_mask, plane_waves)
        inputs = {"audio": audio, "mic_positions": mic_positions, **state}
        if self._wave_grid is not None:
            if plane_waves is None:
                arrays = (MicrophoneArray(positions.astype(np.float64)) for positions in mic_positions)
                hertz = self.folder.card.plane_wave_hz
                plane_waves = np.stack([plane_wave_input(one, self._wave_grid, hertz) for one in arrays])
            inputs[PLANE_WAVES] = plane_waves
        representation, *memory = self.augeonet.run(None, inputs)
        return representation, dict(zip(state, memory, strict=True))

    def _step_each(
        self,
        audio: Float[np.ndarray, "batch mic time"],
        mic_positions: Float[np.ndarray, "batch mic 3"],
        state: dict[str, np.ndarray],
        mic_mask: Bool[np.ndarray, "batch mic"],
        plane_waves: Float[np.ndarray, "batch freq twice_mic direction"] | None,
    ) -> tuple[Float[np.ndarray, "batch frame latent"], dict[str, np.ndarray]]:
        """A step of each stream with the microphones it has; its memory is the front of what is padded."""
        representations = []
        new = {name: np.zeros_like(tensor) for name, tensor in state.items()}
        for item, present in enumerate(mic_mask):
            # The memory of so many microphones is the front of each axis of the padded one.
            fresh = self.initial_state(1, int(present.sum()))
            own = {name: (slice(item, item + 1), *map(slice, part.shape[1:])) for name, part in fresh.items()}
            found, memory = self.step(
                audio[item : item + 1, present],
                mic_positions[item : item + 1, present],
                {name: tensor[own[name]] for name, tensor in state.items()},
                # Cosines of all microphones come before the sines of all.
                plane_waves=None if plane_waves is None else plane_waves[[item]][:, :, np.tile(present, 2)],
            )
            representations.append(found)
            for name, part in memory.items():
                new[name][own[name]] = part
        return np.concatenate(representations), new

    def stream(self, array: MicrophoneArray, grid: DirectionGrid) -> "AggRlStream":
        """A fresh stream for one recording; warns where errors are known to grow.

        Raises:
            GeometryError: if the array has fewer microphones than the network was trained with, or was
                measured on a body.
        """
        self.folder.card.check_microphones(array)
        for warning in [*self.folder.card.warnings(array), *_body_warnings(array, self.name)]:
            logger.warning("%s", warning)
        return AggRlStream(self, array, grid)

    def spectrum(
        self, audio: Float[np.ndarray, "mic time"], array: MicrophoneArray, grid: DirectionGrid
    ) -> SpatialSpectrum:
        """Spectrum of a whole recording: a stream that takes it in one push."""
        return spectrum_of(self.stream(array, grid), audio)

    @property
    def values_are_chances(self) -> bool:
        """Whether a value is the chance of a talker there: it is learnt by cross-entropy."""
        return True

    def with_look_ahead(self, seconds: float) -> "AggRlEstimator":
        """This estimator with the most look-ahead that it can use within so many seconds: up to 0.48.

        Raises:
            ConfigError: if they are below 0 or no number.
        """
        other = copy(self)
        useful = min(check_look_ahead(seconds), _AHEAD_S)
        other.outputs_ahead = int(useful * self.sample_rate / self.hop_length + 1e-9)
        return other

    def frame_window(self) -> FrameWindow:
        """Frames of the network that make a frame of the spectrum with look-ahead, and their weights."""
        num_ahead = self.outputs_ahead * self.frames_per_output
        forgetting = _FORGETTING_S * self.sample_rate / self.network_hop
        return FrameWindow(self._frames_in(_BEHIND_S), self.frames_averaged, num_ahead, forgetting)


class AggRlStream:
    """One recording on its way through a network; what it keeps never grows."""

    def __init__(self, estimator: AggRlEstimator, array: MicrophoneArray, grid: DirectionGrid) -> None:
        self._estimator = estimator
        self._grid = grid
        self._directions = estimator.grid_representation(grid)
        # Networks have learnt places where sound is as fast as we assume; what they hear are delays.
        self._positions = (size_in_air(array) * array.centred_positions).astype(np.float32)[None]
        plane_waves = estimator.plane_waves(array)
        self._plane_waves = None if plane_waves is None else plane_waves[None]
        self._state = estimator.initial_state(1, array.num_microphones)
        self._tail = ScaledTail(array.num_microphones)
        # Fainter recordings come near the least power that networks take for sound.
        self._scale = SampleScale(faintest_exponent=-17)
        self._end = StreamEnd()
        self._num_outputs = 0
        self._levels = np.zeros(0, dtype=np.float32)  # of frames that wait for later sound
        self._average: NewestAverage | WindowAverage = NewestAverage(len(grid))
        if estimator.outputs_ahead:
            self._average = WindowAverage(estimator.frame_window(), estimator.frames_per_output, len(grid))

    def push(self, audio: Float[np.ndarray, "mic time"]) -> SpatialSpectrum:
        """Take the next samples of every microphone and return the frames they complete, maybe none.

        Raises:
            ShapeError: if the audio has another number of microphones than the array.
            AudioError: if a sample is not finite, or after the end.
        """
        self._end.check_ahead()
        estimator = self._estimator
        parts = []
        num_microphones = len(self._tail.samples)
        for samples, factor in self._scale.pieces(check_audio(audio, num_microphones)):
            before = self._tail.factor
            if self._tail.extend(samples, factor):
                self._state = estimator.rescaled(self._state, factor / before)
            length = self._tail.samples.shape[1]
            num_outputs = (length - estimator.window_length) // estimator.hop_length + 1
            block = max(_ROWS // (num_microphones * estimator.frames_per_output), 1)
            parts += [self._advance(min(block, num_outputs - done)) for done in range(0, num_outputs, block)]
        return SpatialSpectrum.join(parts or [self._advance(0)])

    def finish(self) -> SpatialSpectrum:
        """The recording has ended: the frames that still waited for later sound.

        Raises:
            AudioError: if it was finished before.
        """
        self._end.reach()
        return self._complete(self._average.finish())

    def _advance(self, num_outputs: int) -> SpatialSpectrum:
        """Hear as many frames of the spectrum, for which the samples are there; the frames complete now."""
        if not num_outputs:
            return self._complete(np.zeros((0, len(self._grid)), dtype=np.float32))
        estimator = self._estimator
        used = num_outputs * estimator.hop_length
        overlap = estimator.network_window - estimator.network_hop
        windows = self._tail.samples[:, : used + overlap]
        representation, self._state = estimator.step(
            windows[None], self._positions, self._state, plane_waves=self._plane_waves
        )
        # (frame, latent) -> (output, frame in it, latent) @ (latent, grid) -> (output, frame in it, grid)
        by_output = representation[0].reshape(num_outputs, estimator.frames_per_output, -1)
        if not estimator.outputs_ahead:
            by_output = by_output[:, -estimator.frames_averaged :]
        # The logistic function as a tangent, in place: large arrays cost more to make than to fill.
        logits = by_output @ self._directions
        half = np.float32(0.5)
        logits *= half
        np.tanh(logits, out=logits)
        logits *= half
        logits += half
        level = _levels(windows, estimator.network_hop, estimator.frames_per_output, overlap)
        level = (level.astype(np.float64) / self._tail.factor).astype(np.float32)
        self._levels = np.concatenate([self._levels, level])
        self._tail.drop(used)
        return self._complete(self._average.push(logits))

    def _complete(self, values: Float32[np.ndarray, "frame grid"]) -> SpatialSpectrum:
        """The spectrum of the next frames, with their times and levels."""
        estimator, count = self._estimator, len(values)
        level, self._levels = self._levels[:count], self._levels[count:]
        last = self._num_outputs + np.arange(1, count + 1)
        self._num_outputs += count
        centre = last * estimator.hop_length - estimator.network_hop + estimator.network_window / 2
        return SpatialSpectrum(values, centre / estimator.sample_rate, level, self._grid)


def _levels(
    audio: Float[np.ndarray, "mic time"], hop: int, hops_per_frame: int, overlap: int
) -> Float[np.ndarray, "frame"]:
    """Root mean square of all samples of all microphones in the windows of each frame."""
    pieces = audio.reshape(len(audio), -1, hop)
    power = np.concatenate([[0.0], np.cumsum(np.einsum("mhs,mhs->h", pieces, pieces), dtype=np.float64)])
    window = hops_per_frame + overlap // hop
    total = power[window::hops_per_frame] - power[:-window:hops_per_frame]
    return np.sqrt(np.maximum(total, 0) / (len(audio) * window * hop)).astype(np.float32)


def _body_warnings(array: MicrophoneArray, name: str) -> list[str]:
    """What to say of an array of directional microphones.

    Raises:
        GeometryError: if the array was measured on a body.
    """
    learnt = f"{name} has learnt to listen with omnidirectional microphones in free air"
    if array.steering is not None:
        raise GeometryError(
            f"{learnt}, so it cannot use the measured steering of array {array.name!r}; take the estimator "
            "steered, srp-phat or music"
        )
    if not array.patterns:
        return []
    return [
        f"{learnt}; what the patterns of array {array.name!r} say of levels it cannot use: take the "
        "estimator music for that, and check directions before you rely on them"
    ]


def plane_wave_input(
    array: MicrophoneArray, grid: DirectionGrid, frequencies: Sequence[float]
) -> Float32[np.ndarray, "freq twice_mic direction"]:
    """Cosines, then sines of the phase of a plane wave at each microphone, as networks take them.

    Args:
        array: what listens; around a rigid sphere if it declares one.
        grid: directions of the waves.
        frequencies: frequencies of the waves in hertz.
    """
    phases = steering_phases(grid.directions, array, np.asarray(frequencies)).swapaxes(1, 2)
    return np.ascontiguousarray(np.concatenate([phases.real, phases.imag], axis=1))

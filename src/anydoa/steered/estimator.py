"""Steered AGG-RL as an estimator: phases steered by physics, weighted by a learnt mask.

Audio and grid meet in an inner product, as in AGG-RL; but it is the inner product of measured phases with
those that a plane wave of each direction would have, for all pairs of microphones. Learnt is only which bins
to trust, and that depends on no array and no grid.
"""

import logging
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32

from anydoa.classical.stft import FrameStream
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.folding import fold_directions
from anydoa.geometry.grid import DirectionGrid
from anydoa.runtime.card import TrainedRange
from anydoa.spectrum import SpatialSpectrum
from anydoa.steered.bin_features import BinAxis, BinFeatures, unit_phases
from anydoa.steered.candidates import Candidates
from anydoa.steered.evidence import EvidenceMemory
from anydoa.steered.options import SteeredOptions
from anydoa.steered.talkers import Talker, TalkerSearch
from anydoa.steered.windows import window_spectra

logger = logging.getLogger(__name__)

_ROUNDING_NOISE = 1e-5  # of the loudest bin; what lies below is no sound
_LEAST_SHARE = 0.02  # added, so that a talker who explains next to nothing has finite odds


@runtime_checkable
class BinMask(Protocol):
    """Anything that says which bins hold a talker's direct sound, from their features."""

    def initial_state(self) -> np.ndarray:
        """Memory before the first frame."""
        ...

    def step(
        self, features: Float32[np.ndarray, "frame feature freq"], state: np.ndarray
    ) -> tuple[Float32[np.ndarray, "frame freq"], np.ndarray]:
        """Masks of the next frames, 0..1, and the memory after them."""
        ...


class SteeredEstimator:
    """Talkers by masked steering, on the protocol of every estimator.

    Args:
        mask: which bins to trust.
        name: on the command line and in results.
        axis: windows and bins that the mask was trained with.
        options: see there.
        threshold: value from which a peak is called a source when their number is not known.
        weights_hash: of the mask's weights.
        trained_range: what training covered; arrays outside of it are warned about.
    """

    def __init__(
        self,
        mask: BinMask,
        *,
        name: str = "steered",
        axis: BinAxis | None = None,
        options: SteeredOptions | None = None,
        threshold: float = 0.5,
        weights_hash: str | None = None,
        trained_range: TrainedRange | None = None,
    ) -> None:
        self.mask, self.name, self.threshold, self.weights_hash = mask, name, threshold, weights_hash
        self._trained_range = trained_range
        self.axis = BinAxis() if axis is None else axis
        self.options = SteeredOptions() if options is None else options

    @property
    def sample_rate(self) -> int:
        """Samples a second that the audio must have."""
        return self.axis.sample_rate

    @property
    def window_length(self) -> int:
        """Samples in a frame of the spectrum: all its analysis windows."""
        return self.axis.window_length + (self.options.frames_per_output - 1) * self.axis.hop_length

    @property
    def hop_length(self) -> int:
        """Samples between frames of the spectrum."""
        return self.options.frames_per_output * self.axis.hop_length

    def stream(self, array: MicrophoneArray, grid: DirectionGrid) -> "SteeredStream":
        """A fresh stream for one recording; warns where the array lies outside of what training covered."""
        for warning in self._trained_range.warnings(array) if self._trained_range else []:
            logger.warning("%s", warning)
        return SteeredStream(self, array, grid)

    def spectrum(
        self, audio: Float[np.ndarray, "mic time"], array: MicrophoneArray, grid: DirectionGrid
    ) -> SpatialSpectrum:
        """Spectrum of a whole recording: a stream that takes it in one push."""
        return self.stream(array, grid).push(audio)


class SteeredStream:
    """One recording on its way through a :class:`SteeredEstimator`; what it keeps never grows."""

    def __init__(self, estimator: SteeredEstimator, array: MicrophoneArray, grid: DirectionGrid) -> None:
        options, axis = estimator.options, estimator.axis
        self._estimator, self._grid = estimator, grid
        self._folded = fold_directions(grid.directions, array)
        self._frames = FrameStream(array.num_microphones, estimator.window_length, estimator.hop_length)
        self._features = BinFeatures(axis, array)
        self._state = estimator.mask.initial_state()
        candidates = Candidates(
            array, grid, axis, num_candidates=options.num_candidates, cluster_deg=options.cluster_deg
        )
        self._evidence = EvidenceMemory(candidates, axis, options, num_mics=array.num_microphones)
        self._search = TalkerSearch(array, grid, candidates, axis, options)
        self._width = max(np.deg2rad(options.beam_deg), 0.6 * grid.spacing)
        self._num_frames = 0

    def push(self, audio: Float[np.ndarray, "mic time"]) -> SpatialSpectrum:
        """Take the next samples of every microphone and return the frames they complete, maybe none."""
        frames = self._frames.push(audio)
        num_frames = frames.shape[1]
        values = np.zeros((num_frames, len(self._grid)), dtype=np.float32)
        for index in range(num_frames):
            values[index] = self._values(frames[:, index])
        level = np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=(0, 2))).astype(np.float32)
        axis = self._estimator.axis
        last = self._num_frames + np.arange(1, num_frames + 1)
        newest = last * self._estimator.hop_length - axis.hop_length + axis.window_length / 2
        self._num_frames += num_frames
        return SpatialSpectrum(values, newest / axis.sample_rate, level, self._grid)

    def _values(self, samples: Float32[np.ndarray, "mic time"]) -> Float32[np.ndarray, "grid"]:
        axis, options = self._estimator.axis, self._estimator.options
        spectra = window_spectra(samples, axis)
        mask, self._state = self._estimator.mask.step(self._features.push(spectra), self._state)
        phases = np.ascontiguousarray(unit_phases(spectra).transpose(2, 1, 0))
        loudness = np.abs(spectra).max(axis=0)
        is_sound = loudness > _ROUNDING_NOISE * loudness.max(axis=1, keepdims=True)
        weight = np.where(is_sound, mask, 0) ** np.float32(options.mask_power)
        self._evidence.push(phases, np.ascontiguousarray(weight.T))
        return self._draw(self._search.find(self._evidence))

    def _draw(self, talkers: list[Talker]) -> Float32[np.ndarray, "grid"]:
        """A beam for every talker, as high as the chance that there is one."""
        values = np.zeros(len(self._grid))
        for talker in talkers:
            chord = 1 - self._folded @ talker.direction
            beam = self._score(talker) * np.exp(-chord / self._width**2)
            np.maximum(values, beam, out=values)
        return values.astype(np.float32)

    def _score(self, talker: Talker) -> float:
        """Chance that somebody speaks there."""
        bias, share, coherence, mass, recent = self._estimator.options.score_weights
        odds = bias + share * np.log(talker.share + _LEAST_SHARE) + coherence * talker.coherence
        odds += mass * np.log1p(talker.mass) + recent * np.log1p(talker.recent_mass)
        return float(1 / (1 + np.exp(-odds)))

"""Steered AGG-RL as an estimator: phases steered by physics, weighted by a learnt mask.

Audio and grid meet in an inner product, as in AGG-RL; but it is the inner product of measured phases with
those that a plane wave of each direction would have, for all pairs of microphones. Learnt is only which bins
to trust, and that depends on no array and no grid.
"""

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32
from scipy.special import expit

from anydoa.classical.stft import FrameStream
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.folding import fold_directions
from anydoa.geometry.grid import DirectionGrid
from anydoa.geometry.plane_wave import steering_phases
from anydoa.runtime.card import ModelCard
from anydoa.spectrum import MaskedSpectrogram, SpatialSpectrum
from anydoa.steered.bin_features import BinAxis, BinFeatures, PolarSpectra
from anydoa.steered.candidates import Candidates
from anydoa.steered.evidence import EvidenceMemory
from anydoa.steered.masking import mask_of
from anydoa.steered.options import SteeredOptions
from anydoa.steered.talker_view import REGRESSED_NUMBERS, TalkerViews, look_at
from anydoa.steered.talkers import Talker, TalkerSearch
from anydoa.steered.windows import window_spectra

logger = logging.getLogger(__name__)

_ROUNDING_NOISE = 1e-5  # of the loudest bin; what lies below is no sound
_LEAST_WIDTH = 0.8  # of a beam, grid spacings
_SURE_MASS = 300.0  # of evidence for a sure talker with one pair; noise has half of it, less with more pairs
_MOST_LEFT = 0.5  # of the best score: whoever has just stopped still comes first


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


@runtime_checkable
class TalkerScorer(Protocol):
    """Anything that says how likely somebody speaks where something was found."""

    def scores(self, views: TalkerViews) -> Float32[np.ndarray, "talker"]:
        """Chance of each talker, 0..1."""
        ...


@dataclass(frozen=True, eq=False)
class Moment:
    """What was found at one time.

    Args:
        time_s: middle of the newest window, in seconds.
        level: root mean square of the samples looked at.
        talkers: those that explain most first; none in silence.
        views: of the talkers, or None if there are none.
        leftover: how well each direction of the coarse search fits what no talker explains, 0..1.
    """

    time_s: float
    level: float
    talkers: tuple[Talker, ...]
    views: TalkerViews | None
    leftover: Float32[np.ndarray, "candidate"]


class SteeredEstimator:
    """Talkers by masked steering, on the protocol of every estimator.

    Args:
        mask: which bins to trust.
        scorer: how likely each talker is; None: logistic regression on its share, coherence and masses.
        name: on the command line and in results.
        axis: windows and bins that the mask was trained with.
        options: see there.
        threshold: value from which a peak is called a source when their number is not known.
        weights_hash: of the weights of mask and scorer.
        card: of the model; says which arrays are warned about.
    """

    def __init__(
        self,
        mask: BinMask,
        scorer: TalkerScorer | None = None,
        *,
        name: str = "steered",
        axis: BinAxis | None = None,
        options: SteeredOptions | None = None,
        threshold: float = 0.5,
        weights_hash: str | None = None,
        card: ModelCard | None = None,
    ) -> None:
        self.mask, self.scorer, self.name = mask, scorer, name
        self.threshold, self.weights_hash = threshold, weights_hash
        self._card = card
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
        """A fresh stream for one recording; warns where errors are known to grow."""
        for warning in self._card.warnings(array) if self._card else []:
            logger.warning("%s", warning)
        return SteeredStream(self, array, grid)

    def is_unfamiliar(self, num_microphones: int) -> bool:
        """Whether scores were learnt with more microphones than these."""
        return self._card is not None and num_microphones < self._card.trained_range.microphones[0]

    def spectrum(
        self, audio: Float[np.ndarray, "mic time"], array: MicrophoneArray, grid: DirectionGrid
    ) -> SpatialSpectrum:
        """Spectrum of a whole recording: a stream that takes it in one push."""
        return self.stream(array, grid).push(audio)

    def explain(
        self,
        audio: Iterable[Float[np.ndarray, "mic _"]],
        array: MicrophoneArray,
        *,
        duration_s: float,
        max_columns: int,
    ) -> MaskedSpectrogram:
        """Level and mask of every bin; see :class:`~anydoa.spectrum.ExplainingEstimator`."""
        num_windows = duration_s * self.sample_rate / self.axis.hop_length
        return mask_of(self, array, audio, windows_a_column=max(1, math.ceil(num_windows / max_columns)))


class SteeredStream:
    """One recording on its way through a :class:`SteeredEstimator`; what it keeps never grows."""

    def __init__(self, estimator: SteeredEstimator, array: MicrophoneArray, grid: DirectionGrid) -> None:
        options, axis = estimator.options, estimator.axis
        self._estimator, self._grid = estimator, grid
        self._folded = np.ascontiguousarray(fold_directions(grid.directions, array).T, dtype=np.float32)
        self._frames = FrameStream(array.num_microphones, estimator.window_length, estimator.hop_length)
        self._features = BinFeatures(axis, array)
        self._state = estimator.mask.initial_state()
        candidates = Candidates(
            array, grid, num_candidates=options.num_candidates, cluster_deg=options.cluster_deg
        )
        steering = steering_phases(candidates.directions, array, axis.frequencies)
        self._evidence = EvidenceMemory(steering, axis, options)
        self._search = TalkerSearch(array, grid, candidates, axis, options)
        self._from_candidates = candidates.weights_at(self._folded.T)
        self._width = max(np.deg2rad(options.beam_deg), _LEAST_WIDTH * grid.spacing)
        self._sure_mass = 0.0
        if estimator.is_unfamiliar(array.num_microphones):
            self._sure_mass = _SURE_MASS / (array.num_microphones * (array.num_microphones - 1) / 2)
        self._num_moments = 0

    def push(self, audio: Float[np.ndarray, "mic time"]) -> SpatialSpectrum:
        """Take the next samples of every microphone and return the frames they complete, maybe none."""
        moments = self.listen(audio)
        values = np.zeros((len(moments), len(self._grid)), dtype=np.float32)
        for row, moment in zip(values, moments, strict=True):
            self._draw(moment, row)
        times_s = np.array([moment.time_s for moment in moments])
        level = np.array([moment.level for moment in moments], dtype=np.float32)
        return SpatialSpectrum(values, times_s, level, self._grid)

    def listen(self, audio: Float[np.ndarray, "mic time"]) -> list[Moment]:
        """Like :meth:`push`, but the talkers themselves, before they are scored."""
        frames = self._frames.push(audio)
        levels = frames.level()
        return [
            self._moment(frames.samples[:, index], float(frames.scale[index]), float(levels[index]))
            for index in range(len(frames))
        ]

    def _moment(self, samples: Float32[np.ndarray, "mic time"], scale: float, level: float) -> Moment:
        axis, options = self._estimator.axis, self._estimator.options
        spectra = PolarSpectra.of(window_spectra(samples, axis), scale)
        features = self._features.push(spectra)
        mask, self._state = self._estimator.mask.step(features, self._state)
        phases = np.ascontiguousarray(spectra.phases.transpose(2, 1, 0))
        loudness = spectra.magnitude.max(axis=0)
        is_sound = loudness > _ROUNDING_NOISE * loudness.max(axis=1, keepdims=True)
        weight = np.where(is_sound, mask, 0) ** np.float32(options.mask_power)
        self._evidence.push(phases, np.ascontiguousarray(weight.T), features)
        talkers = tuple(self._search.find(self._evidence))
        views = look_at(talkers, self._evidence, num_mics=len(samples)) if talkers else None
        self._num_moments += 1
        newest = self._num_moments * self._estimator.hop_length - axis.hop_length + axis.window_length / 2
        leftover = self._search.leftover(talkers, self._evidence)
        return Moment(newest / axis.sample_rate, level, talkers, views, leftover)

    def _draw(self, moment: Moment, values: Float32[np.ndarray, "grid"]) -> None:
        """A beam for every talker, as high as the chance that somebody speaks there.

        Far below them lies what no talker explains, so that more sources can be asked for than were found.
        """
        height = self._estimator.options.leftover_height
        if moment.talkers:
            scores = self._scores(moment) * self._certainty(moment)
            directions = np.array([talker.direction for talker in moment.talkers], dtype=np.float32)
            chord = np.maximum(1 - directions @ self._folded, 0) / np.float32(self._width**2)
            # Flat on top, so that the grid hardly lowers scores, and steep; the fit of peaks likes it.
            beams = np.exp(-chord * np.sqrt(chord))
            beams *= scores[:, None]
            beams.max(axis=0, out=values)
            height = min(height, _MOST_LEFT * float(scores.max()))
        np.maximum(values, height * (self._from_candidates @ moment.leftover), out=values)

    def _certainty(self, moment: Moment) -> Float32[np.ndarray, "talker"]:
        """What scores are lowered by where few microphones make noise agree on a direction by chance.

        Scores were learnt with more microphones, and chance agreement is rare there.
        """
        if not self._sure_mass:
            return np.ones(len(moment.talkers), dtype=np.float32)
        mass = np.array([talker.mass for talker in moment.talkers], dtype=np.float32)
        certainty: np.ndarray = np.minimum(mass / np.float32(self._sure_mass), 1) ** 2
        return certainty

    def _scores(self, moment: Moment) -> Float32[np.ndarray, "talker"]:
        if moment.views is None:
            return np.zeros(0, dtype=np.float32)
        if self._estimator.scorer is not None:
            return self._estimator.scorer.scores(moment.views)
        weights = np.array(self._estimator.options.score_weights, dtype=np.float32)
        odds = weights[0] + moment.views.numbers[:, REGRESSED_NUMBERS] @ weights[1:]
        chance: np.ndarray = expit(odds)
        return chance

"""The steered estimator: plane waves by physics, weighted by a learned mask.

Audio and grid meet in an inner product, as in AGG-RL; but it is the inner product of measured phases with
those that a plane wave from each direction would have, over all pairs of microphones. Learned is only which
bins to trust, and that depends on no array and no grid.
"""

import logging
import math
from collections import deque
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Complex64, Float, Float32
from scipy.special import expit

from anydoa.acoustics import FrameStream, coverage_warnings
from anydoa.errors import CheckpointError, ConfigError
from anydoa.estimators.model.card import ModelCard
from anydoa.estimators.model.folder import (
    MASK_FILE,
    SCORE_FILE,
    WIDE_MASK_FILE,
    WIDE_SCORE_FILE,
    ModelFolder,
)
from anydoa.estimators.steered.bin_features import BinAxis, BinFeatures, PolarSpectra, window_spectra
from anydoa.estimators.steered.evidence import EvidenceMemory, EvidenceSpan
from anydoa.estimators.steered.mask import (
    CausalMaskStream,
    Mask,
    MaskBlocks,
    MaskStream,
    OnnxMask,
    OnnxWideMask,
    WideMask,
    WideMaskStream,
    masked_spectrogram,
)
from anydoa.estimators.steered.options import SteeredOptions
from anydoa.estimators.steered.scorer import (
    REGRESSED_NUMBERS,
    OnnxScorer,
    Scorer,
    TalkerViews,
    talker_views,
)
from anydoa.estimators.steered.search_field import SearchField
from anydoa.estimators.steered.talkers import Talker, TalkerSearch
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid
from anydoa.spectrum import MaskedSpectrogram, SpatialSpectrum, StreamEnd, check_look_ahead, spectrum_of

AXIS_KEY = "axis"  # in the card's config, as is the next
OPTIONS_KEY = "options"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class SteeredFrame:
    """What was found at one time, before it is scored and drawn.

    Args:
        time_s: middle of the newest window, in seconds.
        level: root mean square of the samples looked at.
        talkers: the talkers found, those that explain most first; none in silence.
        views: what a scorer sees of the talkers, or None if there are none.
        leftover: how well each direction of the coarse search fits what no talker explains, 0..1.
    """

    time_s: float
    level: float
    talkers: tuple[Talker, ...]
    views: TalkerViews | None
    leftover: Float32[np.ndarray, "candidate"]


class SteeredEstimator:
    """Talkers by masked plane waves, on the protocol of every estimator.

    Args:
        mask: says which bins to trust.
        scorer: says how likely each talker is; None: logistic regression on its share, coherence and masses.
        name: name on the command line and in results.
        axis: windows and bins that the mask was trained with.
        options: every number of the search for talkers.
        threshold: value from which a peak is called a source when their number is not known.
        weights_hash: hash of the weights of mask and scorer.
        card: card of the model; says which arrays are warned about.
        wide_mask: says which bins to trust where later sound is heard; None: ``mask`` does.
        wide_scorer: says how likely each talker is where later sound is heard; None: ``scorer`` does.
    """

    def __init__(
        self,
        mask: Mask,
        scorer: Scorer | None = None,
        *,
        name: str = "steered",
        axis: BinAxis | None = None,
        options: SteeredOptions | None = None,
        threshold: float = 0.5,
        weights_hash: str | None = None,
        card: ModelCard | None = None,
        wide_mask: WideMask | None = None,
        wide_scorer: Scorer | None = None,
    ) -> None:
        self.mask, self.scorer, self.name = mask, scorer, name
        self.wide_mask, self.wide_scorer = wide_mask, wide_scorer
        self.threshold, self.weights_hash = threshold, weights_hash
        self._card = card
        self.axis = BinAxis() if axis is None else axis
        self.options = SteeredOptions() if options is None else options
        self._mask_blocks = MaskBlocks()
        self._most_ahead_s = 0.0
        self._newest: tuple[MicrophoneArray, DirectionGrid, SearchField] | None = None

    @classmethod
    def from_folder(cls, folder: ModelFolder, *, num_threads: int = 1) -> "SteeredEstimator":
        """The estimator that a model folder describes.

        Args:
            folder: card, mask network and score network.
            num_threads: threads inside an operator of the networks.

        Raises:
            CheckpointError: if a graph or the choices in the card cannot be used.
        """
        config: dict[str, Any] = folder.card.config
        try:
            axis = BinAxis(**config[AXIS_KEY])
            options = SteeredOptions.from_dict(config[OPTIONS_KEY])
        except (KeyError, TypeError, ConfigError) as error:
            raise CheckpointError(
                f"{folder.path}: the card has no usable choices ({error}); export again"
            ) from None

        def scorer(name: str, ahead_slots: int) -> OnnxScorer:
            return OnnxScorer(
                folder.path / name,
                slots=options.memory_slots,
                ahead_slots=ahead_slots,
                num_bands=options.num_bands,
                num_threads=num_threads,
            )

        wide_mask = folder.path / WIDE_MASK_FILE
        return cls(
            OnnxMask(folder.path / MASK_FILE, num_threads=num_threads),
            scorer(SCORE_FILE, 0),
            name=folder.card.name,
            axis=axis,
            options=options,
            threshold=folder.card.threshold,
            weights_hash=folder.weights_hash,
            card=folder.card,
            wide_mask=OnnxWideMask(wide_mask, num_threads=num_threads) if wide_mask.is_file() else None,
            wide_scorer=scorer(WIDE_SCORE_FILE, options.picture_ahead) if options.picture_ahead else None,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Without what another process computes sooner than it is sent."""
        return {**vars(self), "_newest": None}

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

    @property
    def look_ahead_s(self) -> float:
        """Seconds of sound after a frame that its spectrum depends on."""
        frames = self.evidence_span.ahead_slots * self.options.slot_frames
        if self.hears_both_sides:
            frames += self._mask_blocks.ahead_frames
        return frames * self.axis.hop_s

    @property
    def hears_both_sides(self) -> bool:
        """Whether bins are chosen with what comes after them, too."""
        if self.wide_mask is None:
            return False
        widest = self.options.wide_slots * self.options.slot_frames + self._mask_blocks.ahead_frames
        return self._most_ahead_s >= widest * self.axis.hop_s

    @property
    def evidence_span(self) -> EvidenceSpan:
        """Slots of evidence that judge a frame."""
        slot_s = self.options.slot_frames * self.axis.hop_s
        return EvidenceSpan.of(self.options, self._most_ahead_s / slot_s + 1e-9)

    @property
    def values_are_chances(self) -> bool:
        """Whether a value is the chance of a talker there: scores are."""
        return True

    def with_look_ahead(self, seconds: float) -> "SteeredEstimator":
        """This estimator with the most look-ahead that it can use within so many seconds.

        Up to 1.15 s evidence is heard as far ahead as behind, with more on both sides farther. From 5.7 s
        on bins are chosen with what comes after them, too, if the model has a mask for that.

        Raises:
            ConfigError: if they are below 0 or no number.
        """
        other = copy(self)
        other._most_ahead_s = check_look_ahead(seconds)
        return other

    def mask_stream(self) -> MaskStream:
        """Masks for a fresh recording."""
        if self.hears_both_sides:
            assert self.wide_mask is not None
            return WideMaskStream(self.wide_mask, self._mask_blocks)
        return CausalMaskStream(self.mask)

    def search_field(self, array: MicrophoneArray, grid: DirectionGrid) -> SearchField:
        """Where talkers around an array are searched, computed once for recordings that come one by one."""
        newest = self._newest
        if newest is None or newest[0] is not array or newest[1] is not grid:
            self._newest = None  # two at once may be large
            newest = self._newest = array, grid, SearchField.of(array, grid, self.axis, self.options)
        return newest[2]

    def stream(self, array: MicrophoneArray, grid: DirectionGrid) -> "SteeredStream":
        """A fresh stream for one recording; warns where errors are known to grow."""
        known = self._card.warnings(array) if self._card else []
        for warning in [*known, *coverage_warnings(array, grid)]:
            logger.warning("%s", warning)
        return SteeredStream(self, array, grid)

    def spectrum(
        self, audio: Float[np.ndarray, "mic time"], array: MicrophoneArray, grid: DirectionGrid
    ) -> SpatialSpectrum:
        """Spectrum of a whole recording: a stream that takes it in one push."""
        return spectrum_of(self.stream(array, grid), audio)

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
        windows = max(1, math.ceil(num_windows / max_columns))
        return masked_spectrogram(self.mask_stream(), self.axis, array, audio, windows_per_column=windows)

    def scores(self, found: SteeredFrame, *, num_mics: int) -> Float32[np.ndarray, "talker"]:
        """How likely somebody speaks at each talker found, 0..1."""
        if found.views is None:
            return np.zeros(0, dtype=np.float32)
        hears_later = self.wide_scorer is not None and self.evidence_span.ahead_slots > 0
        scorer = self.wide_scorer if hears_later else self.scorer
        if scorer is not None:
            scores = scorer.scores(found.views)
        else:
            weights = np.array(self.options.score_weights, dtype=np.float32)
            odds = weights[0] + found.views.numbers[:, REGRESSED_NUMBERS] @ weights[1:]
            scores = expit(odds)
        if self._card is not None and num_mics < self._card.trained_range.microphones[0]:
            # Scores were learned with more microphones. With few, noise agrees on a direction by chance,
            # so that evidence must be heavier before a score counts in full.
            num_pairs = num_mics * (num_mics - 1) / 2
            # The wider the span, the more evidence noise collects, too.
            wider = self.evidence_span.weight / EvidenceSpan.of(self.options, 0).weight
            mass = np.array([talker.mass for talker in found.talkers], dtype=np.float32)
            scores = (
                scores * np.minimum(mass / np.float32(wider * self.options.sure_mass / num_pairs), 1) ** 2
            )
        return scores


@dataclass(frozen=True, eq=False)
class _HeardFrame:
    """What one frame of a recording holds, before it is known which bins to trust.

    Args:
        phases: phases of the microphones, magnitudes one.
        is_sound: bins that are more than the rounding error of louder ones.
        features: what the mask sees.
    """

    phases: Complex64[np.ndarray, "freq window mic"]
    is_sound: Bool[np.ndarray, "window freq"]
    features: Float32[np.ndarray, "window feature freq"]


class SteeredStream:
    """One recording on its way through a :class:`SteeredEstimator`; what it keeps never grows."""

    def __init__(self, estimator: SteeredEstimator, array: MicrophoneArray, grid: DirectionGrid) -> None:
        options, axis = estimator.options, estimator.axis
        field = estimator.search_field(array, grid)
        array = field.array
        self._estimator, self._grid = estimator, grid
        self._mic_order = field.mic_order
        self._frames = FrameStream(array.num_microphones, estimator.window_length, estimator.hop_length)
        self._features = BinFeatures(axis, array)
        self._masks = estimator.mask_stream()
        span = estimator.evidence_span
        self._evidence = EvidenceMemory(field.fit, axis, options, span)
        self._outputs_ahead = span.ahead_slots // options.slots_per_output
        self._search = TalkerSearch(field, options)
        self._folded, self._from_candidates = field.folded, field.weights
        spacing = np.deg2rad(options.place_deg) if grid.are_places else options.least_beam * grid.spacing
        self._beam_width = max(np.deg2rad(options.beam_deg), spacing)
        self._num_mics = array.num_microphones
        # Frames whose bins are not chosen yet, masks without a frame, and levels of frames not judged yet.
        self._heard: deque[_HeardFrame] = deque()
        self._chosen = np.zeros((0, axis.num_bins), dtype=np.float32)
        self._levels: deque[float] = deque()
        self._num_weighed, self._num_judged = 0, 0
        self._end = StreamEnd()

    def push(self, audio: Float[np.ndarray, "mic time"]) -> SpatialSpectrum:
        """Take the next samples of every microphone and return the frames they complete, maybe none.

        Raises:
            ShapeError: if the audio has another number of microphones than the array.
            AudioError: if a sample is not finite, or after the end.
        """
        return self._drawn(self.listen(audio))

    def finish(self) -> SpatialSpectrum:
        """The recording has ended: the frames that still waited for later sound.

        Raises:
            AudioError: if it was finished before.
        """
        return self._drawn(self.listen_to_end())

    def _drawn(self, frames: list[SteeredFrame]) -> SpatialSpectrum:
        """The spectrum of frames: a beam for every talker."""
        values = np.zeros((len(frames), len(self._grid)), dtype=np.float32)
        options = self._estimator.options
        for row, frame in zip(values, frames, strict=True):
            # What no talker explains lies far below the beams, so that more sources can be asked for than
            # were found.
            height = options.leftover_height
            if frame.talkers:
                # A beam for every talker, as high as the chance that somebody speaks there.
                scores = self._estimator.scores(frame, num_mics=self._num_mics)
                directions = np.array([talker.direction for talker in frame.talkers], dtype=np.float32)
                # (talker, 3) @ (3, grid): how far each direction of the grid is from each talker, in widths.
                chord = np.maximum(1 - directions @ self._folded, 0)
                # In a wide gap of the grid a talker's beam is wide enough for the nearest of its directions.
                nearest = chord.min(axis=1, keepdims=True) * np.float32(2 * options.gap_beam**2)
                chord /= np.maximum(np.float32(self._beam_width**2), nearest)
                # Flat on top, so that the grid hardly lowers scores, and steep; the fit of peaks likes it.
                beams = np.exp(-chord * np.sqrt(chord))
                beams *= scores[:, None]
                beams.max(axis=0, out=row)
                height = min(height, options.most_leftover * float(scores.max()))
            np.maximum(row, height * (self._from_candidates @ frame.leftover), out=row)
        times_s = np.array([frame.time_s for frame in frames])
        level = np.array([frame.level for frame in frames], dtype=np.float32)
        return SpatialSpectrum(values, times_s, level, self._grid)

    def listen(self, audio: Float[np.ndarray, "mic time"]) -> list[SteeredFrame]:
        """Take the next samples; the frames they complete, with talkers that are not scored yet.

        Raises:
            ShapeError: if the audio has another number of microphones than the array.
            AudioError: if a sample is not finite, or after the end.
        """
        self._end.check_ahead()
        frames = self._frames.push(audio)
        found: list[SteeredFrame] = []
        for index, level in enumerate(frames.level()):
            self._levels.append(float(level))
            found += self._hear(frames.samples[self._mic_order, index], float(frames.scale[index]))
        return found

    def listen_to_end(self) -> list[SteeredFrame]:
        """The frames that still waited for later sound, with talkers that are not scored yet.

        Raises:
            AudioError: if it was called before.
        """
        self._end.reach()
        found = self._weigh(self._masks.finish())
        for _ in range(self._outputs_ahead):
            self._evidence.pass_by(self._estimator.options.slots_per_output)
            found += self._judge()
        return found

    def _hear(self, samples: Float32[np.ndarray, "mic time"], scale: float) -> list[SteeredFrame]:
        """What one frame of the recording adds; the frames that can be judged with it."""
        # (mic, time) -> (mic, window, freq) -> (window, feature, freq)
        spectra = PolarSpectra.of(window_spectra(samples, self._estimator.axis), scale)
        features = self._features.push(spectra)
        # A bin that is only the rounding error of louder ones has no phase to trust.
        loudness = spectra.magnitude.max(axis=0)
        is_sound = loudness > 1e-5 * loudness.max(axis=1, keepdims=True)
        # (mic, window, freq) -> (freq, window, mic): evidence goes band by band.
        phases = np.ascontiguousarray(spectra.phases.transpose(2, 1, 0))
        self._heard.append(_HeardFrame(phases, is_sound, features))
        return self._weigh(self._masks.push(features))

    def _weigh(self, masks: Float32[np.ndarray, "window freq"]) -> list[SteeredFrame]:
        """Weigh the frames heard by the next masks; the frames that can be judged with them."""
        found: list[SteeredFrame] = []
        windows = self._estimator.options.frames_per_output
        if len(masks):
            self._chosen = np.concatenate([self._chosen, masks])
        while self._heard and len(self._chosen) >= windows:
            frame, mask = self._heard.popleft(), self._chosen[:windows]
            self._chosen = self._chosen[windows:]
            weight = np.where(frame.is_sound, mask, 0) ** np.float32(self._estimator.options.mask_power)
            self._evidence.push(frame.phases, np.ascontiguousarray(weight.T), frame.features)
            found += self._judge()
        return found

    def _judge(self) -> list[SteeredFrame]:
        """The talkers of the frame whose later evidence has now been heard, if there is one."""
        self._num_weighed += 1
        if self._num_weighed <= self._outputs_ahead:
            return []
        axis = self._estimator.axis
        talkers = tuple(self._search.find(self._evidence))
        views = talker_views(talkers, self._evidence, num_mics=self._num_mics) if talkers else None
        self._num_judged += 1
        newest = self._num_judged * self._estimator.hop_length - axis.hop_length + axis.window_length / 2
        leftover = self._search.leftover(talkers, self._evidence)
        time_s, level = newest / axis.sample_rate, self._levels.popleft()
        return [SteeredFrame(time_s, level, talkers, views, leftover)]

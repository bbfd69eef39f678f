"""The sound of each talker, taken out of the microphones as it comes.

Sound goes in windows of 32 ms, every 16 ms, and some of them, a slot, share weights:

    slots   |== past ==|== past ==|== given out ==|== ahead ==|== ahead ==|
              fades, memory_s       its weights      heard already, if there is a look-ahead
"""

import numpy as np
from jaxtyping import Float, Float32

from anydoa.beamforming.aim import Aims
from anydoa.beamforming.delay_and_sum import DelayAndSum
from anydoa.beamforming.masked_mvdr import MaskedMvdr
from anydoa.beamforming.mixture import BinShares, SpatialMixture
from anydoa.beamforming.options import BeamOptions
from anydoa.beamforming.slot import BeamedSlot, Slot
from anydoa.beamforming.sound_field import SoundField
from anydoa.beamforming.speech_mask import SpeechMask
from anydoa.beamforming.windows import (
    BEAM_RATE,
    HOP_LENGTH,
    NUM_BINS,
    WINDOW_LENGTH,
    OverlapAdd,
    Windows,
    WindowStream,
)
from anydoa.geometry import MicrophoneArray
from anydoa.spectrum import StreamEnd, check_look_ahead
from anydoa.threads import one_blas_thread

MOST_AHEAD_S = 10.0
"""Longest look-ahead, in seconds: more would cost memory and gain nothing."""

_LEVEL_SLOTS = 5.0  # that the power of a talker is averaged over


class TalkerBeam:
    """Listens to talkers through an array: sound of all microphones in, the sound of each talker out.

    Any chunking gives what the whole recording gives. The sound of a talker is what one microphone hears of
    it, in step with what went in, and as loud: of those that hear the talker best the most central.

    Args:
        array: what listens.
        aims: who may sound when and from where, and whose sound is wanted.
        mask: says which bins hold speech; None: the microphones alone decide.
        shares: says whose each bin is; None for a :class:`~anydoa.beamforming.mixture.SpatialMixture`.
        options: every number of it; the defaults if None.
        look_ahead_s: seconds of later sound that weights may be made of; it comes so much later, and at most
            :data:`MOST_AHEAD_S`.

    Raises:
        ConfigError: if the look-ahead is below 0 or no number.
    """

    def __init__(
        self,
        array: MicrophoneArray,
        aims: Aims,
        *,
        mask: SpeechMask | None = None,
        shares: BinShares | None = None,
        options: BeamOptions | None = None,
        look_ahead_s: float = 0.0,
    ) -> None:
        options = BeamOptions() if options is None else options
        self._slots_ahead = int(min(check_look_ahead(look_ahead_s), MOST_AHEAD_S) / options.slot_s + 1e-9)
        field = SoundField(array)
        self._beamformer: DelayAndSum | MaskedMvdr
        if options.beamformer == "delay-and-sum":
            self._beamformer, self._slots_ahead, mask = DelayAndSum(field), 0, None
        else:
            shares = shares or SpatialMixture(
                field.diffuse(options.diffuse), spread=options.spread, sharpness=options.sharpness
            )
            self._beamformer = MaskedMvdr(field, options, shares, slots_ahead=self._slots_ahead)
        self._aims, self._slot_windows = aims, options.slot_windows
        self._mask = None if mask is None else mask.stream(array)
        self._windows, self._sound = WindowStream(array.num_microphones), OverlapAdd(aims.num_rows)
        self._kept: Windows | None = None  # windows that make no slot yet
        self._levels: dict[int, float] = {}
        self._num_windows = self._num_heard = self._num_given = 0
        self._end = StreamEnd("a beam", "begin another")

    @property
    def latency_s(self) -> float:
        """Most seconds from a sample to the moment when its sound is complete, without computing."""
        windows = self._slot_windows * (1 + self._slots_ahead)
        return (WINDOW_LENGTH + (windows - 1) * HOP_LENGTH) / BEAM_RATE

    def push(self, audio: Float[np.ndarray, "mic time"]) -> Float32[np.ndarray, "row sample"]:
        """Take the next samples of every microphone, at 16 kHz, and return what sound they complete.

        Raises:
            ShapeError: if the rows are not the microphones.
            AudioError: if a sample is not finite, or after the end.
        """
        self._end.check_ahead()
        with one_blas_thread():
            windows = self._windows.push(audio)
            self._num_heard += np.shape(audio)[-1]
            return self._given(self._slots(windows))

    def finish(self) -> Float32[np.ndarray, "row sample"]:
        """The sound that is left, so that as much came out as went in. Nothing may be pushed after it.

        Raises:
            AudioError: if it was finished before.
        """
        self._end.reach()
        left = self._num_heard - self._num_given
        silence = np.zeros((self._windows.num_microphones, WINDOW_LENGTH + HOP_LENGTH), dtype=np.float32)
        with one_blas_thread():
            slots = self._slots(self._windows.push(silence))
            if self._kept is not None and len(self._kept):
                slots += self._beamformer.push(self._slot(self._kept))
            sound = self._given(slots + self._beamformer.finish())
        return sound[:, :left]

    def _slots(self, windows: Windows) -> list[BeamedSlot]:
        """The slots that these windows complete, taken apart."""
        windows = windows if self._kept is None else self._kept + windows
        size, done = self._slot_windows, []
        whole = len(windows) // size * size
        for begin in range(0, whole, size):
            done += self._beamformer.push(self._slot(windows[begin : begin + size]))
        self._kept = windows[whole:]
        return done

    def _slot(self, windows: Windows) -> Slot:
        """Windows with what the mask and the aims say of them."""
        middle = self._num_windows + (len(windows) - 1) / 2
        self._num_windows += len(windows)
        if self._mask is None:
            speech = np.full(windows.spectra.shape[:2], 0.5, dtype=np.float32)
        else:
            speech = self._mask.push(windows)
        # Windows are compared, so they must be in one scale.
        scale = windows.least_scale
        # The middle of the first window is that of the first sample.
        aims = self._aims.at(middle * HOP_LENGTH / BEAM_RATE)
        return Slot(windows.spectra_at(scale), scale, speech, aims)

    def _given(self, slots: list[BeamedSlot]) -> Float32[np.ndarray, "row sample"]:
        """The sound of slots that are taken apart."""
        spectra = [np.zeros((self._aims.num_rows, 0, NUM_BINS), dtype=np.complex64)]
        for one in slots:
            self._listen(one.levels)
            num_windows = one.slot.spectra.shape[1]
            rows = np.zeros((self._aims.num_rows, num_windows, NUM_BINS), dtype=np.complex64)
            for row, id in zip(rows, self._aims.wanted(self._levels), strict=True):
                if id is not None and id in one.levels:
                    row[:] = one.sound(id) / one.slot.scale
            spectra.append(rows)
        sound = self._sound.push(np.concatenate(spectra, axis=1))
        self._num_given += sound.shape[1]
        return sound

    def _listen(self, levels: dict[int, float]) -> None:
        """Average the power of everyone who is there over some slots."""
        before = {id: self._levels.get(id, 0.0) for id in levels}
        self._levels = {id: old + (levels[id] - old) / _LEVEL_SLOTS for id, old in before.items()}

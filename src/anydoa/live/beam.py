"""The sound of one talker while it comes in, in step with the results."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32

from anydoa.beamforming import BEAM_RATE, Beamformer, BeamOptions, SpeechMask, TalkerBeam
from anydoa.io.resampling import StreamResampler
from anydoa.live.beam_target import BeamTarget, LiveAims
from anydoa.localizer import Localizer
from anydoa.tracking import Track

_LARGE = 16  # microphones beyond which weights cost too much to be made ten times a second
_LONG_SLOT = 12


class LiveBeam:
    """Listens to one target among the talkers who are tracked.

    Args:
        localizer: array and estimator; a frame's look-ahead is that of the beam.
        sample_rate: sample rate of the sound, in Hz.
        target: the talker or direction that is wanted.
        beamformer: how it is taken out of the microphones.
    """

    def __init__(
        self,
        localizer: Localizer,
        sample_rate: int,
        target: BeamTarget,
        beamformer: Beamformer = "mvdr",
    ) -> None:
        estimator = localizer.estimator
        is_large = localizer.array.num_microphones > _LARGE
        options = BeamOptions(beamformer, slot_windows=_LONG_SLOT if is_large else BeamOptions.slot_windows)
        self._aims = LiveAims(target)
        self._beam = TalkerBeam(
            localizer.array,
            self._aims,
            mask=SpeechMask.of(estimator),
            options=options,
            look_ahead_s=estimator.look_ahead_s,
        )
        self._resampler = StreamResampler(sample_rate, BEAM_RATE, localizer.array.num_microphones)
        self._ready: list[Float32[np.ndarray, "1 _"]] = []

    def aim(self, target: BeamTarget) -> None:
        """Listen to another target from now on."""
        self._aims.target = target

    def follow(self, tracks: Sequence[Track]) -> None:
        """Take where the talkers are now."""
        self._aims.tracks = tracks

    def push(self, microphones: Float[np.ndarray, "mic time"]) -> None:
        """Take the next samples of the microphones."""
        self._ready.append(self._beam.push(self._resampler.push(microphones)))

    def finish(self) -> None:
        """The sound has ended."""
        self._ready.append(self._beam.push(self._resampler.finish()))
        self._ready.append(self._beam.finish())

    def take(self) -> Float32[np.ndarray, "time"]:
        """The sound that is ready and was not taken yet."""
        ready, self._ready = self._ready, []
        return np.concatenate([np.zeros((1, 0), dtype=np.float32), *ready], axis=1)[0]

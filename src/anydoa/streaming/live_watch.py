"""What is wrong with sound that has no end: said once, soon, and of the newest seconds."""

import numpy as np
from jaxtyping import Float

from anydoa.doctor.watch.recording_watch import RecordingWatch

_FIRST_LOOK_S = 1.0  # a copied microphone is known by then
_SPAN_S = 5.0  # of sound that is judged together


class LiveWatch:
    """Watches the microphones of endless sound.

    Args:
        watch: that has heard nothing yet.
        sample_rate: of the sound, in Hz.
    """

    def __init__(self, watch: RecordingWatch, sample_rate: int) -> None:
        self._watch = watch
        self._sample_rate = sample_rate
        self._num_samples = 0
        self._looks = 0
        self._said: dict[str, str] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """All that was found so far, a line each, in the order it was found."""
        return tuple(self._said.values())

    def see(self, audio: Float[np.ndarray, "mic time"]) -> None:
        """Take the next samples of every microphone."""
        self._watch.see(audio)
        self._num_samples += audio.shape[1]
        looks = int(self._num_samples / (_FIRST_LOOK_S * self._sample_rate))
        if looks == self._looks:
            return
        self._looks = looks
        span_is_over = looks % round(_SPAN_S / _FIRST_LOOK_S) == 0
        self._say(everything=span_is_over)
        if span_is_over:
            self._watch.forget()

    def finish(self) -> None:
        """The sound has ended; less than a first look of it is not judged."""
        self._watch.finish()
        if self._looks:
            self._say(everything=True)

    def tells_directions(self, time_s: float) -> bool:
        """Whether enough microphones had been alive before a moment to tell where sound comes from."""
        return self._watch.tells_directions(time_s)

    def _say(self, *, everything: bool) -> None:
        for notice in self._watch.notices():
            if everything or notice.is_soon:
                self._said.setdefault(notice.kind, notice.text)

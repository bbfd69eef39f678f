"""Voices made of pulses and formants: no recording, and yet speech to a voice detector."""

from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import lfilter

RATE = 16_000
_FORMANTS_HZ = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (300, 870, 2240),
    (530, 1840, 2480),
    (570, 840, 2410),
)
_WIDTHS_HZ = (80, 90, 120)
_SYLLABLE = RATE // 5


def synthetic_voice(seconds: float, pitch_hz: float, rng: np.random.Generator) -> np.ndarray:
    """Vowels one after the other, a new one each 0.2 s."""
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = pitch_hz * (1 + 0.1 * np.sin(2 * np.pi * 3 * time + rng.uniform(0, 6)))
    pulses = np.diff(np.floor(np.cumsum(pitch) / RATE), prepend=0.0)
    breath = pulses + 0.01 * rng.standard_normal(len(time))
    vowels = [_vowel(breath[i : i + _SYLLABLE], rng) for i in range(0, len(time), _SYLLABLE)]
    return (0.5 * np.concatenate(vowels)).astype(np.float32)


def write_voices(folder: Path, pitches_hz: list[float], *, seconds: float, seed: int = 0) -> Path:
    """A folder of speech with one speaker for each pitch."""
    rng = np.random.default_rng(seed)
    for pitch_hz in pitches_hz:
        path = folder / f"speaker-{pitch_hz:g}" / "voice.wav"
        path.parent.mkdir(parents=True)
        soundfile.write(path, synthetic_voice(seconds, pitch_hz, rng), RATE)
    return folder


def _vowel(breath: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    for centre, width in zip(_FORMANTS_HZ[rng.integers(len(_FORMANTS_HZ))], _WIDTHS_HZ, strict=True):
        radius = np.exp(-np.pi * width / RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * centre / RATE), radius**2]
        breath = lfilter([1 - radius], poles, breath)
    return breath / np.abs(breath).max() * np.hanning(len(breath) + 2)[1:-1] ** 0.3

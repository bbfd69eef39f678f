"""Voices made from nothing that a voice activity detector takes for speech, where there is no corpus."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from anydoa.constants import SAMPLE_RATE
from anydoa.io.files import system_name


def synthetic_voice(
    pitch_hz: float, duration_s: float, rng: np.random.Generator
) -> Float[np.ndarray, "time"]:
    """A pulse train of wandering pitch through three formants that change seven times a second, at 16 kHz.

    Args:
        pitch_hz: mean pitch, about 100 for men and 200 for women.
        duration_s: length in seconds.
        rng: random number generator.
    """
    from scipy.signal import lfilter

    num_samples, vowel_samples = round(duration_s * SAMPLE_RATE), 2400
    time = np.arange(num_samples) / SAMPLE_RATE
    turns = np.cumsum(pitch_hz * (1 + 0.15 * np.sin(2 * np.pi * 0.7 * time))) / SAMPLE_RATE
    pulses = np.diff(np.floor(turns), prepend=0) + 0.01 * rng.standard_normal(num_samples)
    vowels = []
    for start in range(0, num_samples, vowel_samples):
        # Three resonances drawn at random; peak 1, faded at both ends.
        vowel = pulses[start : start + vowel_samples]
        formants_hz = rng.uniform([300, 900, 2200], [800, 2200, 3000])
        for frequency_hz, bandwidth_hz in zip(formants_hz, (80, 100, 150), strict=True):
            radius = np.exp(-np.pi * bandwidth_hz / SAMPLE_RATE)
            angle = 2 * np.pi * frequency_hz / SAMPLE_RATE
            vowel = lfilter([1], [1, -2 * radius * np.cos(angle), radius**2], vowel)
        vowels.append(vowel / np.abs(vowel).max() * np.hanning(len(vowel)) ** 0.3)
    voice: np.ndarray = (0.5 * np.concatenate(vowels)).astype(np.float32)
    return voice


def write_voices(folder: Path, pitches_hz: list[float], *, seconds: float, seed: int = 0) -> Path:
    """A folder of speech with one speaker for each pitch.

    Args:
        folder: new folder.
        pitches_hz: mean pitch of each speaker.
        seconds: length of each recording.
        seed: the same seed gives the same voices.
    """
    import soundfile

    rng = np.random.default_rng(seed)
    for pitch_hz in pitches_hz:
        path = folder / f"speaker-{pitch_hz:g}" / "voice.wav"
        path.parent.mkdir(parents=True)
        soundfile.write(system_name(path), synthetic_voice(pitch_hz, seconds, rng), SAMPLE_RATE)
    return folder

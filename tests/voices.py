"""Sounds that a voice activity detector takes for speech, made from nothing: a corpus for tests."""

import csv
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import lfilter

SAMPLE_RATE = 16_000
_VOWEL_SAMPLES = 2400


def voice(pitch: float, duration_s: float, rng: np.random.Generator) -> np.ndarray:
    """A pulse train of wandering pitch through three formants that change seven times a second."""
    num_samples = round(duration_s * SAMPLE_RATE)
    time = np.arange(num_samples) / SAMPLE_RATE
    turns = np.cumsum(pitch * (1 + 0.15 * np.sin(2 * np.pi * 0.7 * time))) / SAMPLE_RATE
    pulses = np.diff(np.floor(turns), prepend=0) + 0.01 * rng.standard_normal(num_samples)
    vowels = [
        _vowel(pulses[start : start + _VOWEL_SAMPLES], rng) for start in range(0, num_samples, _VOWEL_SAMPLES)
    ]
    return np.float32(0.5 * np.concatenate(vowels))


def _vowel(pulses: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    for frequency, bandwidth in zip(
        rng.uniform([300, 900, 2200], [800, 2200, 3000]), (80, 100, 150), strict=True
    ):
        radius = np.exp(-np.pi * bandwidth / SAMPLE_RATE)
        angle = 2 * np.pi * frequency / SAMPLE_RATE
        pulses = lfilter([1], [1, -2 * radius * np.cos(angle), radius**2], pulses)
    return pulses / np.abs(pulses).max() * np.hanning(len(pulses)) ** 0.3


def write_corpus(root: Path, *, with_noise: bool = True) -> Path:
    """A folder with ``manifest.csv``: three voices to test with, one to train with, and some noise."""
    rng = np.random.default_rng(3)
    rows = []
    for speaker, pitch in enumerate((100.0, 140.0, 190.0, 240.0)):
        split = "train" if speaker == 3 else "test"
        rows.append(
            _write(root, f"speech/voice_{speaker}.wav", voice(pitch, 4.0, rng), ("made", str(speaker), split))
        )
    if with_noise:
        for split in ("train", "test"):
            hiss = np.float32(0.1 * rng.standard_normal(2 * SAMPLE_RATE))
            rows.append(_write(root, f"noise/hiss_{split}.wav", hiss, ("made", f"hiss {split}", split)))
    with (root / "manifest.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(
            [["path", "source", "speaker_or_category", "split", "duration_s"], *rows]
        )
    return root


def write_voices(folder: Path, pitches_hz: list[float], *, seconds: float, seed: int = 0) -> Path:
    """A folder of speech with one speaker for each pitch."""
    rng = np.random.default_rng(seed)
    for pitch_hz in pitches_hz:
        path = folder / f"speaker-{pitch_hz:g}" / "voice.wav"
        path.parent.mkdir(parents=True)
        soundfile.write(path, voice(pitch_hz, seconds, rng), SAMPLE_RATE)
    return folder


def _write(root: Path, name: str, audio: np.ndarray, columns: tuple[str, str, str]) -> list[object]:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, SAMPLE_RATE)
    return [name, *columns, len(audio) / SAMPLE_RATE]

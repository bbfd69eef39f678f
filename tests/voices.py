"""A corpus of synthetic voices and of noise, for tests."""

import csv
from pathlib import Path

import numpy as np
import soundfile

from anydoa.constants import SAMPLE_RATE
from anydoa.simulation.voices import synthetic_voice as voice
from anydoa.simulation.voices import write_voices

__all__ = ["SAMPLE_RATE", "voice", "write_corpus", "write_voices"]


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


def _write(root: Path, name: str, audio: np.ndarray, columns: tuple[str, str, str]) -> list[object]:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, SAMPLE_RATE)
    return [name, *columns, len(audio) / SAMPLE_RATE]

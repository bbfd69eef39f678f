"""A folder of short recordings for tests of many of them."""

import os
from pathlib import Path

import numpy as np
import soundfile

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.layouts import circular_positions
from anydoa.io.array_file import save_array
from properties.strategies import make_scene

RING = MicrophoneArray(circular_positions(4, 0.0325), "ring")
SECONDS = 0.5
FAST = ("--array", "a.toml", "--grid", "fibonacci:64", "--estimator", "srp-phat")


def write_corpus(folder: Path, count: int) -> list[str]:
    """``a.toml`` and so many recordings of half a second; two are different, the rest are links to them."""
    save_array(RING, folder / "a.toml")
    names = [f"r{number:02d}.wav" for number in range(count)]
    for number, name in enumerate(names):
        if number < 2:
            direction = angles_deg_to_direction(40 + 90 * number, 20)
            scene = make_scene(np.random.default_rng(number), RING, direction, seconds=SECONDS)
            soundfile.write(folder / name, scene.audio.T, 16_000)
        else:
            os.link(folder / names[number % 2], folder / name)
    return names

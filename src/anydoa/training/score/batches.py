"""What is found in clips, kept on disk: to search for talkers costs more than to learn from them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Float16, Float32
from torch import Tensor
from torch.utils.data import Dataset

from anydoa.estimators.steered import NUM_CHANNELS, NUM_NUMBERS, NUM_WIDE_NUMBERS
from anydoa.geometry.grid import fibonacci_grid
from anydoa.io.output import whole_binary
from anydoa.training.batch import MixedScenes, TensorBatch
from anydoa.training.score.config import ScoreData
from anydoa.training.score.talkers import TalkerFinder, find_talkers

_Found = tuple[
    Float16[np.ndarray, "talker channel slot band"],
    Float32[np.ndarray, "talker number"],
    Bool[np.ndarray, "talker"],
]
"""Pictures and numbers of the talkers of a frame, and whether somebody speaks there."""


@dataclass(frozen=True, eq=False)
class ScoreBatch(TensorBatch):
    """What the score network sees and should say; as many talkers as were found in the clips.

    Args:
        cells: picture of each talker that was found by the past alone.
        numbers: numbers of each.
        target: 1 where somebody speaks within 10 degrees, else 0.
        wide_cells: picture of each talker that was found by later sound, too.
        wide_numbers: numbers of each.
        wide_target: whether somebody speaks there.
    """

    cells: Float[Tensor, "talker channel slot band"]
    numbers: Float[Tensor, "talker number"]
    target: Float[Tensor, "talker"]
    wide_cells: Float[Tensor, "wide_talker channel wide_slot band"]
    wide_numbers: Float[Tensor, "wide_talker wide_number"]
    wide_target: Float[Tensor, "wide_talker"]


_SEARCH = 2  # counts changes of the search that make kept talkers stale


class ScoreBatches(Dataset[ScoreBatch]):
    """``batches[first]`` prepares the clips ``first``, ``first + 1``, ... as one batch, if they are not yet.

    Args:
        scenes: a list of scenes for each first clip.
        finder: finds talkers in them.
        data: how many different clips there are, and what is looked at in each.
        kept: folder for what was prepared.
    """

    def __init__(self, scenes: MixedScenes, finder: TalkerFinder, *, data: ScoreData, kept: Path) -> None:
        self.scenes, self.finder, self.data = scenes, finder, data
        self._grid = fibonacci_grid()
        weights = hashlib.sha256(finder.mask_weights.read_bytes()).hexdigest()
        looks = (data.clips, data.ahead_slots, data.keep_every)
        clips = (scenes.count, scenes.duration_s, scenes.microphones, looks, scenes.seed)
        material = (scenes.material, scenes.material.ages())
        made_from = repr((_SEARCH, material, scenes.recipe, clips, finder.options, weights))
        self.kept = kept / f"talkers-{hashlib.sha256(made_from.encode()).hexdigest()[:12]}"

    def __getitem__(self, first: int) -> ScoreBatch:
        first %= self.data.clips
        path = self.kept / f"{first + self.scenes.offset}.npz"
        if not path.is_file():
            found_by: dict[bool, list[_Found]] = {False: [], True: []}  # whether later sound was heard
            for clip, scene in enumerate(self.scenes[first], first + self.scenes.offset):
                ahead = self.data.ahead_slots[clip % len(self.data.ahead_slots)]
                found = find_talkers(scene, self.finder.ahead(ahead), self._grid)
                # Neighbouring frames are alike; which of them are kept differs from clip to clip.
                kept = slice(clip % self.data.keep_every, None, self.data.keep_every)
                found_by[ahead > 0].extend(
                    (output.views.cells.astype(np.float16), output.views.numbers, hits)
                    for output, hits in zip(found.outputs[kept], found.hits[kept], strict=True)
                    if output.views is not None
                )
            by_past = self._joined(found_by[False], wide=False)
            by_both = self._joined(found_by[True], wide=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_binary(path) as file:
                np.savez(file, **by_past, **by_both)
        with np.load(path) as parts:
            return ScoreBatch(**{name: torch.from_numpy(parts[name]).float() for name in parts.files})

    def _joined(self, found: list[_Found], *, wide: bool) -> dict[str, Any]:
        """Views and hits of all frames by the names of a batch; empty where there are none."""
        options = self.finder.options
        slots = options.memory_slots + (options.picture_ahead if wide else 0)
        none = (
            np.zeros((0, NUM_CHANNELS, slots, options.num_bands), dtype=np.float16),
            np.zeros((0, NUM_WIDE_NUMBERS if wide else NUM_NUMBERS), dtype=np.float32),
            np.zeros(0, dtype=bool),
        )
        cells, numbers, target = (np.concatenate(part) for part in zip(none, *found, strict=True))
        prefix = "wide_" if wide else ""
        return {f"{prefix}cells": cells, f"{prefix}numbers": numbers, f"{prefix}target": target}

"""Clips for the score network: what steering finds in mixed scenes, and whether somebody speaks there.

Steering costs more than learning, so what was found is kept on disk and met again in every epoch.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor
from torch.utils.data import Dataset

from anydoa.estimators.steered.estimator import SteeredEstimator, SteeredFrame
from anydoa.estimators.steered.options import SteeredOptions
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.geometry.grid import fibonacci_grid
from anydoa.io.output import whole_binary
from anydoa.metrics.localization import TOLERANCE_DEG
from anydoa.networks.checkpoint import load_mask_checkpoint
from anydoa.networks.mask_net import MaskNet
from anydoa.simulation.mixing import SceneMixer
from anydoa.simulation.recipe import MixRecipe
from anydoa.simulation.scene import Scene
from anydoa.training.batch import TensorBatch
from anydoa.training.clips import SoundSource
from anydoa.training.targets import frame_activity

_GRID = fibonacci_grid()


@dataclass(frozen=True, eq=False)
class TalkerBatch(TensorBatch):
    """What the score network sees and should say; as many talkers as were found in the clips.

    Args:
        cells: picture of each talker.
        numbers: of each talker.
        target: 1 where somebody speaks within 10 degrees, else 0.
    """

    cells: Float[Tensor, "talker channel slot band"]
    numbers: Float[Tensor, "talker number"]
    target: Float[Tensor, "talker"]

    def __len__(self) -> int:
        return len(self.target)


@dataclass(frozen=True)
class TalkerClipShape:
    """What the clips of the score network are like.

    Args:
        mask_weights: checkpoint of the mask network.
        options: of the search for talkers.
        batch_size: clips in a batch.
        duration_s: length of a clip.
        microphones: fewest and most microphones.
        num_clips: different clips; later ones are these again.
    """

    mask_weights: Path
    options: SteeredOptions
    batch_size: int
    duration_s: float
    microphones: tuple[int, int]
    num_clips: int


class TalkerBatches(Dataset[TalkerBatch]):
    """``batches[first]`` prepares the clips ``first``, ``first + 1``, ... as one batch, if they are not yet.

    Args:
        source: where clips are mixed from.
        shape: what they are like.
        recipe: levels and ratios.
        seed: of all clips.
        kept: folder for what was prepared.
        offset: clips of the same step that other processes mix, before these.
    """

    def __init__(
        self,
        source: SoundSource,
        shape: TalkerClipShape,
        recipe: MixRecipe,
        *,
        seed: int,
        kept: Path,
        offset: int = 0,
    ) -> None:
        self.source, self.shape, self.recipe, self.seed, self.offset = source, shape, recipe, seed, offset
        weights = hashlib.sha256(shape.mask_weights.read_bytes()).hexdigest()
        made_from = repr((source.bank, source.speech, source.noise, weights, shape, recipe, seed))
        self.kept = kept / f"talkers-{hashlib.sha256(made_from.encode()).hexdigest()[:12]}"

    def __getitem__(self, first: int) -> TalkerBatch:
        first = first % self.shape.num_clips + self.offset
        path = self.kept / f"{first}.npz"
        if not path.is_file():
            self._prepare(first, path)
        with np.load(path) as parts:
            cells = torch.from_numpy(parts["cells"]).float()
            return TalkerBatch(
                cells, torch.from_numpy(parts["numbers"]), torch.from_numpy(parts["target"]).float()
            )

    def _prepare(self, first: int, path: Path) -> None:
        fewest, most = self.shape.microphones
        num_mics = int(np.random.default_rng((self.seed, first)).integers(fewest, most + 1))
        views, target = [], []
        for clip in range(first, first + self.shape.batch_size):
            found = find_talkers(self._mixer.scene(clip, num_mics=num_mics), self._estimator)
            views += [moment.views for moment in found.moments if moment.views is not None]
            target += [hits for hits in found.hits if len(hits)]
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_binary(path) as file:
            np.savez(
                file,
                cells=np.concatenate([view.cells for view in views]).astype(np.float16),
                numbers=np.concatenate([view.numbers for view in views]),
                target=np.concatenate(target),
            )

    @cached_property
    def _mixer(self) -> SceneMixer:
        return self.source.mixer(self.recipe, seed=self.seed, duration_s=self.shape.duration_s)

    @cached_property
    def _estimator(self) -> SteeredEstimator:
        return masked_by(self.shape.mask_weights, self.shape.options)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_mixer", "_estimator")}


@dataclass(frozen=True, eq=False)
class FoundTalkers:
    """What an estimator found in a scene.

    Args:
        moments: one after another.
        hits: for each moment, which of the talkers found is within 10 degrees of one who speaks.
        truth: unit vectors towards the talkers at each moment, one for all that the array cannot tell apart.
        active: who speaks at each moment.
    """

    moments: list[SteeredFrame]
    hits: list[Bool[np.ndarray, "talker"]]
    truth: Float[np.ndarray, "moment source 3"]
    active: Bool[np.ndarray, "moment source"]


def find_talkers(scene: Scene, estimator: SteeredEstimator) -> FoundTalkers:
    """Steer a whole scene and compare with its truth, both as far as the array can tell."""
    array = MicrophoneArray(scene.positions)
    stream = estimator.stream(array, _GRID)
    moments = stream.listen(scene.audio.astype(np.float32))
    active = active_at_moments(scene, estimator, num_moments=len(moments))
    truth = array.ambiguity.fold(truth_at_moments(scene, np.array([moment.time_s for moment in moments])))
    hits: list[np.ndarray] = []
    for moment, directions, speaks in zip(moments, truth, active, strict=True):
        places = np.array([talker.direction for talker in moment.talkers]).reshape(-1, 1, 3)
        distance = great_circle_distance_deg(places, directions[speaks])
        hits.append(np.any(distance <= TOLERANCE_DEG, axis=1))
    return FoundTalkers(moments, hits, truth, active)


def truth_at_moments(
    scene: Scene, times_s: Float[np.ndarray, "moment"]
) -> Float[np.ndarray, "moment source 3"]:
    """Unit vectors towards the talkers at each moment, the middle of its newest window."""
    return scene.directions_at(times_s)


def active_at_moments(
    scene: Scene, estimator: SteeredEstimator, *, num_moments: int
) -> Bool[np.ndarray, "moment source"]:
    """Who speaks in the newest window of each moment."""
    axis = estimator.axis
    every = frame_activity(torch.from_numpy(scene.activity[None]), axis.window_length, axis.hop_length)[0]
    step = estimator.options.frames_per_output
    active: np.ndarray = every.T.numpy()[step - 1 :: step][:num_moments]
    return active


def masked_by(mask_weights: Path, options: SteeredOptions) -> SteeredEstimator:
    """A steered estimator with a mask network in torch.

    Raises:
        CheckpointError: if the checkpoint cannot be read.
    """
    network = load_mask_checkpoint(mask_weights).network
    return SteeredEstimator(_TorchMask(network), axis=network.config.axis, options=options)


class _TorchMask:
    """Masks by torch, on one thread: the others belong to the network that learns."""

    def __init__(self, network: MaskNet) -> None:
        self._network = network

    def initial_state(self) -> np.ndarray:
        state: np.ndarray = self._network.initial_state().numpy()
        return state

    @torch.no_grad()
    def step(
        self, features: Float32[np.ndarray, "frame feature freq"], state: np.ndarray
    ) -> tuple[Float32[np.ndarray, "frame freq"], np.ndarray]:
        logits, after = self._network(torch.from_numpy(features)[None], torch.from_numpy(state))
        return torch.sigmoid(logits)[0].numpy(), after.numpy()

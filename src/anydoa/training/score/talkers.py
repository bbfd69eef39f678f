"""Talkers that a finished mask network finds in mixed scenes, and whether somebody speaks there."""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32

from anydoa.estimators.steered import SteeredEstimator, SteeredFrame, SteeredOptions
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.geometry.grid import DirectionGrid
from anydoa.metrics.localization import TOLERANCE_DEG
from anydoa.networks import MaskNet, load_mask_checkpoint
from anydoa.simulation.scene import Scene
from anydoa.training.mask import active_at_outputs


@dataclass(frozen=True)
class TalkerFinder:
    """How talkers are found: by a path only, so that another process can open the network.

    Args:
        mask_weights: checkpoint of the mask network.
        options: options of the search.
    """

    mask_weights: Path
    options: SteeredOptions

    @cached_property
    def estimator(self) -> SteeredEstimator:
        """A steered estimator with the mask network in torch.

        Raises:
            CheckpointError: if the checkpoint cannot be read.
        """
        network = load_mask_checkpoint(self.mask_weights).network
        mask = _TorchMask(network)
        wide_mask = mask if network.config.wide_size else None
        return SteeredEstimator(mask, axis=network.config.axis, options=self.options, wide_mask=wide_mask)

    def ahead(self, slots: int) -> SteeredEstimator:
        """The estimator that hears so many slots ahead, and all it can from the widest span on."""
        slot_s = self.options.slot_frames * self.estimator.axis.hop_s
        ahead_s = math.inf if slots >= self.options.wide_slots else slots * slot_s
        return self.estimator.with_look_ahead(ahead_s)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "estimator"}


@dataclass(frozen=True, eq=False)
class FoundTalkers:
    """What an estimator found in a scene.

    Args:
        outputs: what was found, one output after another.
        hits: which of the talkers found are within 10 degrees of one who speaks, for each output.
        truth: unit vectors towards the talkers at each output, one for all that the array cannot tell apart.
        active: who speaks at each output.
    """

    outputs: list[SteeredFrame]
    hits: list[Bool[np.ndarray, "talker"]]
    truth: Float[np.ndarray, "output source 3"]
    active: Bool[np.ndarray, "output source"]


def find_talkers(scene: Scene, estimator: SteeredEstimator, grid: DirectionGrid) -> FoundTalkers:
    """What an estimator finds in a whole scene beside its truth, both as far as the array can tell."""
    array = MicrophoneArray(scene.positions)
    stream = estimator.stream(array, grid)
    outputs = stream.listen(scene.audio.astype(np.float32)) + stream.listen_to_end()
    active = active_at_outputs(scene, estimator, num_outputs=len(outputs))
    truth = array.ambiguity.fold(scene.directions_at(np.array([output.time_s for output in outputs])))
    hits: list[np.ndarray] = []
    for output, directions, speaks in zip(outputs, truth, active, strict=True):
        places = np.array([talker.direction for talker in output.talkers]).reshape(-1, 1, 3)
        distance = great_circle_distance_deg(places, directions[speaks])
        hits.append(np.any(distance <= TOLERANCE_DEG, axis=1))
    return FoundTalkers(outputs, hits, truth, active)


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

    @torch.no_grad()
    def masks(self, features: Float32[np.ndarray, "frame feature freq"]) -> Float32[np.ndarray, "frame freq"]:
        masks: np.ndarray = torch.sigmoid(self._network.wide(torch.from_numpy(features)[None]))[0].numpy()
        return masks

"""How well masks help to locate talkers, in rooms and with voices the network was not trained on."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from anydoa.estimators.steered.bin_features import BinAxis
from anydoa.estimators.steered.estimator import SteeredEstimator
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.grid import fibonacci_grid
from anydoa.metrics.localization import LocalizationScore, evaluate
from anydoa.networks.mask_net import MaskNet
from anydoa.peaks.published import pick_peaks
from anydoa.simulation.scene import Scene
from anydoa.training.mask_clips import mask_clip
from anydoa.training.mask_supervision import mask_loss
from anydoa.training.talker_clips import active_at_moments, truth_at_moments
from anydoa.training.validation import ClipResult


class MaskValidator:
    """A fixed set of scenes, and the grid that talkers are searched on.

    Args:
        scenes: with their direct sound.
        axis: windows and bins.
        grid_size: directions of the Fibonacci sphere.
    """

    def __init__(self, scenes: Sequence[Scene], axis: BinAxis, *, grid_size: int) -> None:
        self._scenes, self._axis = scenes, axis
        self._grid = fibonacci_grid(grid_size)
        self._clips = [
            tuple(torch.from_numpy(part)[None] for part in mask_clip(scene, axis)) for scene in scenes
        ]

    @torch.no_grad()
    def run(self, network: MaskNet) -> list[ClipResult]:
        """Results of all scenes; the network is in evaluation mode."""
        device = next(network.parameters()).device
        results = []
        for scene, (features, target, weight) in zip(self._scenes, self._clips, strict=True):
            logits = network(features.to(device))[0].cpu()
            loss = float(mask_loss(logits, target, weight))
            results.append(ClipResult(scene.num_talkers, loss, self._score(scene, torch.sigmoid(logits)[0])))
        return results

    def _score(self, scene: Scene, mask: Tensor) -> LocalizationScore:
        estimator = SteeredEstimator(_KnownMask(mask.numpy()), axis=self._axis)
        array = MicrophoneArray(scene.positions)
        audio = scene.audio.astype(np.float32)
        grid = array.ambiguity.distinct(self._grid)
        spectrum = estimator.spectrum(audio, array, grid)
        active = active_at_moments(scene, estimator, num_moments=spectrum.num_frames)
        peaks = pick_peaks(spectrum.values, grid, scene.num_talkers)
        places = np.where(peaks[..., None] >= 0, grid.directions[peaks], np.nan)
        truth = array.ambiguity.fold(truth_at_moments(scene, spectrum.times_s))
        return evaluate(places, truth, active)


class _KnownMask:
    """Masks computed before, handed out frame by frame."""

    def __init__(self, mask: Float32[np.ndarray, "frame freq"]) -> None:
        self._mask = mask

    def initial_state(self) -> np.ndarray:
        return np.zeros(1, dtype=np.int64)

    def step(
        self, features: Float32[np.ndarray, "frame feature freq"], state: np.ndarray
    ) -> tuple[Float32[np.ndarray, "frame freq"], np.ndarray]:
        first = int(state[0])
        return self._mask[first : first + len(features)], state + len(features)

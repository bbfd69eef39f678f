"""A network in torch is measured as the exported one is."""

from pathlib import Path

import numpy as np
import pytest
import torch

from anydoa.errors import ConfigError
from anydoa.estimators.agg_rl import AggRlEstimator
from anydoa.estimators.model.folder import ModelFolder
from anydoa.export.agg_rl import agg_rl_card, export_agg_rl
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.grid import fibonacci_grid
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.checkpoint import load_checkpoint, save_checkpoint
from anydoa.networks.config import AggRlConfig
from anydoa.training.agg_rl.estimator import TorchEstimator
from typechecking import unchecked

CONFIG = AggRlConfig(hop_length=256, num_bins=33, num_features=32, num_heads=4, num_blocks=1, latent_size=32)
ARRAY = MicrophoneArray(0.05 * np.random.default_rng(0).standard_normal((4, 3)))
GRID = fibonacci_grid(60)


def sound(seconds: float) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((4, round(16_000 * seconds)))


def test_a_network_in_torch_gives_the_frames_of_the_exported_one(tmp_path: Path) -> None:
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "weights.safetensors", AggRl(CONFIG).eval())
    checkpoint = load_checkpoint(tmp_path / "weights.safetensors")
    with unchecked():
        export_agg_rl(checkpoint.network, agg_rl_card(checkpoint, "small"), tmp_path / "small")
    exported = AggRlEstimator(ModelFolder(tmp_path / "small"))
    mine = TorchEstimator(tmp_path / "weights.safetensors", "small")
    assert (mine.window_length, mine.hop_length) == (exported.window_length, exported.hop_length)
    for seconds in (0.05, 0.73):
        found, expected = (one.spectrum(sound(seconds), ARRAY, GRID) for one in (mine, exported))
        np.testing.assert_allclose(found.values, expected.values, atol=1e-4)
        np.testing.assert_allclose(found.times_s, expected.times_s)
        np.testing.assert_allclose(found.level, expected.level, rtol=1e-4)


def test_a_network_for_comparison_is_measured_too_but_runs_on_no_stream(tmp_path: Path) -> None:
    config = AggRlConfig(
        hop_length=256, num_bins=33, num_features=32, latent_size=32,
        trunk="neural-srp", transform="uniform", output="fixed", fixed_directions=60,
    )  # fmt: skip
    save_checkpoint(tmp_path / "peer.safetensors", AggRl(config).eval())
    peer = TorchEstimator(tmp_path / "peer.safetensors", "neural-srp")
    assert peer.spectrum(sound(0.5), ARRAY, GRID).values.shape == (5, 60)
    with pytest.raises(ConfigError, match="neural-srp runs in torch on whole recordings"):
        peer.stream(ARRAY, GRID)

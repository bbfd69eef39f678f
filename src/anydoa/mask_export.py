"""The mask network from torch to ONNX, checked against torch before it is kept."""

import dataclasses
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from anydoa.errors import CheckpointError
from anydoa.models.checkpoint import Checkpoint
from anydoa.models.talker_mask import TalkerMask
from anydoa.runtime.card import UNKNOWN_RANGE, ModelCard
from anydoa.runtime.folder import CARD_FILE, MASK_FILE
from anydoa.steered.mask_network import MaskNetwork
from anydoa.steered.model import AXIS_KEY, OPTIONS_KEY
from anydoa.steered.options import SteeredOptions

OPSET = 17
TOLERANCE = 1e-5  # largest difference of a mask
_LENGTHS = (1, 6, 31)  # of the check; none is the length the graph is traced with


def steered_card(
    checkpoint: Checkpoint[TalkerMask], name: str, *, like: ModelCard | None = None
) -> ModelCard:
    """A card with everything a checkpoint knows of itself; the rest as on another card.

    Args:
        checkpoint: the mask network and its notes.
        name: of the model.
        like: card whose title, ranges, options, data, metrics and failures are kept; None for a blank one.
    """
    like = like or ModelCard(name, "steered", name, "unknown", {}, UNKNOWN_RANGE)
    axis = checkpoint.network.config.axis
    options = SteeredOptions.from_dict(like.config.get(OPTIONS_KEY, {}))
    config = {
        **checkpoint.network.config.to_dict(),
        AXIS_KEY: dataclasses.asdict(axis),
        OPTIONS_KEY: options.to_dict(),
    }
    return dataclasses.replace(
        like,
        name=name,
        config=config,
        bins_hz=tuple(axis.frequencies.tolist()),
        training=checkpoint.notes.get("training", like.training),
        version=version("anydoa"),
    )


def export_steered(network: TalkerMask, card: ModelCard, folder: Path) -> float:
    """Write a steered model that runs without torch.

    Args:
        network: the mask network; it is left as it is.
        card: written beside the graph.
        folder: made if missing.

    Returns:
        Largest difference of a mask between the graph and torch.

    Raises:
        CheckpointError: if the graph does not give what torch gives.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = network.config
    features = torch.zeros(1, 3, config.num_features, config.num_bins)
    state = torch.zeros(config.num_layers, 1, config.hidden_size)
    with warnings.catch_warnings():
        # The tracer warns of what it cannot know: here every size but the number of frames is fixed.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Masks(network).eval(),
            (features, state),
            str(folder / MASK_FILE),
            input_names=["features", "state"],
            output_names=["mask", "next_state"],
            dynamic_axes={"features": {1: "frames"}, "mask": {1: "frames"}},
            opset_version=OPSET,
            dynamo=False,
        )
    (folder / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
    difference = _compare(network, folder / MASK_FILE)
    if not difference <= TOLERANCE:
        raise CheckpointError(
            f"the exported graph differs from torch by {difference:.1e}, more than {TOLERANCE:.0e}; "
            f"do not use {folder}"
        )
    return difference


class _Masks(nn.Module):
    """The network as a graph: masks, not log odds."""

    def __init__(self, network: TalkerMask) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        logits, state = self.network(features, state)
        return torch.sigmoid(logits), state


@torch.no_grad()
def _compare(network: TalkerMask, graph: Path) -> float:
    """Largest difference of a mask between a graph and torch, over random features."""
    rng = np.random.default_rng(0)
    running = MaskNetwork(graph)
    worst = 0.0
    for frames in _LENGTHS:
        features = rng.normal(size=(frames, network.config.num_features, network.config.num_bins))
        features = features.astype(np.float32)
        expected = torch.sigmoid(network(torch.from_numpy(features)[None])[0])[0].numpy()
        found, _ = running.step(features, running.initial_state())
        worst = max(worst, float(np.abs(found - expected).max()))
    return worst

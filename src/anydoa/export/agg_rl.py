"""AGG-RL from torch to ONNX: two graphs, checked against torch before they are kept.

``augeonet.onnx`` takes the samples of the windows it completes, the microphones, its memory, and the steering
vectors of plane waves where the network hears them. It gives the representation of the last output and the
next memory. ``gridnet.onnx`` takes directions. The spectrum is the sigmoid of their inner product; the square
root of the width is already divided out of the representation of the grid.
"""

import copy
import dataclasses
import math
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from anydoa.errors import CheckpointError
from anydoa.estimators.model import (
    AUGEONET_FILE,
    CARD_FILE,
    GRIDNET_FILE,
    MODEL_FILES,
    PLANE_WAVES,
    STATE_PREFIX,
    UNKNOWN_RANGE,
    ModelCard,
)
from anydoa.export.fused_augeonet import FusedAuGeonet
from anydoa.export.graph import store_in_half, write_graph
from anydoa.io.output import whole_folder
from anydoa.networks import AggRl, Checkpoint

TOLERANCE = 1e-4  # largest difference of a representation, of unit size, between the graphs and torch
FLOAT16_TOLERANCE = 2e-2


def agg_rl_card(checkpoint: Checkpoint[AggRl], name: str, *, like: ModelCard | None = None) -> ModelCard:
    """A card with everything that a checkpoint knows of itself; the rest as on another card, or left blank.

    Args:
        checkpoint: the network and its notes; a note ``training`` is taken over.
        name: name of the model.
        like: card whose title, ranges, data, metrics and failures are kept; None for a blank one.

    Raises:
        CheckpointError: if the other card is of another kind of network.
    """
    config = checkpoint.network.config
    bins_hz = checkpoint.network.augeonet.transform.bins * (config.sample_rate / config.window_length)
    net = checkpoint.network.augeonet.plane_wave_net
    card = like or ModelCard(name, "agg-rl", name, "unknown", {}, UNKNOWN_RANGE)
    card.check_architecture("agg-rl")
    return dataclasses.replace(
        card,
        name=name,
        config=config.to_dict(),
        bins_hz=tuple(round(hz, 3) for hz in bins_hz.tolist()),
        plane_wave_hz=() if net is None else tuple(round(hz, 3) for hz in bins_hz[net.bins].tolist()),
        training=checkpoint.notes.get("training", like.training if like else {}),
        version=version("anydoa"),
    )


def export_agg_rl(model: AggRl, card: ModelCard, folder: Path, *, float16: bool = False) -> float:
    """Write a model that runs without torch.

    Args:
        model: the network; it is left as it is.
        card: written beside the graphs.
        folder: made if missing; nothing in it changes unless everything is well.
        float16: whether to store weights in half the space; computing stays in float32.

    Returns:
        Largest difference of any representation between the graphs and torch, relative to its largest value.

    Raises:
        CheckpointError: if the graphs do not give what torch gives.
        ConfigError: if the folder cannot be written.
    """
    model = copy.deepcopy(model).eval()
    model.augeonet.transform.freeze_()
    with whole_folder(folder, last=CARD_FILE, members=MODEL_FILES) as partial:
        _write_augeonet(model, partial / AUGEONET_FILE)
        axis = {0: "grid"}
        directions = {"directions": nn.functional.normalize(torch.eye(3) + 0.1, dim=-1)}
        outputs = {"representation": axis}
        varying = {"directions": axis}
        write_graph(_LastGrid(model).eval(), directions, outputs, partial / GRIDNET_FILE, varying=varying)
        if float16:
            for name in (AUGEONET_FILE, GRIDNET_FILE):
                store_in_half(partial / name)
        (partial / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
        difference = compare_with_torch(model, partial)
        limit = FLOAT16_TOLERANCE if float16 else TOLERANCE
        if not difference <= limit:
            raise CheckpointError(
                f"the exported graphs differ from torch by {difference:.1e}, more than {limit:.0e}; "
                "nothing was written"
            )
    return difference


class _Step(nn.Module):
    """AuGeonet as a graph: memory in, memory out."""

    def __init__(self, network: FusedAuGeonet, state_names: list[str]) -> None:
        super().__init__()
        self.network = network
        self.state_names = state_names

    def forward(self, audio: Tensor, mic_positions: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
        # Steering vectors come first, if the network takes any, then the memory.
        split = len(others) - len(self.state_names)
        memory = dict(zip(self.state_names, others[split:], strict=True))
        representation, memory = self.network(audio, mic_positions, memory, *others[:split])
        return (representation, *(memory[name] for name in self.state_names))


class _LastGrid(nn.Module):
    """Gridnet as a graph: the last output only, the scale of the inner product divided out."""

    def __init__(self, model: AggRl) -> None:
        super().__init__()
        self.encoding = model.gridnet.encoding
        self.network = model.gridnet.outputs[-1]
        self.scoring_grid = model.scoring_grid
        self.scale = 1 / math.sqrt(model.config.latent_size)

    def forward(self, directions: Tensor) -> Tensor:
        representation: Tensor = self.network(self.encoding(directions)) * self.scale
        if self.scoring_grid is None:
            return representation
        return torch.cat([representation, self.scoring_grid(directions)], -1)


@torch.no_grad()
def _write_augeonet(model: AggRl, path: Path) -> None:
    positions = torch.tensor([[[0.05, 0, 0], [-0.05, 0, 0], [0, 0.05, 0.01], [0, -0.05, 0]]]).repeat(2, 1, 1)
    network = FusedAuGeonet(model.augeonet, model.scored_directions())
    plane_waves = _plane_waves(model, positions)
    memory = network.initial_state(positions)
    states = {STATE_PREFIX + name: tensor for name, tensor in memory.items()}
    # Tensors of the memory with four axes have one for pairs.
    state_axes = {
        name: {0: "batch", **({2: "pair"} if tensor.ndim == 4 else {})} for name, tensor in states.items()
    }
    varying = {
        "audio": {0: "batch", 1: "mic", 2: "time"},
        "mic_positions": {0: "batch", 1: "mic"},
        **{name: {0: "batch", 2: "twice_mic"} for name in plane_waves},
        **state_axes,
    }
    write_graph(
        _Step(network, list(memory)).eval(),
        {"audio": _audio(model, 2, 4, 6), "mic_positions": positions, **plane_waves, **states},
        {
            "representation": {0: "batch", 1: "frame"},
            **{f"next_{name}": axes for name, axes in state_axes.items()},
        },
        path,
        varying=varying,
    )


def compare_with_torch(model: AggRl, folder: Path) -> float:
    """Largest difference of the graphs in a folder from the network, relative to its largest value.

    Other numbers of microphones, frames and directions than the graphs were traced with, a stream whose
    memory is carried over, and microphones and directions on the axes, where angles are cut.

    Args:
        model: the network.
        folder: a model folder.
    """
    from anydoa.estimators.model import open_session

    augeonet, gridnet = open_session(folder / AUGEONET_FILE), open_session(folder / GRIDNET_FILE)
    generator = torch.Generator().manual_seed(0)
    # Microphones and frames: all differ from those that the graph is traced with.
    cases = ((2, 1), (5, 7), (11, 24))
    arrays = [(0.1 * torch.rand(1, count, 3, generator=generator), frames) for count, frames in cases]
    # A microphone on each half axis around the reference in the middle.
    on_axes = 0.05 * torch.cat([torch.zeros(1, 3), torch.eye(3), -torch.eye(3)])[None]
    differences = []
    with torch.no_grad():
        for positions, num_frames in [*arrays, (on_axes, 3)]:
            differences.append(_two_steps(model, augeonet, positions, num_frames, generator))
        scattered = nn.functional.normalize(torch.randn(500, 3, generator=generator), dim=-1)
        for directions in (scattered[:1], scattered, torch.cat([torch.eye(3), -torch.eye(3)])):
            (found,) = gridnet.run(None, {"directions": directions.numpy()})
            differences.append(_relative_difference(found, _LastGrid(model)(directions).numpy()))
    return max(differences)


def _two_steps(
    model: AggRl, augeonet: Any, positions: Tensor, num_frames: int, generator: torch.Generator
) -> float:
    """Largest relative difference on two successive stretches of noise, each side with its own memory."""
    ours = {name: tensor for name, tensor in model.initial_state(positions).items() if name != "samples"}
    scored = model.scored_directions()
    memory = FusedAuGeonet(model.augeonet, scored).initial_state(positions)
    state = {STATE_PREFIX + name: tensor.numpy() for name, tensor in memory.items()}
    plane_waves = {name: tensor.numpy() for name, tensor in _plane_waves(model, positions).items()}
    differences = []
    for _ in range(2):
        audio = torch.randn(_audio(model, 1, positions.shape[1], num_frames).shape, generator=generator)
        expected, ours = model.augeonet(audio, positions, None, ours, scored)
        inputs = {"audio": audio.numpy(), "mic_positions": positions.numpy(), **plane_waves, **state}
        found, *following = augeonet.run(None, inputs)
        state = dict(zip(state, following, strict=True))
        differences.append(_relative_difference(found, expected[:, -1].numpy()))
    return max(differences)


def _plane_waves(model: AggRl, positions: Tensor) -> dict[str, Tensor]:
    """The input that only networks with a PlaneWaveNet take."""
    scored = model.scored_directions()
    return {} if scored is None else {PLANE_WAVES: model.augeonet.plane_waves(positions, scored.directions)}


def _relative_difference(found: Any, expected: np.ndarray) -> float:
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-9))


def _audio(model: AggRl, batch: int, num_mics: int, num_frames: int) -> Tensor:
    length = model.config.window_length + (num_frames - 1) * model.config.hop_length
    return torch.linspace(-1, 1, batch * num_mics * length).reshape(batch, num_mics, length).sin()

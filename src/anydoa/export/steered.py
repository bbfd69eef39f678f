"""The networks of steered from torch to ONNX, checked against torch before they are kept."""

import copy
import dataclasses
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from anydoa.errors import CheckpointError
from anydoa.estimators.model import (
    CARD_FILE,
    MASK_FILE,
    MODEL_FILES,
    SCORE_FILE,
    UNKNOWN_RANGE,
    WIDE_MASK_FILE,
    WIDE_SCORE_FILE,
    ModelCard,
)
from anydoa.estimators.steered import (
    AXIS_KEY,
    NUM_CHANNELS,
    NUM_NUMBERS,
    NUM_WIDE_NUMBERS,
    OPTIONS_KEY,
    OnnxMask,
    OnnxScorer,
    OnnxWideMask,
    SteeredOptions,
    TalkerViews,
)
from anydoa.export.graph import write_graph
from anydoa.io.output import whole_folder
from anydoa.networks import Checkpoint, MaskNet, ScoreNet, ScoreNetConfig

TOLERANCE = 1e-5  # largest difference of a mask or score


def steered_card(
    mask: Checkpoint[MaskNet],
    score: Checkpoint[ScoreNet],
    name: str,
    *,
    like: ModelCard | None = None,
) -> ModelCard:
    """A card with everything that two checkpoints know of themselves; the rest as on another card, or blank.

    Args:
        mask: the mask network and its notes.
        score: the score network and its notes; the options it was trained with become the model's.
        name: name of the model.
        like: card whose title, ranges, data, metrics and failures are kept, and whose options take
            the place of those of the score network; None for a blank one.

    Raises:
        CheckpointError: if the other card is of another kind of network.
    """
    like = like or ModelCard(name, "steered", name, "unknown", {}, UNKNOWN_RANGE)
    like.check_architecture("steered")
    axis = mask.network.config.axis
    of_axis = dataclasses.asdict(axis)
    trained_with = score.notes.get("config", {}).get("steered", {})
    options = SteeredOptions.from_dict({**trained_with, **like.config.get(OPTIONS_KEY, {})})
    config = {
        "mask": {key: value for key, value in mask.network.config.to_dict().items() if key not in of_axis},
        "score": score.network.config.to_dict(),
        AXIS_KEY: of_axis,
        OPTIONS_KEY: options.to_dict(),
    }
    return dataclasses.replace(
        like,
        name=name,
        config=config,
        bins_hz=tuple(axis.frequencies.tolist()),
        training={
            "mask": mask.notes.get("training", {}),
            "score": score.notes.get("training", {}),
        },
        version=version("anydoa"),
    )


def export_steered(mask: MaskNet, score: ScoreNet, card: ModelCard, folder: Path) -> float:
    """Write a steered model that runs without torch.

    Args:
        mask: the mask network; it is left as it is.
        score: the score network; it is left as it is.
        card: written beside the graphs.
        folder: made if missing; nothing in it changes unless everything is well.

    Returns:
        Largest difference of a mask or a score between the graphs and torch.

    Raises:
        CheckpointError: if the score network does not fit the card's options, or a graph does not give what
            torch gives.
    """
    mask, score = copy.deepcopy(mask), copy.deepcopy(score)
    options = SteeredOptions.from_dict(card.config[OPTIONS_KEY])
    seen, kept = (
        (score.config.num_slots, score.config.ahead_slots),
        (options.memory_slots, options.picture_ahead),
    )
    if seen != kept:
        raise CheckpointError(
            f"the score network looks at {seen[0]} slots and {seen[1]} later ones, but the card says "
            f"memory_slots = {kept[0]} and picture_ahead = {kept[1]}; give the card it was trained for"
        )
    with whole_folder(folder, last=CARD_FILE, members=MODEL_FILES) as partial:
        features = torch.zeros(1, 3, mask.config.num_features, mask.config.num_bins)
        write_graph(
            _Masks(mask).eval(),
            {"features": features, "state": mask.initial_state()},
            {"mask": {1: "frames"}, "next_state": {}},
            partial / MASK_FILE,
            varying={"features": {1: "frames"}},
        )
        if mask.config.wide_size:
            write_graph(
                _WideMasks(mask).eval(),
                {"features": features},
                {"mask": {1: "frames"}},
                partial / WIDE_MASK_FILE,
                varying={"features": {1: "frames"}},
            )
        for name, ahead_slots in _score_files(score):
            cells, numbers = _views(score.config, 2, ahead_slots)
            write_graph(
                _Scores(score).eval(),
                {"cells": cells, "numbers": numbers},
                {"score": {0: "talkers"}},
                partial / name,
                varying={"cells": {0: "talkers"}, "numbers": {0: "talkers"}},
            )
        difference = _largest_difference(mask, score, partial)
        (partial / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
        if not difference <= TOLERANCE:
            raise CheckpointError(
                f"an exported graph differs from torch by {difference:.1e}, more than {TOLERANCE:.0e}; "
                "nothing was written"
            )
    return difference


class _Masks(nn.Module):
    """The mask network as a graph: masks, not log-odds."""

    def __init__(self, network: MaskNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        logits, state = self.network(features, state)
        return torch.sigmoid(logits), state


class _WideMasks(nn.Module):
    """The part of the mask network that hears later sound as a graph: masks, not log-odds."""

    def __init__(self, network: MaskNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> Tensor:
        return torch.sigmoid(self.network.wide(features))


class _Scores(nn.Module):
    """The score network as a graph: scores, not log-odds."""

    def __init__(self, network: ScoreNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, cells: Tensor, numbers: Tensor) -> Tensor:
        return torch.sigmoid(self.network(cells, numbers))


@torch.no_grad()
def _largest_difference(mask: MaskNet, score: ScoreNet, folder: Path) -> float:
    """Largest difference of a mask or a score between the graphs and torch, over random inputs."""
    rng = np.random.default_rng(0)
    masks = OnnxMask(folder / MASK_FILE)
    worst = 0.0
    for frames in (1, 6, 31):  # none is the length that the graph is traced with
        features = rng.normal(size=(frames, mask.config.num_features, mask.config.num_bins))
        features = features.astype(np.float32)
        expected = torch.sigmoid(mask(torch.from_numpy(features)[None])[0])[0].numpy()
        found, _ = masks.step(features, masks.initial_state())
        worst = max(worst, float(np.abs(found - expected).max()))
        if mask.config.wide_size:
            expected = torch.sigmoid(mask.wide(torch.from_numpy(features)[None]))[0].numpy()
            found = OnnxWideMask(folder / WIDE_MASK_FILE).masks(features)
            worst = max(worst, float(np.abs(found - expected).max()))
    for name, ahead_slots in _score_files(score):
        sizes = score.config
        scorer = OnnxScorer(
            folder / name, slots=sizes.num_slots, ahead_slots=ahead_slots, num_bands=sizes.num_bands
        )
        for talkers in (1, 3, 5):  # none is the number that the graph is traced with
            cells, numbers = _views(score.config, talkers, ahead_slots)
            expected = torch.sigmoid(score.eval()(cells, numbers)).numpy()
            found = scorer.scores(TalkerViews(cells.numpy(), numbers.numpy()))
            worst = max(worst, float(np.abs(found - expected).max()))
    return worst


def _score_files(score: ScoreNet) -> list[tuple[str, int]]:
    """Graphs of the score network, and how many later slots the pictures of each show."""
    wide = [(WIDE_SCORE_FILE, score.config.ahead_slots)] if score.config.ahead_slots else []
    return [(SCORE_FILE, 0), *wide]


def _views(config: ScoreNetConfig, talkers: int, ahead_slots: int) -> tuple[Tensor, Tensor]:
    """Random views of talkers."""
    generator = torch.Generator().manual_seed(talkers)
    slots = config.num_slots + ahead_slots
    cells = torch.rand(talkers, NUM_CHANNELS, slots, config.num_bands, generator=generator)
    return cells, torch.randn(talkers, NUM_WIDE_NUMBERS if ahead_slots else NUM_NUMBERS, generator=generator)

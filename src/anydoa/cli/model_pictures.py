"""What `anydoa model` draws of a network, from a model folder without torch or from a checkpoint with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from anydoa.cli.options import require_extra
from anydoa.errors import CheckpointError
from anydoa.io.output import note_input

if TYPE_CHECKING:
    from anydoa.geometry import MicrophoneArray
    from anydoa.geometry.grid import DirectionGrid
    from anydoa.networks import AggRl

_RUN_MODEL = "model.safetensors"  # weights in the folder of a run
_NUM_ARRAYS = 100


@dataclass(frozen=True, eq=False)
class Bins:
    """The bins of a transform.

    Args:
        name: name of the model.
        bins_hz: where they are.
        start_hz: where they were before they were learned; None for bins that never were.
        sample_rate: samples a second.
    """

    name: str
    bins_hz: Float[np.ndarray, "bin"]
    start_hz: Float[np.ndarray, "bin"] | None
    sample_rate: int


def read_bins(model: str) -> Bins:
    """The bins of a model folder, or of an AGG-RL checkpoint.

    Args:
        model: a model as :func:`anydoa.estimators.model.find_model` takes it, or a checkpoint or run of
            training.

    Raises:
        CheckpointError: if there is no such model.
    """
    from anydoa.estimators.model import find_model
    from anydoa.networks import AggRlConfig

    checkpoint = _checkpoint(model)
    if checkpoint is not None:
        network, name = _load(checkpoint)
        bins = network.augeonet.transform.bins.detach().numpy()
        hertz_per_bin = network.config.sample_rate / network.config.window_length
        return Bins(name, bins * hertz_per_bin, network.config.start_bins_hz, network.config.sample_rate)
    card = find_model(model).card
    bins_hz, config = np.array(card.bins_hz), card.config
    if card.architecture != "agg-rl":
        return Bins(card.name, bins_hz, None, config["axis"]["sample_rate"])
    return Bins(card.name, bins_hz, AggRlConfig.from_dict(config).start_bins_hz, config["sample_rate"])


def read_latents(model: str, grid: "DirectionGrid") -> tuple[str, Float[np.ndarray, "grid latent"]]:
    """Name of a model, and what its Gridnet makes of each direction for the last output.

    Args:
        model: the same as for :func:`read_bins`.
        grid: the directions.

    Raises:
        CheckpointError: if there is no such model, or it has no Gridnet.
    """
    from anydoa.estimators import AggRlEstimator
    from anydoa.estimators.model import find_model

    checkpoint = _checkpoint(model)
    if checkpoint is not None:
        return _latents_in_torch(checkpoint, grid)
    folder = find_model(model)
    if folder.card.architecture != "agg-rl":
        raise _without_gridnet(model, f"{folder.card.name!r} is of {folder.card.architecture!r}")
    # Behind the latent space stand the directions that PlaneWaveNet scores.
    size = folder.card.config["latent_size"]
    scaled = AggRlEstimator(folder).grid_representation(grid)[:size].T
    return folder.card.name, scaled * np.float32(np.sqrt(size))  # an exported Gridnet divides by the root


def random_arrays() -> "list[MicrophoneArray]":
    """Arrays as the published training draws them: 4 to 12 microphones in balls of 7 to 13 cm, seeded."""
    from anydoa.simulation import sample_dynamic_array

    rng = np.random.default_rng(0)
    return [sample_dynamic_array(int(rng.integers(4, 13)), rng) for _ in range(_NUM_ARRAYS)]


def _checkpoint(model: str) -> Path | None:
    """The weights that a path leads to; None if it is the name or the folder of a model."""
    path = Path(model)
    if (path / _RUN_MODEL).is_file():
        return path / _RUN_MODEL
    return path if path.suffix == ".safetensors" else None


def _load(checkpoint: Path) -> "tuple[AggRl, str]":
    require_extra("drawing a checkpoint", "train", ("torch", "safetensors"))
    note_input(checkpoint, "file of weights")
    from anydoa.networks import load_checkpoint

    network = load_checkpoint(checkpoint).network
    return network, checkpoint.parent.name if checkpoint.name == _RUN_MODEL else checkpoint.stem


def _latents_in_torch(
    checkpoint: Path, grid: "DirectionGrid"
) -> tuple[str, Float[np.ndarray, "grid latent"]]:
    network, name = _load(checkpoint)
    if network.config.output != "grid":
        raise _without_gridnet(str(checkpoint), f"its output is {network.config.output!r}")
    import torch

    with torch.no_grad():
        latents = network.gridnet(torch.from_numpy(grid.directions.astype(np.float32)))[-1]
    return name, latents.numpy()


def _without_gridnet(model: str, what: str) -> CheckpointError:
    return CheckpointError(
        f"{model}: a map shows what Gridnet makes of directions, and {what}, without one; "
        'take agg-rl or a network trained with output = "grid"'
    )

"""A steered estimator from a model folder."""

from typing import Any

from anydoa.errors import CheckpointError, ConfigError
from anydoa.runtime.folder import MASK_FILE, SCORE_FILE, ModelFolder
from anydoa.steered.bin_features import BinAxis
from anydoa.steered.estimator import SteeredEstimator
from anydoa.steered.mask_network import MaskNetwork
from anydoa.steered.options import SteeredOptions
from anydoa.steered.score_network import ScoreNetwork

AXIS_KEY, OPTIONS_KEY = "axis", "options"  # of the card's config


def load_steered(folder: ModelFolder, *, num_threads: int = 1) -> SteeredEstimator:
    """The estimator that a folder describes.

    Args:
        folder: card, mask network and score network.
        num_threads: threads inside an operator of the networks.

    Raises:
        CheckpointError: if the graph or the choices in the card cannot be used.
    """
    config: dict[str, Any] = folder.card.config
    try:
        axis = BinAxis(**config[AXIS_KEY])
        options = SteeredOptions.from_dict(config[OPTIONS_KEY])
    except (KeyError, TypeError, ConfigError) as error:
        raise CheckpointError(
            f"{folder.path}: the card has no usable choices ({error}); export again"
        ) from None
    return SteeredEstimator(
        MaskNetwork(folder.path / MASK_FILE, num_threads=num_threads),
        ScoreNetwork(folder.path / SCORE_FILE, num_threads=num_threads),
        name=folder.card.name,
        axis=axis,
        options=options,
        threshold=folder.card.threshold,
        weights_hash=folder.weights_hash,
        card=folder.card,
    )

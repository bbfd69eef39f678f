"""Model folders: graphs and a card, in the package, on disk or on a hub."""

import hashlib
from functools import cached_property
from importlib import resources
from pathlib import Path

from anydoa.errors import CheckpointError, MissingExtraError
from anydoa.estimators.model.card import ModelCard
from anydoa.io.output import note_input

AUGEONET_FILE = "augeonet.onnx"
GRIDNET_FILE = "gridnet.onnx"
MASK_FILE = "mask.onnx"
SCORE_FILE = "score.onnx"
WIDE_MASK_FILE = "wide-mask.onnx"
WIDE_SCORE_FILE = "wide-score.onnx"
CARD_FILE = "card.json"
STATE_PREFIX = "state_"  # begins the inputs of augeonet that hold its memory; its outputs say next_ before it
PLANE_WAVES = "plane_waves"  # input of augeonet: what plane waves look like to the microphones
HUB_PREFIX = "hub:"
_GRAPHS = {"agg-rl": (AUGEONET_FILE, GRIDNET_FILE), "steered": (MASK_FILE, SCORE_FILE)}
"""Graphs of each architecture."""
_MORE_GRAPHS = {"steered": (WIDE_MASK_FILE, WIDE_SCORE_FILE)}
"""Graphs that a model may have besides."""
MODEL_FILES = (CARD_FILE, *sorted(sum((*_GRAPHS.values(), *_MORE_GRAPHS.values()), ())))
"""All that a model folder may hold."""


class ModelFolder:
    """A model that runs without torch.

    Args:
        path: the folder.

    Raises:
        CheckpointError: if the card or a graph is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not (path / CARD_FILE).is_file():
            raise CheckpointError(
                f"{path}: a model folder holds {CARD_FILE}, which is missing; "
                "write one with `anydoa model export`"
            )
        missing = [graph.name for graph in self.graphs if not graph.is_file()]
        if missing:
            raise CheckpointError(
                f"{path}: a folder of {self.card.architecture!r} holds {missing[0]}, which is missing; "
                "write one with `anydoa model export`"
            )
        for file in (path / CARD_FILE, *self.graphs):
            note_input(file, "model that is used")

    @cached_property
    def graphs(self) -> tuple[Path, ...]:
        """The graphs of the model.

        Raises:
            CheckpointError: if this version knows no such architecture.
        """
        if self.card.architecture not in _GRAPHS:
            raise CheckpointError(
                f"{self.path}: architecture {self.card.architecture!r} is none of {', '.join(_GRAPHS)}; "
                "install a newer anydoa"
            )
        more = [self.path / name for name in _MORE_GRAPHS.get(self.card.architecture, ())]
        graphs = [self.path / name for name in _GRAPHS[self.card.architecture]]
        return (*graphs, *(graph for graph in more if graph.is_file()))

    @cached_property
    def card(self) -> ModelCard:
        """What the model is."""
        return ModelCard.read(self.path / CARD_FILE)

    @cached_property
    def weights_hash(self) -> str:
        """Twelve hex digits of all graphs; results carry it."""
        digest = hashlib.sha256()
        for graph in self.graphs:
            digest.update(graph.read_bytes())
        return digest.hexdigest()[:12]

    @property
    def num_bytes(self) -> int:
        """Size of all graphs."""
        return sum(graph.stat().st_size for graph in self.graphs)


def list_models() -> tuple[str, ...]:
    """Names of the models inside the package, sorted."""
    return tuple(sorted(path.parent.name for path in _bundled_root().glob(f"*/{CARD_FILE}")))


def find_model(place: str | Path) -> ModelFolder:
    """The model with this name, in this folder, or at this place on a hub.

    Args:
        place: name of a bundled model, path of a folder, or ``hub:org/name`` with an optional ``@revision``.

    Raises:
        CheckpointError: if there is none.
        MissingExtraError: for a hub, if its client is not installed.
    """
    text = str(place)
    if text.startswith(HUB_PREFIX):
        return ModelFolder(_download(text.removeprefix(HUB_PREFIX)))
    if text in list_models():
        return ModelFolder(_bundled_root() / text)
    if Path(place).is_dir():
        return ModelFolder(Path(place))
    known = ", ".join(list_models()) or "none"
    raise CheckpointError(f"no model {text!r}; bundled: {known}; or give a folder or hub:org/name@revision")


def _bundled_root() -> Path:
    return Path(str(resources.files("anydoa.estimators.model"))) / "weights"


def _download(place: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError as error:
        raise MissingExtraError("loading a model from a hub", "hub", error) from None
    name, _, revision = place.partition("@")
    try:
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=list(MODEL_FILES)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise CheckpointError(
            f"hub:{place}: cannot be loaded ({str(error).splitlines()[0]}); check name, revision and network"
        ) from None

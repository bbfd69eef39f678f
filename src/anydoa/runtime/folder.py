"""Model folders: two graphs and a card, in the package, on disk or on a hub."""

import hashlib
from functools import cached_property
from importlib import resources
from pathlib import Path

from anydoa.errors import CheckpointError, MissingExtraError
from anydoa.runtime.card import ModelCard

AUGEONET_FILE = "augeonet.onnx"
GRIDNET_FILE = "gridnet.onnx"
CARD_FILE = "card.json"
STATE_PREFIX = "state_"  # of the inputs of augeonet that hold its memory; outputs say next_ before it
HUB_PREFIX = "hub:"


class ModelFolder:
    """A model that runs without torch.

    Args:
        path: the folder.

    Raises:
        CheckpointError: if the card or a graph is missing.
    """

    def __init__(self, path: Path) -> None:
        missing = [name for name in (CARD_FILE, AUGEONET_FILE, GRIDNET_FILE) if not (path / name).is_file()]
        if missing:
            raise CheckpointError(
                f"{path}: a model folder holds {CARD_FILE}, {AUGEONET_FILE} and {GRIDNET_FILE}, "
                f"but {missing[0]} is missing; write one with `anydoa export`"
            )
        self.path = path

    @cached_property
    def card(self) -> ModelCard:
        """What the model is."""
        try:
            return ModelCard.from_json((self.path / CARD_FILE).read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            raise CheckpointError(f"{self.path / CARD_FILE}: not text; export the model again") from None

    @cached_property
    def weights_hash(self) -> str:
        """Twelve hex digits of both graphs; results carry it."""
        digest = hashlib.sha256()
        for name in (AUGEONET_FILE, GRIDNET_FILE):
            digest.update((self.path / name).read_bytes())
        return digest.hexdigest()[:12]

    @property
    def num_bytes(self) -> int:
        """Size of both graphs."""
        return sum((self.path / name).stat().st_size for name in (AUGEONET_FILE, GRIDNET_FILE))


def list_models() -> tuple[str, ...]:
    """Names of the models inside the package, sorted."""
    return tuple(sorted(path.parent.name for path in _bundled_root().glob(f"*/{CARD_FILE}")))


def find_model(source: str | Path) -> ModelFolder:
    """The model with this name, in this folder, or at this place on a hub.

    Args:
        source: name of a bundled model, path of a folder, or ``hub:org/name`` with an optional ``@revision``.

    Raises:
        CheckpointError: if there is none.
        MissingExtraError: for a hub, if its client is not installed.
    """
    text = str(source)
    if text.startswith(HUB_PREFIX):
        return ModelFolder(_download(text.removeprefix(HUB_PREFIX)))
    if text in list_models():
        return ModelFolder(_bundled_root() / text)
    if Path(source).is_dir():
        return ModelFolder(Path(source))
    known = ", ".join(list_models()) or "none"
    raise CheckpointError(f"no model {text!r}; bundled: {known}; or give a folder or hub:org/name@revision")


def _bundled_root() -> Path:
    return Path(str(resources.files("anydoa.runtime"))) / "weights"


def _download(place: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError:
        raise MissingExtraError("loading a model from a hub", "hub") from None
    name, _, revision = place.partition("@")
    wanted = [CARD_FILE, AUGEONET_FILE, GRIDNET_FILE]
    try:
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=wanted))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise CheckpointError(
            f"hub:{place}: cannot be loaded ({str(error).splitlines()[0]}); check name, revision and network"
        ) from None

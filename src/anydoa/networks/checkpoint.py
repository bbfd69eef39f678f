"""Weights on disk: one safetensors file that also holds, as JSON, the configuration of the network.

No pickle: reading a checkpoint runs no code. Another network gets its type in ``AnyNetwork``, its name in
``_NAMES`` and a function that reads it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from torch import Size, Tensor

from anydoa.errors import CheckpointError, ConfigError
from anydoa.io.output import note_input, whole_file
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.config import AggRlConfig
from anydoa.networks.mask_net import MaskNet, MaskNetConfig
from anydoa.networks.score_net import ScoreNet, ScoreNetConfig

SCHEMA = "anydoa-checkpoint-2"
_KEY = "anydoa"

AnyNetwork = AggRl | MaskNet | ScoreNet
"""Every network that is trained."""

Network = TypeVar("Network", bound=AnyNetwork)
_NAMES: dict[type, str] = {AggRl: "agg-rl", MaskNet: "mask", ScoreNet: "score"}


@dataclass(frozen=True, eq=False)
class Checkpoint(Generic[Network]):
    """A network and what was written down about it.

    Args:
        network: the network in evaluation mode.
        notes: what was given when it was saved.
    """

    network: Network
    notes: dict[str, Any]


def save_checkpoint(path: str | Path, network: AnyNetwork, notes: Mapping[str, Any] | None = None) -> None:
    """Write a network; a file that exists is replaced in one step.

    Args:
        path: file to write.
        network: weights and configuration.
        notes: anything JSON can hold: origin, training, figures.
    """
    header = {
        "schema": SCHEMA,
        "model": _NAMES[type(network)],
        "config": network.config.to_dict(),
        "notes": dict(notes or {}),
    }
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    with whole_file(Path(path)) as partial:
        try:
            save_file(state, partial, metadata={_KEY: json.dumps(header)})
        except SafetensorError as error:  # also what the system refuses
            raise CheckpointError(f"{path}: cannot be written ({error}); is there room?") from None


def load_checkpoint(path: str | Path) -> Checkpoint[AggRl]:
    """Read an AGG-RL network.

    Raises:
        CheckpointError: if the file is missing, damaged or of another kind.
    """
    return _load(Path(path), AggRl, lambda values: AggRl(AggRlConfig.from_dict(values)))


def load_mask_checkpoint(path: str | Path) -> Checkpoint[MaskNet]:
    """Read the mask network of steered.

    Raises:
        CheckpointError: if the file is missing, damaged or of another kind.
    """
    return _load(Path(path), MaskNet, lambda values: MaskNet(MaskNetConfig.from_dict(values)))


def load_score_checkpoint(path: str | Path) -> Checkpoint[ScoreNet]:
    """Read the score network of steered.

    Raises:
        CheckpointError: if the file is missing, damaged or of another kind.
    """
    return _load(Path(path), ScoreNet, lambda values: ScoreNet(ScoreNetConfig.from_dict(values)))


def checkpoint_kind(path: str | Path) -> str:
    """Which network a file holds: ``agg-rl``, ``mask`` or ``score``.

    Raises:
        CheckpointError: if the file is missing, damaged or of another kind.
    """
    kind: str = _read(Path(path))[0]["model"]
    return kind


def _load(path: Path, kind: type[Network], make: Callable[[dict[str, Any]], Network]) -> Checkpoint[Network]:
    header, state = _read(path)
    if header["model"] != _NAMES[kind]:
        raise CheckpointError(
            f"{path}: holds a network {header['model']!r}, not {_NAMES[kind]!r}; give another file"
        )
    try:
        network = make(header["config"])
    except ConfigError as error:
        raise CheckpointError(f"{path}: {error}; was it written by a newer anydoa?") from error
    expected: dict[str, Size] = {name: one.shape for name, one in network.state_dict().items()}
    found: dict[str, Size] = {name: one.shape for name, one in state.items()}
    if found != expected:
        wrong = min(name for name in {*found, *expected} if found.get(name) != expected.get(name))
        raise CheckpointError(
            f"{path}: tensor {wrong!r} does not fit the configuration beside it; is the file whole?"
        )
    network.load_state_dict(state)
    network.eval()
    return Checkpoint(network, header["notes"])


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; check the name")
    note_input(path, "file of weights")
    try:
        with safe_open(path, framework="pt") as archive:
            header = json.loads((archive.metadata() or {}).get(_KEY, "null"))
            state = {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118, not a mapping
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise CheckpointError(
            f"{path}: not a readable safetensors file ({error}); is it whole? published archives need "
            "`anydoa model import`"
        ) from error
    if not isinstance(header, dict) or header.get("schema") != SCHEMA:
        raise CheckpointError(
            f"{path}: not an anydoa checkpoint; published archives need `anydoa model import`"
        )
    return header, state

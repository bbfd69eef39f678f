"""`anydoa export`: from a checkpoint of training to a folder that runs without torch."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anydoa.cli.extra import require_extra
from anydoa.cli.printing import tell
from anydoa.errors import ConfigError
from anydoa.io.output import check_outputs, note_input, prepare_folder

if TYPE_CHECKING:
    from anydoa.estimators.model import ModelCard


def export(
    checkpoint: Annotated[Path, typer.Argument(help="Weights: a .safetensors file of this package.")],
    output: Annotated[Path, typer.Argument(help="Folder to write: graphs and a card.")],
    card: Annotated[
        Path | None, typer.Option(help="Card of the model (JSON); without one, what the checkpoint knows.")
    ] = None,
    metrics: Annotated[
        Path | None, typer.Option(help="Rows for the card, as `anydoa evaluate --json` prints them.")
    ] = None,
    score: Annotated[
        Path | None, typer.Option(help="Checkpoint of the score network, for a checkpoint of a mask network.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model; default: that of the folder.")] = None,
    float16: Annotated[
        bool, typer.Option("--float16", help="Store weights in half the space; computing stays in float32.")
    ] = False,
) -> None:
    """Write a model that runs without torch, checked against torch."""
    require_extra("exporting a model", "train", ("torch", "onnx", "safetensors"))
    from anydoa.errors import CheckpointError
    from anydoa.estimators.model import ModelFolder
    from anydoa.export import agg_rl_card, export_agg_rl, export_steered, steered_card
    from anydoa.networks import checkpoint_kind, load_checkpoint, load_mask_checkpoint, load_score_checkpoint

    for read, what in ((card, "card"), (metrics, "file of rows")):
        if read is not None:
            note_input(read, what)
    if card is not None and not card.is_file():
        raise CheckpointError(f"{card}: no such card; leave --card out to make one from the checkpoint")
    _prepare(output)
    like = ModelCard.from_json(card.read_text(encoding="utf-8", errors="replace")) if card else None
    title = name or output.name
    rows = None if metrics is None else _read_rows(metrics)
    kind = checkpoint_kind(checkpoint)
    if (kind == "mask") != (score is not None):
        raise ConfigError(
            "a steered model is a mask network, given first, and a score network, given by --score; "
            f"{checkpoint} is of {kind!r}"
        )
    if score is not None:
        if float16:
            raise ConfigError("a steered model is stored in single precision; leave --float16 out")
        masks, scores = load_mask_checkpoint(checkpoint), load_score_checkpoint(score)
        described = _with_rows(steered_card(masks, scores, title, like=like), rows)
        difference = export_steered(masks.network, scores.network, described, output)
    else:
        loaded = load_checkpoint(checkpoint)
        described = _with_rows(agg_rl_card(loaded, title, like=like), rows)
        difference = export_agg_rl(loaded.network, described, output, float16=float16)
    size = ModelFolder(output).num_bytes
    tell(f"wrote {output} ({size / 1e6:.1f} MB); largest difference from torch {difference:.1e}")


def _prepare(output: Path) -> None:
    """Find out before any work is done whether the model can be written."""
    from anydoa.estimators.model import CARD_FILE

    made = not output.exists()
    prepare_folder(output)
    check_outputs(output / CARD_FILE)
    if made:
        output.rmdir()  # it appears when it is whole


def _with_rows(card: "ModelCard", rows: "tuple[dict[str, object], ...] | None") -> "ModelCard":
    return card if rows is None else dataclasses.replace(card, metrics=rows)


def _read_rows(path: Path) -> tuple[dict[str, object], ...]:
    from anydoa.errors import CheckpointError

    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{path}: no rows of an evaluation ({error}); write them with evaluate --json"
        ) from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CheckpointError(f"{path}: no list of rows; write it with evaluate --json")
    return tuple(rows)

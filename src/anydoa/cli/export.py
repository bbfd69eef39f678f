"""`anydoa export`: from a checkpoint of training to a folder that runs without torch."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer


def export(
    checkpoint: Annotated[Path, typer.Argument(help="Weights: a .safetensors file of this package.")],
    output: Annotated[Path, typer.Argument(help="Folder to write: two graphs and a card.")],
    card: Annotated[
        Path | None, typer.Option(help="Card of the model (JSON); without one, what the checkpoint knows.")
    ] = None,
    metrics: Annotated[
        Path | None, typer.Option(help="Rows for the card, as `anydoa evaluate --json` prints them.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model; default: that of the folder.")] = None,
    float16: Annotated[
        bool, typer.Option("--float16", help="Store weights in half the space; computing stays in float32.")
    ] = False,
) -> None:
    """Write a model that runs without torch, checked against torch."""
    from importlib.util import find_spec

    from anydoa.errors import CheckpointError, MissingExtraError

    if any(find_spec(package) is None for package in ("torch", "onnx", "safetensors")):
        raise MissingExtraError("exporting a model", "train")
    from anydoa.export import card_of, export_model
    from anydoa.models.checkpoint import load_checkpoint
    from anydoa.runtime.card import ModelCard

    loaded = load_checkpoint(checkpoint)
    title = name or output.name
    if card is None:
        described = card_of(loaded, title)
    elif card.is_file():
        written = ModelCard.from_json(card.read_text(encoding="utf-8", errors="replace"))
        described = dataclasses.replace(card_of(loaded, title, like=written), name=title)
    else:
        raise CheckpointError(f"{card}: no such card; leave --card out to make one from the checkpoint")
    if metrics is not None:
        described = dataclasses.replace(described, metrics=_read_rows(metrics))
    report = export_model(loaded.network, described, output, float16=float16)
    typer.echo(
        f"wrote {report.folder} ({report.num_bytes / 1e6:.1f} MB); "
        f"largest difference from torch {report.largest_difference:.1e}"
    )


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

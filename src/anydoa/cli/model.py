"""`anydoa model`: which networks there are, what they are, and the way from a checkpoint to one that runs."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from anydoa.cli.options import PICTURE, parse_output_file, require_extra
from anydoa.cli.printing import print_table, tell
from anydoa.errors import CheckpointError, ConfigError
from anydoa.io import DEFAULT_GRID
from anydoa.io.output import check_outputs, note_input, prepare_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anydoa.estimators.model import ModelCard

app = typer.Typer(help="The networks: list, info, bins, map, export, import.", no_args_is_help=True)

_Model = Annotated[str, typer.Argument(help="Name, folder or hub:org/name@revision.")]
_DrawnModel = Annotated[
    str, typer.Argument(help="Name, folder, hub:org/name@revision, run of training or .safetensors.")
]


@app.command("list")
def list_command(
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="Form of the list.")] = "table",
) -> None:
    """Name the models inside the package."""
    from rich.table import Table

    from anydoa.estimators.model import find_model, list_models

    names = list_models()
    if form == "json":
        typer.echo(json.dumps(list(names)))
        return
    table = Table("name", "what", "trained for", "MB", "weights", box=None, pad_edge=False)
    for name in names:
        folder = find_model(name)
        fewest, most = folder.card.trained_range.microphones
        size = f"{folder.num_bytes / 1e6:.1f}"
        table.add_row(name, folder.card.title, f"{fewest}..{most} microphones", size, folder.weights_hash)
    print_table(table if names else "no model is bundled with this installation")


@app.command("info")
def info_command(
    model: _Model,
    form: Annotated[
        Literal["table", "json"], typer.Option("--format", help="Form; json is the card as it is stored.")
    ] = "table",
) -> None:
    """Print the card of a model: what it was trained on, how good it is, where it fails."""
    from rich.table import Table

    from anydoa.estimators.model import find_model

    folder = find_model(model)
    card = folder.card
    if form == "json":
        typer.echo(card.to_json(), nl=False)
        return
    covered = card.trained_range
    ranges = (
        f"{covered.microphones[0]}..{covered.microphones[1]} microphones, "
        f"span {covered.span_m[0] * 100:.0f}..{covered.span_m[1] * 100:.0f} cm, "
        f"RT60 {covered.rt60_s[0]:g}..{covered.rt60_s[1]:g} s, "
        f"SNR {covered.snr_db[0]:g}..{covered.snr_db[1]:g} dB, "
        f"{covered.talkers[0]}..{covered.talkers[1]} talkers"
    )
    plain = str.maketrans("", "", '{}"')
    facts = Table(box=None, pad_edge=False, show_header=False)
    for key, value in (
        ("model", f"{card.name}: {card.title}"),
        ("architecture", f"{card.architecture}, {folder.num_bytes / 1e6:.1f} MB"),
        ("weights", f"{folder.weights_hash}, {card.licence}"),
        ("trained for", ranges),
        *(("data", source) for source in card.data),
        *(
            ("training", f"{key}: {json.dumps(value).translate(plain)}")
            for key, value in card.training.items()
        ),
        *(("fails", failure) for failure in card.failures),
    ):
        facts.add_row(key, value)
    print_table(facts, *_metric_tables(card.metrics))


@app.command("bins")
def bins_command(
    model: _DrawnModel,
    array: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="Array whose phases are looked at; default: random ones."),
    ] = None,
    output: Annotated[Path, PICTURE] = Path("bins.png"),
) -> None:
    """Draw where the transform has its bins, where they were before learning, and where phases tell most."""
    from anydoa.cli.model_pictures import random_arrays, read_bins
    from anydoa.io import load_array
    from anydoa.plotting import draw_bin_density

    bins = read_bins(model)
    draw_bin_density(
        bins.bins_hz,
        output,
        sample_rate=bins.sample_rate,
        start_hz=bins.start_hz,
        arrays=random_arrays() if array is None else [load_array(array)],
        title=f"Bins of {bins.name}",
    )
    tell(f"wrote {output}")


@app.command("map")
def map_command(
    model: _DrawnModel,
    grid: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Directions: fibonacci:N, icosphere:N, a file.")
    ] = DEFAULT_GRID,
    output: Annotated[Path, PICTURE] = Path("map.png"),
) -> None:
    """Draw how a network sees the sphere: its latent space of directions on two principal components."""
    from anydoa.cli.model_pictures import read_latents
    from anydoa.io import load_grid
    from anydoa.plotting import draw_latent_map

    directions = load_grid(grid)
    name, latents = read_latents(model, directions)
    title = f"{len(directions)} directions in the latent space of {name}"
    draw_latent_map(latents, directions, output, title=title)
    tell(f"wrote {output}")


@app.command("export")
def export_command(
    checkpoint: Annotated[Path, typer.Argument(help="Weights: a .safetensors file of this package.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder to write: graphs and a card.")
    ],
    card: Annotated[
        Path | None, typer.Option(help="Card of the model (JSON); without one, what the checkpoint knows.")
    ] = None,
    metrics: Annotated[
        Path | None,
        typer.Option(help="Rows for the card, as `anydoa evaluate --format json` prints them."),
    ] = None,
    score: Annotated[
        Path | None, typer.Option(help="Checkpoint of the score network, for a checkpoint of a mask network.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model; default: that of the folder.")] = None,
    float16: Annotated[
        bool, typer.Option("--float16", help="Store weights in half the space; computing stays in float32.")
    ] = False,
) -> None:
    """Write a checkpoint of training as a model that runs without torch, checked against torch."""
    require_extra("exporting a model", "train", ("torch", "onnx", "safetensors"))
    from anydoa.estimators.model import CARD_FILE, ModelCard, ModelFolder
    from anydoa.export import agg_rl_card, export_agg_rl, export_steered, steered_card
    from anydoa.networks import checkpoint_kind, load_checkpoint, load_mask_checkpoint, load_score_checkpoint

    for read, what in ((card, "card"), (metrics, "file of rows")):
        if read is not None:
            note_input(read, what)
    if card is not None and not card.is_file():
        raise CheckpointError(f"{card}: no such card; leave --card out to make one from the checkpoint")
    # Whether the folder can be written is found out before any work; it appears when it is whole.
    is_new = not output.exists()
    check_outputs(prepare_folder(output) / CARD_FILE)
    if is_new:
        output.rmdir()
    like = None if card is None else ModelCard.read(card)
    rows = None if metrics is None else _read_rows(metrics)
    title = name or output.name
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


@app.command("import")
def import_command(
    checkpoint: Annotated[Path, typer.Argument(help="Torch archive with a model_state_dict.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            parser=parse_output_file,
            help="Checkpoint to write, such as reference.safetensors.",
        ),
    ],
    mic_encoding: Annotated[
        Literal["fm", "pm"],
        typer.Option(help="Microphone encoding it was trained with, fm or pm; the archive does not say."),
    ] = "fm",
) -> None:
    """Turn a published AGG-RL checkpoint into ours; its oddities are kept, so its results are too."""
    require_extra("importing published weights", "train", ("torch", "safetensors"))
    note_input(checkpoint, "file of weights")
    from anydoa.networks import import_reference, save_checkpoint

    network = import_reference(checkpoint, mic_encoding=mic_encoding)
    save_checkpoint(output, network, {"origin": f"published AGG-RL checkpoint {checkpoint.name}"})
    count = sum(parameter.numel() for parameter in network.parameters())
    tell(f"wrote {output}: {count:,} parameters, microphone encoding {mic_encoding}, compat reference")


def _metric_tables(rows: "Sequence[dict[str, Any]]") -> "list[Any]":
    """The rows of an evaluation, under the names of their columns, without what tells little of a model."""
    from rich.table import Table

    left_out = ("estimator", "clips", "real_time_factor")
    names = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in left_out]
    if not names:
        return []
    table = Table(*(name.replace("_", " ") for name in names), box=None, pad_edge=False)
    for row in rows:
        cells = (row.get(name, "") for name in names)
        table.add_row(*(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in cells))
    return ["", table]


def _with_rows(card: "ModelCard", rows: "tuple[dict[str, Any], ...] | None") -> "ModelCard":
    return card if rows is None else dataclasses.replace(card, metrics=rows)


def _read_rows(path: Path) -> tuple[dict[str, Any], ...]:
    """The rows of an evaluation, for a card.

    Raises:
        CheckpointError: if the file holds none.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{path}: no rows of an evaluation ({error}); write them with evaluate --format json"
        ) from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CheckpointError(f"{path}: no list of rows; write it with evaluate --format json")
    return tuple(rows)

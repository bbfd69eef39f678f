"""`anydoa model`: which networks there are, what they are, and where their bins lie."""

import json
from pathlib import Path
from typing import Annotated

import typer

from anydoa.cli.printing import tell

app = typer.Typer(help="The networks: list, info, bins.", no_args_is_help=True)


@app.command("list")
def list_command(as_json: Annotated[bool, typer.Option("--json", help="A list of names.")] = False) -> None:
    """Name the models inside the package."""
    from rich.console import Console
    from rich.table import Table

    from anydoa.estimators.model import find_model, list_models

    names = list_models()
    if as_json:
        typer.echo(json.dumps(list(names)))
        return
    table = Table("name", "what", "trained for", "MB", "weights", box=None, pad_edge=False)
    for name in names:
        folder = find_model(name)
        fewest, most = folder.card.trained_range.microphones
        size = f"{folder.num_bytes / 1e6:.1f}"
        table.add_row(name, folder.card.title, f"{fewest}..{most} microphones", size, folder.weights_hash)
    Console(markup=False).print(table if names else "no model is bundled with this installation")


@app.command("info")
def info_command(
    model: Annotated[str, typer.Argument(help="Name, folder or hub:org/name@revision.")],
    as_json: Annotated[bool, typer.Option("--json", help="The card as it is stored.")] = False,
) -> None:
    """Print the card of a model: what it was trained on, how good it is, where it fails."""
    from anydoa.estimators.model import find_model

    folder = find_model(model)
    card = folder.card
    if as_json:
        typer.echo(card.to_json(), nl=False)
        return
    covered = card.trained_range
    lines = [
        f"{card.name}: {card.title}",
        f"architecture  {card.architecture}, {folder.num_bytes / 1e6:.1f} MB",
        f"weights       {folder.weights_hash}, {card.licence}",
        f"trained for   {covered.microphones[0]}..{covered.microphones[1]} microphones, "
        f"span {covered.span_m[0] * 100:.0f}..{covered.span_m[1] * 100:.0f} cm, "
        f"RT60 {covered.rt60_s[0]:g}..{covered.rt60_s[1]:g} s, "
        f"SNR {covered.snr_db[0]:g}..{covered.snr_db[1]:g} dB, "
        f"{covered.talkers[0]}..{covered.talkers[1]} talkers",
        *(f"data          {source}" for source in card.data),
        *(f"{key:<13} {value}" for key, value in card.training.items()),
        *(f"metric        {json.dumps(row)}" for row in card.metrics),
        *(f"fails         {failure}" for failure in card.failures),
    ]
    tell("\n".join(lines))


@app.command("bins")
def bins_command(
    model: Annotated[str, typer.Argument(help="Name, folder or hub:org/name@revision.")],
    array: Annotated[
        str | None, typer.Option(help="Array whose useful band is shaded: name or file.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Picture to write.")] = Path("bins.png"),
) -> None:
    """Draw where the learnable transform has put its frequency bins."""
    import numpy as np

    from anydoa.estimators.model import find_model
    from anydoa.io import load_array
    from anydoa.plotting import draw_bin_density

    card = find_model(model).card
    draw_bin_density(
        np.array(card.bins_hz),
        output,
        sample_rate=card.config.get("axis", card.config)["sample_rate"],
        array=None if array is None else load_array(array),
        title=f"Bins of {card.name}",
    )
    tell(f"wrote {output}")

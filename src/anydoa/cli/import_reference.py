"""`anydoa import-reference`: a published AGG-RL checkpoint in our format."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from anydoa.cli.extra import require_extra
from anydoa.cli.printing import tell
from anydoa.io.output import note_input


def import_reference(
    checkpoint: Annotated[Path, typer.Argument(help="Torch archive with a model_state_dict.")],
    out: Annotated[Path, typer.Argument(help="Checkpoint to write, such as reference.safetensors.")],
    mic_encoding: Annotated[
        Literal["fm", "pm"],
        typer.Option(help="Microphone encoding it was trained with, fm or pm; the archive does not say."),
    ] = "fm",
) -> None:
    """Turn a published AGG-RL checkpoint into ours; its oddities are kept, so its results are too."""
    require_extra("importing published weights", "train", ("torch", "safetensors"))
    note_input(checkpoint, "file of weights")
    from anydoa.networks import import_reference as read_reference
    from anydoa.networks import save_checkpoint

    network = read_reference(checkpoint, mic_encoding=mic_encoding)
    save_checkpoint(out, network, {"origin": f"published AGG-RL checkpoint {checkpoint.name}"})
    count = sum(parameter.numel() for parameter in network.parameters())
    tell(f"{out}: {count:,} parameters, microphone encoding {mic_encoding}, compat reference")

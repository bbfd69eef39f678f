"""``anydoa rooms``: a bank of rooms, their impulse responses computed once, to train with."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from anydoa.cli.engine import EngineOption, JobsOption, SchedulerOption, runner
from anydoa.cli.printing import progress_bar
from anydoa.cli.room_options import (
    RandomArrayOption,
    Rt60Option,
    ShapesOption,
    SphereOption,
    known_array,
    num_knots,
    plan_rooms,
)
from anydoa.errors import ConfigError

_USUAL_CLIP_S = 4.0


def rooms(
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Folder of the bank; made if need be. One that was begun goes on."
        ),
    ],
    count: Annotated[int, typer.Option(min=1, help="How many rooms.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same rooms.")] = 0,
    jobs: JobsOption = 1,
    engine: EngineOption = "local",
    scheduler: SchedulerOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
    rt60: Rt60Option = "0.2:1.3",
    moving: Annotated[
        bool,
        typer.Option(
            "--moving", help="Talkers walk through each clip: name its --duration.", rich_help_panel="Scenes"
        ),
    ] = False,
    duration: Annotated[
        float | None,
        typer.Option(
            min=0.1, help="Seconds of the clips that talkers walk through; else 4.", rich_help_panel="Scenes"
        ),
    ] = None,
    array: RandomArrayOption = "random:4-12",
    shapes: ShapesOption = "ball",
    sphere: SphereOption = False,
) -> None:
    """Compute the impulse responses of rooms into a folder for `anydoa train`."""
    from anydoa.simulation import build_bank
    from anydoa.simulation.mixing import LONGEST_S
    from anydoa.simulation.recipe import check_within

    if duration is not None and not moving:
        raise ConfigError("--duration says how far talkers walk in a clip; add --moving, or leave it out")
    duration = _USUAL_CLIP_S if duration is None else duration
    check_within("--duration", (duration,), 0.1, LONGEST_S, " s")
    plan = replace(
        plan_rooms(array, known_array(array, sphere=sphere), shapes=shapes, rt60=rt60),
        num_rooms=count,
        seed=seed,
        num_knots=num_knots(duration) if moving else 1,
    )
    folder = output if engine == "local" else output.absolute()
    with (
        progress_bar("rooms", quiet=quiet) as report,
        runner(engine, jobs, scheduler) as run_each,
    ):
        build_bank(folder, plan, run_each=run_each, report=lambda done: report(done, count))

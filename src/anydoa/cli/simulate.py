"""``anydoa simulate``: recordings of scenes with known truth."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from anydoa.cli.engine import EngineOption, JobsOption, SchedulerOption, check_engine, runner
from anydoa.cli.options import ARRAY, OUTPUT
from anydoa.cli.printing import progress_bar
from anydoa.cli.room_options import (
    SCENES,
    RandomArrayOption,
    Rt60Option,
    ShapesOption,
    SphereOption,
    known_array,
    num_knots,
    parse_range,
    plan_rooms,
)
from anydoa.errors import ConfigError
from anydoa.io.output import prepare_folder

if TYPE_CHECKING:
    pass

_SOUND = "Speech and noise"


def simulate(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write to; made if need be.")],
    speech: Annotated[
        Path, typer.Option(help="Folder of dry speech: LibriSpeech, TIMIT, one with manifest.csv, or any.")
    ],
    noise: Annotated[
        Path | None,
        typer.Option(
            help="Folder of noise: MS-SNSD, ESC-50, one with manifest.csv, or any.", rich_help_panel=_SOUND
        ),
    ] = None,
    split: Annotated[
        Literal["train", "validation", "test"],
        typer.Option(help="Part of the speakers and of the noise that is taken.", rich_help_panel=_SOUND),
    ] = "test",
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps decoded speech for the next time.", rich_help_panel=_SOUND),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many recordings.")] = 10,
    duration: Annotated[float, typer.Option(min=0.1, help="Seconds of each.")] = 4.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed and folders give the same recordings.")] = 0,
    jobs: JobsOption = 1,
    engine: EngineOption = "local",
    scheduler: SchedulerOption = None,
    direct: Annotated[
        bool,
        typer.Option(
            "--direct",
            help="Also write each talker's direct sound at each microphone.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress bar.", rich_help_panel=OUTPUT)
    ] = False,
    talkers: Annotated[
        str,
        typer.Option(help="How many talkers: a number or a range such as 1:2.", rich_help_panel=SCENES),
    ] = "1:2",
    moving: Annotated[
        bool, typer.Option("--moving", help="Talkers walk.", rich_help_panel=SCENES)
    ] = False,
    snr: Annotated[
        str, typer.Option(help="Speech over noise in dB: a number or a range.", rich_help_panel=SCENES)
    ] = "-5:30",
    rt60: Rt60Option = "0.2:1.3",
    isotropic: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share of recordings whose noise comes from everywhere.",
            rich_help_panel=SCENES,
        ),
    ] = 0.0,
    anechoic: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share of recordings without echo and with only faint noise.",
            rich_help_panel=SCENES,
        ),
    ] = 0.0,
    array: RandomArrayOption = "random:4-12",
    shapes: ShapesOption = "ball",
    sphere: SphereOption = False,
    position_error_mm: Annotated[
        float,
        typer.Option(
            min=0, help="Standard deviation of the positions told from the true ones.",
            rich_help_panel=ARRAY,
        ),
    ] = 0.0,
    gain_error_db: Annotated[
        float,
        typer.Option(min=0, help="Standard deviation of microphone gains.", rich_help_panel=ARRAY),
    ] = 0.0,
    phase_error_deg: Annotated[
        float,
        typer.Option(min=0, help="Standard deviation of microphone phases.", rich_help_panel=ARRAY),
    ] = 0.0,
) -> None:  # fmt: skip
    """Render rooms with talkers and noise to WAV files, each with its array and its truth beside it.

    A run that was stopped goes on by the same command.
    """
    check_engine(engine, jobs, scheduler)
    from anydoa.simulation.mixing import LONGEST_S
    from anydoa.simulation.recipe import Mismatch, MixRecipe, check_within
    from anydoa.simulation.render import begin_folder
    from anydoa.simulation.scene_folder import DrySound, SceneFolder

    if cache is not None:
        prepare_folder(cache)
    counts = parse_range(talkers, "--talkers")
    if any(number % 1 for number in counts):
        raise ConfigError(f"--talkers are whole numbers, got {talkers!r}; such as 2 or 1:2")
    fewest, most = map(int, counts)
    check_within("--duration", (duration,), 0.1, LONGEST_S, " s")
    known = known_array(array, sphere=sphere)
    plan = replace(
        plan_rooms(array, known, shapes=shapes, rt60=rt60),
        num_rooms=count,
        seed=seed,
        num_knots=num_knots(duration) if moving else 1,
    )
    there: Callable[[Path], Path] = Path if engine == "local" else Path.absolute  # for other machines
    sound = DrySound(
        there(speech),
        noise and there(noise),
        split,
        count * duration * most / 60,
        most,
        cache and there(cache),
    )
    sound.open()  # what is wrong with it is said before a folder is begun
    recipe = MixRecipe(
        min_talkers=fewest,
        snr_db=parse_range(snr, "--snr"),
        level_db=(-30.0, -20.0),
        rotation="none",
        permute=False,
        isotropic_share=isotropic,
        anechoic_share=anechoic,
        mismatch=Mismatch(position_error_mm / 1000, gain_error_db, phase_error_deg),
        keep_direct=direct,
    )
    plan = replace(plan, num_talkers=most, num_noises=1)
    begin_folder(
        output,
        {
            "plan": asdict(plan), "recipe": asdict(recipe), "duration_s": duration, "split": split,
            "speech": str(speech), "noise": str(noise), "array": array,
        },
    )  # fmt: skip
    scenes = SceneFolder(there(output), sound, plan, recipe, duration, known)
    missing = scenes.missing()
    with (
        progress_bar("recordings", quiet=quiet) as report,
        runner(engine, jobs, scheduler) as run_each,
    ):
        for done, _ in enumerate(run_each(scenes, missing), start=count - len(missing) + 1):
            report(done, count)

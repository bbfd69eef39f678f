"""``anydoa simulate``: recordings of scenes with known truth."""

import re
from collections.abc import Callable
from dataclasses import asdict, replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from anydoa.cli.engine import EngineOption, JobsOption, SchedulerOption, check_engine, runner
from anydoa.cli.options import ARRAY, OUTPUT
from anydoa.cli.printing import progress_bar
from anydoa.errors import ConfigError
from anydoa.io.output import prepare_folder

if TYPE_CHECKING:
    from anydoa.geometry import MicrophoneArray
    from anydoa.simulation.rooms import RoomPlan

_RANDOM = "random:"
_SOUND, _SCENES = "Speech and noise", "Scenes"

RandomArrayOption = Annotated[
    str,
    typer.Option(
        help="Name or file of an array, or random:4-12 for arrays of 4 to 12 microphones.",
        rich_help_panel=ARRAY,
    ),
]
ShapesOption = Annotated[
    str,
    typer.Option(help="Shapes of random arrays, evenly: any of ball,plane,line,wide.", rich_help_panel=ARRAY),
]
SphereOption = Annotated[
    bool,
    typer.Option(
        "--sphere",
        help="The array sits on a rigid sphere, if its file does not say how it hears.",
        rich_help_panel=ARRAY,
    ),
]
Rt60Option = Annotated[
    str,
    typer.Option(help="Reverberation time in seconds: a number or a range.", rich_help_panel=_SCENES),
]


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
        typer.Option(help="How many talkers: a number or a range such as 1:2.", rich_help_panel=_SCENES),
    ] = "1:2",
    moving: Annotated[
        bool, typer.Option("--moving", help="Talkers walk.", rich_help_panel=_SCENES)
    ] = False,
    snr: Annotated[
        str, typer.Option(help="Speech over noise in dB: a number or a range.", rich_help_panel=_SCENES)
    ] = "-5:30",
    rt60: Rt60Option = "0.2:1.3",
    isotropic: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share of recordings whose noise comes from everywhere.",
            rich_help_panel=_SCENES,
        ),
    ] = 0.0,
    anechoic: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share of recordings without echo and with only faint noise.",
            rich_help_panel=_SCENES,
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


def parse_range(text: str, option: str) -> tuple[float, float]:
    """``LOW:HIGH`` or one number, as the two ends.

    Raises:
        ConfigError: if it is neither, or falls.
    """
    parts = text.split(":")
    try:
        low, high = float(parts[0]), float(parts[-1])
    except ValueError:
        low, high = 1.0, 0.0
    if len(parts) > 2 or not isfinite(low) or not isfinite(high) or not low <= high:
        raise ConfigError(
            f"{option} takes a number or LOW:HIGH, rising and finite, got {text!r}; give one such as 0.2:0.8"
        )
    return low, high


def known_array(name: str, *, sphere: bool) -> "MicrophoneArray | None":
    """An array whose microphones are the channels of what is written; None for random ones.

    Args:
        name: the array as it was asked for.
        sphere: whether it sits on a rigid sphere, if its file does not say how it hears.

    Raises:
        ArrayFileError: if there is no such array, or its file cannot be read.
        ConfigError: if it can sit on no sphere.
    """
    from anydoa.io import load_array

    if name.startswith(_RANDOM):
        if sphere:
            raise ConfigError("random arrays sit on no sphere; leave out --sphere or name an array")
        return None
    array = load_array(name)
    array = array.replace(channels=tuple(range(array.num_microphones)), ignore_channels=())
    return _on_sphere(array) if sphere else array


def plan_rooms(name: str, known: "MicrophoneArray | None", *, shapes: str, rt60: str) -> "RoomPlan":
    """The plan of one room with the arrays and the reverberation that a person asked for.

    Args:
        name: the array as it was asked for.
        known: the array as it sits in the rooms, or None for random ones.
        shapes: shapes of random arrays, with commas between.
        rt60: a number of seconds, or a range.

    Raises:
        ConfigError: if the wishes do not fit together.
    """
    from anydoa.simulation.recipe import RoomRanges
    from anydoa.simulation.rooms import RoomPlan

    ranges = RoomRanges(rt60=parse_range(rt60, "--rt60"))
    if known is not None:
        if shapes != "ball":
            raise ConfigError(
                f"--shapes is for random arrays, got --array {name!r}; leave it out or name random:4-12"
            )
        return RoomPlan(num_rooms=1, ranges=ranges).with_array(known)
    counts = re.fullmatch(r"(\d+)(?:-(\d+))?", name.removeprefix(_RANDOM))
    if counts is None:
        raise ConfigError(
            f"random arrays are random:COUNT or random:FEWEST-MOST, got {name!r}; random:4-12 is one"
        )
    return RoomPlan(
        num_rooms=1,
        ranges=ranges,
        microphones=(int(counts[1]), int(counts[2] or counts[1])),
        shapes=tuple(shape.strip() for shape in shapes.split(",")),
    )


def num_knots(duration_s: float) -> int:
    """Places on the path of a talker who walks for so long: eight a second."""
    return 1 + round(8 * duration_s)


def _on_sphere(array: "MicrophoneArray") -> "MicrophoneArray":
    """The array on the ball around its middle that all microphones lie on, within a tenth of its radius.

    One whose file names a sphere stays on that.
    """
    if array.patterns or array.steering is not None:
        raise ConfigError(
            f"--sphere: the file of {array.name!r} says how its microphones hear; leave it out, or take "
            "those lines out of the file"
        )
    if array.rigid_sphere_radius is not None:
        return array
    radii = (array.centred_positions**2).sum(axis=1) ** 0.5
    radius = float(radii.mean())
    if float(abs(radii - radius).max()) > 0.1 * radius:
        raise ConfigError(
            f"--sphere: microphones of {array.name!r} are {radii.min():.3g} to {radii.max():.3g} m from "
            "their centre, so on no sphere; leave it out or take an array such as em32"
        )
    return array.replace(
        body_positions=array.centred_positions * (radius / radii)[:, None],
        mount_rpy_deg=(0.0, 0.0, 0.0),
        rigid_sphere_radius=radius,
    )

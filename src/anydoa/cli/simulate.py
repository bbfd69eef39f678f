"""``anydoa simulate``: recordings with known truth, or a bank of rooms to train with."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from anydoa.errors import ConfigError
from anydoa.output_file import prepare_folder

if TYPE_CHECKING:
    import numpy as np

    from anydoa.geometry.array import MicrophoneArray
    from anydoa.simulation.pool import AudioPool
    from anydoa.simulation.rooms import RoomPlan

_KNOTS_A_SECOND = 8  # places on the path of a talker who moves
_LEVEL_DB = (-30.0, -20.0)
_RANDOM = "random:"
_BALL = "ball"  # the shape of random arrays unless others are asked for
_SPHERE_TOLERANCE = 0.1
_FEWEST_MINUTES = 5.0  # of a corpus that are decoded


def simulate(
    out: Annotated[Path, typer.Option(help="Folder to write to; made if need be.")],
    speech: Annotated[
        Path | None,
        typer.Option(help="Folder of dry speech: LibriSpeech, TIMIT, one with manifest.csv, or any."),
    ] = None,
    noise: Annotated[
        Path | None, typer.Option(help="Folder of noise: MS-SNSD, ESC-50, one with manifest.csv, or any.")
    ] = None,
    array: Annotated[str, typer.Option(help="Name or file of an array, or random:4-12.")] = "random:4-12",
    shapes: Annotated[
        str, typer.Option(help="Shapes of random arrays, evenly: any of ball,plane,line,wide.")
    ] = _BALL,
    count: Annotated[int, typer.Option(min=1, help="How many recordings.")] = 10,
    duration: Annotated[float, typer.Option(min=0.1, help="Seconds of each.")] = 4.0,
    talkers: Annotated[str, typer.Option(help="How many talkers: a number or a range such as 1:2.")] = "1:2",
    snr: Annotated[str, typer.Option(help="Speech over noise in dB: a number or a range.")] = "-5:30",
    rt60: Annotated[
        str, typer.Option(help="Reverberation time in seconds: a number or a range.")
    ] = "0.2:1.3",
    split: Annotated[str, typer.Option(help="Speakers and noise of: train, validation or test.")] = "test",
    seed: Annotated[int, typer.Option(min=0, help="The same seed and folders give the same recordings.")] = 0,
    moving: Annotated[
        bool,
        typer.Option("--moving", help="Talkers walk; in a bank, through each clip: name its --duration."),
    ] = False,
    sphere: Annotated[
        bool, typer.Option("--sphere", help="The array sits on a rigid sphere, whatever its file says.")
    ] = False,
    isotropic: Annotated[
        float, typer.Option(min=0, max=1, help="Share of recordings whose noise comes from everywhere.")
    ] = 0.0,
    anechoic: Annotated[
        float, typer.Option(min=0, max=1, help="Share of recordings without echo and with only faint noise.")
    ] = 0.0,
    position_error_mm: Annotated[
        float, typer.Option(min=0, help="Standard deviation of the positions told from the true ones.")
    ] = 0.0,
    gain_error_db: Annotated[
        float, typer.Option(min=0, help="Standard deviation of microphone gains.")
    ] = 0.0,
    phase_error_deg: Annotated[
        float, typer.Option(min=0, help="Standard deviation of microphone phases.")
    ] = 0.0,
    direct: Annotated[
        bool, typer.Option("--direct", help="Also write each talker's direct sound at each microphone.")
    ] = False,
    rooms: Annotated[
        int, typer.Option(min=0, help="Write a bank of so many rooms for training instead of recordings.")
    ] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes that compute a bank.")] = 1,
    cache: Annotated[
        Path | None, typer.Option(help="Folder that keeps decoded speech for the next time.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Render rooms with talkers and noise to WAV files, each with its array and its truth beside it."""
    from anydoa.simulation.mixing import LONGEST_S, mix_in_new_rooms
    from anydoa.simulation.recipe import Mismatch, MixRecipe, check_within
    from anydoa.simulation.render import begin_folder, write_scene

    if cache is not None:
        prepare_folder(cache)
    fewest, most = (round(number) for number in parse_range(talkers, "--talkers"))
    check_within("--duration", (duration,), 0.1, LONGEST_S, " s")
    known = None if array.startswith(_RANDOM) else _known_array(array)
    plan = replace(
        _plan_arrays(array, known, shapes=shapes, sphere=sphere),
        num_rooms=rooms or count,
        seed=seed,
        num_knots=1 + round(_KNOTS_A_SECOND * duration) if moving else 1,
    )
    plan = replace(plan, ranges=replace(plan.ranges, rt60=parse_range(rt60, "--rt60")))
    if rooms:
        _write_bank(plan, out, workers=workers, quiet=quiet)
        return
    voices, sounds = _open_pools(speech, noise, split, minutes=count * duration * most / 60, cache=cache)
    recipe = MixRecipe(
        min_talkers=fewest,
        snr_db=parse_range(snr, "--snr"),
        level_db=_LEVEL_DB,
        rotation="none",
        permute=False,
        isotropic_share=isotropic,
        anechoic_share=anechoic,
        mismatch=Mismatch(position_error_mm / 1000, gain_error_db, phase_error_deg),
        keep_direct=direct,
    )
    plan = replace(plan, num_talkers=most, num_noises=1)
    scenes = mix_in_new_rooms(plan, voices, sounds, duration_s=duration, max_talkers=most, recipe=recipe)
    begin_folder(
        out,
        {
            "plan": asdict(plan), "recipe": asdict(recipe), "duration_s": duration, "split": split,
            "speech": str(speech), "noise": str(noise), "array": array,
        },
    )  # fmt: skip
    with _progress(count, "recordings", quiet=quiet) as report:
        for index, scene in enumerate(scenes):
            name = f"clip_{index:04d}"
            write_scene(scene, _told_array(known, scene.positions, name), out, name)
            report(index + 1)


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
        raise ConfigError(f"{option} takes a number or LOW:HIGH, rising and finite, got {text!r}")
    return low, high


def _known_array(name: str) -> "MicrophoneArray":
    """An array whose microphones are the channels of what is written."""
    from anydoa.io.array_file import load_array

    array = load_array(name)
    return array.replace(channels=tuple(range(array.num_microphones)), ignore_channels=())


def _plan_arrays(name: str, known: "MicrophoneArray | None", *, shapes: str, sphere: bool) -> "RoomPlan":
    from anydoa.simulation.rooms import RoomPlan, array_rows

    if known is not None:
        if shapes != _BALL:
            raise ConfigError(
                f"--shapes is for random arrays, got --array {name!r}; leave it out or name random:4-12"
            )
        radius = known.rigid_sphere_radius or (_sphere_radius(known) if sphere else 0.0)
        return RoomPlan(num_rooms=1, arrays=(array_rows(known),), sphere_radius=radius)
    counts = re.fullmatch(r"(\d+)(?:-(\d+))?", name.removeprefix(_RANDOM))
    if counts is None:
        raise ConfigError(f"random arrays are written random:6 or random:4-12, got {name!r}")
    if sphere:
        raise ConfigError("random arrays sit on no sphere; leave out --sphere or name an array")
    return RoomPlan(
        num_rooms=1,
        microphones=(int(counts[1]), int(counts[2] or counts[1])),
        shapes=tuple(shape.strip() for shape in shapes.split(",")),
    )


def _sphere_radius(array: "MicrophoneArray") -> float:
    """Radius of the sphere all microphones lie on."""
    radii = (array.centred_positions**2).sum(axis=1) ** 0.5
    radius = float(radii.mean())
    if float(abs(radii - radius).max()) > _SPHERE_TOLERANCE * radius:
        raise ConfigError(
            f"--sphere: microphones of {array.name!r} are {radii.min():.3g} to {radii.max():.3g} m from "
            "their centre, so on no sphere; leave it out or take an array such as em32"
        )
    return radius


def _told_array(known: "MicrophoneArray | None", positions: "np.ndarray", name: str) -> "MicrophoneArray":
    """The array as whoever reads the files is told it: with the errors of its positions, if any."""
    from anydoa.geometry.array import MicrophoneArray

    if known is None:
        return MicrophoneArray(positions, name=name, source="simulated")
    return known.replace(body_positions=positions, mount_rpy_deg=(0.0, 0.0, 0.0))


def _open_pools(
    speech: Path | None, noise: Path | None, split: str, *, minutes: float, cache: Path | None
) -> "tuple[AudioPool, AudioPool | None]":
    """As much speech and noise as a few recordings need."""
    import numpy as np

    from anydoa.simulation.corpus import Split, read_corpus
    from anydoa.simulation.pool import limit_utterances, load_pool

    if speech is None:
        raise ConfigError("recordings need voices; give --speech DIR, or --rooms N for rooms alone")
    if split not in get_args(Split):
        raise ConfigError(f"--split must be one of {', '.join(get_args(Split))}, got {split!r}")

    def open_pool(folder: Path, *, is_speech: bool) -> "AudioPool":
        clips = read_corpus(folder).select(cast(Split, split))
        chosen = limit_utterances(clips, max(minutes, _FEWEST_MINUTES), np.random.default_rng(0))
        return load_pool(chosen, speech=is_speech, cache=cache)

    voices = open_pool(speech, is_speech=True)
    return voices, None if noise is None else open_pool(noise, is_speech=False)


def _write_bank(plan: "RoomPlan", out: Path, *, workers: int, quiet: bool) -> None:
    from anydoa.simulation.rir_bank import build_bank

    with _progress(plan.num_rooms, "rooms", quiet=quiet) as report:
        build_bank(out, plan, workers=workers, report=report)


@contextmanager
def _progress(total: int, what: str, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on the error stream; what it gives is called with the number done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True, markup=False), disable=quiet) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)

"""``anydoa train``: a network from a TOML file of choices, stopped and gone on with at will."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from anydoa.cli.options import require_extra
from anydoa.cli.printing import tell
from anydoa.io.output import check_outputs, note_input
from anydoa.memory import TRAINING_STEP, keep_freed_memory

if TYPE_CHECKING:
    from rich.progress import Progress

    from anydoa.training import StepReport, Trainer, ValidationResult, Watcher

_SECONDS_BETWEEN_LINES = 30.0
_SIGNALLED = 128  # with the number of the signal added: the exit code, as shells have it
_MEMORY = 0.98  # share of the old mean in the shown loss and speed


def train(
    config: Annotated[Path, typer.Argument(help="TOML file with the choices of the run.")],
    run: Annotated[
        Path,
        typer.Option(
            help="Folder of the run: checkpoints, learning curve, weights. If it holds a run, that goes on."
        ),
    ] = Path("run"),
    initial: Annotated[
        Path | None,
        typer.Option("--from", help="Checkpoint of the same network to begin with, from another run."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.0, help="Stop with a checkpoint after this long.")
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="One choice, such as seed=2; may be repeated."),
    ] = None,
    bank: Annotated[Path | None, typer.Option(help="Folder of a bank of rooms.")] = None,
    speech: Annotated[
        Path | None, typer.Option(help="Folder of dry speech; its test speakers are left alone.")
    ] = None,
    noise: Annotated[Path | None, typer.Option(help="Folder of noise; its test part is left alone.")] = None,
    events: Annotated[
        Path | None,
        typer.Option(help="Folder of other sounds to find like talkers; its test part is left alone."),
    ] = None,
    device: Annotated[
        Literal["cpu", "cuda"] | None,
        typer.Option(help="Where the network is trained. Default: cuda where there is one."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of the network; data has its own.")
    ] = None,
) -> None:
    """Train a network. Ctrl-C or SIGTERM stops after the current step; the same command goes on."""
    require_extra("training", "train", ("accelerate", "safetensors", "tensorboard", "torch"))
    import torch

    from anydoa.training import RunFolder, StopRequest, Trainer, load_config, make_accelerator

    keep_freed_memory(TRAINING_STEP)
    if threads is not None:
        torch.set_num_threads(threads)
    paths = {
        "data.bank": bank,
        "data.speech": speech,
        "data.noise": noise,
        "data.events": events,
        "initial_weights": initial,
    }
    named = [f"{name}={json.dumps(str(path))}" for name, path in paths.items() if path is not None]
    note_input(config, "file of choices")
    choices = load_config(config, [*named, *(override or [])])
    stop = StopRequest(minutes)
    folder = RunFolder(run)
    for weights in choices.weight_files.values():
        note_input(weights, "file of weights that the run begins with")
    check_outputs(folder.model)
    is_first = environ.get("RANK", "0") == "0"  # of the processes that train together
    with folder.claimed() if is_first else nullcontext(), _watching() as watch:
        if is_first and not folder.checkpoints():
            folder.forget_start()
        accelerator = make_accelerator(choices, folder, device=device)
        trainer = Trainer(choices, folder, accelerator=accelerator, watch=watch)
        if folder.checkpoints():
            _report_going_on(trainer, trainer.resume())
        elif is_first and choices.needs_rooms:
            scenes = trainer.task.scenes
            tell(f"{run}: learns from {scenes.num_voices} voices and {scenes.num_noises} kinds of noise")
        if not trainer.finished:
            trainer.run(stop)
    if not accelerator.is_main_process:
        return
    if stop.reason:
        tell(f"stopped ({stop.reason}); the same command goes on")
    tell(f"learning curve {folder.log}")
    if stop.urgent:  # so that a script does not take a stopped run for a whole one
        raise typer.Exit(_SIGNALLED + signal.Signals.__members__.get(stop.reason, signal.SIGTERM))


def _report_going_on(trainer: "Trainer", changed: list[str]) -> None:
    if not trainer.accelerator.is_main_process:
        return
    position, run = trainer.position, trainer.folder.path
    if trainer.finished:
        tell(
            f"{run}: all stages are done, after {position.examples} clips; choose another --run to begin anew"
        )
    else:
        tell(f"{run}: going on after {position.examples} clips and {position.hours:.2f} h")
    if changed:
        tell(f"{run}: choices that are others than before: {', '.join(changed)}")


@contextmanager
def _watching() -> Iterator["Watcher"]:
    """A progress bar on a terminal, lines elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = Console(markup=False)
    if not console.is_terminal:
        yield _Lines()
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[line]}", markup=False),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        yield _Bar(progress)


class _Lines:
    """A line now and then, and one for each validation."""

    def __init__(self) -> None:
        self.means = _Means()
        self._spoken = float("-inf")

    def __call__(self, report: "StepReport | ValidationResult") -> None:
        from anydoa.training import StepReport

        if not isinstance(report, StepReport):
            tell(_validation_line(report))
            return
        self.means.add(report)
        if time.monotonic() - self._spoken >= _SECONDS_BETWEEN_LINES:
            self._spoken = time.monotonic()
            tell(f"{report.done:6.2%}  {report.stage.name}  {self.means.line(report)}")


class _Bar:
    """A bar that fills, with a line above it for each validation."""

    def __init__(self, progress: "Progress") -> None:
        self.means = _Means()
        self._progress = progress
        self._task = self._progress.add_task("", total=1.0, line="")

    def __call__(self, report: "StepReport | ValidationResult") -> None:
        from anydoa.training import StepReport

        if not isinstance(report, StepReport):
            self._progress.console.print(_validation_line(report))
            return
        self.means.add(report)
        self._progress.update(
            self._task, completed=report.done, description=report.stage.name, line=self.means.line(report)
        )


class _Means:
    """Loss and speed, averaged over the last steps."""

    def __init__(self) -> None:
        self._sums = [0.0, 0.0, 0.0, 0.0]  # loss, clips, seconds, seconds waited: all fading alike
        self._weight = 0.0

    def add(self, report: "StepReport") -> None:
        new = [report.loss, report.stage.batch_size, report.step_s, report.wait_s]
        self._sums = [_MEMORY * old + value for old, value in zip(self._sums, new, strict=True)]
        self._weight = _MEMORY * self._weight + 1

    def line(self, report: "StepReport") -> str:
        loss, clips, seconds, waited = self._sums
        return (
            f"{report.position.examples} clips, {report.position.hours:.2f} h, "
            f"loss {loss / self._weight:.3f}, lr {report.learning_rate:.1e}, "
            f"{clips / seconds:.1f} clips/s, {waited / seconds:.0%} waiting"
        )


def _validation_line(result: "ValidationResult") -> str:
    talkers = (
        f"{count} talker{'s' * (count > 1)} MAE {score.mae_deg:.1f} deg, ACC10 {score.acc10:.1%}"
        for count, score in enumerate(result.by_talkers, start=1)
    )
    return f"validation: loss {result.loss:.3f}; " + "; ".join(talkers)

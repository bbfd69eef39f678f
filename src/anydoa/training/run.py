"""A run: what it leaves on disk, what it tells whoever watches it, and a request to stop it.

The folder of a run:

    config.json                 every choice, and the version of the package
    log.jsonl                   one line a validation: the learning curve
    tensorboard/                the same and the loss of each step, to look at
    model.safetensors           averaged weights of the last checkpoint, to use; see networks/checkpoint.py
    checkpoint-0000123456/      everything needed to go on, named by the clips seen
        state.safetensors       current and averaged weights, moments of the optimiser
        state.json              numbers

A checkpoint is written beside its name and renamed when whole; older ones are then removed.
"""

import json
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from torch import Tensor

from anydoa.errors import CheckpointError, ConfigError
from anydoa.io.files import try_to_lock
from anydoa.io.output import prepare_folder, whole_folder, write_text
from anydoa.training.config import StageOptions
from anydoa.training.curriculum import Position
from anydoa.training.task import ValidationResult

_PREFIX = "checkpoint-"
_SAME_REQUEST_S = 1.0  # in which the same signal is the same request


@dataclass(frozen=True)
class TrainingState:
    """Everything a run needs to go on as if it had never stopped.

    Args:
        tensors: tensors by name.
        numbers: numbers and texts, ready for JSON.
    """

    tensors: Mapping[str, Tensor]
    numbers: Mapping[str, Any]


class RunFolder:
    """The folder of one run.

    Args:
        path: made if need be.

    Raises:
        ConfigError: if it cannot be made or takes no files.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = prepare_folder(path)

    @property
    def cache(self) -> Path:
        """Decoded recordings."""
        return self.path / "cache"

    @property
    def tensorboard(self) -> Path:
        """Event files."""
        return self.path / "tensorboard"

    @property
    def log(self) -> Path:
        """The learning curve."""
        return self.path / "log.jsonl"

    @property
    def model(self) -> Path:
        """Averaged weights of the last checkpoint."""
        return self.path / "model.safetensors"

    def checkpoints(self) -> list[Path]:
        """Whole checkpoints, oldest first."""
        return sorted(self.path.glob(_PREFIX + "*[0-9]"))

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep other trainings out while one runs here; the claim ends with the process at the latest.

        Raises:
            ConfigError: if another process trains here.
        """
        with (self.path / "lock").open("a+") as lock:
            if not try_to_lock(lock):
                raise ConfigError(
                    f"{self.path}: another training runs in this folder; wait for it or choose another --run"
                )
            yield

    def forget_start(self) -> None:
        """Remove what a run left that ended before its first checkpoint."""
        self.log.unlink(missing_ok=True)
        shutil.rmtree(self.tensorboard, ignore_errors=True)

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Keep every choice of the run."""
        write_text(self.path / "config.json", json.dumps(config, indent=1) + "\n")

    def save(self, state: TrainingState, *, examples: int) -> Path:
        """Write a checkpoint, then remove the ones before it.

        Raises:
            CheckpointError: if the system refuses.
        """
        from safetensors import SafetensorError
        from safetensors.torch import save_file

        older = self.checkpoints()
        final = self.path / f"{_PREFIX}{examples:010d}"
        with whole_folder(final, last="state.json") as partial:
            tensors = {name: tensor.contiguous() for name, tensor in state.tensors.items()}
            try:
                save_file(tensors, partial / "state.safetensors")
            except SafetensorError as error:  # also what the system refuses
                raise CheckpointError(f"{final}: cannot be written ({error}); is there room?") from None
            (partial / "state.json").write_text(json.dumps(state.numbers, indent=1) + "\n", encoding="utf-8")
        for path in older:
            if path != final:
                shutil.rmtree(path)
        return final

    def load(self) -> TrainingState:
        """The newest checkpoint.

        Raises:
            CheckpointError: if there is none, or it is damaged.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        paths = self.checkpoints()
        if not paths:
            raise CheckpointError(
                f"{self.path} holds no checkpoint to go on from; choose the folder of a run"
            )
        try:
            tensors = load_file(paths[-1] / "state.safetensors")
            numbers = json.loads((paths[-1] / "state.json").read_text(encoding="utf-8"))
        except (OSError, SafetensorError, json.JSONDecodeError) as error:
            raise CheckpointError(f"{paths[-1]}: damaged checkpoint ({error}); remove the folder") from None
        return TrainingState(tensors, numbers)

    def append_log(self, row: Mapping[str, Any]) -> None:
        """Add a line to the learning curve; what is not a number is written as null."""
        plain = {key: None if value != value else value for key, value in row.items()}
        with self.log.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(plain) + "\n")

    def read_log(self) -> list[dict[str, Any]]:
        """The learning curve so far."""
        if not self.log.exists():
            return []
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def truncate_log(self, examples: int) -> None:
        """Drop lines from after a checkpoint, which the resumed run will write again."""
        rows = [row for row in self.read_log() if row["examples"] <= examples]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        write_text(self.log, text)


@dataclass(frozen=True)
class StepReport:
    """What a watcher is told after each step.

    Args:
        position: how far the run has come.
        done: share of the run behind, 0..1.
        stage: the one the run is in.
        loss: loss of the step.
        learning_rate: learning rate of the step.
        step_s: seconds the step took, waiting included.
        wait_s: seconds of it spent waiting for the batch.
    """

    position: Position
    done: float
    stage: StageOptions
    loss: float
    learning_rate: float
    step_s: float
    wait_s: float


Watcher = Callable[[StepReport | ValidationResult], None]


def look_away(report: StepReport | ValidationResult) -> None:
    """Watch nothing."""


class StopRequest:
    """Whether to stop, why, and whether somebody is waiting for it.

    Args:
        minutes: minutes from now after which to stop; None for never.
    """

    def __init__(self, minutes: float | None = None) -> None:
        self._deadline = None if minutes is None else time.monotonic() + 60 * minutes
        self.reason = ""
        self.urgent = False

    @property
    def wanted(self) -> bool:
        """Whether a signal has come or the time is up."""
        if not self.reason and self._deadline is not None and time.monotonic() >= self._deadline:
            self.reason = "time is up"
        return bool(self.reason)

    def now(self, reason: str, *, urgent: bool = True) -> None:
        """Ask to stop; if urgent, without another validation."""
        self.reason = self.reason or reason
        self.urgent = self.urgent or urgent

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT as requests; a second signal a while later does what it always did.

        One that comes at once is the same request: whoever stops a group of processes tells each of them, and
        one of them may pass it on.

        Only the main thread can listen to signals; in any other nothing changes.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

        asked: dict[int, float] = {}  # when each signal came first

        def ask(number: int, frame: FrameType | None) -> None:
            self.now(signal.Signals(number).name)
            now = time.monotonic()
            if now - asked.setdefault(number, now) >= _SAME_REQUEST_S:
                signal.signal(number, before[signal.Signals(number)])
                signal.raise_signal(number)

        for number in before:
            signal.signal(number, ask)
        try:
            yield
        finally:
            for number, action in before.items():
                signal.signal(number, action)

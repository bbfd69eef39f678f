"""The training loop: batches in, weights out, with checkpoints, validation and a way to stop and go on.

Everything random is drawn from the seed and the number of the clip, and nothing from a state that runs along,
so a resumed run takes the steps it would have taken; in hours, as many of them as there is time for.
"""

import hashlib
import logging
import time
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast, gather_object, send_to_device
from torch import Tensor

from anydoa.errors import CheckpointError
from anydoa.networks import save_checkpoint
from anydoa.training.batch import TensorBatch, rng_of_step
from anydoa.training.catalogue import open_task
from anydoa.training.config import TrainingConfig, changed_choices
from anydoa.training.config_file import config_from_dict
from anydoa.training.curriculum import ActiveStage, Curriculum, Position
from anydoa.training.data import ProcessShare
from anydoa.training.optimization import (
    AveragedNetwork,
    Plateau,
    learning_rate,
    optimizer_tensors,
    parameter_groups,
    restore_optimizer,
)
from anydoa.training.run import RunFolder, StepReport, StopRequest, TrainingState, Watcher, look_away
from anydoa.training.task import ValidationResult
from anydoa.version import code

_log = logging.getLogger(__name__)


class Trainer:
    """A run: what it has learned, and where it stands.

    Args:
        config: every choice.
        folder: where the run is kept.
        accelerator: accelerator of this process.
        watch: told about each step and validation, in the main process only.

    Raises:
        AudioError: if a corpus cannot be read.
        CheckpointError: if the initial weights cannot be read, or are those of another network.
        ConfigError: if the choices do not fit together.
    """

    def __init__(
        self,
        config: TrainingConfig,
        folder: RunFolder,
        *,
        accelerator: Accelerator,
        watch: Watcher = look_away,
    ) -> None:
        self.config, self.folder, self.accelerator, self.watch = config, folder, accelerator, watch
        share = ProcessShare(accelerator.process_index, accelerator.num_processes)
        self.task = open_task(config, folder.cache, share)
        self.network = self.task.network
        self.curriculum = Curriculum(config)
        self._earlier, before = self._take_initial_weights()
        self._code = list(dict.fromkeys([*before, code()]))
        self._weight_hashes = self._hash_weight_files()
        self.average = AveragedNetwork(self.network, config.optimizer.average_decay)
        groups = parameter_groups(self.network, self.task.decays)
        self.optimizer = torch.optim.Adam(groups, lr=config.optimizer.lr, fused=True)
        self.loss, self.stepper = accelerator.prepare(self.task.loss, self.optimizer)
        self.average.network.to(accelerator.device)
        self.position = Position()
        self.plateau = Plateau()
        self._moving = config.optimizer  # as the stage has it
        self._validated_at = Position()
        self._losses: list[float] = []
        self._all_stop = self._all_urgent = False
        self._mark = self._saved = time.monotonic()

    @property
    def finished(self) -> bool:
        """Whether all stages are behind and validated."""
        return self.curriculum.stage(self.position) is None and not self._losses

    def resume(self) -> list[str]:
        """Go on from the newest checkpoint of the folder; which choices are others than when it was written.

        Raises:
            CheckpointError: if there is none, or it holds another network.
        """
        state = self.folder.load()
        kept = config_from_dict(state.numbers["config"])
        if (kept.network, kept.model) != (self.config.network, self.config.model):
            raise CheckpointError(
                f"{self.folder.path}: the checkpoint holds a network of another [model]; restore its options "
                "or choose another --run"
            )
        groups: dict[str, dict[str, Tensor]] = {"current": {}, "average": {}, "optimizer": {}}
        for name, tensor in state.tensors.items():
            group, rest = name.split(":", 1)
            groups[group][rest] = tensor
        self.network.load_state_dict(groups["current"])
        self.average.network.load_state_dict(groups["average"])
        restore_optimizer(self.optimizer, self.network, groups["optimizer"])
        if self.accelerator.scaler is not None and state.numbers["scaler"]:
            self.accelerator.scaler.load_state_dict(state.numbers["scaler"])
        self.average.num_updates = state.numbers["updates"]
        self.position = Position(**state.numbers["position"])
        self.plateau = Plateau(**state.numbers["plateau"])
        try:
            self._validated_at = Position(**state.numbers["validated_at"])
            # Weights are those of the checkpoint, so what they have learned from is, too.
            self._earlier, files = state.numbers["earlier"], state.numbers["weight_files"]
        except (KeyError, TypeError):
            written = state.numbers.get("version", "another version")
            raise CheckpointError(
                f"{self.folder.path}: holds a checkpoint of an earlier anydoa ({written}), with which this "
                "one cannot go on; begin another --run, with --from model.safetensors of this one"
            ) from None
        # Checkpoints of earlier versions do not tell, neither of this nor of the material.
        self._code = list(dict.fromkeys([*state.numbers.get("code", ["not known"]), code()]))
        self._losses = state.numbers["losses"]
        if self.accelerator.is_main_process:
            # After its last checkpoint it may have validated the same weights; it will do so again.
            self.folder.truncate_log(self._validated_at.examples)
        self._begin_stage(self.curriculum.learned_stage(self.position))
        changed = [name for name, digest in files.items() if self._weight_hashes.get(name) != digest]
        if state.numbers.get("material", self.task.scenes.contents) != self.task.scenes.contents:
            changed.append("rooms or recordings")
        return changed_choices(kept, self.config) + changed

    def run(self, stop: StopRequest) -> None:
        """Train until all stages are behind or a stop is wanted; a checkpoint is left either way."""
        if self.accelerator.is_main_process:
            self.folder.write_config({"version": version("anydoa"), **self.config.to_dict()})
        # What an interrupted run wrote after its last checkpoint is written again.
        purge = {"tensorboard": {"purge_step": self.position.examples}}
        self.accelerator.init_trackers("tensorboard", init_kwargs=purge)
        # One process decodes the recordings, the others find them decoded.
        with self.accelerator.main_process_first():
            self.task.scenes.decode()
            self.task.prepare_validation()
        begun = self.position, self._validated_at
        self._mark = self._saved = time.monotonic()
        self._all_stop = self._all_urgent = False
        with stop.listening():
            while True:
                stage = self.curriculum.stage(self.position)
                self._validate_what_is_over(stage, stop)
                if stage is None or self._ends(stop):
                    break
                _log.info("stage %r", stage.options.name)
                self._run_stage(stage, stop)
            if (self.position, self._validated_at) != begun:
                self.checkpoint()
        self._leave()

    def checkpoint(self) -> None:
        """Write everything needed to go on, and the averaged weights to use."""
        self._saved = time.monotonic()
        if not self.accelerator.is_main_process:
            return
        tensors = {
            **{f"current:{name}": tensor for name, tensor in self.network.state_dict().items()},
            **{f"average:{name}": tensor for name, tensor in self.average.network.state_dict().items()},
            **{
                f"optimizer:{name}": tensor
                for name, tensor in optimizer_tensors(self.optimizer, self.network).items()
            },
        }
        scaler = self.accelerator.scaler
        numbers = {
            "version": version("anydoa"),
            "config": self.config.to_dict(),
            "position": asdict(self.position),
            "plateau": asdict(self.plateau),
            "updates": self.average.num_updates,
            "validated_at": asdict(self._validated_at),
            "losses": self._losses,
            "earlier": self._earlier,
            "weight_files": self._weight_hashes,
            "code": self._code,
            "material": self.task.scenes.contents,
            "scaler": None if scaler is None else scaler.state_dict(),
        }
        # Examples, hours and code in all, also of an earlier run; voices and noises of this one.
        learned_from = {
            "examples": self._earlier["examples"] + self.position.examples,
            "hours": round(self._earlier["hours"] + self.position.hours, 2),
            "voices": self.task.scenes.num_voices,
            "noises": self.task.scenes.num_noises,
            "material": self.task.scenes.contents,
            "code": ", ".join(self._code),
        }
        notes = {"training": learned_from, "config": self.config.portable().to_dict()}
        # First the weights to use: whoever is killed between the two goes on from the state before.
        save_checkpoint(self.folder.model, self.task.usable(self.average.network), notes)
        path = self.folder.save(TrainingState(tensors, numbers), examples=self.position.examples)
        _log.info("checkpoint %s", path)

    def _leave(self) -> None:
        """End what processes share; none of them leaves while another still wants to hear from it."""
        if self.accelerator.num_processes > 1:
            self.accelerator.wait_for_everyone()
            # What holds the group would keep its threads until the interpreter ends, which may abort then.
            self.accelerator.free_memory()
            self.loss = self.task.loss
        self.accelerator.end_training()

    def _hash_weight_files(self) -> dict[str, str]:
        """Hashes of the files that the run needs all along, by the names of the choices."""
        files = {name: path for name, path in self.config.weight_files.items() if name != "initial_weights"}
        return {name: hashlib.sha256(Path(path).read_bytes()).hexdigest() for name, path in files.items()}

    def _take_initial_weights(self) -> tuple[dict[str, float], list[str]]:
        """Begin where another run ended; what its network had learned from, and by which code."""
        path = self.config.initial_weights
        if not path:
            return {"examples": 0, "hours": 0.0}, []
        checkpoint = self.task.load(path)
        if checkpoint.network.config != self.network.config:
            raise CheckpointError(
                f"{path}: holds a network of another [model]; copy the options it was trained with"
            )
        self.network.load_state_dict(checkpoint.network.state_dict())
        training = checkpoint.notes.get("training", {})
        learned = {"examples": training.get("examples", 0), "hours": training.get("hours", 0.0)}
        return learned, training.get("code", "not known").split(", ")

    def _run_stage(self, stage: ActiveStage, stop: StopRequest) -> None:
        """Steps until the stage is over or a stop is wanted."""
        self._begin_stage(stage)
        batches = self.task.batches(stage.options, first=self.position.examples)
        here: ActiveStage | None = stage
        while here is not None and here.index == stage.index and not self._ends(stop):
            self._step(batches, here, stop)
            since = self.curriculum.units(self.position) - self.curriculum.units(self._validated_at)
            if since >= self.config.validation.every:
                self._validate()
            if time.monotonic() - self._saved >= 60 * self.config.checkpoint_minutes:
                self.checkpoint()
            here = self.curriculum.stage(self.position)

    def _begin_stage(self, stage: ActiveStage) -> None:
        """Make the network, its average and the way it moves what they are in a stage."""
        self._moving = self.config.during(stage.options).optimizer
        self.average.decay = self._moving.average_decay
        self.task.begin_stage(stage, self.average.network)

    def _validate_what_is_over(self, stage: ActiveStage | None, stop: StopRequest) -> None:
        """Validate at the end of a stage, be it one of an earlier run that had no time for it.

        A stop elsewhere takes no validation: a run that goes on is the one that never stopped.
        """
        if not self._losses or self._is_urgent(stop):
            return
        if stage is None or stage.index != self.curriculum.learned_stage(self.position).index:
            self._validate()

    def _step(self, batches: Iterator[TensorBatch], here: ActiveStage, stop: StopRequest) -> None:
        begun = time.monotonic()
        batch = next(batches)
        wait_s = time.monotonic() - begun
        rate = learning_rate(here, self.plateau, self._moving)
        loss = self._learn(batch, here, rate=rate)
        # Count the step; processes agree on time and stopping, or one would wait for another for ever.
        now = time.monotonic()
        seconds = self.position.seconds + now - self._mark
        self._mark = now
        if self.accelerator.num_processes > 1:
            mine = torch.tensor([[loss, seconds, stop.wanted, stop.urgent]], dtype=torch.float64)
            every = self.accelerator.gather(mine.to(self.accelerator.device))
            loss = float(every[:, 0].mean())
            seconds, all_stop, urgent = every[:, 1:].amax(0).tolist()
            self._all_stop, self._all_urgent = bool(all_stop), bool(urgent)
            if self._all_stop:
                stop.now("another process stops", urgent=self._all_urgent)
        self.position = Position(self.position.examples + here.options.batch_size, seconds)
        self._losses.append(loss)
        if self.accelerator.is_main_process:
            done = self.curriculum.units(self.position) / self.curriculum.length
            step_s = time.monotonic() - begun
            self.watch(StepReport(self.position, done, here.options, loss, rate, step_s, wait_s))
        if len(self._losses) % 10 == 0:  # the curve needs no more points
            self.accelerator.log({"loss": loss, "learning_rate": rate}, step=self.position.examples)

    def _learn(self, batch: TensorBatch, here: ActiveStage, *, rate: float) -> float:
        """One step of the optimiser; the loss."""
        weight_decay = here.options.weight_decay
        for group in self.optimizer.param_groups:
            group.update(lr=rate, weight_decay=weight_decay if group["decays"] else 0.0)
        rng = rng_of_step(self.config.seed, self.position.examples, self.accelerator.process_index)
        device, statistics = self.accelerator.device, self._running_statistics()
        arguments = send_to_device(self.task.arguments(batch, here, rng), device)
        torch.manual_seed(int(rng.integers(2**62)))  # of dropout
        loss = self.loss(batch.to(device), *arguments)
        self.accelerator.backward(loss)
        length = self.accelerator.clip_grad_norm_(self.network.parameters(), self._moving.clip)
        # With a scaler such steps are part of its search for a scale, and it leaves them out by itself.
        if torch.isfinite(length) or self.accelerator.scaler is not None:
            self.stepper.step()
            self.task.finish_step()
            self.average.update(self.network)
        else:
            _log.warning("gradient is not finite after %d clips; step left out", self.position.examples)
            for buffer, before in statistics:
                buffer.copy_(before)
        self.stepper.zero_grad()
        return float(loss.detach())

    def _running_statistics(self) -> list[tuple[Tensor, Tensor]]:
        """Buffers that a forward pass moves, and what they hold now."""
        norms = (one for one in self.network.modules() if hasattr(one, "running_mean"))
        return [(buffer, buffer.clone()) for one in norms for buffer in one.buffers(recurse=False)]

    def _ends(self, stop: StopRequest) -> bool:
        return stop.wanted if self.accelerator.num_processes == 1 else self._all_stop

    def _is_urgent(self, stop: StopRequest) -> bool:
        """Whether there is no time for a validation; processes agree, or one would wait for the others."""
        return stop.urgent if self.accelerator.num_processes == 1 else self._all_urgent

    def _validate(self) -> None:
        """Try the averaged network out, as the stage of the last step has it."""
        self._validated_at = self.position
        here = self.curriculum.learned_stage(self.position)
        # Each process averages statistics of its own clips; kept and judged are those of the first.
        for buffer in self.average.network.buffers():
            buffer.copy_(broadcast(buffer))
        mine = self.task.validate(self.average.network, here)
        result = ValidationResult.of(gather_object(mine))
        row = {
            "examples": self.position.examples,
            "hours": round(self.position.hours, 4),
            "stage": here.options.name,
            **self.task.curve_columns(here),
            "loss": float(np.mean(self._losses)),
            **result.row(),
        }
        options = self.config.during(here.options).optimizer
        self.plateau = self.plateau.after(result.loss, here.index, options)
        self._losses = []
        self.accelerator.log(result.row(), step=self.position.examples)
        if self.accelerator.is_main_process:
            self.folder.append_log(row)
            self.watch(result)

"""Every choice of a training run that does not depend on which network learns, in frozen records.

Each network adds its own choices by a subclass of :class:`TrainingConfig` and, where it needs them, of the
records in it. Lengths of stages are in the unit the file chooses: epochs of a fixed number of examples, or
hours of training. With epochs it is the same run everywhere, so the recipes of this package count in them;
with hours a run uses the time it is given, whatever the machine.
"""

import dataclasses
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from anydoa.constants import MIN_MICROPHONES
from anydoa.errors import ConfigError
from anydoa.io.options import check_positive
from anydoa.simulation.recipe import MixRecipe

_Config = TypeVar("_Config", bound="TrainingConfig")

LOCAL = {"local": True}
"""Metadata of a field that belongs to one machine: a folder, a file, a number of processes."""


@dataclass(frozen=True)
class OptimizerOptions:
    """How weights move, by Adam.

    Args:
        lr: highest learning rate; a stage takes a multiple of it.
        schedule: ``cosine``: from the stage's rate to ``floor`` of it along each stage; ``plateau``: times
            ``plateau_factor`` after ``plateau_patience`` validations without a better loss.
        warmup: units of the run over which the rate rises linearly from zero in each stage.
        floor: lowest rate of the cosine over the stage's.
        plateau_factor: what the plateau schedule multiplies the rate by.
        plateau_patience: validations without a better loss after which it does.
        clip: longest gradient.
        average_decay: the averaged weights, which are evaluated and kept, take the share 1 - decay of the
            current ones at each step; 0 keeps none and evaluates the current ones.
    """

    lr: float = 1e-3
    schedule: Literal["cosine", "plateau"] = "plateau"
    warmup: float = 0.0
    floor: float = 0.01
    plateau_factor: float = 0.9
    plateau_patience: int = 2
    clip: float = 1.0
    average_decay: float = 0.999

    def __post_init__(self) -> None:
        check_positive(self, "lr", "clip", "plateau_factor", "plateau_patience")
        if not self.warmup >= 0:
            raise ConfigError(f"warmup must be 0 or more, got {self.warmup}; 0 is for none")
        if not 0 <= self.floor <= 1:
            raise ConfigError(f"floor must be 0..1, got {self.floor}; 0.01 is usual")
        if not 0 <= self.average_decay < 1:
            raise ConfigError(
                f"average_decay must be 0..1, 1 excluded, got {self.average_decay}; 0.999 is usual"
            )


@dataclass(frozen=True)
class StageOptions:
    """One stage of training; stages follow each other.

    Where a stage has a table that the run has, too, such as that of the optimiser, its own holds while it
    lasts. In a file it need only name the keys that differ.

    Args:
        name: what the log calls it.
        length: how long it is, in units of the run.
        lr_factor: learning rate of the stage over ``optimizer.lr``.
        weight_decay: share of the weights added to their gradient.
        batch_size: clips a step, in all processes together.
        duration_s: length of a clip.
        microphones: fewest and most microphones of an array; every batch has one number. Rooms with more
            lose some at random.
        bank: folder inside ``data.bank``; empty: that folder itself.
        optimizer: how weights move.
        mix: levels and ratios of the clips.
    """

    name: str
    length: float
    lr_factor: float = 1.0
    weight_decay: float = 1e-6
    batch_size: int = 16
    duration_s: float = 4.0
    microphones: tuple[int, int] = (4, 12)
    bank: str = ""
    optimizer: OptimizerOptions | None = None
    mix: MixRecipe | None = None

    def __post_init__(self) -> None:
        check_positive(self, "length", "lr_factor", "batch_size", "duration_s")
        if not 0 <= self.weight_decay < math.inf:
            raise ConfigError(f"weight_decay must be 0 or more, got {self.weight_decay}; 1e-6 is usual")
        _check_microphones(self.microphones)

    @property
    def needs_rooms(self) -> bool:
        """Whether its clips are mixed from a bank of rooms."""
        return True


@dataclass(frozen=True)
class DataOptions:
    """What clips are mixed from.

    Args:
        bank: folder of a bank of rooms, or of several named by the stages.
        speech: folder of a corpus of speech.
        noise: folder of a corpus of noise.
        events: folder of a corpus of events, any sound but speech, of which talkers are drawn, too.
        cache: folder for decoded corpora; empty: inside the run's folder.
        held_out: share of rooms and speakers kept for validation where there are none for that, at most a
            half; of rooms one in so many.
        workers: processes that mix clips; 0 mixes in the training process.
    """

    bank: str = field(default="", metadata=LOCAL)
    speech: str = field(default="", metadata=LOCAL)
    noise: str = field(default="", metadata=LOCAL)
    events: str = field(default="", metadata=LOCAL)
    cache: str = field(default="", metadata=LOCAL)
    held_out: float = 0.05
    workers: int = field(default=1, metadata=LOCAL)

    def __post_init__(self) -> None:
        if not 0 < self.held_out <= 0.5:
            raise ConfigError(f"held_out must be above 0 and at most 0.5, got {self.held_out}; 0.05 is usual")
        if self.workers < 0:
            raise ConfigError(f"workers must be 0 or more, got {self.workers}; 0 mixes where it trains")


@dataclass(frozen=True)
class ValidationOptions:
    """When and on what the network is tried out.

    Args:
        every: units of the run between validations.
        clips: number of clips with one talker, and as many with two. They are the same every time.
        microphones: fewest and most microphones of an array.
        duration_s: length of each.
        grid: directions of the Fibonacci sphere they are searched on.
        bank: folder inside ``data.bank``, all rooms of which are used; empty: the rooms held out of the last
            stage's bank.
    """

    every: float = 1.0
    clips: int = 50
    microphones: tuple[int, int] = (4, 12)
    duration_s: float = 2.0
    grid: int = 2048
    bank: str = ""

    def __post_init__(self) -> None:
        check_positive(self, "every", "clips", "duration_s", "grid")
        if self.grid < 2:
            raise ConfigError(f"grid must be at least 2 directions, got {self.grid}; 2048 is usual")
        _check_microphones(self.microphones)

    @property
    def needs_rooms(self) -> bool:
        """Whether its clips are mixed from a bank of rooms."""
        return True


@dataclass(frozen=True)
class TrainingConfig:
    """A training run.

    Args:
        stages: stages of the run, at least one.
        seed: seed of everything random.
        unit: what lengths are measured in.
        epoch_examples: clips in an epoch.
        precision: ``no`` for single precision, or the lower one to compute in where there is CUDA; ``bf16``
            also on processors that multiply it faster.
        checkpoint_minutes: time between checkpoints.
        network: which network learns; see :mod:`anydoa.training.catalogue`.
        initial_weights: checkpoint of the same network to begin with; empty: weights drawn from the seed.
        model: sizes and choices of the network.
        optimizer: how weights move, unless a stage has its own.
        data: what clips are mixed from.
        mix: levels and ratios of the clips, and what is turned and shuffled, unless a stage has its own; that
            of validation.
        validation: when and on what the network is tried out.
    """

    stages: tuple[StageOptions, ...]
    seed: int = 0
    unit: Literal["epoch", "hour"] = "epoch"
    epoch_examples: int = 28_800
    precision: Literal["no", "fp16", "bf16"] = "no"
    checkpoint_minutes: float = 15.0
    network: str = ""
    initial_weights: str = field(default="", metadata=LOCAL)
    model: Any = None
    optimizer: OptimizerOptions = field(default_factory=OptimizerOptions)
    data: DataOptions = field(default_factory=DataOptions)
    mix: MixRecipe = field(default_factory=MixRecipe)
    validation: ValidationOptions = field(default_factory=ValidationOptions)

    def __post_init__(self) -> None:
        check_positive(self, "epoch_examples", "checkpoint_minutes")
        if self.seed < 0:
            raise ConfigError(f"seed must be 0 or more, got {self.seed}; any such whole number will do")
        if not self.stages:
            raise ConfigError("a run needs at least one stage; add a [[stages]] table")

    @property
    def needs_rooms(self) -> bool:
        """Whether any clips are mixed from a bank of rooms."""
        return self.validation.needs_rooms or any(stage.needs_rooms for stage in self.stages)

    @property
    def rests_weights(self) -> bool:
        """Whether some weights have no part in the loss of some stage."""
        return False

    @property
    def weight_files(self) -> dict[str, str]:
        """Files of weights that the run needs, by the names of the choices."""
        return {"initial_weights": self.initial_weights} if self.initial_weights else {}

    def during(self: _Config, stage: StageOptions) -> _Config:
        """The choices that hold in a stage: its own, and those of the run where it has none."""
        own = {name: getattr(stage, name) for name in shared_tables(type(self), type(stage))}
        return replace(self, **{name: value for name, value in own.items() if value is not None})

    def portable(self: _Config) -> _Config:
        """The same choices without the folders of this machine, which mean nothing elsewhere."""
        return replace(_portable(self), data=_portable(self.data))

    def to_dict(self) -> dict[str, Any]:
        """Every value by name, ready for JSON."""
        return dataclasses.asdict(self)


def shared_tables(config: type[TrainingConfig], stage: type[StageOptions]) -> list[str]:
    """Tables that the run has, and that a stage may have in their place."""
    of_stage = {one.name for one in dataclasses.fields(stage)}
    return [one.name for one in dataclasses.fields(config) if one.name in of_stage]


def changed_choices(before: TrainingConfig, now: TrainingConfig) -> list[str]:
    """Names of the choices of a run that are others than before, but for those of folders and files."""
    return _changed(before, now, "")


def _changed(before: Any, now: Any, path: str) -> list[str]:
    """Names of what differs between two records, two rows of records or two values."""
    if type(before) is not type(now):
        return [path]
    if dataclasses.is_dataclass(now):
        names = [one.name for one in dataclasses.fields(now) if not one.metadata.get("local")]
        pairs = [(name, getattr(before, name), getattr(now, name)) for name in names]
    elif isinstance(now, tuple) and len(before) == len(now) and any(map(dataclasses.is_dataclass, now)):
        pairs = [(str(index), *both) for index, both in enumerate(zip(before, now, strict=True))]
    else:
        return [] if before == now else [path]
    return [found for name, old, new in pairs for found in _changed(old, new, f"{path}.{name}".lstrip("."))]


def _portable(options: Any) -> Any:
    """The same options with bare names in place of paths."""
    local = [one.name for one in dataclasses.fields(options) if one.metadata.get("local")]
    paths = {name: path for name in local if isinstance(path := getattr(options, name), str)}
    return replace(options, **{name: Path(path).name for name, path in paths.items()})


def _check_microphones(microphones: tuple[int, int]) -> None:
    if not MIN_MICROPHONES <= microphones[0] <= microphones[1]:
        raise ConfigError(
            f"microphones are the fewest and the most, from {MIN_MICROPHONES}, got {microphones}; give two "
            "such as [4, 12]"
        )

"""Every choice of a training run, in frozen records.

Lengths of stages and places of beams are in the unit the file chooses: epochs of a fixed number of examples,
or hours of training. With epochs it is the same run everywhere, so the recipes of this package count in them;
with hours a run uses the time it is given, whatever the machine.
"""

import dataclasses
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from anydoa.constants import MIN_MICROPHONES
from anydoa.errors import ConfigError
from anydoa.estimators.steered.options import SteeredOptions
from anydoa.networks.config import AggRlConfig
from anydoa.networks.mask_net import MaskNetConfig
from anydoa.networks.score_net import ScoreNetConfig
from anydoa.simulation.recipe import MixRecipe

STAGE_TABLES = ("optimizer", "mix", "beams", "grid")
"""Tables of a run that a stage may have, too."""

_PLACES = {
    *(f"data.{name}" for name in ("bank", "speech", "noise", "cache", "mask_weights", "workers")),
    "initial_weights",
}


@dataclass(frozen=True)
class BeamOptions:
    """Beamwidths of the targets: constant before the first place and after the last, linear between.

    Args:
        at: places, rising, in units of the run.
        widths_deg: for each place the beamwidth of each output.
    """

    at: tuple[float, ...] = (35.0, 60.0)
    widths_deg: tuple[tuple[float, ...], ...] = ((32.0, 12.0, 5.0), (5.0, 5.0, 5.0))

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.at, self.at[1:], strict=False))
        if not self.at or not rising or len(self.at) != len(self.widths_deg):
            raise ConfigError(
                f"beams.at must rise and have one row of beams.widths_deg each, got {len(self.at)} and "
                f"{len(self.widths_deg)}: {self.at}"
            )
        if any(not 0 < width < 90 for row in self.widths_deg for width in row):
            raise ConfigError(f"beams.widths_deg must be above 0 and below 90 degrees, got {self.widths_deg}")


@dataclass(frozen=True)
class GridOptions:
    """The grid of a training step.

    Args:
        even: directions of a Fibonacci sphere.
        near: directions near the talkers of the batch.
        near_spread_deg: standard deviation of the latter.
        turn: whether the even ones are randomly turned at each step.
    """

    even: int = 192
    near: int = 192
    near_spread_deg: float = 10.0
    turn: bool = True

    def __post_init__(self) -> None:
        _check_positive(self, "near_spread_deg")
        if self.even < 2 or self.near < 0:
            raise ConfigError(
                f"grid.even must be at least 2 and grid.near at least 0, got {self.even} and {self.near}"
            )


@dataclass(frozen=True)
class OptimizerOptions:
    """How weights move, by Adam.

    Args:
        lr: highest learning rate; a stage takes a multiple of it.
        schedule: ``cosine``: from the stage's rate to ``floor`` of it along each stage; ``plateau``: times
            ``plateau_factor`` after ``plateau_patience`` validations without a better loss.
        warmup: units of the run over which the rate rises linearly from zero in each stage.
        floor: lowest rate of the cosine over the stage's.
        plateau_factor: see ``schedule``.
        plateau_patience: see ``schedule``.
        clip: longest gradient.
        average_decay: the averaged weights, which are evaluated and kept, take the share 1 - decay of the
            current ones at each step; 0 keeps none and evaluates the current ones.
        positive_weight: rho of the loss.
        direction_weight: of the divergence between directions in the loss of AGG-RL, beside its
            cross-entropy; 0 as published.
    """

    lr: float = 1e-3
    schedule: Literal["cosine", "plateau"] = "plateau"
    warmup: float = 0.0
    floor: float = 0.01
    plateau_factor: float = 0.9
    plateau_patience: int = 2
    clip: float = 1.0
    average_decay: float = 0.999
    positive_weight: float = 2.0
    direction_weight: float = 0.0

    def __post_init__(self) -> None:
        _check_positive(self, "lr", "clip", "positive_weight", "plateau_factor", "plateau_patience")
        if not 0 <= self.average_decay < 1:
            raise ConfigError(f"average_decay must be 0..1, 1 excluded, got {self.average_decay}")
        if self.direction_weight < 0:
            raise ConfigError(f"direction_weight must be 0 or more, got {self.direction_weight}")


@dataclass(frozen=True)
class StageOptions:
    """One stage of training; stages follow each other.

    What a stage says of optimiser, mixing, beams and grid holds while it lasts, in place of what the run
    says. In a file its tables need only name the keys that differ.

    Args:
        name: what the log calls it.
        length: in units of the run.
        source: ``rooms``: clips mixed from a bank of rooms; ``spectra``: cross-spectra of random arrays and
            talkers by formula, without audio.
        learns: which part of AGG-RL learns. ``without-plane-waves``: all but its PlaneWaveNet, which is left
            out; ``plane-waves``: that alone, on top of the rest, which stays as it is; ``all`` of it.
        lr_factor: learning rate of the stage over ``optimizer.lr``.
        weight_decay: of the optimiser, added to the gradient.
        batch_size: clips a step, in all processes together.
        duration_s: length of a clip.
        microphones: fewest and most microphones of an array; every batch has one number. Rooms with more
            lose some at random.
        bank: folder inside ``data.bank``; empty: that folder itself.
        optimizer: how weights move.
        mix: levels and ratios of the clips.
        beams: beamwidths of the targets; places count from the beginning of the stage.
        grid: grid of a training step.
    """

    name: str
    length: float
    source: Literal["rooms", "spectra"] = "rooms"
    learns: Literal["all", "without-plane-waves", "plane-waves"] = "all"
    lr_factor: float = 1.0
    weight_decay: float = 1e-6
    batch_size: int = 16
    duration_s: float = 4.0
    microphones: tuple[int, int] = (4, 12)
    bank: str = ""
    optimizer: OptimizerOptions | None = None
    mix: MixRecipe | None = None
    beams: BeamOptions | None = None
    grid: GridOptions | None = None

    def __post_init__(self) -> None:
        _check_positive(self, "length", "lr_factor", "batch_size", "duration_s")
        _check_microphones(self.microphones)


@dataclass(frozen=True)
class DataOptions:
    """Where sound comes from.

    Args:
        bank: folder of a bank of rooms, or of several named by the stages.
        speech: folder of a corpus of speech.
        noise: folder of a corpus of noise.
        cache: folder for decoded corpora; empty: inside the run's folder.
        held_out: share of rooms and speakers kept for validation where there are none for that.
        workers: processes that mix clips; 0 mixes in the training process.
        mask_weights: checkpoint of the mask network that finds talkers for the score network.
        clips: different clips the score network learns from; then they come again.
    """

    bank: str = ""
    speech: str = ""
    noise: str = ""
    cache: str = ""
    held_out: float = 0.05
    workers: int = 1
    mask_weights: str = ""
    clips: int = 1600

    def __post_init__(self) -> None:
        _check_positive(self, "clips")
        if not 0 < self.held_out < 1:
            raise ConfigError(f"data.held_out must be above 0 and below 1, got {self.held_out}")
        if self.workers < 0:
            raise ConfigError(f"data.workers must be 0 or more, got {self.workers}")


@dataclass(frozen=True)
class ValidationOptions:
    """When and on what the network is tried out.

    Args:
        every: units of the run between validations.
        source: ``rooms`` or ``spectra``, as in a stage.
        clips: how many with one talker, and as many with two; spectra: in all. The same every time.
        microphones: fewest and most microphones of an array.
        duration_s: length of each.
        grid: directions of the Fibonacci sphere they are searched on.
        bank: folder inside ``data.bank``, all rooms of which are used; empty: the rooms held out of the last
            stage's bank.
    """

    every: float = 1.0
    source: Literal["rooms", "spectra"] = "rooms"
    clips: int = 50
    microphones: tuple[int, int] = (4, 12)
    duration_s: float = 2.0
    grid: int = 2048
    bank: str = ""

    def __post_init__(self) -> None:
        _check_positive(self, "every", "clips", "duration_s", "grid")
        _check_microphones(self.microphones)


@dataclass(frozen=True)
class TrainingConfig:
    """A training run.

    Args:
        stages: at least one.
        seed: of everything random.
        unit: what lengths are measured in.
        epoch_examples: clips in an epoch.
        precision: ``no`` for single precision, or the lower one to compute in where there is CUDA; ``bf16``
            also on processors that multiply it faster.
        checkpoint_minutes: between checkpoints.
        network: which network learns: ``agg-rl``, described by ``model``, or ``talker-mask``, by ``mask``,
            or ``talker-score``, by ``score``.
        initial_weights: checkpoint of the same network to begin with, or of the same but for
            PlaneWaveNet; empty: weights drawn from the seed.
        model: AGG-RL.
        mask: the mask network.
        score: the score network.
        steering: how the score network's talkers are found.
        beams: beamwidths of the targets, unless a stage has its own.
        grid: grid of a training step, likewise.
        optimizer: how weights move, likewise.
        data: where sound comes from.
        mix: levels and ratios of the clips, and what is turned and shuffled, likewise; that of validation.
        validation: when and on what the network is tried out.
    """

    stages: tuple[StageOptions, ...]
    seed: int = 0
    unit: Literal["epoch", "hour"] = "epoch"
    epoch_examples: int = 28_800
    precision: Literal["no", "fp16", "bf16"] = "no"
    checkpoint_minutes: float = 15.0
    network: Literal["agg-rl", "talker-mask", "talker-score"] = "agg-rl"
    initial_weights: str = ""
    model: AggRlConfig = field(default_factory=AggRlConfig)
    mask: MaskNetConfig = field(default_factory=MaskNetConfig)
    score: ScoreNetConfig = field(default_factory=ScoreNetConfig)
    steering: SteeredOptions = field(default_factory=SteeredOptions)
    beams: BeamOptions = field(default_factory=BeamOptions)
    grid: GridOptions = field(default_factory=GridOptions)
    optimizer: OptimizerOptions = field(default_factory=OptimizerOptions)
    data: DataOptions = field(default_factory=DataOptions)
    mix: MixRecipe = field(default_factory=MixRecipe)
    validation: ValidationOptions = field(default_factory=ValidationOptions)

    def __post_init__(self) -> None:
        _check_positive(self, "epoch_examples", "checkpoint_minutes")
        if self.seed < 0:
            raise ConfigError(f"seed must be 0 or more, got {self.seed}")
        if not self.stages:
            raise ConfigError("a run needs at least one stage; add a [[stages]] table")
        if self.network != "agg-rl" and any(stage.source != "rooms" for stage in self.stages):
            raise ConfigError(f'{self.network} learns from rooms; set source = "rooms" in every stage')
        if self.network != "agg-rl" or not self.model.plane_waves:
            self._check_that_all_learns()
        if self.network == "talker-score":
            self._check_score_clips()
        for beams in (self.beams, *(stage.beams for stage in self.stages if stage.beams is not None)):
            self._check_outputs(beams)

    def during(self, stage: StageOptions) -> "TrainingConfig":
        """The choices that hold in a stage: its own, and those of the run where it has none."""
        own = {name: getattr(stage, name) for name in STAGE_TABLES}
        return replace(self, **{name: value for name, value in own.items() if value is not None})

    def _check_that_all_learns(self) -> None:
        for stage in self.stages:
            if stage.learns != "all":
                raise ConfigError(
                    f'stage {stage.name!r}: learns = "{stage.learns}" needs network = "agg-rl" and '
                    "model.plane_waves = true"
                )

    def _check_outputs(self, beams: BeamOptions) -> None:
        outputs = self.model.num_outputs
        if any(len(row) != outputs for row in beams.widths_deg):
            raise ConfigError(
                f"each row of beams.widths_deg needs {outputs} values, one for each output of the model, "
                f"got {beams.widths_deg}"
            )

    def _check_score_clips(self) -> None:
        if not self.data.mask_weights:
            raise ConfigError("data.mask_weights is empty; name the checkpoint of a mask network")
        for stage in self.stages:
            if self.data.clips % stage.batch_size:
                raise ConfigError(
                    f"data.clips must be a multiple of batch_size of stage {stage.name!r}, "
                    f"got {self.data.clips} and {stage.batch_size}"
                )

    def to_dict(self) -> dict[str, Any]:
        """Every value by name, ready for JSON."""
        return dataclasses.asdict(self)


def changed_choices(before: TrainingConfig, now: TrainingConfig) -> list[str]:
    """Names of the choices of a run that are others than before, but for those of folders and files."""
    return _changed(before.to_dict(), now.to_dict(), "")


def _changed(before: Any, now: Any, path: str) -> list[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        keys = [key for key in now if path + key not in _PLACES]
        return [name for key in keys for name in _changed(before.get(key), now[key], f"{path}{key}.")]
    if isinstance(before, tuple) and isinstance(now, tuple) and any(isinstance(row, dict) for row in now):
        if len(before) == len(now):
            rows = enumerate(zip(before, now, strict=True))
            return [name for index, (old, new) in rows for name in _changed(old, new, f"{path}{index}.")]
        return [path.rstrip(".")]
    return [] if before == now else [path.rstrip(".")]


def _check_positive(options: Any, *names: str) -> None:
    for name in names:
        value = getattr(options, name)
        if not value > 0:
            raise ConfigError(f"{name} must be above 0, got {value}")


def _check_microphones(microphones: tuple[int, int]) -> None:
    if not MIN_MICROPHONES <= microphones[0] <= microphones[1]:
        raise ConfigError(
            f"microphones are the fewest and the most, from {MIN_MICROPHONES}, got {microphones}"
        )

"""The choices of a run that trains AGG-RL."""

from dataclasses import dataclass, field
from typing import Literal

from anydoa.errors import ConfigError
from anydoa.networks import AggRlConfig
from anydoa.training.agg_rl.loss import LossOptions
from anydoa.training.agg_rl.targets import BeamwidthOptions, GridOptions
from anydoa.training.config import StageOptions, TrainingConfig, ValidationOptions


@dataclass(frozen=True)
class AggRlStage(StageOptions):
    """One stage of the training of AGG-RL; :class:`~anydoa.training.config.StageOptions` has the rest.

    Args:
        kind: ``rooms``: clips mixed from a bank of rooms; ``spectra``: cross-spectra of random arrays and
            talkers by formula, without audio.
        trains: which part of the network learns. ``without-plane-waves``: all but what judges plane waves,
            which is left out; ``plane-waves``: that alone, on top of the rest, which stays as it is; ``all``.
        beams: beamwidths of the targets; places count from the beginning of the stage.
        grid: grid of a training step.
        loss: weights in the loss.
    """

    kind: Literal["rooms", "spectra"] = "rooms"
    trains: Literal["all", "without-plane-waves", "plane-waves"] = "all"
    beams: BeamwidthOptions | None = None
    grid: GridOptions | None = None
    loss: LossOptions | None = None

    @property
    def needs_rooms(self) -> bool:
        """Whether its clips are mixed from a bank of rooms."""
        return self.kind == "rooms"


@dataclass(frozen=True)
class AggRlValidation(ValidationOptions):
    """When and on what AGG-RL is tried out.

    Args:
        kind: ``rooms`` or ``spectra``, as in a stage. Of spectra ``clips`` says how many there are in all, in
            whole batches of 8; one talker or two are drawn.
    """

    kind: Literal["rooms", "spectra"] = "rooms"

    @property
    def needs_rooms(self) -> bool:
        """Whether its clips are mixed from a bank of rooms."""
        return self.kind == "rooms"


@dataclass(frozen=True)
class AggRlTraining(TrainingConfig):
    """A run that trains AGG-RL; :class:`~anydoa.training.config.TrainingConfig` has the rest.

    Args:
        stages: stages of the run, at least one.
        network: says that it is AGG-RL.
        model: sizes and choices of the network.
        validation: when and on what it is tried out.
        beams: beamwidths of the targets, unless a stage has its own.
        grid: grid of a training step, unless a stage has its own.
        loss: weights in the loss, unless a stage has its own.
    """

    stages: tuple[AggRlStage, ...]
    network: Literal["agg-rl"] = "agg-rl"
    model: AggRlConfig = field(default_factory=AggRlConfig)
    validation: AggRlValidation = field(default_factory=AggRlValidation)
    beams: BeamwidthOptions = field(default_factory=BeamwidthOptions)
    grid: GridOptions = field(default_factory=GridOptions)
    loss: LossOptions = field(default_factory=LossOptions)

    def __post_init__(self) -> None:
        super().__post_init__()
        for stage in self.stages:
            if not self.model.plane_waves and stage.trains != "all":
                raise ConfigError(
                    f'stage {stage.name!r}: trains = "{stage.trains}" needs model.plane_waves = true, got '
                    'false; set it, or trains = "all"'
                )
        outputs = self.model.num_outputs
        for beams in (self.beams, *(stage.beams for stage in self.stages if stage.beams is not None)):
            if any(len(row) != outputs for row in beams.widths_deg):
                raise ConfigError(
                    f"each row of beams.widths_deg needs {outputs} values, one for each output of the model, "
                    f"got {beams.widths_deg}; give as many"
                )

    @property
    def rests_weights(self) -> bool:
        """Whether some weights have no part in the loss of some stage."""
        return any(stage.trains != "all" or stage.kind == "spectra" for stage in self.stages)

"""The choices of a run that trains the score network."""

from dataclasses import dataclass, field
from typing import Literal

from anydoa.errors import ConfigError
from anydoa.estimators.steered import SteeredOptions
from anydoa.io.options import check_positive
from anydoa.networks import ScoreNetConfig
from anydoa.training.config import LOCAL, DataOptions, TrainingConfig


@dataclass(frozen=True)
class ScoreData(DataOptions):
    """What clips are mixed from, and how talkers are found in them.

    Args:
        mask_weights: checkpoint of the mask network that finds talkers.
        clips: how many different clips there are; then they come again.
        ahead_slots: slots of evidence heard ahead in the clips, one after the other.
        keep_every: a frame of so many is learnt from.
    """

    mask_weights: str = field(default="", metadata=LOCAL)
    clips: int = 1600
    ahead_slots: tuple[int, ...] = (0,)
    keep_every: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(self, "clips", "keep_every")
        if not self.ahead_slots or min(self.ahead_slots) < 0:
            raise ConfigError(
                f"ahead_slots must be numbers from 0, got {self.ahead_slots}; [0] hears none ahead"
            )


@dataclass(frozen=True)
class ScoreTraining(TrainingConfig):
    """A run that trains the score network; :class:`~anydoa.training.config.TrainingConfig` has the rest.

    Args:
        network: says that it is the score network.
        model: its sizes.
        data: what clips are mixed from, and the mask network.
        steered: how talkers are found.
    """

    network: Literal["score"] = "score"
    model: ScoreNetConfig = field(default_factory=ScoreNetConfig)
    data: ScoreData = field(default_factory=ScoreData)
    steered: SteeredOptions = field(default_factory=SteeredOptions)

    def __post_init__(self) -> None:
        super().__post_init__()
        sizes = {
            "num_slots": (self.model.num_slots, "memory_slots", self.steered.memory_slots),
            "num_bands": (self.model.num_bands, "num_bands", self.steered.num_bands),
            "ahead_slots": (self.model.ahead_slots, "picture_ahead", self.steered.picture_ahead),
        }
        for name, (ours, theirs, found) in sizes.items():
            if ours != found:
                raise ConfigError(
                    f"model.{name} and steered.{theirs} must be equal, got {ours} and {found}; change one"
                )
        if max(self.data.ahead_slots) and not self.steered.picture_ahead:
            raise ConfigError(
                f"data.ahead_slots beside 0 need model.ahead_slots and steered.picture_ahead above 0, "
                f"got {self.data.ahead_slots}; set both, or data.ahead_slots = [0]"
            )
        if not self.data.mask_weights:
            raise ConfigError("data.mask_weights is empty; name the checkpoint of a mask network")
        for stage in self.stages:
            if self.data.clips % stage.batch_size:
                raise ConfigError(
                    f"data.clips must be a multiple of batch_size of stage {stage.name!r}, "
                    f"got {self.data.clips} and {stage.batch_size}; change one"
                )

    @property
    def rests_weights(self) -> bool:
        """Whether some weights have no part in the loss of some step: a process may hear no later sound."""
        return True

    @property
    def weight_files(self) -> dict[str, str]:
        """Files of weights that the run needs, by the names of the choices."""
        return {**super().weight_files, "data.mask_weights": self.data.mask_weights}

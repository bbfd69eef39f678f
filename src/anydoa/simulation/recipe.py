"""What scenes are drawn from: levels, ratios, and what is turned and shuffled."""

from dataclasses import dataclass, field
from typing import Literal

from anydoa.simulation.perturbation import Mismatch

Rotation = Literal["none", "yaw", "full"]


@dataclass(frozen=True)
class MixRecipe:
    """What scenes are drawn from; ranges are uniform.

    Args:
        min_talkers: least number of talkers.
        snr_db: speech over all noise, mean power of the microphones over the scene.
        second_talker_db: a further talker over the first.
        point_to_sensor_db: noise from a place over noise of the microphones.
        level_db: root mean square of the scene relative to full scale; less where it would clip.
        min_activity: share of the scene each talker should at least speak, where the recordings allow.
        rotation: array and truth turned together: not at all, about the vertical, or in all ways. Sound
            knows no up and down, so this is exact; only ``full`` gives up the preference for the horizon.
        permute: whether microphones come in random order.
        isotropic_share: share of the scenes whose noise comes from everywhere instead of from a place.
        mismatch: how far microphones stray.
        keep_direct: whether to keep each talker's direct sound, 3 ms from its arrival on.

    Reference:
        Baek et al. (2026), algorithm 3, for the ranges in dB. The level is ours.
    """

    min_talkers: int = 1
    snr_db: tuple[float, float] = (-5.0, 30.0)
    second_talker_db: tuple[float, float] = (-5.0, 5.0)
    point_to_sensor_db: tuple[float, float] = (-15.0, 15.0)
    level_db: tuple[float, float] = (-40.0, -15.0)
    min_activity: float = 0.3
    rotation: Rotation = "full"
    permute: bool = True
    isotropic_share: float = 0.0
    mismatch: Mismatch = field(default_factory=Mismatch)
    keep_direct: bool = False

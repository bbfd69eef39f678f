"""What scenes are drawn from: levels, ratios, and what is turned and shuffled."""

from dataclasses import dataclass, field
from typing import Literal

from anydoa.simulation.limits import check_within
from anydoa.simulation.perturbation import Mismatch

_MOST_DB = 300.0  # more leaves single precision

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
        upright_share: share of the scenes that ``full`` turns about the vertical only, so that something of
            that preference is learnt.
        permute: whether microphones come in random order.
        isotropic_share: share of the scenes whose noise comes from everywhere instead of from a place.
        anechoic_share: share of the scenes that end 3 ms after the direct sound and have no noise but that of
            the microphones.
        anechoic_snr_db: speech over noise in those.
        mismatch: how far microphones stray.
        keep_direct: whether to keep each talker's direct sound, 3 ms from its arrival on.

    Raises:
        ConfigError: if a share is none, or a level or ratio beyond all that numbers can hold.

    Reference:
        Baek et al. (2026), algorithm 3, for the ranges in dB. The level is ours, and so are scenes without
        echo.
    """

    min_talkers: int = 1
    snr_db: tuple[float, float] = (-5.0, 30.0)
    second_talker_db: tuple[float, float] = (-5.0, 5.0)
    point_to_sensor_db: tuple[float, float] = (-15.0, 15.0)
    level_db: tuple[float, float] = (-40.0, -15.0)
    min_activity: float = 0.3
    rotation: Rotation = "full"
    upright_share: float = 0.0
    permute: bool = True
    isotropic_share: float = 0.0
    anechoic_share: float = 0.0
    anechoic_snr_db: tuple[float, float] = (20.0, 90.0)
    mismatch: Mismatch = field(default_factory=Mismatch)
    keep_direct: bool = False

    def __post_init__(self) -> None:
        ratios = {
            "the ratio of speech to noise (snr)": self.snr_db,
            "the level of a further talker": self.second_talker_db,
            "the ratio of noise from a place to that of microphones": self.point_to_sensor_db,
            "the level of a scene": self.level_db,
            "the ratio of speech to noise without echo": self.anechoic_snr_db,
        }
        for what, ends in ratios.items():
            check_within(what, ends, -_MOST_DB, _MOST_DB, " dB")
        for share in (self.min_activity, self.upright_share, self.isotropic_share, self.anechoic_share):
            check_within("a share", (share,), 0, 1)

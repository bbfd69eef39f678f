"""What rooms and scenes are drawn from, and the limits of the numbers that may be asked for."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Complex, Float

from anydoa.errors import ConfigError
from anydoa.geometry.coordinates import random_rotation, rotation_from_rpy_deg

Rotation = Literal["none", "yaw", "full"]


def check_within(what: str, values: tuple[float, ...], lowest: float, highest: float, unit: str = "") -> None:
    """Refuse numbers that do not rise within limits; NaN is in none.

    Args:
        what: name of the numbers, for the message.
        values: one number, or the ends of a range.
        lowest: lowest value allowed.
        highest: highest value allowed.
        unit: unit of all of them, with a blank before it.

    Raises:
        ConfigError: if they do not.
    """
    rising = all(low <= high for low, high in zip((lowest, *values), (*values, highest), strict=True))
    if not rising:
        given = " to ".join(f"{value:g}" for value in values)
        raise ConfigError(
            f"{what} must {'be' if len(values) == 1 else 'rise'} within {lowest:g} to {highest:g}{unit}, "
            f"got {given}; ask for what lies within"
        )


@dataclass(frozen=True)
class RoomRanges:
    """What rooms are drawn from; lengths in metres, times in seconds, all uniform.

    Args:
        smallest: least length, width and height.
        largest: greatest length, width and height.
        rt60: least and greatest reverberation time.
        talker_distance: least and greatest distance of a talker from the centre of the array.
        noise_distance: least distance of a noise source from the centre of the array.
        separation_deg: least angle between two talkers.
        wall_margin: least distance of a source from a wall.
        array_margin: least distance of the centre of the array from a wall.

    Raises:
        ConfigError: if reverberation times are none.

    Reference:
        Baek et al. (2026), algorithm 3. The margin of the array is ours.
    """

    smallest: tuple[float, float, float] = (3.0, 3.0, 2.5)
    largest: tuple[float, float, float] = (10.0, 8.0, 6.0)
    rt60: tuple[float, float] = (0.2, 1.3)
    talker_distance: tuple[float, float] = (0.3, 2.5)
    noise_distance: float = 2.5
    separation_deg: float = 10.0
    wall_margin: float = 0.1
    array_margin: float = 0.4

    def __post_init__(self) -> None:
        # From padded boxes to the largest cathedrals.
        check_within("a reverberation time (rt60)", self.rt60, 0.01, 10.0, " s")


@dataclass(frozen=True)
class Mismatch:
    """How far microphones stray from what their file says; standard deviations, all normal. Zero is perfect.

    Args:
        position_m: metres by which each coordinate of a position is off.
        gain_db: decibels of the gain of each microphone.
        phase_deg: degrees of the phase of each microphone, the same at every frequency.

    Raises:
        ConfigError: if one is negative, or more than any microphone strays.
    """

    position_m: float = 0.0
    gain_db: float = 0.0
    phase_deg: float = 0.0

    def __post_init__(self) -> None:
        check_within("the error of positions", (1000 * self.position_m,), 0, 1000, " mm")
        check_within("the error of gains", (self.gain_db,), 0, 40, " dB")
        check_within("the error of phases", (self.phase_deg,), 0, 180, " degrees")

    def misplace(
        self, positions: Float[np.ndarray, "mic 3"], rng: np.random.Generator, *, on_ball: bool = False
    ) -> Float[np.ndarray, "mic 3"]:
        """Positions as a careless person measures them.

        Args:
            positions: metres.
            rng: random number generator.
            on_ball: whether the origin is the centre of a ball, and stays; else they are centred anew.
        """
        if self.position_m == 0:
            return positions
        measured: np.ndarray = positions + self.position_m * rng.standard_normal(positions.shape)
        if on_ball:
            return measured
        centred: np.ndarray = measured - measured.mean(axis=0)
        return centred

    def draw_response(self, num_mics: int, rng: np.random.Generator) -> Complex[np.ndarray, "mic"]:
        """Complex gain of each microphone at positive frequencies."""
        gain_db = self.gain_db * rng.standard_normal(num_mics)
        phase = np.deg2rad(self.phase_deg) * rng.standard_normal(num_mics)
        response: np.ndarray = 10 ** (gain_db / 20) * np.exp(1j * phase)
        return response


@dataclass(frozen=True)
class MixRecipe:
    """What scenes are drawn from; ranges are uniform.

    Args:
        min_talkers: least number of talkers.
        snr_db: speech over all noise, mean power of the microphones over the scene.
        second_talker_db: level of a further talker over the first.
        point_to_sensor_db: noise from a place over noise of the microphones.
        level_db: root mean square of the scene relative to full scale; less where it would clip.
        min_activity: share of the scene each talker should at least speak, where the recordings allow.
        rotation: array and truth turned together: not at all, about the vertical, or in all ways. Sound
            knows no up and down, so this is exact; only ``full`` gives up the preference for the horizon.
        upright_share: share of the scenes that ``full`` turns about the vertical only, so that something of
            that preference is learned.
        permute: whether microphones come in random order.
        isotropic_share: share of the scenes whose noise comes from everywhere instead of from a place.
        anechoic_share: share of the scenes that end 3 ms after the direct sound and have no noise but that of
            the microphones.
        anechoic_snr_db: speech over noise in those.
        event_share: share of the talkers that are events, sounds other than speech, where there are any.
        mismatch: how far microphones stray.
        keep_direct: whether to keep each talker's direct sound, 3 ms from its arrival on.
        keep_images: whether to keep each talker's sound with all its echoes.

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
    event_share: float = 0.0
    mismatch: Mismatch = field(default_factory=Mismatch)
    keep_direct: bool = False
    keep_images: bool = False

    def __post_init__(self) -> None:
        ratios = {
            "the ratio of speech to noise (snr)": self.snr_db,
            "the level of a further talker": self.second_talker_db,
            "the ratio of noise from a place to that of microphones": self.point_to_sensor_db,
            "the level of a scene": self.level_db,
            "the ratio of speech to noise without echo": self.anechoic_snr_db,
        }
        for what, ends in ratios.items():
            check_within(what, ends, -300.0, 300.0, " dB")  # more leaves single precision
        shares = (self.upright_share, self.isotropic_share, self.anechoic_share, self.event_share)
        for share in (self.min_activity, *shares):
            check_within("a share", (share,), 0, 1)

    def draw_rotation(self, rng: np.random.Generator) -> Float[np.ndarray, "3 3"]:
        """Matrix that turns the array and the truth of one scene."""
        if self.rotation == "none":
            return np.eye(3)
        upright = self.upright_share > 0 and rng.random() < self.upright_share
        if self.rotation == "yaw" or upright:
            return rotation_from_rpy_deg((0.0, 0.0, float(rng.uniform(-180, 180))))
        return random_rotation(rng)

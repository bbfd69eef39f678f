"""A request to stop, from a signal or from the clock: training ends after the step it is in."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """Whether to stop, why, and whether somebody is waiting for it.

    Args:
        minutes: to stop after, counted from now; None never.
    """

    def __init__(self, minutes: float | None = None) -> None:
        self._deadline = None if minutes is None else time.monotonic() + 60 * minutes
        self.reason = ""
        self.urgent = False

    @property
    def wanted(self) -> bool:
        """Whether a signal has come or the time is up."""
        if not self.reason and self._deadline is not None and time.monotonic() >= self._deadline:
            self.reason = "time is up"
        return bool(self.reason)

    def now(self, reason: str, *, urgent: bool = True) -> None:
        """Ask to stop; if urgent, without another validation."""
        self.reason = self.reason or reason
        self.urgent = self.urgent or urgent

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT as requests; a second signal does what it always did.

        Only the main thread can listen to signals; in any other nothing changes.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

        def ask(number: int, frame: FrameType | None) -> None:
            self.now(signal.Signals(number).name)
            signal.signal(number, before[signal.Signals(number)])

        for number in before:
            signal.signal(number, ask)
        try:
            yield
        finally:
            for number, action in before.items():
                signal.signal(number, action)

"""A sound card, through PortAudio."""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float32

from anydoa.errors import AudioError
from anydoa.live.feed import check_feed_format
from anydoa.live.feed_log import RareReport
from anydoa.live.feeds.sound_guard import SoundGuard
from anydoa.live.sound_cards import choose_card, choose_rate, import_sounddevice, list_cards

_BLOCK_S = 0.02

_logger = logging.getLogger(__name__)


class DeviceFeed:
    """What a sound card records, as long as the feed is not closed.

    Args:
        device: number or part of the name; None for the likeliest card.
        num_channels: number of channels to record, from the first.
        sample_rate: samples a second, in Hz; None for the best rate that the card has.
        match: what the name of the array's own card contains, for the choice of the likeliest.

    Raises:
        MissingExtraError: if sounddevice is not installed.
        AudioError: if PortAudio is missing, or there is no such card, or it cannot record that.
    """

    def __init__(
        self, device: int | str | None, num_channels: int, sample_rate: int | None = None, *, match: str = ""
    ) -> None:
        card = choose_card(list_cards(), device, num_channels=num_channels, match=match)
        rate = choose_rate(card, num_channels) if sample_rate is None else sample_rate
        check_feed_format(card.name, rate, num_channels)
        if sample_rate is not None and not card.records(num_channels, rate):
            raise AudioError(
                f"{card.name}: cannot record {num_channels} channels at {rate} Hz; "
                f"it can at {card.sample_rates(num_channels) or 'no usual rate, is it in use?'}"
            )
        self.name = card.name
        self.sample_rate = rate
        self.num_channels = num_channels
        self.can_wait = False
        self.pace = 1.0
        self.lost_s = 0.0
        self.num_held, self.num_starts = 0, 1
        self._card = card
        self._blocks: queue.Queue[tuple[float, Float32[np.ndarray, "channel time"]]] = queue.Queue(
            round(1 / _BLOCK_S)  # a second between the card's thread and the reader
        )
        self._closed = threading.Event()
        self._lost_s = 0.0  # as the card's thread counts it; lost_s is that before the newest block given
        self._losses = RareReport()
        self._guard = SoundGuard(card.name, rate)
        self._expected_at: float | None = None

    def __iter__(self) -> Iterator[Float32[np.ndarray, "channel time"]]:
        sounddevice = import_sounddevice()
        try:
            stream = sounddevice.InputStream(
                self.sample_rate,
                blocksize=round(_BLOCK_S * self.sample_rate),
                device=self._card.index,
                channels=self.num_channels,
                dtype="float32",
                latency=0.05,  # less costs overflows on small boards
                callback=self._take,
            )
            with stream:
                while not self._closed.is_set():
                    with contextlib.suppress(queue.Empty):
                        lost_s, block = self._blocks.get(timeout=0.1)  # then look whether to end
                        if lost_s > self.lost_s and self._losses.is_due():
                            _logger.warning(
                                "%s: the card lost %.2f s so far; this machine is too busy", self.name, lost_s
                            )
                        self.lost_s = lost_s
                        yield self._guard.clean(block)
                    if not stream.active:
                        raise AudioError(f"{self.name}: the card stopped; is it still plugged in?")
        except sounddevice.PortAudioError as error:
            raise AudioError(
                f"{self.name}: cannot be recorded from ({error.args[0]}); does another program hold it?"
            ) from None

    def close(self) -> None:
        """End the iteration, from any thread."""
        self._closed.set()

    def _take(self, recording: np.ndarray, num_samples: int, moment: Any, status: Any) -> None:
        """Called by PortAudio on a thread of its own for every block; must not wait."""
        begin = moment.inputBufferAdcTime or time.monotonic()
        if status.input_overflow and self._expected_at is not None:
            self._lost_s += max(begin - self._expected_at, 0.0)
        self._expected_at = begin + num_samples / self.sample_rate
        try:
            self._blocks.put_nowait((self._lost_s, recording.T.copy()))
        except queue.Full:
            self._lost_s += num_samples / self.sample_rate

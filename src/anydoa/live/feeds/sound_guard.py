"""Samples that are no sound, in a stream that goes on: one glitch must not end an evening."""

import logging

import numpy as np
from jaxtyping import Float, Float32

from anydoa.errors import AudioError
from anydoa.io.samples import MAX_AMPLITUDE
from anydoa.live.feed_log import RareReport

_logger = logging.getLogger(__name__)


class SoundGuard:
    """Makes silence of samples that are NaN, infinite or absurdly large, and says so, ever more rarely.

    Args:
        name: name of the feed, for messages.
        sample_rate: samples a second.
        format: what the samples were taken for, if that may be wrong.
    """

    def __init__(self, name: str, sample_rate: int, format: str = "") -> None:
        self._name = name
        self._sample_rate = sample_rate
        self._format = format
        self._num_samples = 0
        self._num_told = 0  # that are not zero, all channels together
        self._num_bad = 0
        self._first_bad: tuple[int, float] | None = None  # channel and second of the first not yet reported
        self._report = RareReport()

    def clean(self, block: Float[np.ndarray, "channel time"]) -> Float32[np.ndarray, "channel time"]:
        """The block, with silence where it holds no sound.

        Raises:
            AudioError: if so much is no sound that the format must be another.
        """
        bad = ~(np.abs(block) < MAX_AMPLITUDE)  # true for NaN, too
        self._num_told += int(np.count_nonzero(block))
        is_young = self._is_young(len(block))
        if bad.any():
            self._num_bad += int(np.count_nonzero(bad))
            if self._first_bad is None:
                sample, channel = np.argwhere(bad.T)[0]
                self._first_bad = int(channel), float(self._num_samples + sample) / self._sample_rate
            # Integers taken for floats are beyond all bounds in a third of the samples and more.
            if self._format and not is_young and self._num_bad >= 0.2 * self._num_told:
                largest = float(np.abs(block[np.isfinite(block)]).max(initial=0.0))
                is_huge = largest > MAX_AMPLITUDE
                what = f"samples of {largest:.0e}" if is_huge else "samples that are no numbers"
                raise AudioError(
                    f"{self._name}: {what}: is this really {self._format}? "
                    "Others are s16le, s24le, s32le and f32le"
                )
            block = np.where(bad, 0, block)
        if self._first_bad is not None and not is_young and self._report.is_due():
            channel, second = self._first_bad
            self._first_bad = None
            _logger.warning(
                "%s: channel %d holds no finite sample at %.2f s; such are taken for silence, %d so far",
                self._name,
                channel,
                second,
                self._num_bad,
            )
        self._num_samples += block.shape[1]
        return np.asarray(block, dtype=np.float32)

    def _is_young(self, num_channels: int) -> bool:
        """Whether too little was heard to know a wrong format from a glitch: less than 0.1 s."""
        return bool(self._format) and self._num_told < 0.1 * self._sample_rate * num_channels

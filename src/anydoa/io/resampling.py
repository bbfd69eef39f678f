"""Sample rates: a recording brought to the rate an estimator listens at, in one piece or as it comes."""

import numpy as np
from jaxtyping import Float, Float32


class StreamResampler:
    """Resamples one endless recording; what comes out does not depend on the chunks it comes in.

    The output is aligned with the input: sample ``n`` belongs to second ``n / to_rate``. Some samples are
    held back until later ones arrive; :meth:`finish` gives the rest. Equal rates pass audio through.

    Args:
        from_rate: sample rate of the recording in Hz.
        to_rate: sample rate that is wanted in Hz.
        num_channels: rows of every chunk.

    Reference:
        The SoX resampler, quality "HQ": a linear-phase low-pass, flat to 0.91 of the lower Nyquist frequency.
    """

    def __init__(self, from_rate: int, to_rate: int, num_channels: int) -> None:
        self._num_channels = num_channels
        self._stream = None
        if from_rate != to_rate:
            import soxr

            self._stream = soxr.ResampleStream(
                from_rate, to_rate, num_channels, dtype="float32", quality="HQ"
            )

    def push(self, audio: Float[np.ndarray, "channel time"]) -> Float32[np.ndarray, "channel resampled"]:
        """The samples at the new rate that these complete, maybe none."""
        return self._resample(audio, last=False)

    def finish(self) -> Float32[np.ndarray, "channel resampled"]:
        """The samples held back so far. Nothing may be pushed after it."""
        return self._resample(np.zeros((self._num_channels, 0), dtype=np.float32), last=True)

    def _resample(
        self, audio: Float[np.ndarray, "channel time"], *, last: bool
    ) -> Float32[np.ndarray, "channel resampled"]:
        samples = np.asarray(audio, dtype=np.float32)
        if self._stream is None:
            return samples
        interleaved = np.ascontiguousarray(samples.T)
        resampled: np.ndarray = self._stream.resample_chunk(interleaved, last=last)
        return np.ascontiguousarray(resampled.T)


def resample(
    audio: Float[np.ndarray, "channel time"], from_rate: int, to_rate: int
) -> Float32[np.ndarray, "channel resampled"]:
    """A whole recording at another sample rate; see :class:`StreamResampler`."""
    resampler = StreamResampler(from_rate, to_rate, len(audio))
    return np.concatenate([resampler.push(audio), resampler.finish()], axis=1)

"""Framing and short-time spectra."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.acoustics.stft import FrameStream, hann_window, short_time_spectra


def test_short_time_spectra_are_those_of_scipy() -> None:
    from scipy.signal import ShortTimeFFT
    from scipy.signal.windows import hann

    samples = np.random.default_rng(0).standard_normal((2, 4096)).astype(np.float32)
    ours = short_time_spectra(samples, hann_window(512), 256)
    reference = ShortTimeFFT(hann(512, sym=False), hop=256, fs=16_000, phase_shift=None)
    # SciPy counts windows by their centre: the first full one is number 1.
    theirs = reference.stft(samples, p0=1, p1=1 + ours.shape[1]).swapaxes(1, 2)
    np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_only_full_windows_count() -> None:
    window = hann_window(512)
    for num_samples, num_windows in [(512, 1), (767, 1), (768, 2), (1024, 3)]:
        spectra = short_time_spectra(np.zeros((1, num_samples), dtype=np.float32), window, 256)
        assert spectra.shape == (1, num_windows, 257)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=12))
def test_frames_do_not_depend_on_the_chunks(chunk_lengths: list[int]) -> None:
    total = sum(chunk_lengths)
    samples = np.arange(2 * total, dtype=np.float32).reshape(2, total)
    stream = FrameStream(2, frame_length=10, hop_length=7)
    chunks = np.split(samples, np.cumsum(chunk_lengths)[:-1], axis=1) if chunk_lengths else []
    frames = [stream.push(chunk) for chunk in chunks] or [stream.push(samples)]
    starts = range(0, total - 10 + 1, 7)
    expected = (
        np.array([samples[:, start : start + 10] for start in starts]).reshape(-1, 2, 10).swapaxes(0, 1)
    )
    np.testing.assert_array_equal(np.concatenate([part.samples for part in frames], axis=1), expected)

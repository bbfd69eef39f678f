"""Dry sound through impulse responses, fast: everything in a scene is a loop.

A loop has no beginning, so the scene starts with the reverberation of what came before, as any cut from a
longer recording does (here: of its own end). Circular convolution by FFTs of the scene's own length is then
exact, powers are read off the spectra, and one inverse transform ends the whole mix.
"""

import numpy as np
from jaxtyping import Complex, Float
from scipy import fft

SEAM_SAMPLES = 160  # over which the end of a loop turns into what came before its start


def close_loop(audio: Float[np.ndarray, "time"]) -> Float[np.ndarray, "sample"]:
    """The audio without its first 160 samples, faded into at its end, so that it repeats without a click."""
    before, loop = audio[:SEAM_SAMPLES], audio[SEAM_SAMPLES:].copy()
    seam = min(SEAM_SAMPLES, len(loop))
    rise = np.linspace(0, 1, seam, dtype=np.float32)
    loop[-seam:] = (1 - rise) * loop[-seam:] + rise * before[-seam:]
    return loop


def wet_spectrum(
    loops: Float[np.ndarray, "knot time"], rirs: Float[np.ndarray, "knot mic tap"], *, first_bin: int = 0
) -> Complex[np.ndarray, "mic freq"]:
    """Spectrum of the sum of loops, each convolved with its responses.

    Args:
        loops: dry sound. Several rows are one moving talker, faded from place to place.
        rirs: responses of each row; what is longer than the loop goes around it.
        first_bin: bins below it are left empty.
    """
    length = loops.shape[1]
    wet = None
    for loop, responses in zip(loops, rirs, strict=True):
        # (mic, tap) -> (mic, time): as long as the loop, what is longer laid around it
        around = np.zeros((len(responses), length), dtype=np.float32)
        around[:, : responses.shape[1]] = responses[:, :length]
        for start in range(length, responses.shape[1], length):
            rest = responses[:, start : start + length]
            around[:, : rest.shape[1]] += rest
        row = fft.rfft(around)
        row *= fft.rfft(loop.astype(np.float32))
        wet = row if wet is None else wet + row
    assert wet is not None
    wet[:, :first_bin] = 0
    return wet


def lowest_bin(length: int, sample_rate: int) -> int:
    """First bin of a loop's spectrum from which microphones hear, at 20 Hz.

    Recordings of noise may hold an offset, and image sources, which all push the same way, make it louder.
    """
    return int(np.ceil(20.0 * length / sample_rate))


def spectrum_power(spectrum: Complex[np.ndarray, "*signal freq"], length: int) -> float:
    """Mean square, over all samples, of the real signals of ``length`` samples that have these spectra."""
    edges = spectrum[..., :: length // 2] if length % 2 == 0 else spectrum[..., :1]
    energy = 2 * np.vdot(spectrum, spectrum).real - np.vdot(edges, edges).real
    return float(energy) / (float(length) ** 2 * spectrum[..., 0].size)


def mean_power(audio: Float[np.ndarray, "*signal time"]) -> float:
    """Mean square over all samples."""
    return float(np.vdot(audio, audio)) / audio.size


def scale_spectrum(
    audio: Float[np.ndarray, "*signal mic time"], response: Complex[np.ndarray, "mic"]
) -> Float[np.ndarray, "*signal mic time"]:
    """Signals as microphones of given gains and phases deliver them, the same at every positive frequency."""
    if (response == 1).all():
        return audio
    spectrum = fft.rfft(audio, axis=-1) * response.astype(np.complex64)[:, None]
    changed: np.ndarray = fft.irfft(spectrum, audio.shape[-1], axis=-1)
    return changed


def fade_between_knots(loop: Float[np.ndarray, "time"], num_knots: int) -> Float[np.ndarray, "knot time"]:
    """A dry signal shared out to the places a talker passes at even intervals, by nearness in time."""
    if num_knots == 1:
        return loop[None]
    place = np.linspace(0, num_knots - 1, len(loop))
    weight = np.clip(1 - np.abs(place - np.arange(num_knots)[:, None]), 0, 1)
    shared: np.ndarray = weight.astype(np.float32) * loop
    return shared

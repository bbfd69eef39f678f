"""Noise as microphones hear it: their own, and fields that come from everywhere."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Complex, Complex64, Float
from scipy import fft

from anydoa.acoustics import arrival_time, free_field_coherence, steering_vectors
from anydoa.constants import SAMPLE_RATE, SPEED_OF_SOUND
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import fibonacci_grid

NUM_WAVES = 32
"""Plane waves that make an even field."""

_KNOTS = 257  # frequencies that what changes slowly is computed at, and between which it is interpolated

CrossPower = Float[np.ndarray, "freq mic mic"] | Complex[np.ndarray, "freq mic mic"]
Coherence = Callable[[Float[np.ndarray, "freq"]], CrossPower]


def sensor_noise(num_mics: int, num_samples: int, rng: np.random.Generator) -> Float[np.ndarray, "mic time"]:
    """White Gaussian noise of power one, independent at each microphone."""
    return rng.standard_normal((num_mics, num_samples), dtype=np.float32)


def coherence_in_free_field(mics: Float[np.ndarray, "mic 3"]) -> Coherence:
    """Coherence of a spherically isotropic field between omnidirectional microphones."""
    return lambda frequency: free_field_coherence(mics, frequency, SPEED_OF_SOUND)


def diffuse_noise(
    coherence: Coherence, shape: tuple[int, int], rng: np.random.Generator, *, sample_rate: int = SAMPLE_RATE
) -> Float[np.ndarray, "source mic tap"]:
    """White Gaussian noise as a diffuse field brings it to the microphones; power one in free air if omni.

    Args:
        coherence: cross-power of the microphones at given frequencies in hertz.
        shape: how many independent fields, and samples of each.
        rng: random number generator.
        sample_rate: samples a second.

    Reference:
        Habets, Cohen and Gannot (2008): independent noises mixed by a factor of the coherence at each
        frequency. The factor is interpolated between 257 frequencies.
    """
    num_sources, num_taps = shape
    length = fft.next_fast_len(num_taps, real=True)
    bins = length // 2 + 1
    # (freq, mic, mic): lower triangular factor of the coherence at some frequencies, then at all. Loaded, so
    # that it is positive definite where the array is small to the wavelength.
    matrix = coherence(np.linspace(0, sample_rate / 2, _KNOTS))
    matrix = (1 - 1e-4) * matrix + 1e-4 * np.eye(matrix.shape[-1])
    at_knots = np.linalg.cholesky(matrix)
    at_knots = at_knots.astype(np.complex64 if np.iscomplexobj(at_knots) else np.float32)
    factor = _at_all_bins(at_knots, bins)
    # (freq, mic, source), real and imaginary parts side by side -> (source, mic, tap)
    noise = rng.standard_normal((bins, factor.shape[-1], 2 * num_sources), dtype=np.float32)
    mixed = factor @ noise
    spectrum = mixed[..., :num_sources] + 1j * mixed[..., num_sources:]
    fields = fft.irfft(np.moveaxis(spectrum, 0, -1) * np.float32(np.sqrt(length / 2)), length, axis=-1)
    return np.moveaxis(fields, 1, 0)[..., :num_taps]


def _at_all_bins(at_knots: np.ndarray, bins: int) -> np.ndarray:
    """Values at even frequencies, along straight lines between those at fewer of them."""
    place = np.linspace(0, len(at_knots) - 1, bins)
    below = np.minimum(place.astype(int), len(at_knots) - 2)
    share = (place - below).astype(np.float32).reshape(-1, *[1] * (at_knots.ndim - 1))
    between: np.ndarray = at_knots[below] * (1 - share) + at_knots[below + 1] * share
    return between


def wave_bends(
    array: MicrophoneArray, *, sample_rate: int = SAMPLE_RATE
) -> Complex64[np.ndarray, "wave bin mic"]:
    """What patterns, a ball or a body make of each plane wave of an even field, beside points in free air.

    Args:
        array: microphones of which not all hear every direction equally loud.
        sample_rate: samples a second.

    Returns:
        Factors at even frequencies up to half the sample rate.
    """
    directions = fibonacci_grid(NUM_WAVES).directions
    frequencies = np.linspace(0, sample_rate / 2, _KNOTS)
    vectors = steering_vectors(directions, array, frequencies)
    delay = arrival_time(array.positions, directions)  # at the speed of isotropic_spectrum
    bends = vectors * np.exp(2j * np.pi * frequencies[:, None, None] * delay)
    return np.moveaxis(bends, 0, 1).astype(np.complex64)


def isotropic_spectrum(
    mics: Float[np.ndarray, "mic 3"],
    waves: Float[np.ndarray, "wave time"],
    *,
    bends: Complex64[np.ndarray, "wave bin mic"] | None = None,
    sample_rate: int = SAMPLE_RATE,
) -> Complex[np.ndarray, "mic freq"]:
    """Spectrum of a spherically isotropic field: plane waves from directions spread evenly over the sphere.

    Args:
        mics: metres.
        waves: loops that the plane waves carry; independent of each other, :data:`NUM_WAVES` or more for an
            even field.
        bends: what microphones that are no points in free air make of each; see :func:`wave_bends`.
        sample_rate: samples a second.

    Returns:
        The sum, scaled so that waves of power one give power one at points in free air.
    """
    num_samples = waves.shape[1]
    spectrum = fft.rfft(waves.astype(np.float32), axis=-1) / np.float32(np.sqrt(len(waves)))
    delay = arrival_time(mics, fibonacci_grid(len(waves)).directions)
    step = -2 * np.pi * delay * sample_rate / num_samples  # radians from bin to bin
    bins = np.arange(spectrum.shape[1])
    block = 128  # bins of the fine table
    field = np.zeros((len(mics), spectrum.shape[1]), dtype=np.complex64)
    for number, (wave, wave_step) in enumerate(zip(spectrum, step, strict=True)):
        # (mic, freq): exp(j k step), the product of a coarse and a fine table, as exponentials are slow.
        fine = np.exp(1j * wave_step[:, None] * bins[:block]).astype(np.complex64)
        coarse = np.exp(1j * wave_step[:, None] * bins[::block]).astype(np.complex64)
        table = (coarse[:, :, None] * fine[:, None]).reshape(len(mics), -1)[:, : len(bins)]
        field += wave * (table if bends is None else table * _at_all_bins(bends[number], len(bins)).T)
    return field

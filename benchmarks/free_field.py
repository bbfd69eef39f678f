"""Random arrays, and far talkers in the free field, for benchmarks and tests."""

import numpy as np

from anydoa.geometry import MicrophoneArray


def random_array(rng: np.random.Generator, num_microphones: int, *, radius: float = 0.1) -> MicrophoneArray:
    """Microphones anywhere in a ball, at least a twentieth of its radius apart."""
    positions = np.zeros((0, 3))
    while len(positions) < num_microphones:
        candidate = rng.uniform(-radius, radius, 3)
        apart = np.linalg.norm(positions - candidate, axis=1) > radius / 20
        if np.linalg.norm(candidate) <= radius and apart.all():
            positions = np.vstack([positions, candidate])
    return MicrophoneArray(positions, name="random")


def random_direction(rng: np.random.Generator) -> np.ndarray:
    """A unit vector, uniform on the sphere."""
    vector = rng.standard_normal(3)
    return vector / np.linalg.norm(vector)


def talker(rng: np.random.Generator, num_samples: int, *, sample_rate: int = 16_000) -> np.ndarray:
    """Noise with the long-term spectrum and the syllable rhythm of speech, root mean square 1."""
    frequency = np.fft.rfftfreq(num_samples, 1 / sample_rate)
    shaped = np.fft.irfft(np.fft.rfft(rng.standard_normal(num_samples)) / (1 + frequency / 500), num_samples)
    syllables = 1 + 0.9 * np.sin(2 * np.pi * 4 * np.arange(num_samples) / sample_rate + rng.uniform(0, 6))
    signal = shaped * syllables
    return signal / np.sqrt(np.mean(signal**2))


def plane_wave(
    array: MicrophoneArray, direction: np.ndarray, signal: np.ndarray, *, sample_rate: int = 16_000
) -> np.ndarray:
    """What the microphones hear of a far source: the signal delayed exactly, by its Fourier transform."""
    # Written out, so that tests of the package do not rest on its own formula.
    delay = -(array.centred_positions @ direction) / array.speed_of_sound
    frequency = np.fft.rfftfreq(len(signal), 1 / sample_rate)
    shifted = np.fft.rfft(signal) * np.exp(-2j * np.pi * frequency * delay[:, None])
    return np.fft.irfft(shifted, len(signal))

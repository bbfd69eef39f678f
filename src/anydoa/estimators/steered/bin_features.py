"""What the mask sees of each time-frequency bin: levels and coherence, nothing of the array's own.

Every feature is a mean over microphones or over pairs of them, so their number and order do not matter, and
none changes with the scale of the recording. The same code prepares training and running.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex64, Float, Float32

from anydoa.acoustics import diffuse_coherence, hann_window, short_time_spectra
from anydoa.geometry import MicrophoneArray

NUM_FEATURES = 4
_COHERENCE_FRAMES = 4

_TINY = 1e-30
_BLOCK_VALUES = 2**15  # computed at once for all pairs: what a processor's cache holds


@dataclass(frozen=True)
class BinAxis:
    """Analysis windows and the bins kept of them.

    Args:
        sample_rate: samples a second.
        window_length: samples of a Hann window.
        hop_length: samples between windows.
        first_bin: lowest bin kept.
        num_bins: how many are kept.
    """

    sample_rate: int = 16_000
    window_length: int = 512
    hop_length: int = 256
    first_bin: int = 3
    num_bins: int = 240

    @property
    def bins(self) -> slice:
        """The bins kept, as a slice of a real spectrum."""
        return slice(self.first_bin, self.first_bin + self.num_bins)

    @property
    def frequencies(self) -> Float[np.ndarray, "freq"]:
        """Centre of each bin kept, in Hz."""
        return np.arange(self.num_bins + self.first_bin)[self.bins] * self.sample_rate / self.window_length

    @property
    def hop_s(self) -> float:
        """Seconds between windows."""
        return self.hop_length / self.sample_rate


def window_spectra(
    audio: Float32[np.ndarray, "mic time"], axis: BinAxis
) -> Complex64[np.ndarray, "mic frame freq"]:
    """Spectra of every full window, at the bins kept.

    Args:
        audio: signals that last at least one window.
        axis: windows and bins.
    """
    return short_time_spectra(audio, hann_window(axis.window_length), axis.hop_length)[..., axis.bins]


@dataclass(frozen=True, eq=False)
class PolarSpectra:
    """Spectra as magnitudes and phases.

    Args:
        magnitude: magnitude of each bin, in the recording's own scale.
        phases: phase of each bin, as a number of magnitude one; zeros stay.
    """

    magnitude: Float[np.ndarray, "mic frame freq"]
    phases: Complex64[np.ndarray, "mic frame freq"]

    @classmethod
    def of(
        cls,
        spectra: Complex64[np.ndarray, "mic frame freq"],
        scale: float | Float[np.ndarray, "frame"] = 1.0,
    ) -> "PolarSpectra":
        """Magnitudes and phases of spectra that are ``scale`` times those of the recording.

        Args:
            spectra: spectra of some windows.
            scale: factor on all of them, or on each window.
        """
        scale = np.asarray(scale, dtype=np.float64)[..., None]
        magnitude = np.sqrt(np.square(spectra.real) + np.square(spectra.imag))
        phases = spectra / np.maximum(magnitude, np.float32(_TINY))
        return cls(magnitude if (scale == 1).all() else magnitude / scale, phases)


class BinFeatures:
    """Features of an endless recording, the same whatever chunks it comes in.

    For each bin: level against the mean level of the recent past, level against the recent mean of the same
    bin, magnitude of the coherence over the last four windows (mean over pairs), and diffuseness by the
    coherence of each pair in sound from everywhere.

    Args:
        axis: windows and bins.
        array: what listens; only the coherence of its pairs in a diffuse field counts.

    Reference:
        Schwarz and Kellermann (2015), "Coherent-to-diffuse power ratio estimation for dereverberation",
        equation 25: diffuseness without knowing the direction.
    """

    def __init__(self, axis: BinAxis, array: MicrophoneArray) -> None:
        self._first, self._second = np.triu_indices(array.num_microphones, k=1)
        diffuse = diffuse_coherence(array, axis.frequencies)[:, self._first, self._second]
        # Where the coherence of a diffuse field has a phase, measured ones are told relative to it.
        self._turn: Complex64[np.ndarray, "pair 1 freq"] | None = None
        if np.iscomplexobj(diffuse):
            self._turn = np.exp(-1j * np.angle(diffuse.T)).astype(np.complex64)[:, None]
            diffuse = np.abs(diffuse)
        self._diffuse = np.ascontiguousarray(diffuse.T, dtype=np.float32)[:, None]
        self._weight = np.maximum(1 - self._diffuse**2, 1e-3)
        self._weight /= self._weight.sum(axis=0)
        self._decay = math.exp(-axis.hop_s / 2.0)  # levels are compared with those of the last two seconds
        self._greatest = 0.0
        self._mean = np.zeros(axis.num_bins)
        self._mass = 0.0
        self._past = np.zeros(
            (array.num_microphones, _COHERENCE_FRAMES - 1, axis.num_bins), dtype=np.complex64
        )
        self._num_frames = 0

    def push(self, spectra: PolarSpectra) -> Float32[np.ndarray, "frame feature freq"]:
        """Features of the next windows."""
        above_all, above_bin = self._levels(np.mean(np.square(spectra.magnitude), axis=0))
        magnitude, diffuseness = self._coherence(spectra.phases)
        self._num_frames += spectra.phases.shape[1]
        return np.stack([above_all, above_bin, magnitude, diffuseness], axis=1).astype(np.float32)

    def _levels(
        self, power: Float[np.ndarray, "frame freq"]
    ) -> tuple[Float[np.ndarray, "frame freq"], Float[np.ndarray, "frame freq"]]:
        """Level over the recent mean of all bins, and over that of the same bin."""
        above_all, above_bin = np.zeros(power.shape), np.zeros(power.shape)
        for frame, row in enumerate(power.astype(np.float64)):
            self._greatest = max(self._greatest, float(row.max()))
            if self._greatest <= 1e-100:  # no sound yet, for recordings may be scaled to next to nothing
                continue
            level = np.log(row + 1e-10 * self._greatest) / 2
            self._mass = self._decay * self._mass + 1
            self._mean += (level - self._mean) / self._mass
            above_all[frame] = level - self._mean.mean()
            above_bin[frame] = level - self._mean
        return above_all, above_bin

    def _coherence(
        self, newest: Complex64[np.ndarray, "mic frame freq"]
    ) -> tuple[Float32[np.ndarray, "frame freq"], Float32[np.ndarray, "frame freq"]]:
        """Mean over pairs of the magnitude of the coherence, and of diffuseness."""
        # The last frames heard come first, so that the first new ones can be averaged with them.
        phases = np.concatenate([self._past, newest], axis=1)
        self._past = phases[:, phases.shape[1] - (_COHERENCE_FRAMES - 1) :]
        # Near the beginning the mean goes over the frames that there are.
        count = newest.shape[1]
        held = np.minimum(self._num_frames + 1 + np.arange(count), _COHERENCE_FRAMES)
        real, imag = np.ascontiguousarray(phases.real), np.ascontiguousarray(phases.imag)
        share = (1 / held[:, None]).astype(np.float32)
        magnitude, diffuseness = np.zeros((2, *newest.shape[1:]), dtype=np.float32)
        step = max(1, _BLOCK_VALUES // max(phases[0].size, 1))
        for start in range(0, len(self._first), step):
            pairs = slice(start, start + step)
            first, second = self._first[pairs], self._second[pairs]
            # Two microphones (pair, frame, freq) -> real and imaginary part of their coherence
            even = _recent_sum(real[first] * real[second] + imag[first] * imag[second]) * share
            odd = _recent_sum(imag[first] * real[second] - real[first] * imag[second]) * share
            square = even * even + odd * odd
            # Sums over pairs (frame, freq).
            magnitude += np.sqrt(square).sum(axis=0)
            if self._turn is not None:
                even = even * self._turn[pairs].real - odd * self._turn[pairs].imag
            ratio = diffuseness_of(even, square, self._diffuse[pairs])
            diffuseness += (self._weight[pairs] * ratio).sum(axis=0)
        return magnitude / len(self._first), diffuseness


def _recent_sum(values: Float32[np.ndarray, "pair old_and_new freq"]) -> Float32[np.ndarray, "pair new freq"]:
    """Sum of each frame and the ones before it that coherence is averaged over."""
    pairwise = values[:, 1:] + values[:, :-1]
    return pairwise[:, 2:] + pairwise[:, :-2]


def diffuseness_of(
    real: Float32[np.ndarray, "pair frame freq"],
    square: Float32[np.ndarray, "pair frame freq"],
    diffuse: Float32[np.ndarray, "pair 1 freq"],
) -> Float32[np.ndarray, "pair frame freq"]:
    """Share of diffuse power that explains a coherence, 0..1.

    Args:
        real: real part of the coherence.
        square: squared magnitude of the coherence.
        diffuse: coherence of a diffuse field.
    """
    # The published equation, divided through: its root is that of u^2 - q (1 - diffuse^2) with these two.
    u = 1 - diffuse * real
    q = 1 - np.minimum(square, np.float32(1 - 1e-4))
    root = u * u
    root -= q * (1 - diffuse * diffuse)
    np.sqrt(np.maximum(root, 0, out=root), out=root)
    root += u
    root += np.float32(_TINY)
    share: np.ndarray = np.minimum(np.divide(q, root, out=q), 1, out=q)
    return share

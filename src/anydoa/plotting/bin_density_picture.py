"""Where a learnable transform has put its frequency bins."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.array_report import aliasing_frequency, lowest_frequency
from anydoa.plotting.picture_file import save_picture

_POINTS = 400
_SMOOTHING_HZ = 120.0  # half width of the kernel: a few bins of a uniform transform


def bin_density(
    bins_hz: Float[np.ndarray, "bin"], frequency: Float[np.ndarray, "freq"]
) -> Float[np.ndarray, "freq"]:
    """Bins a kilohertz around each frequency, smoothed by a Gaussian kernel that is mirrored at both ends.

    Args:
        bins_hz: positions of the bins; the ends of the axis are 0 and the highest of ``frequency``.
        frequency: where the density is asked for, in Hz.
    """
    top = frequency.max()
    mirrored = np.concatenate([-bins_hz[bins_hz > 0], bins_hz, 2 * top - bins_hz[bins_hz < top]])
    kernel = np.exp(-0.5 * ((frequency[:, None] - mirrored) / _SMOOTHING_HZ) ** 2)
    density: np.ndarray = kernel.sum(axis=1) * 1000 / (_SMOOTHING_HZ * np.sqrt(2 * np.pi))
    return density


def draw_bin_density(
    bins_hz: Float[np.ndarray, "bin"],
    path: Path,
    *,
    sample_rate: int,
    array: MicrophoneArray | None = None,
    title: str = "",
) -> None:
    """Draw the density of bins over frequency, against uniform bins and an array's useful band.

    The band is where the phase between microphones tells: from the frequency at which the widest pair turns
    far enough to be measured to that at which the narrowest one wraps.

    Args:
        bins_hz: positions of the bins.
        path: picture to write; the suffix decides its kind.
        sample_rate: of the audio, in Hz.
        array: whose band to shade, or None.
        title: above the picture.

    Raises:
        ConfigError: if the suffix is no picture's, or the file cannot be written.
    """
    from matplotlib.figure import Figure

    nyquist = sample_rate / 2
    frequency = np.linspace(0, nyquist, _POINTS)
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    uniform = (len(bins_hz) - 1) / nyquist * 1000
    if array is not None:
        low, high = lowest_frequency(array), min(aliasing_frequency(array), nyquist)
        label = f"phase tells, {array.name}: {low:.0f} to {high:.0f} Hz"
        axes.axvspan(low / 1000, high / 1000, color="#f2c14e", alpha=0.3, label=label)
    axes.axhline(uniform, color="#777777", linestyle="--", label="uniform DFT")
    axes.plot(
        frequency / 1000, bin_density(bins_hz, frequency), color="#1f5a99", linewidth=2, label="this model"
    )
    axes.plot(bins_hz / 1000, np.zeros(len(bins_hz)), "|", color="#1f5a99", alpha=0.5, markersize=8)
    axes.set(xlabel="frequency, kHz", ylabel="bins a kHz", xlim=(0, nyquist / 1000), title=title)
    axes.set_ylim(bottom=-0.03 * axes.get_ylim()[1])
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    save_picture(figure, path, dpi=130)

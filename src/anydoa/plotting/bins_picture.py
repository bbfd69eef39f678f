"""Pictures of frequency bins: what a learned mask lets through, and where a learned transform puts them."""

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from anydoa.geometry import ArrayReport, MicrophoneArray, phase_information
from anydoa.plotting.picture import BAD, INK, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SMOOTHING_HZ = 120.0  # half width of the kernel: a few bins of a uniform transform
_RANGE_DB = 60.0  # from the loudest bin down to white


def draw_mask(
    power: Float[np.ndarray, "column freq"],
    mask: Float[np.ndarray, "column freq"],
    path: str | PathLike[str],
    *,
    duration_s: float,
    frequencies_hz: Float[np.ndarray, "freq"],
    title: str = "",
) -> None:
    """Draw level and mask of a recording, one above the other.

    Args:
        power: power of every bin, evenly spaced from the beginning of the recording to its end.
        mask: share of every bin that is let through, 0..1.
        path: picture to write; the suffix says the format: ``.png``, ``.svg`` or ``.pdf``.
        duration_s: length of the recording.
        frequencies_hz: centre of every bin, evenly spaced.
        title: first lines of the picture.

    Raises:
        ConfigError: if the suffix is no picture's, or the file cannot be written.
    """
    half_bin = np.ptp(frequencies_hz) / max(len(frequencies_hz) - 1, 1) / 2
    sides = (0.0, duration_s, (frequencies_hz[0] - half_bin) / 1000, (frequencies_hz[-1] + half_bin) / 1000)
    loudest = max(float(power.max()), 1e-30)  # silence is as white as what is far below the loudest
    level_db = 10 * np.log10(np.maximum(power / loudest, 10 ** (-_RANGE_DB / 10)))
    with picture(path, (10, 6.4), dpi=130) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, sharey=True)
        figure.suptitle(title, color=INK, fontsize=13, fontweight="bold", parse_math=False)
        _paint(figure, upper, level_db, sides, ("Greys", -_RANGE_DB, 0.0, "level, dB below the loudest"))
        _paint(figure, lower, mask, sides, ("Blues", 0.0, 1.0, "mask: share of direct sound"))
        lower.set_xlabel("time (s)", color=INK)


def _paint(
    figure: "Figure",
    axes: "Axes",
    values: Float[np.ndarray, "column freq"],
    sides: tuple[float, float, float, float],
    look: tuple[str, float, float, str],
) -> None:
    """One panel with its scale; ``look`` is colours, the values at their ends, and what they mean."""
    colours, lowest, highest, meaning = look
    painted = axes.imshow(
        values.T, origin="lower", aspect="auto", extent=sides, cmap=colours, vmin=lowest, vmax=highest
    )
    axes.set_ylabel("frequency (kHz)", color=INK)
    bar = figure.colorbar(painted, ax=axes, pad=0.01)
    bar.set_label(meaning, color=INK)
    bar.outline.set_visible(False)


def bin_density(
    bins_hz: Float[np.ndarray, "bin"], frequency: Float[np.ndarray, "freq"]
) -> Float[np.ndarray, "freq"]:
    """Bins a kilohertz around each frequency, smoothed by a Gaussian kernel that is mirrored at both ends.

    Args:
        bins_hz: positions of the bins, from 0 to the highest frequency.
        frequency: frequencies of the density in Hz, the highest of them the end of the axis.
    """
    top = frequency.max()
    mirrored = np.concatenate([-bins_hz[bins_hz > 0], bins_hz, 2 * top - bins_hz[bins_hz < top]])
    kernel = np.exp(-0.5 * ((frequency[:, None] - mirrored) / _SMOOTHING_HZ) ** 2)
    density: np.ndarray = kernel.sum(axis=1) * 1000 / (_SMOOTHING_HZ * np.sqrt(2 * np.pi))
    return density


def draw_bin_density(
    bins_hz: Float[np.ndarray, "bin"],
    path: str | PathLike[str],
    *,
    sample_rate: int,
    start_hz: Float[np.ndarray, "bin"] | None = None,
    arrays: Sequence[MicrophoneArray] = (),
    title: str = "",
) -> None:
    """Draw the density of bins over frequency, and below it how much phases tell to arrays.

    Args:
        bins_hz: positions of the bins.
        path: picture to write; the suffix says the format: ``.png``, ``.svg`` or ``.pdf``.
        sample_rate: samples a second.
        start_hz: where the bins were before they were learned; None for bins that never were.
        arrays: arrays whose spectrum of phase information is drawn, median and middle 80 % of several; none
            leaves it out. The useful band of a single one is shaded: from where its widest pair turns far
            enough to be measured to where its narrowest one wraps.
        title: heading of the picture.

    Raises:
        ConfigError: if the suffix is no picture's, or the file cannot be written.
    """
    nyquist = sample_rate / 2
    frequency = np.linspace(0, nyquist, 400)
    with picture(path, (8, 6.2 if arrays else 4.2), dpi=100) as figure:
        panels = figure.subplots(2 if arrays else 1, 1, sharex=True, squeeze=False)[:, 0]
        axes = panels[0]
        if len(arrays) == 1:
            report = ArrayReport.of(arrays[0])
            low, high = report.lowest_frequency, min(report.aliasing_frequency, nyquist)
            label = f"phase tells, {arrays[0].name}: {low:.0f} to {high:.0f} Hz"
            axes.axvspan(low / 1000, high / 1000, color="#f2c14e", alpha=0.3, label=label)
        uniform = (len(bins_hz) - 1) / nyquist * 1000
        axes.axhline(uniform, color="#777777", linestyle="--", label="uniform DFT")
        if start_hz is not None:
            before = bin_density(start_hz, frequency)
            axes.plot(frequency / 1000, before, color=BAD, linewidth=1.5, label="before learning")
        density = bin_density(bins_hz, frequency)
        axes.plot(frequency / 1000, density, color="#1f5a99", linewidth=2, label="this model")
        axes.plot(bins_hz / 1000, np.zeros(len(bins_hz)), "|", color="#1f5a99", alpha=0.5, markersize=8)
        axes.set(ylabel="bins a kHz", xlim=(0, nyquist / 1000))
        axes.set_title(title, color=INK, parse_math=False)
        axes.set_ylim(bottom=-0.03 * axes.get_ylim()[1])
        if arrays:
            _draw_information(panels[1], frequency, arrays)
        panels[-1].set_xlabel("frequency, kHz")
        for panel in panels:
            panel.grid(alpha=0.25)
            panel.legend(frameon=False)


def _draw_information(
    axes: "Axes", frequency: Float[np.ndarray, "freq"], arrays: Sequence[MicrophoneArray]
) -> None:
    information = np.array([phase_information(array, frequency) for array in arrays])
    name = arrays[0].name if len(arrays) == 1 else f"{len(arrays)} random arrays, median"
    axes.plot(frequency / 1000, np.median(information, axis=0), color=INK, linewidth=2, label=name)
    if len(arrays) > 1:
        low, high = np.quantile(information, (0.1, 0.9), axis=0)
        axes.fill_between(frequency / 1000, low, high, color=INK, alpha=0.12, lw=0, label="80 % of them")
    axes.set(ylabel="phase information", ylim=(0, 1))

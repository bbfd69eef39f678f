"""Pictures that `anydoa locate` draws of a recording: its spectrum, and what a learnt mask lets through."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from anydoa.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

    from anydoa.io.joined import Recording
    from anydoa.localizer import LocalizationRun, Localizer
    from anydoa.peaks.frames import Frame
    from anydoa.spectrum import SpectrumEstimator
    from anydoa.steered.estimator import SteeredEstimator

_MOST_COLUMNS = 2000  # of a picture of a mask; windows of longer recordings are averaged


@dataclass
class Trace:
    """Time, azimuth and score of every source of every frame."""

    points: list[tuple[float, float, float]] = field(default_factory=list)

    def add(self, frame: "Frame") -> None:
        """Take the next frame."""
        self.points += [(frame.time_s, source.azimuth_deg, source.score) for source in frame.sources]


def draw_directions(localizer: "Localizer", run: "LocalizationRun", trace: Trace, path: Path) -> None:
    """Mean spectrum of a recording that has been located, and its sources over time."""
    import numpy as np

    from anydoa.plotting.spectrum_picture import AzimuthTrace, draw_spectrum

    times_s, azimuth_deg, score = np.array(trace.points, dtype=np.float64).reshape(-1, 3).T
    draw_spectrum(
        run.mean_spectrum,
        localizer.grid,
        path,
        directions=np.array([source.direction for source in run.directions]).reshape(-1, 3),
        title=_title(run),
        trace=AzimuthTrace(times_s, azimuth_deg, score, run.info.duration_s),
    )


def draw_learnt_mask(
    localizer: "Localizer", run: "LocalizationRun", recording: "Recording", path: Path
) -> None:
    """Level and mask of a recording that has been located; its sources stand in the title."""
    from anydoa.plotting.mask_picture import draw_mask
    from anydoa.steered.masking import mask_of

    estimator = masked_estimator(localizer.estimator)
    num_windows = run.info.duration_s * estimator.sample_rate / estimator.axis.hop_length
    masked = mask_of(
        estimator,
        localizer.array,
        _resampled_blocks(localizer, recording, run.info.sample_rate),
        windows_a_column=max(1, math.ceil(num_windows / _MOST_COLUMNS)),
    )
    places = [f"{source.azimuth_deg:.0f}°, {source.elevation_deg:.0f}°" for source in run.directions]
    draw_mask(
        masked.power,
        masked.mask,
        path,
        duration_s=run.info.duration_s,
        frequencies_hz=masked.frequencies_hz,
        title=f"{_title(run)}\n{' and '.join(places) or 'nobody found'}",
    )


def masked_estimator(estimator: "SpectrumEstimator") -> "SteeredEstimator":
    """The same estimator, if it has a mask that can be drawn.

    Raises:
        ConfigError: if it has none.
    """
    from anydoa.steered.estimator import SteeredEstimator

    if not isinstance(estimator, SteeredEstimator):
        raise ConfigError(
            f"--plot-mask draws a learnt mask, but {estimator.name!r} has none; leave it out or take steered"
        )
    return estimator


def _resampled_blocks(
    localizer: "Localizer", recording: "Recording", sample_rate: int
) -> Iterator["np.ndarray"]:
    """The microphones of a recording at the rate of the estimator."""
    from anydoa.io.joined import recording_blocks
    from anydoa.io.resampling import StreamResampler

    array = localizer.array
    resampler = StreamResampler(sample_rate, localizer.estimator.sample_rate, array.num_microphones)
    for block in recording_blocks(recording, warn=False):
        yield resampler.push(array.select_channels(block))
    yield resampler.finish()


def _title(run: "LocalizationRun") -> str:
    return f"{Path(run.info.name).name}: {run.header.array}, {run.header.estimator}"

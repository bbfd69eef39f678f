"""Pictures that `anydoa locate` draws of a recording: its spectrum, and what a learned mask lets through."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from anydoa.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

    from anydoa.io.audio import Recording
    from anydoa.localizer import LocalizationRun, Localizer
    from anydoa.peaks import Frame
    from anydoa.spectrum import ExplainingEstimator, SpectrumEstimator


@dataclass
class Trace:
    """Time, azimuth and score of every source of every frame."""

    points: list[tuple[float, float, float]] = field(default_factory=list)

    def add(self, frame: "Frame") -> None:
        """Take the next frame."""
        self.points += [(frame.time_s, source.azimuth_deg, source.score) for source in frame.sources]


@dataclass(frozen=True)
class Pictures:
    """The pictures that are wanted of a recording.

    Args:
        directions: file for the mean spectrum and the sources over time; None for no such picture.
        mask: file for level and mask; None for no such picture.
    """

    directions: Path | None
    mask: Path | None

    def draw(
        self, localizer: "Localizer", run: "LocalizationRun", trace: Trace, recording: "Recording"
    ) -> "Iterator[Path]":
        """Draw them, and name each that is drawn."""
        if self.directions is not None:
            draw_directions(localizer, run, trace, self.directions)
            yield self.directions
        if self.mask is not None:
            draw_learned_mask(localizer, run, recording, self.mask)
            yield self.mask


def draw_directions(localizer: "Localizer", run: "LocalizationRun", trace: Trace, path: Path) -> None:
    """Mean spectrum of a recording that has been located, and its sources over time."""
    import numpy as np

    from anydoa.plotting import AzimuthTrace, draw_spectrum

    times_s, azimuth_deg, score = np.array(trace.points, dtype=np.float64).reshape(-1, 3).T
    draw_spectrum(
        run.mean_spectrum,
        localizer.grid,
        path,
        directions=np.array([source.direction for source in run.directions]).reshape(-1, 3),
        title=_title(run),
        trace=AzimuthTrace(times_s, azimuth_deg, score, run.info.duration_s),
    )


def draw_learned_mask(
    localizer: "Localizer", run: "LocalizationRun", recording: "Recording", path: Path
) -> None:
    """Level and mask of a recording that has been located; its sources stand in the title."""
    from anydoa.io.angles import round_angles_deg
    from anydoa.io.audio import read_blocks
    from anydoa.io.resampling import StreamResampler
    from anydoa.plotting import draw_mask

    array, estimator = localizer.array, explaining_estimator(localizer.estimator)
    resampler = StreamResampler(run.info.sample_rate, estimator.sample_rate, array.num_microphones)

    def audio() -> "Iterator[np.ndarray]":
        for block in read_blocks(recording, warn=False):
            yield resampler.push(array.select_channels(block))
        yield resampler.finish()

    masked = estimator.explain(audio(), array, duration_s=run.info.duration_s, max_columns=2000)
    angles = [round_angles_deg(source.direction, 0) for source in run.directions]
    places = [f"{azimuth_deg:.0f}°, {elevation_deg:.0f}°" for azimuth_deg, elevation_deg in angles]
    draw_mask(
        masked.power,
        masked.mask,
        path,
        duration_s=run.info.duration_s,
        frequencies_hz=masked.frequencies_hz,
        title=f"{_title(run)}\n{' and '.join(places) or 'nobody found'}",
    )


def explaining_estimator(estimator: "SpectrumEstimator") -> "ExplainingEstimator":
    """The same estimator, if it has a mask that can be drawn.

    Raises:
        ConfigError: if it has none.
    """
    from anydoa.spectrum import ExplainingEstimator

    if not isinstance(estimator, ExplainingEstimator):
        raise ConfigError(
            f"--plot-mask draws a learned mask, but {estimator.name!r} has none; leave it out or take steered"
        )
    return estimator


def _title(run: "LocalizationRun") -> str:
    return f"{Path(run.info.name).name}: {run.header.array}, {run.header.estimator}"

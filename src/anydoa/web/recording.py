"""One uploaded recording, located for the page: directions, spectrum, and azimuth over time."""

import threading
from pathlib import Path
from typing import Any

from anydoa.errors import AnydoaError, AudioError
from anydoa.io.results import FrameResult
from anydoa.localizer import LocalizationRun, Localizer
from anydoa.web.messages import (
    RECORDING_SCHEMA,
    array_content,
    grid_content,
    source_content,
    spectrum_content,
)

_MAX_INSTANTS = 1500  # of the trace; more than a screen has columns


def locate_recording(
    localizer: Localizer, path: Path, name: str, given_up: threading.Event
) -> dict[str, Any]:
    """Everything the page shows of a recording.

    Args:
        localizer: what listens.
        path: where the recording lies.
        name: what its owner calls it.
        given_up: set from elsewhere when nobody waits for the answer any more.

    Raises:
        AudioError: if the recording cannot be read or used.
    """
    try:
        run = localizer.iterate(path)
        trace = _Trace(run.info.duration_s)
        for frame in run:
            if given_up.is_set():
                break
            trace.add(frame)
    except AnydoaError as error:
        raise AudioError(str(error).replace(str(path), name)) from None  # the name that its owner knows
    return _content(localizer, run, trace, name)


def _content(localizer: Localizer, run: LocalizationRun, trace: "_Trace", name: str) -> dict[str, Any]:
    header = run.header
    return {
        "schema": RECORDING_SCHEMA,
        "file": name,
        "duration_s": round(run.info.duration_s, 3),
        "estimator": header.estimator,
        "version": header.version,
        "array": array_content(localizer.array),
        "grid": grid_content(localizer.grid),
        "sources": [source_content(source) for source in run.directions],
        "spectrum": spectrum_content(run.mean_spectrum),
        "trace": [
            {
                "time_s": round(frame.time_s, 3),
                "sources": [source_content(source) for source in frame.sources],
            }
            for frame in trace.frames
        ],
        "flat_channels": run.stream.flat_channels,
        "warnings": list(run.warnings),
    }


class _Trace:
    """The frames of a recording, or one in every so many of a long one."""

    def __init__(self, duration_s: float) -> None:
        self.frames: list[FrameResult] = []
        self._step_s = duration_s / _MAX_INSTANTS

    def add(self, frame: FrameResult) -> None:
        """Keep the frame if it is far enough from the last one kept."""
        if not self.frames or frame.time_s - self.frames[-1].time_s >= self._step_s:
            self.frames.append(frame)

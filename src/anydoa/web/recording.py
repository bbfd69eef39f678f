"""One uploaded recording, located for the page: directions, spectrum, and azimuth over time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from anydoa.errors import AudioError, ChannelCountError
from anydoa.io.results import FrameResult
from anydoa.localizer import Localizer
from anydoa.web.messages import recording_message
from anydoa.web.refusal import named, renamed

_CHANNEL_CURE = (
    "say which channels hold no microphone, such as '6, 7', or 'none' if it holds the microphones alone; "
    "or choose the array that made it"
)
_MAX_INSTANTS = 1500  # of the trace; more than a screen has columns


def locate_recording(
    localizer: Localizer,
    path: Path,
    name: str,
    *,
    max_duration_s: float,
    on_progress: Callable[[float], None],
) -> dict[str, Any]:
    """Everything the page shows of a recording.

    Args:
        localizer: what listens.
        path: file of the recording.
        name: name that the owner of the recording knows.
        max_duration_s: longest recording that is taken, in seconds.
        on_progress: called with the share 0..1 that is done; what it raises ends the work.

    Raises:
        AudioError: if the recording cannot be read or used, or is too long.
    """
    with named(path, name):
        try:
            run = localizer.iterate(path)
        except ChannelCountError as error:
            raise AudioError(f"{error.rule}; {_CHANNEL_CURE}") from None
        duration_s = run.info.duration_s
        if duration_s > max_duration_s:
            raise AudioError(
                f"{run.info.name}: a recording may last {max_duration_s / 60:g} minutes here, got "
                f"{duration_s / 60:.0f}; cut it, take `anydoa locate`, "
                "or start `anydoa serve` with a larger --max-minutes"
            )
        for frame in run:
            on_progress(min(frame.time_s / duration_s, 1.0))
        run.find_talkers(lambda: on_progress(1.0))
    trace: list[FrameResult] = []  # every frame, or one in every so many of a long recording
    for instant in run.frames:
        if not trace or instant.time_s - trace[-1].time_s >= duration_s / _MAX_INSTANTS:
            trace.append(instant)
    message = recording_message(localizer, run, trace, name)
    return {**message, "warnings": [renamed(line, path, name) for line in run.warnings]}

"""One thing that a person should know of a sound."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """What was heard and what to do, in one line.

    Args:
        kind: subject of the notice; each kind is said once, and once more for further channels.
        text: the line, without the name of the recording.
        is_soon: whether a second of sound is enough to be sure.
        channels: channels of the recording that it is about, if some alone are.
    """

    kind: str
    text: str
    is_soon: bool = False
    channels: tuple[int, ...] = ()

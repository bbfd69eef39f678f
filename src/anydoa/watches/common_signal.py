"""One signal on all channels while it is quiet: hum or hiss of the electronics.

It reaches all channels at once, as sound from straight across a flat array would. But a room returns sound
from all sides, so from the frequency on at which the array hears the difference no sound in a pause is the
same at every microphone. While somebody talks it is covered; if nobody ever does it is as loud all the time.
"""

import math

from anydoa.geometry.array import MicrophoneArray
from anydoa.watches.notice import Notice
from anydoa.watches.sound_sums import SoundSums

_FEWEST_WINDOWS = 10
_QUIET, _LOUD = (0.0, 0.1), (0.7, 1.0)  # shares of the windows by level
_IN_STEP = 0.95  # in quiet windows
_COVERED = 0.85  # in loud ones; above, it may well be sound from straight across
_STEADY_DB = 6.0  # between quiet and loud windows; talk has ten and more
_TURN = 2.0  # phase by which sound along the array is late, from which it would be heard


def in_step_hz(array: MicrophoneArray) -> float:
    """From which frequency on sound in a room is not the same at all microphones."""
    return _TURN * array.speed_of_sound / (2 * math.pi * array.span)


def common_signal(sums: SoundSums, array: MicrophoneArray) -> Notice | None:
    """What to say of a signal that all channels share in pauses, or None."""
    quiet, loud = sums.quantile(*_QUIET), sums.quantile(*_LOUD)
    if sums.num_windows < _FEWEST_WINDOWS or quiet.in_step < _IN_STEP:
        return None
    if loud.in_step > _COVERED and loud.level_db - quiet.level_db > _STEADY_DB:
        return None
    broadside = array.ambiguity.broadside
    place = f"; directions {broadside} may be it" if broadside else ""
    return Notice(
        "common",
        "while it is quiet all channels carry one signal at once, which no sound in a room does; is it hum "
        f"or hiss of the electronics, on the cable or the power supply{place}?",
    )

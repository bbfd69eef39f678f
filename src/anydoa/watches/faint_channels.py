"""Channels that hear next to nothing beside the others: muted microphones whose converters still hiss."""

import numpy as np

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.channels import named_channels
from anydoa.watches.notice import Notice
from anydoa.watches.sound_sums import SoundSums

_FAINT_DB = -50.0  # to the loudest; gains of microphones in use differ by twenty or thirty


def faint_channels(sums: SoundSums, array: MicrophoneArray) -> Notice | None:
    """What to say of channels far fainter than the loudest, though they change, or None."""
    power = np.einsum("fcc->c", sums.cross).real
    faint = (power > 0) & (power < 10 ** (_FAINT_DB / 10) * power.max())
    channels = sorted(array.channels[microphone] for microphone in np.flatnonzero(faint))
    if not channels:
        return None
    verb, subject = ("is", "is that microphone") if len(channels) == 1 else ("are", "are those microphones")
    below = f"{verb} {-_FAINT_DB:.0f} dB and more below the loudest"
    return Notice("faint", f"{named_channels(channels)} {below}; {subject} connected and unmuted?")

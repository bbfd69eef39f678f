"""What the doctor can find wrong, and how sure it must be to say so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from anydoa.geometry.channels import MAX_LISTED, channel_text

Kind = Literal[
    "unlisted", "order", "dead", "loopback", "processed", "duplicated", "inverted", "drift", "offset",
    "clipped", "gain", "turned",
]  # fmt: skip

CERTAIN = 0.99
"""Certainty from which a finding is acted on."""

LIKELY = 0.5
"""Certainty below which a finding is not reported: that nothing is wrong, or something else, is likelier."""

SURE = 0.999
"""Certainty of what is seen in the recording as a whole, without asking plane waves."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Args:
        kind: what is wrong.
        channels: channels of the recording, from 0, none for ``turned``; for ``duplicated`` the copy first
            where it is known.
        certainty: 0..1, against the recording being healthy and against the next best explanation.
        text: a sentence in plain words.
        value: decibels for ``gain``, seconds for ``offset``, parts per million for ``drift``, share of the
            samples for ``clipped``; for ``order`` by how many channels the card has moved them all, None for
            any other change; degrees for ``turned``, anticlockwise seen from above.
    """

    kind: Kind
    channels: tuple[int, ...]
    certainty: float
    text: str
    value: float | None = None

    @property
    def is_certain(self) -> bool:
        """Whether to act on it."""
        return self.certainty >= CERTAIN

    @property
    def is_likely(self) -> bool:
        """Whether to speak of it."""
        return self.certainty >= LIKELY


def channels_in_words(channels: Sequence[int]) -> str:
    """Channels as the beginning of a sentence.

    Example:
        >>> channels_in_words([3]), channels_in_words([0, 1, 5])
        ('channel 3', 'channels 0, 1 and 5')
    """
    names = [str(channel) for channel in channels]
    if len(names) == 1:
        return f"channel {names[0]}"
    if len(names) > MAX_LISTED:
        return f"channels {channel_text(channels)}"
    return f"channels {', '.join(names[:-1])} and {names[-1]}"

"""What the doctor can say: findings, what the order of the channels is known to be, and the whole."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "unlisted", "order", "dead", "loopback", "duplicated", "inverted", "drift", "offset", "clipped", "gain",
    "turned",
]  # fmt: skip

CERTAIN = 0.99
"""From here on a finding is acted on."""

LIKELY = 0.5
"""Below, a finding is told to nobody: that nothing is wrong, or something else, is likelier."""

SURE = 0.999
"""Of what is seen in the recording as a whole, without asking plane waves."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Args:
        kind: what.
        channels: of the recording, from 0, none for ``turned``; for ``duplicated`` the copy first where it is
            known.
        certainty: 0..1, against the recording being healthy and against the next best explanation.
        text: in plain words, a sentence.
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

"""What the doctor can say: findings, what the order of the channels is known to be, and the whole."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from anydoa.diagnosis.heard_talker import HeardTalker
from anydoa.diagnosis.symmetry import KnownTalker
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.array_report import ArrayReport

Kind = Literal[
    "unlisted", "order", "dead", "loopback", "duplicated", "inverted", "drift", "offset", "clipped", "gain",
    "turned",
]  # fmt: skip
OrderStatus = Literal["confirmed", "wrong", "unclear", "inaudible"]

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


@dataclass(frozen=True)
class OrderCheck:
    """What is known of the order of the channels.

    Args:
        status: ``confirmed``, ``wrong``, ``unclear`` (the recording does not say) or ``inaudible`` (no
            recording from unknown directions could say).
        certainty: 0..1 of the status.
        channels: channel of each microphone, as the recording has it; None where a microphone has none.
        num_equivalents: orders, this one included, that record the same and that nothing has settled.
    """

    status: OrderStatus
    certainty: float
    channels: tuple[int | None, ...]
    num_equivalents: int


@dataclass(frozen=True, eq=False)
class DelayCheck:
    """Measured delays beside those that plane waves would give.

    Args:
        pairs: the two channels of each pair.
        measured_s: seconds by which the first hears later; not a number where the peak is too low to trust.
        expected_s: as the array file says, for the direction that suits the piece best.
        mended_s: the same after all repairs.
        limit_s: no sound in air can be farther apart: spacing over speed of sound.
        impossible_share: share of the measured delays beyond the limit.
        closure_s: median, over triangles of microphones, of what the three delays miss zero by.
        fit: 0..1, how much of the sound plane waves explain, with everything as the file says.
        mended_fit: the same after all repairs.
        is_one_place: whether all was heard from one place, where echoes look like small times.
    """

    pairs: Int[np.ndarray, "pair 2"]
    measured_s: Float[np.ndarray, "piece pair"]
    expected_s: Float[np.ndarray, "piece pair"]
    mended_s: Float[np.ndarray, "piece pair"]
    limit_s: Float[np.ndarray, "pair"]
    impossible_share: float
    closure_s: float
    fit: float
    mended_fit: float
    is_one_place: bool


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Everything the doctor found.

    Args:
        array: as the user told it.
        report: what its geometry can do.
        num_symmetries: orders of its microphones, the told one included, that record the same.
        settled_by: the talker who tells them apart; None where there is one order only.
        findings: gravest first; none if healthy.
        order: None without a recording that could tell.
        delays: None without such a recording.
        talker: where the only talker is heard; None where nobody says where that is.
        corrected: an array file that mends what a file can mend; None where nothing is to be mended, or it is
            not certain how.
        why_not_corrected: a sentence, where something is wrong and no file mends it.
    """

    array: MicrophoneArray
    report: ArrayReport
    num_symmetries: int
    settled_by: KnownTalker | None
    findings: tuple[Finding, ...] = ()
    order: OrderCheck | None = None
    delays: DelayCheck | None = None
    talker: HeardTalker | None = None
    corrected: MicrophoneArray | None = None
    why_not_corrected: str = ""

    @property
    def is_healthy(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

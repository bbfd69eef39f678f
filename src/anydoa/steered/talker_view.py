"""What the score network sees of a talker: a picture of its cells and a few numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from anydoa.steered.bin_features import NUM_FEATURES
from anydoa.steered.evidence import EvidenceMemory
from anydoa.steered.talkers import Talker

NUM_CHANNELS = 5 + NUM_FEATURES
NUM_NUMBERS = 8
REGRESSED_NUMBERS = [0, 2, 3, 4]  # log share, coherence, log mass, log recent mass
MASK_CHANNEL = 1  # of the mean mask; 0 where nothing was heard
_LEAST_SHARE = 0.02  # added, so that a talker who explains next to nothing has a finite logarithm


@dataclass(frozen=True, eq=False)
class TalkerViews:
    """The talkers of one output.

    Args:
        cells: see :meth:`~anydoa.steered.evidence.EvidenceMemory.picture`.
        numbers: log share and log usual share, coherence, log mass and log recent mass, log share of the
            strongest other, log of the number of microphones, log of the number of talkers found.
    """

    cells: Float32[np.ndarray, "talker channel slot band"]
    numbers: Float32[np.ndarray, "talker number"]


def look_at(talkers: Sequence[Talker], evidence: EvidenceMemory, *, num_mics: int) -> TalkerViews:
    """Views of talkers found in evidence, at least one of them."""
    parts = np.stack([talker.part for talker in talkers])
    shares = np.array([talker.share for talker in talkers])
    cells, numbers = [], []
    for index, talker in enumerate(talkers):
        others = np.delete(np.arange(len(talkers)), index)
        rival = parts[others].max(axis=0) if len(others) else np.zeros_like(talker.part)
        cells.append(evidence.picture(talker.candidate, talker.part, rival))
        numbers.append(
            [
                np.log(talker.share + _LEAST_SHARE),
                np.log(talker.usual_share + _LEAST_SHARE),
                talker.coherence,
                np.log1p(talker.mass),
                np.log1p(talker.recent_mass),
                np.log(shares[others].max(initial=0) + _LEAST_SHARE),
                np.log(num_mics),
                np.log(len(talkers)),
            ]
        )
    return TalkerViews(np.stack(cells), np.array(numbers, dtype=np.float32))

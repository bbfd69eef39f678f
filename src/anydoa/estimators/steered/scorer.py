"""The scorer: how likely somebody speaks where a talker was found, from a picture of its cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from anydoa.estimators.model.session import open_session
from anydoa.estimators.steered.bin_features import NUM_FEATURES
from anydoa.estimators.steered.evidence import EvidenceMemory
from anydoa.estimators.steered.talkers import Talker

NUM_CHANNELS = 5 + NUM_FEATURES
NUM_NUMBERS = 8
NUM_WIDE_NUMBERS = 9  # where pictures show later slots
REGRESSED_NUMBERS = [0, 2, 3, 4]  # log share, coherence, log mass, log recent mass
MASK_CHANNEL = 1  # the mean mask; 0 where nothing was heard


@dataclass(frozen=True, eq=False)
class TalkerViews:
    """What a scorer sees of the talkers in one frame.

    Args:
        cells: picture of each talker; see :meth:`~anydoa.estimators.steered.evidence.EvidenceMemory.picture`.
        numbers: log share and log usual share, coherence, log mass and log recent mass, log share of the
            strongest other, log of the number of microphones, log of the number of talkers found; where
            pictures show later slots also the log of the number of slots heard ahead.
    """

    cells: Float32[np.ndarray, "talker channel slot band"]
    numbers: Float32[np.ndarray, "talker number"]


@runtime_checkable
class Scorer(Protocol):
    """Anything that says how likely somebody speaks where something was found."""

    def scores(self, views: TalkerViews) -> Float32[np.ndarray, "talker"]:
        """Chance of each talker, 0..1."""
        ...


class OnnxScorer:
    """The score network by ONNX Runtime, without torch.

    Args:
        path: the graph: ``cells`` and ``numbers`` in, ``score`` out.
        slots: slots behind a talker in a picture.
        ahead_slots: later slots in a picture.
        num_bands: bands of a picture.
        num_threads: threads inside an operator.

    Raises:
        CheckpointError: if the graph is missing, damaged or another.
    """

    def __init__(
        self, path: Path, *, slots: int, ahead_slots: int, num_bands: int, num_threads: int = 1
    ) -> None:
        self._session = open_session(path, num_threads=num_threads)
        self._session.check_names(("cells", "numbers"), ("score",))
        numbers = NUM_WIDE_NUMBERS if ahead_slots else NUM_NUMBERS
        self._session.check_sizes(
            {"cells": (NUM_CHANNELS, slots + ahead_slots, num_bands), "numbers": (numbers,)}
        )

    def scores(self, views: TalkerViews) -> Float32[np.ndarray, "talker"]:
        """Chance of each talker, 0..1."""
        scores: np.ndarray = self._session.run(["score"], {"cells": views.cells, "numbers": views.numbers})[0]
        return scores


def talker_views(talkers: Sequence[Talker], evidence: EvidenceMemory, *, num_mics: int) -> TalkerViews:
    """Views of the talkers found in evidence.

    Args:
        talkers: talkers found in the evidence, at least one.
        evidence: evidence in which the talkers were found, unchanged since.
        num_mics: microphones of the array.
    """
    # Share of each cell that belongs to each talker, (talker, cell).
    parts = np.stack([talker.part for talker in talkers])
    shares = np.array([talker.share for talker in talkers])
    least = 0.02  # added to shares, so that a talker who explains next to nothing has a finite logarithm
    cells, numbers = [], []
    for index, talker in enumerate(talkers):
        # What the strongest other talker has of each cell; nothing where there is no other.
        others = np.delete(np.arange(len(talkers)), index)
        rival = parts[others].max(axis=0) if len(others) else np.zeros_like(talker.part)
        cells.append(evidence.picture(talker.candidate, talker.part, rival))
        # Numbers of the talker itself, of its rivals, and of the array.
        numbers.append(
            [
                np.log(talker.share + least),
                np.log(talker.usual_share + least),
                talker.coherence,
                np.log1p(talker.mass),
                np.log1p(talker.recent_mass),
                np.log(shares[others].max(initial=0) + least),
                np.log(num_mics),
                np.log(len(talkers)),
                *evidence.ahead_numbers,
            ]
        )
    return TalkerViews(np.stack(cells), np.array(numbers, dtype=np.float32))

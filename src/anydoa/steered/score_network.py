"""The score network at run time, by ONNX Runtime."""

from pathlib import Path

import numpy as np
from jaxtyping import Float32

from anydoa.runtime.session import open_session
from anydoa.steered.talker_view import TalkerViews


class ScoreNetwork:
    """Views of talkers to scores, without torch.

    Args:
        path: the graph: ``cells`` and ``numbers`` in, ``score`` out.
        num_threads: threads inside an operator.

    Raises:
        CheckpointError: if the graph is missing or damaged.
    """

    def __init__(self, path: Path, *, num_threads: int = 1) -> None:
        self._session = open_session(path, num_threads=num_threads)

    def scores(self, views: TalkerViews) -> Float32[np.ndarray, "talker"]:
        """Chance that somebody speaks there, 0..1."""
        scores: np.ndarray = self._session.run(["score"], {"cells": views.cells, "numbers": views.numbers})[0]
        return scores

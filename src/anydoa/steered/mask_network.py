"""The mask network at run time, by ONNX Runtime."""

from pathlib import Path

import numpy as np
from jaxtyping import Float32

from anydoa.runtime.session import open_session

_OUTPUTS = ["mask", "next_state"]  # named, for the session takes a tenth of a millisecond to list them


class MaskNetwork:
    """Features of bins to masks, without torch.

    Args:
        path: the graph: ``features`` and ``state`` in, ``mask`` and ``next_state`` out.
        num_threads: threads inside an operator.

    Raises:
        CheckpointError: if the graph is missing or damaged.
    """

    def __init__(self, path: Path, *, num_threads: int = 1) -> None:
        self._session = open_session(path, num_threads=num_threads)
        self._state_shape = next(node.shape for node in self._session.get_inputs() if node.name == "state")

    def initial_state(self) -> Float32[np.ndarray, "1 size"]:
        """Memory before the first frame."""
        return np.zeros(self._state_shape, dtype=np.float32)

    def step(
        self,
        features: Float32[np.ndarray, "frame feature freq"],
        state: Float32[np.ndarray, "1 size"],
    ) -> tuple[Float32[np.ndarray, "frame freq"], Float32[np.ndarray, "1 size"]]:
        """Masks of the next frames, 0..1, and the memory after them."""
        mask, state = self._session.run(_OUTPUTS, {"features": features[None], "state": state})
        return mask[0], state

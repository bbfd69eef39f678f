"""Objects whose arrays of numbers nobody writes to, wherever they have been."""

from typing import Any

import numpy as np


class ReadOnlyArrays:
    """An immutable object that is immutable again as a deep copy and in another process.

    numpy makes arrays writable that come out of a pickle or of a deep copy.
    """

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the fields, what was computed once among them."""
        for value in state.values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
        self.__dict__.update(state)

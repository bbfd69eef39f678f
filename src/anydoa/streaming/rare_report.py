"""When a line that could be written all the time is worth writing."""

import math
import time

_FIRST_WAIT_S = 1.0


class RareReport:
    """Due at once, then after a second, and each time after twice as long: 17 lines a day, not 86,400."""

    def __init__(self) -> None:
        self._due_at = -math.inf
        self._wait_s = _FIRST_WAIT_S

    def is_due(self) -> bool:
        """Whether to write the line now; if so, it counts as written."""
        now = time.monotonic()
        if now < self._due_at:
            return False
        self._due_at = now + self._wait_s
        self._wait_s *= 2
        return True

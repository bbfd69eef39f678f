"""Work for engines in tests: other processes import it by its name."""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from anydoa.errors import AudioError, ChannelCountError, ConfigError

KILLER = 13


def square(number: int) -> int:
    return number * number


def squares(numbers: Sequence[int]) -> list[int]:
    return [number * number for number in numbers]


def squares_or_death(numbers: Sequence[int]) -> list[int]:
    if KILLER in numbers:
        os._exit(7)
    return squares(numbers)


def dies_once(path: str) -> str:
    if not Path(path).exists():
        Path(path).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path


def refuses(number: int) -> int:
    raise ConfigError(f"{number} is refused")


class OddError(Exception):
    """One that does not come out of a pickle."""

    def __init__(self, rule: str, cure: str) -> None:
        super().__init__(f"{rule}; {cure}")


def refuses_oddly(number: int) -> int:
    raise OddError("rule", "cure")


def refuses_channels(number: int) -> int:
    raise ChannelCountError("rule", "cure", "command cure")


def sleeps(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def squares_or_death_of_one(number: int) -> list[int]:
    return squares_or_death([number])


def sleeps_of_many(seconds: Sequence[float]) -> list[float]:
    return [sleeps(one) for one in seconds]


def unreadable(name: str) -> str:
    raise AudioError(name)

"""Shares of a list of recordings for runs that know nothing of each other."""

import re
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, UInt64

from anydoa.errors import ConfigError


@dataclass(frozen=True)
class Shard:
    """One of several shares: every key is in exactly one.

    Args:
        number: which, from 1.
        count: how many there are.

    Raises:
        ConfigError: if there is no such share.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise ConfigError(
                f"a shard is I/N with I from 1 to N, got {self.number}/{self.count}; the first of 8 is 1/8"
            )

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """A shard as a person writes it.

        Raises:
            ConfigError: if it is not ``I/N``.

        Example:
            >>> Shard.parse("2/8")
            Shard(number=2, count=8)
        """
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
        if found is None:
            raise ConfigError(f"a shard is I/N, got {text!r:.40}; the first of 8 is 1/8")
        return cls(int(found[1]), int(found[2]))

    def holds(self, keys: UInt64[np.ndarray, "*key"]) -> Bool[np.ndarray, "*key"]:
        """Whether what has each key is in the share."""
        held: np.ndarray = keys % np.uint64(self.count) == np.uint64(self.number - 1)
        return held

    def __str__(self) -> str:
        return f"{self.number}-of-{self.count}"

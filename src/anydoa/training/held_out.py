"""Rooms and speakers kept back for validation, the same ones whenever and wherever they are asked for."""

import hashlib
from functools import cached_property

import numpy as np
from jaxtyping import Int

from anydoa.errors import ConfigError
from anydoa.simulation.corpus import Corpus, Utterance
from anydoa.simulation.rooms import RoomPlan, Rooms, SimulatedRoom


class PartOfRooms:
    """Rooms that are held out, or the others: one in each run of ``1 / share``.

    Args:
        rooms: all of them.
        share: of the rooms held out; 1 for all.
        held_out: whether these are the rooms held out or the others.

    Raises:
        ConfigError: if there are too few rooms to hold one out.
    """

    def __init__(self, rooms: Rooms, share: float, *, held_out: bool) -> None:
        # By number, so that a bank that grows keeps apart what was kept apart.
        period = max(1, round(1 / share))
        every = np.arange(len(rooms))
        self._rooms = rooms
        self._chosen = every[(every % period == period - 1) == held_out]
        if not len(self._chosen):
            raise ConfigError(f"{len(every)} rooms are too few to hold out a share of {share:g}; build more")

    @property
    def plan(self) -> RoomPlan:
        """What the rooms were drawn from."""
        return self._rooms.plan

    @cached_property
    def mic_counts(self) -> Int[np.ndarray, "room"]:
        """How many microphones each room has."""
        return self._rooms.mic_counts[self._chosen]

    def __len__(self) -> int:
        return len(self._chosen)

    def __getitem__(self, index: int) -> SimulatedRoom:
        return self._rooms[int(self._chosen[index])]


def split_clips(
    corpus: Corpus, share: float, *, least: int
) -> tuple[tuple[Utterance, ...], tuple[Utterance, ...]]:
    """Recordings to train on and to validate on.

    The corpus' own validation split if it has one, else groups chosen by their names.

    Args:
        corpus: recordings; its test split is left alone.
        share: of the groups held out, 0..1.
        least: fewest groups in either part.

    Raises:
        ConfigError: if there are too few groups to train on, or to hold some out.
    """
    train = corpus.select("train")
    if any(utterance.split == "validation" for utterance in corpus.utterances):
        return train, corpus.select("validation")
    groups = sorted({clip.group for clip in train}, key=lambda name: hashlib.sha256(name.encode()).digest())
    count = max(least, round(share * len(groups)))
    if len(groups) < count + least:
        raise ConfigError(
            f"{corpus.name} corpus has {len(groups)} speakers or kinds of noise to train on; "
            f"{count + least} are needed to hold out {count} for validation"
        )
    held_out = set(groups[:count])
    return (
        tuple(clip for clip in train if clip.group not in held_out),
        tuple(clip for clip in train if clip.group in held_out),
    )

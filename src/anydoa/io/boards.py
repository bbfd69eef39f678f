"""Boards with a processor or a driver of their own: what they hand out in place of their microphones."""

import importlib.resources
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, eq=False)
class Board:
    """What is known of one kind of board.

    Args:
        name: name that people know it by.
        card: text that the name of its sound card holds.
        arrays: bundled arrays of this board.
        raw_channels: channels of a recording with the firmware that gives the microphones.
        about: what everybody who plugs it in should know.
        source: where these facts are from.
        cures: what to do, by the kind of finding of the doctor; ``few_channels`` where the card has fewer
            channels than the firmware with the microphones.
    """

    name: str
    card: str
    arrays: tuple[str, ...]
    raw_channels: int
    about: str
    source: str
    cures: Mapping[str, str]

    def advice(self, num_channels: int) -> str:
        """What to know of a card of this board that records so many channels."""
        if num_channels < self.raw_channels and "few_channels" in self.cures:
            cure = self.cures["few_channels"]
            return f"{cure[0].upper()}{cure[1:]}."
        return self.about


@cache
def list_boards() -> tuple[Board, ...]:
    """Every board that is known."""
    text = (importlib.resources.files("anydoa.io") / "boards.toml").read_text(encoding="utf-8")
    return tuple(
        Board(**{"cures": {}, **entry, "arrays": tuple(entry["arrays"])})
        for entry in tomllib.loads(text)["board"]
    )


def find_board(card: str, array: str = "") -> Board | None:
    """The board whose card has such a name, or that carries such an array; None where none is known.

    Args:
        card: name of a sound card, or the part of it that an array file gives; may be empty.
        array: name of an array; may be empty.

    Example:
        >>> find_board("reSpeaker XVF3800 4-Mic Array: USB Audio (hw:2,0)").name
        'ReSpeaker XVF3800'
    """
    for board in list_boards():
        if board.card.casefold() in card.casefold() or (array and array in board.arrays):
            return board
    return None

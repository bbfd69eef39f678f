"""What may be listened to: sound cards, and recordings that are replayed, by name."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from anydoa.errors import AnydoaError, ConfigError
from anydoa.geometry import MicrophoneArray
from anydoa.io.names import nearest_name
from anydoa.live import AudioFeed, list_cards, number_or_name
from anydoa.live.feeds import DeviceFeed, FileFeed
from anydoa.web.catalogue import Choice

LIKELIEST_CARD = "auto"

Order = Callable[[AudioFeed, MicrophoneArray], AudioFeed]
"""Puts the channels of a feed in the order of the array, where they may have come shifted."""


@dataclass(frozen=True)
class LiveChoice:
    """What is listened to, with which array and how.

    Args:
        choice: array, estimator, grid and channels to ignore.
        card: number or part of the name of a sound card, ``auto`` for the likeliest; None for a recording.
        replay: name of a recording that is replayed over and over; None for a card.

    Raises:
        ConfigError: if neither is named, or both.
    """

    choice: Choice
    card: str | None = None
    replay: str | None = None

    def __post_init__(self) -> None:
        if bool(self.card) == bool(self.replay):
            raise ConfigError("sound comes from a card or from a recording; choose one of them")

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "LiveChoice":
        """The choice that the words of a request make."""
        fields = {field: query[field] for field in ("array", "estimator", "grid", "ignore") if field in query}
        return cls(Choice(**fields), query.get("card"), query.get("replay"))

    @property
    def content(self) -> dict[str, Any]:
        """The words of the request again, for the page."""
        named = {**asdict(self.choice), "card": self.card, "replay": self.replay}
        del named["sources"]  # a tracker counts them
        return named


class Sounds:
    """The sound cards of this machine, the recording of the command line, and one that the page sent.

    Args:
        recordings: recordings of the command line.
        order: puts the channels of a card or of those recordings in order.
        pace: how fast recordings are replayed: 1 for real time, None for as fast as it is taken.
        repeat: whether recordings begin again at their end.
    """

    def __init__(
        self,
        recordings: Sequence[Path] = (),
        order: Order = lambda feed, array: feed,
        *,
        pace: float | None = 1.0,
        repeat: bool = True,
    ) -> None:
        self._own = {path.name: path for path in recordings}
        self._sent: dict[str, Path] = {}
        self._opened: Path | None = None  # what is listened to, if it is a recording
        self._kept: list[Path] = []  # recordings sent earlier that are listened to
        self._order, self._pace, self._repeat = order, pace, repeat

    def add_recording(self, path: Path, name: str) -> str:
        """Offer a recording that the page sent, in place of the one before, until the server ends.

        Returns:
            The name it is offered by.
        """
        for old in self._sent.values():
            if old == self._opened:
                self._kept.append(old)  # it is opened again at its end, as long as it is listened to
            else:
                shutil.rmtree(old.parent, ignore_errors=True)
        name = f"{name} (sent)" if name in self._own else name
        self._sent = {name: path}
        return name

    def open(self, choice: LiveChoice, array: MicrophoneArray) -> AudioFeed:
        """The feed of a choice.

        Raises:
            AnydoaError: if there is no such card or recording, or it does not have the array's channels.
        """
        if choice.card is not None:
            device = None if choice.card == LIKELIEST_CARD else number_or_name(choice.card)
            count, match = array.num_recording_channels, array.device_match
            return self._order(DeviceFeed(device, count, match=match), array)
        name = choice.replay or ""
        known = {**self._own, **self._sent}
        if name not in known:
            near = f"did you mean {nearest_name(name[:80], tuple(known))!r}?" if known else "send it first"
            raise ConfigError(f"the server has no recording {name[:80]!r}; {near}")
        feed = FileFeed(known[name], pace=self._pace, repeat=self._repeat)
        return self._order(feed, array) if name in self._own else feed

    def note(self, choice: LiveChoice | None) -> None:
        """Take what is listened to from now on; earlier recordings that nobody listens to any more go."""
        known = {**self._own, **self._sent}
        self._opened = None if choice is None else known.get(choice.replay or "")
        for old in self._kept:
            if old != self._opened:
                shutil.rmtree(old.parent, ignore_errors=True)
        self._kept = [old for old in self._kept if old == self._opened]

    def content(self) -> dict[str, Any]:
        """Names of recordings and cards, and why there are no cards."""
        try:
            cards, problem = list_cards(), ""
        except AnydoaError as error:
            cards, problem = [], str(error)
        return {
            "replays": [*self._own, *self._sent],
            "cards": [
                {
                    "card": str(card.index),
                    "name": card.name,
                    "system": card.system,
                    "num_channels": card.num_channels,
                }
                for card in cards
            ],
            "cards_problem": problem or ("" if cards else "this computer has no sound card that records"),
        }

"""Sound cards with inputs: which there are, how many channels they record, at which rates."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError, MissingExtraError

OTHER_RATES = (48_000, 44_100, 32_000, 96_000, 192_000)
"""Rates in Hz that cards are asked for besides the rate of the estimators and their own default."""


@dataclass(frozen=True)
class SoundCard:
    """A device that records.

    Args:
        index: its number in the list of all devices; changes when something is plugged in.
        name: as the system calls it.
        num_channels: most channels it records at once.
        default_rate: in Hz, when nobody asks for another.
    """

    index: int
    name: str
    num_channels: int
    default_rate: int

    def records(self, num_channels: int, sample_rate: int) -> bool:
        """Whether it can be opened so; asks the card, which takes a moment."""
        sounddevice = import_sounddevice()
        if num_channels > self.num_channels:
            return False
        try:
            sounddevice.check_input_settings(
                self.index, channels=num_channels, dtype="float32", samplerate=sample_rate
            )
        except sounddevice.PortAudioError:
            return False
        return True

    def sample_rates(self, num_channels: int) -> list[int]:
        """Rates at which it records so many channels, best first: that of the estimators, its default."""
        rates = dict.fromkeys((SAMPLE_RATE, self.default_rate, *OTHER_RATES))
        return [rate for rate in rates if self.records(num_channels, rate)]

    def __str__(self) -> str:
        return f"{self.index}: {self.name} ({self.num_channels} channels)"


def import_sounddevice() -> ModuleType:
    """The module that talks to sound cards.

    Raises:
        MissingExtraError: if it is not installed.
        AudioError: if the library it stands on is not installed.
    """
    try:
        import sounddevice
    except ImportError as error:
        raise MissingExtraError("listening to a sound card", "live", error) from None
    except OSError:
        raise AudioError(
            "listening to a sound card needs the PortAudio library, which is not installed; "
            "run: sudo apt install libportaudio2"
        ) from None
    module: ModuleType = sounddevice
    return module


def list_cards() -> list[SoundCard]:
    """Every device that records at least one channel.

    Raises:
        MissingExtraError: if sounddevice is not installed.
        AudioError: if PortAudio is not installed.
    """
    return [
        SoundCard(
            device["index"], device["name"], device["max_input_channels"], round(device["default_samplerate"])
        )
        for device in import_sounddevice().query_devices()
        if device["max_input_channels"] > 0
    ]


def choose_card(
    cards: Sequence[SoundCard], device: int | str | None, *, num_channels: int, match: str = ""
) -> SoundCard:
    """The card a person means.

    Args:
        cards: all there are.
        device: number or part of the name; None for the likeliest: one whose name contains ``match``, then
            one with exactly so many channels, then one with more.
        num_channels: that are to be recorded.
        match: what the name of the array's own card contains.

    Raises:
        AudioError: if there is no such card, several are meant, or it has too few channels.
    """
    if not cards:
        raise AudioError("no sound card records anything; plug one in, or is it muted or in use?")
    if device is None:
        return _likeliest(cards, num_channels, match)
    if isinstance(device, int):
        named = [card for card in cards if card.index == device]
    else:
        named = [card for card in cards if device.casefold() in card.name.casefold()]
        exact = [card for card in named if card.num_channels == num_channels]
        named = exact if len(exact) == 1 else named
    if not named:
        raise AudioError(f"no sound card {device!r}; there are {_listed(cards)}")
    if len(named) > 1:
        raise AudioError(f"{device!r} means several sound cards: {_listed(named)}; give a number")
    _check_channels(named[0], num_channels)
    return named[0]


def choose_rate(card: SoundCard, num_channels: int) -> int:
    """The best rate at which a card records so many channels.

    Raises:
        AudioError: if there is none.
    """
    rates = card.sample_rates(num_channels)
    if not rates:
        raise AudioError(
            f"{card.name}: cannot record {num_channels} channels at any usual rate; "
            f"it has {card.num_channels}, or another program holds it"
        )
    return rates[0]


def _likeliest(cards: Sequence[SoundCard], num_channels: int, match: str) -> SoundCard:
    enough = [card for card in cards if card.num_channels >= num_channels]
    matching = [card for card in enough if match and match.casefold() in card.name.casefold()]
    exact = [card for card in enough if card.num_channels == num_channels]
    chosen = next(itertools.chain(matching, exact, enough), None)
    if chosen is None:
        raise AudioError(
            f"no sound card has the {num_channels} channels of the array; there are {_listed(cards)}; "
            "plug in the array's card or take another array"
        )
    return chosen


def _check_channels(card: SoundCard, num_channels: int) -> None:
    if card.num_channels < num_channels:
        raise AudioError(
            f"{card.name}: the array records {num_channels} channels but this card has {card.num_channels}; "
            "take another card (`anydoa devices`) or an array with fewer microphones"
        )


def _listed(cards: Sequence[SoundCard]) -> str:
    return ", ".join(map(str, cards))

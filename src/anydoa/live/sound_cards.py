"""Sound cards with inputs: which there are, how many channels they record, at which rates."""

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError, MissingExtraError

OTHER_RATES = (48_000, 44_100, 32_000, 96_000, 192_000)
"""Rates in Hz that cards are asked for besides the rate of the estimators and their own default."""

_importing = threading.Lock()

_DOORS = (
    "sysdefault", "default", "pulse", "pipewire", "jack", "dsnoop", "samplerate", "speexrate", "lavrate",
    "upmix", "vdownmix", "microsoft sound mapper", "primary sound capture driver",
)  # fmt: skip


@dataclass(frozen=True)
class SoundCard:
    """A device that records.

    Args:
        index: its number in the list of all devices; changes when something is plugged in.
        name: name that the system gives it.
        num_channels: most channels it records at once.
        default_rate: rate in Hz at which it records unless another is asked for.
        system: through which sound system, such as ALSA, MME or Windows WASAPI; one card may be in several.
    """

    index: int
    name: str
    num_channels: int
    default_rate: int
    system: str = ""

    def is_door(self, num_channels: int) -> bool:
        """Whether this leads to whatever card the system holds for the default, not to one of its own.

        Sound systems offer 32 channels or more where there is no card, and few cards have so many. Such
        a device counts as a door, too, unless exactly so many channels are needed.
        """
        named = self.name.casefold().split(":")[0].split(" - ")[0].strip()
        return named in _DOORS or 32 <= self.num_channels != num_channels

    def is_called(self, text: str) -> bool:
        """Whether its name contains a text."""
        return text.casefold() in self.name.casefold()

    def has_words(self, text: str) -> bool:
        """Whether its name and sound system together contain all words of a text."""
        label = f"{self.name} {self.system}".casefold()
        return all(word in label for word in text.casefold().split())

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
        system = f", {self.system}" if self.system else ""
        return f"{self.index}: {self.name} ({_counted(self.num_channels)}{system})"


def import_sounddevice() -> ModuleType:
    """The module that talks to sound cards.

    Raises:
        MissingExtraError: if it is not installed.
        AudioError: if the library it stands on is not installed.
    """
    try:
        # While one thread's import fails, another would be given what there is of the module by then.
        with _importing:
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


def number_or_name(card: str) -> int | str:
    """A sound card as somebody wrote it: its number, or a part of its name; no card has ten digits."""
    return int(card) if card.isdecimal() and len(card) < 10 else card


def list_cards() -> list[SoundCard]:
    """Every device that records at least one channel.

    Raises:
        MissingExtraError: if sounddevice is not installed.
        AudioError: if PortAudio is not installed.
    """
    sounddevice = import_sounddevice()
    systems = [system["name"] for system in sounddevice.query_hostapis()]
    return [
        SoundCard(
            device["index"],
            device["name"],
            device["max_input_channels"],
            round(device["default_samplerate"]),
            systems[device["hostapi"]],
        )
        for device in sounddevice.query_devices()
        if device["max_input_channels"] > 0
    ]


def choose_card(
    cards: Sequence[SoundCard], device: int | str | None, *, num_channels: int, match: str = ""
) -> SoundCard:
    """The card a person means.

    Args:
        cards: all there are.
        device: number, part of the name, or words of name and sound system; None for the likeliest: one
            whose name contains ``match``, then one with exactly so many channels, then one with more. What
            leads to the system's default is never the likeliest.
        num_channels: channels to record.
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
        named = [card for card in cards if card.is_called(device)]
        named = named or [card for card in cards if card.has_words(device)]
        exact = [card for card in named if card.num_channels == num_channels]
        named = exact if len(exact) == 1 else named
    if not named:
        raise AudioError(f"no sound card {device!r:.80}; there are {_listed(cards)}")
    if len(named) > 1:
        raise AudioError(
            f"{device!r:.80} means several sound cards: {_listed(named)}; "
            "give a number, or words of name and sound system"
        )
    _check_channels(named[0], num_channels, match)
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
    own = [card for card in cards if match and card.is_called(match)]
    enough = [card for card in cards if card.num_channels >= num_channels]
    if own and not any(card in enough for card in own):
        _check_channels(max(own, key=lambda card: card.num_channels), num_channels, match)
    real = [card for card in enough if not card.is_door(num_channels)]
    matching = [card for card in own if card in enough]
    exact = [card for card in real if card.num_channels == num_channels]
    chosen = next(itertools.chain(matching, exact, real), None)
    if chosen is None:
        doors = (
            f"; {' and '.join(card.name for card in enough)} may lead to any card: "
            "name the one that is meant with --device"
            if enough
            else "; plug in the array's card or take another array"
        )
        raise AudioError(
            f"no sound card has the {num_channels} channels of the array; there are {_listed(cards)}{doors}"
        )
    return chosen


def _check_channels(card: SoundCard, num_channels: int, match: str) -> None:
    if card.num_channels >= num_channels:
        return
    if match and card.is_called(match):
        cure = f"put the {num_channels}-channel firmware on it, or name another card with --device"
    else:
        cure = "name another card with --device (`anydoa devices`), or take an array with fewer microphones"
    raise AudioError(f"{card.name} has {_counted(card.num_channels)}, the array needs {num_channels}; {cure}")


def _counted(num_channels: int) -> str:
    return f"{num_channels} channel{'' if num_channels == 1 else 's'}"


def _listed(cards: Sequence[SoundCard]) -> str:
    return ", ".join(map(str, cards))

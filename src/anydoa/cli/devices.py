"""`anydoa devices`: which sound cards record, and which of them fit an array."""

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from anydoa.cli.options import UnitOption
from anydoa.cli.printing import print_table, tell
from anydoa.errors import ConfigError

if TYPE_CHECKING:
    from anydoa.geometry import MicrophoneArray
    from anydoa.live import SoundCard


def devices(
    array: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="Microphone array: mark the cards that fit it.")
    ] = None,
    unit: UnitOption = None,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="Form of the list.")] = "table",
) -> None:
    """List the sound cards that record, with their channels, sample rates and sound systems.

    A card fits an array if it records as many channels as a recording of the array has, or more: the first
    are taken. What leads to any card may fit or not; JSON says null. Boards with a processor of their own are
    named below the list, with what they hand out in place of their microphones.
    """
    if unit is not None and array is None:
        raise ConfigError("--unit is that of the array's file; name one with --array, or leave it out")
    from anydoa.io import load_array
    from anydoa.live import list_cards

    wanted = None if array is None else load_array(array, unit=unit)
    cards = list_cards()
    if form == "json":
        typer.echo(json.dumps([_card_json(card, wanted) for card in cards], indent=2))
        return
    if not cards:
        tell("no sound card records anything; plug one in, or is it muted or in use?")
        return
    from rich.table import Table

    table = Table("device", "channels", "sample rates (Hz)", "system", "name", box=None, pad_edge=False)
    if wanted is not None:
        table.add_column(f"fits {wanted.name}")
    for card in cards:
        rates = ", ".join(map(str, sorted(_rates(card, wanted)))) or "none, is it in use?"
        fits = [] if wanted is None else [_fit(card, wanted)]
        table.add_row(str(card.index), str(card.num_channels), rates, card.system, card.name, *fits)
    print_table(table)
    for board, advice in _boards(cards).items():
        tell(f"\n{board}: {advice}")


def _boards(cards: "list[SoundCard]") -> dict[str, str]:
    """What to know of the boards among the cards, by name; each is said once, for its fullest card."""
    from anydoa.io import find_board

    advice = {}
    for card in sorted(cards, key=lambda card: card.num_channels):
        board = find_board(card.name)
        if board is not None:
            advice[board.name] = board.advice(card.num_channels)
    return advice


def _rates(card: "SoundCard", array: "MicrophoneArray | None") -> list[int]:
    """Sample rates with the channels of the array, or as many as the card has if those are fewer."""
    wanted = card.num_channels if array is None else array.num_recording_channels
    return card.sample_rates(min(wanted, card.num_channels))


def _fit(card: "SoundCard", array: "MicrophoneArray") -> str:
    wanted = array.num_recording_channels
    if card.num_channels < wanted:
        return f"no, needs {wanted} channels"
    if card.is_door(wanted):
        return "may lead to any card"
    named = " by name" if array.device_match and card.is_called(array.device_match) else ""
    return f"yes{named}" if card.num_channels == wanted else f"its first {wanted}{named}"


def _card_json(card: "SoundCard", array: "MicrophoneArray | None") -> dict[str, object]:
    from anydoa.io import find_board

    board = find_board(card.name)
    content: dict[str, object] = {
        "device": card.index,
        "name": card.name,
        "system": card.system,
        "channels": card.num_channels,
        "default_sample_rate": card.default_rate,
        "sample_rates": sorted(_rates(card, array)),
        "board": None if board is None else {"name": board.name, "advice": board.advice(card.num_channels)},
    }
    if array is not None:
        wanted = array.num_recording_channels
        is_unknown = card.num_channels >= wanted and card.is_door(wanted)
        content |= {"array": array.name, "fits": None if is_unknown else card.num_channels >= wanted}
    return content

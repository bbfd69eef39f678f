"""What happened to channels that are in another order, in the fewest words."""

from anydoa.diagnosis.placing import listed
from anydoa.diagnosis.symmetry import Order, shift_of


def change(channels: list[int], order: Order) -> str:
    """What happened to the channels, all of it.

    Args:
        channels: of the recording, one for each microphone.
        order: number of the microphone whose signal each channel carries.
    """
    moved = [place for place, goes in enumerate(order) if goes != place]
    return _short(channels, order) or ", ".join(_carried(channels, order, place) for place in moved)


def example(channels: list[int], order: Order) -> str:
    """As :func:`change`, but of many channels only the first one."""
    moved = [place for place, goes in enumerate(order) if goes != place]
    return _short(channels, order) or f"{_carried(channels, order, moved[0])}, and so on"


def _short(channels: list[int], order: Order) -> str:
    """The change, if it has a name."""
    count = len(order)
    moved = [place for place, goes in enumerate(order) if goes != place]
    if len(moved) == 2:
        return f"{listed([channels[place] for place in moved])} are swapped"
    shift = shift_of(order)
    if shift is not None:
        return f"all are shifted by {-shift % count}"
    return "they run backwards" if order == tuple(range(count))[::-1] else ""


def _carried(channels: list[int], order: Order, place: int) -> str:
    return f"channel {channels[place]} carries what channel {channels[order[place]]} should"

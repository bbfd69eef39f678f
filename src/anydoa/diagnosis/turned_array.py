"""What it may mean that the only talker is not heard at the azimuth that somebody told.

The array is turned, or the angle is off, or the channels are in an order that fits the azimuth. A talker at
one place cannot tell these apart.
"""

from anydoa.diagnosis.findings import Finding
from anydoa.diagnosis.heard_talker import HeardTalker, wrapped_deg
from anydoa.diagnosis.order_text import example
from anydoa.diagnosis.symmetry import Order, level_change
from anydoa.geometry.array import MicrophoneArray

_TELLING = {
    "turned": "Turned by so much the array sounds the same as in that order",
    "mirrored": "Record again from farther anticlockwise: the azimuth heard grows if the array is turned, "
    "and falls if the order is wrong",
    "other": "Record again from another azimuth: if the array is turned, it is heard as far off as this one",
}


def turned_finding(
    array: MicrophoneArray, channels: list[int], talker: HeardTalker, orders: tuple[Order, ...]
) -> Finding:
    """That the talker is somewhere else, and everything that may be the cause.

    Args:
        array: the microphones that hear the room.
        channels: of the recording, one for each of them.
        talker: where the talker is heard.
        orders: those that record the same and would put the talker where told, likeliest first.
    """
    text = (
        f"the talker is heard at {talker.where}, but was said to be at {talker.told_azimuth_deg:g}°: the "
        f"array is turned {_turns(talker)}{_cure(array, talker)}, or that angle is off"
    )
    if orders:
        others = f", or one of {len(orders) - 1} more" if len(orders) > 1 else ""
        text += f", or the channels are in another order ({example(channels, orders[0])}{others}). "
        text += _telling(array, orders[0])
    return Finding("turned", (), talker.certainty, f"{text}.", talker.turns_deg[0])


def _turns(talker: HeardTalker) -> str:
    turns = [f"{abs(turn):.0f}° {'anticlockwise' if turn > 0 else 'clockwise'}" for turn in talker.turns_deg]
    return f"{' or '.join(turns)} as seen from above"


def _cure(array: MicrophoneArray, talker: HeardTalker) -> str:
    """How to write down that the array is turned, where it is clear by how much."""
    if len(talker.turns_deg) > 1:
        return ""
    roll, pitch, yaw = array.mount_rpy_deg
    yaw = wrapped_deg(yaw + talker.turns_deg[0])
    return f" (its file then needs mount_rpy_deg = [{roll:g}, {pitch:g}, {yaw:g}])"


def _telling(array: MicrophoneArray, order: Order) -> str:
    """How to tell an order from a turn, where that can be."""
    return _TELLING[level_change(array, order)]

"""Channels of a recording in words."""

from collections.abc import Sequence

MOST_LISTED = 12  # numbers; a line stays a line whatever the card


def channel_list(channels: Sequence[int]) -> str:
    """Channels as a person lists them, at most a dozen by number.

    Example:
        >>> channel_list([3]), channel_list([0, 1, 5])
        ('channel 3', 'channels 0, 1, 5')
        >>> channel_list(range(64))
        'channels 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 52 more'
    """
    shown = ", ".join(map(str, channels[:MOST_LISTED]))
    more = f" and {len(channels) - MOST_LISTED} more" if len(channels) > MOST_LISTED else ""
    return f"{'channel' if len(channels) == 1 else 'channels'} {shown}{more}"

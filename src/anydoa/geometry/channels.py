"""Lists of channels, as a person writes and reads them: short, whatever their number."""

from collections.abc import Iterable, Sequence

MAX_LISTED = 12
"""Most numbers in a message; a longer list is written as ranges."""


def channel_ranges(channels: Iterable[int]) -> list[tuple[int, int]]:
    """First and last of every run of neighbours, in order."""
    ranges: list[tuple[int, int]] = []
    for channel in sorted(set(channels)):
        if ranges and channel == ranges[-1][1] + 1:
            ranges[-1] = ranges[-1][0], channel
        else:
            ranges.append((channel, channel))
    return ranges


def channel_text(channels: Sequence[int]) -> str:
    """Channels for a message, such as ``0, 3`` or ``0, 3 to 40``.

    Example:
        >>> channel_text([0, 3]), channel_text([0, *range(3, 41)])
        ('0, 3', '0, 3 to 40')
    """
    if len(channels) <= MAX_LISTED:
        return ", ".join(map(str, channels))
    parts = [_run(first, last, " to ") for first, last in channel_ranges(channels)]
    return ", ".join([*parts[:MAX_LISTED], "..."] if len(parts) > MAX_LISTED else parts)


def named_channels(channels: Sequence[int]) -> str:
    """Channels as a person names them in a sentence.

    Example:
        >>> named_channels([3]), named_channels([0, 1, 5])
        ('channel 3', 'channels 0, 1, 5')
    """
    return f"{'channel' if len(channels) == 1 else 'channels'} {channel_text(channels)}"


def channel_option(channels: Sequence[int]) -> str:
    """Channels as an option takes them, such as ``6,7`` or ``6-127``; empty if that would be long."""
    if len(channels) <= MAX_LISTED:
        return ",".join(map(str, channels))
    ranges = [_run(first, last, "-") for first, last in channel_ranges(channels)]
    return ",".join(ranges) if len(ranges) <= MAX_LISTED else ""


def channel_code(channels: Sequence[int]) -> str:
    """Channels in Python, such as ``[6, 7]`` or ``range(6, 128)``; empty if that would be long."""
    if len(channels) <= MAX_LISTED:
        return str(list(channels))
    ranges = channel_ranges(channels)
    if len(ranges) == 1:
        return f"range({ranges[0][0]}, {ranges[0][1] + 1})"
    parts = [str(first) if first == last else f"*range({first}, {last + 1})" for first, last in ranges]
    return f"[{', '.join(parts)}]" if len(parts) <= MAX_LISTED else ""


def parse_channels(text: str) -> tuple[int, ...]:
    """Channels out of a text such as ``0,6-9``.

    Raises:
        ValueError: if it holds anything but numbers and ranges.
    """
    channels: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if dash and first:
            if not 0 <= int(first) <= int(last) < int(first) + 2**16:
                raise ValueError(f"no range: {part}")
            channels += range(int(first), int(last) + 1)
        else:
            channels.append(int(part))
    return tuple(channels)


def _run(first: int, last: int, between: str) -> str:
    return str(first) if first == last else f"{first}{between}{last}"

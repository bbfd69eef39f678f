"""Numbers that a simulation can be asked for: beyond them there is nothing to hear, or no end."""

from anydoa.errors import ConfigError


def check_within(what: str, values: tuple[float, ...], lowest: float, highest: float, unit: str = "") -> None:
    """Refuse numbers that do not rise within limits; NaN is in none.

    Args:
        what: they are, for the message.
        values: one, or the ends of a range.
        lowest: least that can be.
        highest: most that can be.
        unit: of all of them, with a blank before it.

    Raises:
        ConfigError: if they do not.
    """
    rising = all(low <= high for low, high in zip((lowest, *values), (*values, highest), strict=True))
    if not rising:
        given = " to ".join(f"{value:g}" for value in values)
        raise ConfigError(
            f"{what} must {'be' if len(values) == 1 else 'rise'} within {lowest:g} to {highest:g}{unit}, "
            f"got {given}; ask for what lies within"
        )

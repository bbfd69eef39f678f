"""Lines for a person: whatever stands in a name, it commands no terminal."""

import typer


def printable(text: str) -> str:
    r"""The text with line breaks alone of all that is not printed; the rest is spelt out.

    Example:
        >>> printable("talk\x1b[2J.wav")
        'talk\\x1b[2J.wav'
    """
    return "".join(
        sign if sign.isprintable() or sign == "\n" else sign.encode("unicode_escape").decode()
        for sign in text
    )


def tell(text: str, *, err: bool = False) -> None:
    """Print a line, on standard error if told so."""
    typer.echo(printable(text), err=err)

"""Lines for a person: whatever stands in a name, it commands no terminal."""

import typer

from anydoa.io.files import printable_text


def tell(text: str, *, err: bool = False) -> None:
    """Print lines, on standard error if told so."""
    typer.echo("\n".join(map(printable_text, text.split("\n"))), err=err)

"""The type checker that guards shapes and types while the suite runs; production code pays nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from beartype import BeartypeConf, beartype
from jaxtyping import config

check = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int is welcome where a float is asked for


@contextmanager
def unchecked() -> Iterator[None]:
    """No checks inside: an exporter that traces hands tensors where sizes are expected."""
    before = config.jaxtyping_disable
    config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        config.update("jaxtyping_disable", before)

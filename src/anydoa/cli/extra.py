"""Optional dependencies of a command."""

from collections.abc import Iterable
from importlib.util import find_spec

from anydoa.errors import MissingExtraError


def require_extra(purpose: str, extra: str, packages: Iterable[str]) -> None:
    """Make sure that the packages of an extra are there before anything imports them.

    Args:
        purpose: what they are for, such as "training".
        extra: its name.
        packages: as they are imported.

    Raises:
        MissingExtraError: if one is not installed.
    """
    if any(find_spec(package) is None for package in packages):
        raise MissingExtraError(purpose, extra)

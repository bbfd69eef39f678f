"""Everything anydoa raises on purpose.

    AnydoaError
    |-- GeometryError      an array, direction or grid that cannot be
    |-- ArrayFileError     an array file that cannot be read
    |-- AudioError         a recording that cannot be used
    |-- ShapeError         an array of numbers with the wrong axes
    |-- ConfigError        an option, name or configuration key that does not exist
    |-- CheckpointError    a weights file that is missing, damaged or of another kind
    `-- MissingExtraError  a feature whose optional dependency is not installed

A message is rule, value, cure, in one line. The command line prints it and exits with code 2.
"""

from importlib.util import find_spec


class AnydoaError(Exception):
    """Root of every error a user can mend.

    Example:
        >>> import anydoa
        >>> try:
        ...     anydoa.locate("nothing.wav", array="respeaker-usb-4")
        ... except anydoa.AnydoaError as error:
        ...     print(error)
        nothing.wav: no such file
    """


class GeometryError(AnydoaError, ValueError):
    """An array, direction or grid that cannot exist or cannot be used."""


class ArrayFileError(AnydoaError, ValueError):
    """An array file that cannot be read, or names no known preset."""


class AudioError(AnydoaError, ValueError):
    """A recording that cannot be read, or cannot be located in."""


class ShapeError(AnydoaError, ValueError):
    """An array of numbers whose axes are not those a function takes."""


class ConfigError(AnydoaError, ValueError):
    """An option, a name or a configuration key that does not exist."""


class CheckpointError(AnydoaError, ValueError):
    """A weights file that is missing, damaged or of another kind."""


class MissingExtraError(AnydoaError, ImportError):
    """A feature whose optional dependency is not installed, or does not load.

    Args:
        feature: what needs it.
        extra: name of the extra that brings it.
        cause: what importing it said; a package that is there but does not load needs another cure.
    """

    def __init__(self, feature: str, extra: str, cause: ImportError | None = None) -> None:
        if cause is None or _is_missing(cause):
            super().__init__(
                f"{feature} needs an extra that is not installed; run: pip install 'anydoa[{extra}]'"
            )
            return
        super().__init__(
            f"{feature} needs a package that is installed but does not load ({cause}); "
            f"run: pip install --upgrade --force-reinstall 'anydoa[{extra}]'"
        )


def _is_missing(cause: ImportError) -> bool:
    """Whether a whole package is not there, not a part of one."""
    if not isinstance(cause, ModuleNotFoundError) or cause.name is None:
        return False
    return find_spec(cause.name.partition(".")[0]) is None

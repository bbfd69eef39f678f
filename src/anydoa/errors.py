"""Everything anydoa raises on purpose.

    AnydoaError
    |-- GeometryError      an array, direction or grid that cannot be
    |-- ArrayFileError     an array file that cannot be read
    |-- AudioError         a recording that cannot be used
    |   `-- ChannelCountError  it has other channels than the array
    |-- ShapeError         an array of numbers with the wrong axes
    |-- ConfigError        an option, name or configuration key that does not exist
    |-- CheckpointError    a weights file that is missing, damaged or of another kind
    |-- EngineError        processes or machines that end before their work does
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
        nothing.wav: no such file; check the name
    """

    @property
    def command_line(self) -> str:
        """The message in the words of the command line, where a cure is an option there."""
        return str(self)


class GeometryError(AnydoaError, ValueError):
    """An array, direction or grid that cannot exist or cannot be used."""


class ArrayFileError(AnydoaError, ValueError):
    """An array file that cannot be read, or names no known preset."""


class AudioError(AnydoaError, ValueError):
    """A recording that cannot be read, or cannot be located in."""

    def of(self, name: str) -> "AudioError":
        """The same error with the name of the recording."""
        return type(self)(f"{name}: {self}")


class ChannelCountError(AudioError):
    """A recording with another number of channels than the array has.

    Args:
        rule: rule that is broken, with the value that breaks it.
        cure: cure in Python.
        command_cure: cure on the command line.
    """

    def __init__(self, rule: str, cure: str, command_cure: str) -> None:
        super().__init__(f"{rule}; {cure}")
        self.rule = rule
        self._cures = cure, command_cure

    def __reduce__(self) -> tuple[type["ChannelCountError"], tuple[str, str, str]]:
        """Made again from its parts, also in another process."""
        return type(self), (self.rule, *self._cures)

    @property
    def command_line(self) -> str:
        """The message with the cure as an option."""
        return f"{self.rule}; {self._cures[1]}"

    def of(self, name: str) -> "ChannelCountError":
        """The same error with the name of the recording."""
        return ChannelCountError(f"{name}: {self.rule}", *self._cures)


class ShapeError(AnydoaError, ValueError):
    """An array of numbers whose axes are not those a function takes."""


class ConfigError(AnydoaError, ValueError):
    """An option, a name or a configuration key that does not exist."""


class CheckpointError(AnydoaError, ValueError):
    """A weights file that is missing, damaged or of another kind."""


class EngineError(AnydoaError, RuntimeError):
    """Processes or machines that end before their work does."""


class MissingExtraError(AnydoaError, ImportError):
    """A feature whose optional dependency is not installed, or does not load.

    Args:
        feature: feature that needs the dependency.
        extra: name of the extra that brings the dependency.
        cause: error of the import; a package that is there but does not load needs another cure.
    """

    def __init__(self, feature: str, extra: str, cause: ImportError | None = None) -> None:
        self._parts = feature, extra, cause
        # A package may be there though a part of it is not; then its own import is what fails.
        is_missing = cause is None or (
            isinstance(cause, ModuleNotFoundError)
            and cause.name is not None
            and find_spec(cause.name.partition(".")[0]) is None
        )
        if is_missing:
            super().__init__(
                f"{feature} needs an extra that is not installed; run: pip install 'anydoa[{extra}]'"
            )
            return
        super().__init__(
            f"{feature} needs a package that is installed but does not load ({cause}); "
            f"run: pip install --upgrade --force-reinstall 'anydoa[{extra}]'"
        )

    def __reduce__(
        self,
    ) -> tuple[type["MissingExtraError"], tuple[str, str, ImportError | None], dict[str, object]]:
        """Made again from its parts, with the words of the process where the package was missing."""
        return type(self), self._parts, {"args": self.args, "msg": self.msg}

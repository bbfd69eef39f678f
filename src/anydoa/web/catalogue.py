"""What may be chosen on the page: arrays, estimators and grids by name, so no path ever comes from it.

Arrays may be added as files; they then have names, too.
"""

import itertools
import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from anydoa.errors import ConfigError
from anydoa.estimators import DEFAULT_ESTIMATOR, ESTIMATORS, make_estimator
from anydoa.estimators.model import list_models
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.channels import parse_channels
from anydoa.io import ARRAY_SUFFIXES, DEFAULT_GRID, list_presets, load_array, load_grid
from anydoa.io.names import nearest_name
from anydoa.localizer import MAX_TOLD_SOURCES, UNKNOWN_NUMBER, Localizer, parse_num_sources
from anydoa.web.messages import array_content

_GRIDS = (DEFAULT_GRID, "fibonacci:512", "hemisphere:1024,up", "icosphere:4", "azimuth:360")
_NO_CHANNELS = "none"
_MAX_ADDED = 50  # arrays that came as files


@dataclass(frozen=True)
class Choice:
    """What the page asks for.

    Args:
        array: name of an array of the catalogue; there is no sensible default.
        estimator: name of an estimator of the catalogue; None for its first.
        grid: name of a grid of the catalogue; None for its first.
        sources: ``auto`` or how many there are.
        ignore: channels without a microphone, as in ``6, 7``; empty for those that the array ignores,
            ``none`` for a recording of the microphones alone, in their order.
    """

    array: str | None = None
    estimator: str | None = None
    grid: str | None = None
    sources: str = UNKNOWN_NUMBER
    ignore: str = ""

    @property
    def num_sources(self) -> int | None:
        """Number of sources; None to decide from the spectrum.

        Raises:
            ConfigError: if the text is no number, or out of range.
        """
        return parse_num_sources(self.sources, "the number of sources")

    def select_channels(self, array: MicrophoneArray) -> MicrophoneArray:
        """The array as the recording has it: with other ignored channels, or with none.

        Raises:
            ConfigError: if the channels are no numbers.
            GeometryError: if one of them is a microphone's, or there is a gap.
        """
        ignore = self.ignore.strip()
        if ignore == _NO_CHANNELS:
            return array.replace(channels=None, ignore_channels=())
        try:
            ignored = parse_channels(ignore) if ignore else ()
        except ValueError:
            raise ConfigError(
                f"channels to ignore are numbers from 0, or {_NO_CHANNELS}, got {self.ignore[:80]!r}; write "
                "them as in '6, 7'"
            ) from None
        return array.replace(ignore_channels=ignored) if ignored else array


class Catalogue:
    """Names and what they stand for; what was given on the command line comes first.

    Args:
        array: array that the command line names, or None.
        estimator: name, model folder or hub name that the command line gives.
        grid: description or file that the command line gives.

    Raises:
        AnydoaError: if one of them does not exist or cannot be.
    """

    def __init__(
        self,
        array: MicrophoneArray | None = None,
        estimator: str = DEFAULT_ESTIMATOR,
        grid: str = DEFAULT_GRID,
    ) -> None:
        made, own_grid = make_estimator(estimator), load_grid(grid)
        self._own_array = None if array is None else array.name
        own_arrays = {} if array is None else {array.name: array}
        bundled = {name: load_array(name) for name in list_presets()}
        self._arrays = {**own_arrays, **{name: bundled[name] for name in bundled if name not in own_arrays}}
        self._added: list[str] = []
        self._adding = threading.Lock()
        self._made = {made.name: made}
        self._estimators = tuple(dict.fromkeys((made.name, *ESTIMATORS, *list_models())))
        self._grids = {own_grid.name: own_grid}
        self._grid_names = tuple(dict.fromkeys((own_grid.name, *_GRIDS)))

    def array(self, choice: Choice) -> MicrophoneArray:
        """The array that the page asks for, as the recording has it.

        Raises:
            ConfigError: if its name is missing or not in the catalogue, or a channel is no number.
            GeometryError: if a channel to ignore is a microphone's or leaves a gap.
        """
        if choice.array is None:
            raise ConfigError("sound needs the array that heard it; choose its name")
        arrays = self._arrays  # somebody may put others in its place meanwhile
        return choice.select_channels(arrays[_known(choice.array, arrays, "array")])

    def localizer(self, choice: Choice) -> Localizer:
        """What the page asks for, ready to locate.

        Raises:
            ConfigError: if a name is missing or not in the catalogue, or a number is none.
            GeometryError: if a channel to ignore is a microphone's or leaves a gap.
        """
        array, number = self.array(choice), choice.num_sources
        estimator = _known(choice.estimator or self._estimators[0], self._estimators, "estimator")
        grid = _known(choice.grid or self._grid_names[0], self._grid_names, "grid")
        if estimator not in self._made:
            self._made[estimator] = make_estimator(estimator)
        if grid not in self._grids:
            self._grids[grid] = load_grid(grid)
        return Localizer(array, self._grids[grid], self._made[estimator], number)

    def add_array(self, array: MicrophoneArray, file: str) -> MicrophoneArray:
        """Offer an array that came as a file, from now until the server ends; the oldest of many goes.

        Args:
            array: array that the file describes.
            file: name of the file, for an array that has the name of another one.

        Returns:
            The array as it is offered: under its own name, or with that of its file or a number behind it.
        """
        with self._adding:
            if array.name in self._arrays and array.name not in self._added:
                array = array.replace(name=f"{array.name} ({file})")
            # Somebody else may have chosen the array that has this name.
            own, numbers = array.name, itertools.count(2)
            while array.name in self._arrays and self._arrays[array.name].hash != array.hash:
                array = array.replace(name=f"{own} {next(numbers)}")
            added = [*(name for name in self._added if name != array.name), array.name]
            gone = added[:-_MAX_ADDED]
            self._added = added[-_MAX_ADDED:]
            # A new one, for whoever reads the one before at this moment.
            kept = {name: one for name, one in self._arrays.items() if name not in gone}
            self._arrays = {**kept, array.name: array}
        return array

    def content(self) -> dict[str, Any]:
        """The names, and the arrays with their positions, for the page."""
        return {
            "own_array": self._own_array,
            "arrays": [array_content(array) for array in self._arrays.values()],
            "array_suffixes": list(ARRAY_SUFFIXES),
            "estimators": list(self._estimators),
            "grids": list(self._grid_names),
            "sources": [UNKNOWN_NUMBER, *(str(number) for number in range(1, MAX_TOLD_SOURCES + 1))],
        }


def _known(name: str, names: Collection[str], what: str) -> str:
    if name in names:
        return name
    near = nearest_name(name[:80], tuple(names))
    raise ConfigError(f"the page offers no {what} {name[:80]!r}; did you mean {near!r}?")

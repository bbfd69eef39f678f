"""Find where sound comes from, with any microphone array, on any grid of directions.

>>> import anydoa
>>> array = anydoa.load_array("linear-4")
>>> array.num_microphones
4

Names are loaded when they are first used, so that `import anydoa` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from anydoa.errors import (
    AnydoaError,
    ArrayFileError,
    AudioError,
    CheckpointError,
    ConfigError,
    GeometryError,
    MissingExtraError,
    ShapeError,
)

if TYPE_CHECKING:
    from anydoa.estimators.catalogue import load
    from anydoa.geometry.array import MicrophoneArray
    from anydoa.geometry.grid import DirectionGrid
    from anydoa.io.array_file import list_presets, load_array
    from anydoa.io.grid_file import load_grid
    from anydoa.io.results import LocalizationResult, Source
    from anydoa.localizer import Localizer, locate
    from anydoa.spectrum import SpatialSpectrum, SpectrumEstimator

    __version__: str

__all__ = [
    "AnydoaError",
    "ArrayFileError",
    "AudioError",
    "CheckpointError",
    "ConfigError",
    "DirectionGrid",
    "GeometryError",
    "LocalizationResult",
    "Localizer",
    "MicrophoneArray",
    "MissingExtraError",
    "ShapeError",
    "Source",
    "SpatialSpectrum",
    "SpectrumEstimator",
    "__version__",
    "list_presets",
    "load",
    "load_array",
    "load_grid",
    "locate",
]

_HOMES = {
    "DirectionGrid": "anydoa.geometry.grid",
    "LocalizationResult": "anydoa.io.results",
    "Localizer": "anydoa.localizer",
    "MicrophoneArray": "anydoa.geometry.array",
    "Source": "anydoa.io.results",
    "SpatialSpectrum": "anydoa.spectrum",
    "SpectrumEstimator": "anydoa.spectrum",
    "list_presets": "anydoa.io.array_file",
    "load": "anydoa.estimators.catalogue",
    "load_array": "anydoa.io.array_file",
    "load_grid": "anydoa.io.grid_file",
    "locate": "anydoa.localizer",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("anydoa")
    if name not in _HOMES:
        raise AttributeError(f"module 'anydoa' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__

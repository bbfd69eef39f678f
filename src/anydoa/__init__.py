"""Find where sound comes from, with any microphone array, on any grid of directions.

>>> import anydoa
>>> array = anydoa.load_array("linear-4")
>>> array.num_microphones
4

Names are loaded when they are first used, so that `import anydoa` costs next to nothing.
"""

from typing import Any

import lazy_loader

_attribute, _, _names = lazy_loader.attach_stub(__name__, __file__)
__all__ = [*_names, "__version__"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("anydoa")
    return _attribute(name)


def __dir__() -> list[str]:
    return __all__

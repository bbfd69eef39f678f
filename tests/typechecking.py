"""The type checker that guards shapes and types while the suite runs; production code pays nothing.

Every call of every function is checked, so the checks are most of what a small function costs. Jaxtyping's
own decorator binds the arguments of each call and looks at them twice; here they are looked at once, and
sizes of axes are remembered for a call only where a signature speaks of arrays.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import is_dataclass
from typing import Annotated, Any, ForwardRef, Literal, TypeVar, get_args, get_origin

import jaxtyping
from beartype import BeartypeConf, beartype
from jaxtyping import AbstractArray, config

check = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int is welcome where a float is asked for
_jaxtyped = jaxtyping.jaxtyped


def jaxtyped(*, typechecker: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The decorator that jaxtyping's hook gives every function and class, at less cost a call."""

    def decorate(thing: Any) -> Any:
        if inspect.isclass(thing):
            made = is_dataclass(thing) and "__init__" in vars(thing)
            if made and not hasattr(thing.__init__, "__wrapped__"):
                thing.__init__ = decorate(thing.__init__)
            return thing
        if not inspect.isfunction(thing) or inspect.isgeneratorfunction(thing):
            return _jaxtyped(typechecker=typechecker)(thing)
        hints = list(_parts(thing.__annotations__.values()))
        if any(
            isinstance(hint, str | ForwardRef | TypeVar) for hint in hints
        ):  # a name that may not be there
            return _jaxtyped(typechecker=typechecker)(thing)
        return _checked(thing, typechecker(thing), any(map(_is_array, hints)))

    return decorate


def _checked(plain: Callable[..., Any], checked: Callable[..., Any], has_arrays: bool) -> Callable[..., Any]:
    if checked is plain:
        return plain

    @functools.wraps(plain)
    def call(*args: Any, **kwargs: Any) -> Any:
        if config.jaxtyping_disable:
            return plain(*args, **kwargs)
        if not has_arrays:
            return checked(*args, **kwargs)
        with _jaxtyped("context"):  # sizes of axes, the same in all arguments and the result
            return checked(*args, **kwargs)

    return call


def _parts(hints: Iterable[Any]) -> Iterator[Any]:
    """Every hint and the hints inside it."""
    for hint in hints:
        yield hint
        if isinstance(hint, list | tuple):  # arguments of a Callable
            yield from _parts(hint)
        elif get_origin(hint) is Annotated:
            yield from _parts(get_args(hint)[:1])
        elif get_origin(hint) is not Literal:
            yield from _parts(get_args(hint))


def _is_array(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, AbstractArray)


@contextmanager
def unchecked() -> Iterator[None]:
    """No checks inside: an exporter that traces hands tensors where sizes are expected."""
    before = config.jaxtyping_disable
    config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        config.update("jaxtyping_disable", before)

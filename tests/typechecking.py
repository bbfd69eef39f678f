"""The type checker that guards shapes and types while the suite runs; production code pays nothing.

Every call of every function is checked, so the checks are most of what a small function costs. Jaxtyping's
own decorator binds the arguments of each call and looks at them twice; here they are looked at once, and
sizes of axes are remembered for a call only where a signature speaks of arrays. A call like one that was
right before is not looked at again, where all that a signature asks for shows in types and shapes.
"""

import functools
import inspect
from abc import ABCMeta
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import is_dataclass
from types import FunctionType, NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

import jaxtyping
import numpy as np
from beartype import BeartypeConf, beartype
from beartype.door import die_if_unbearable
from jaxtyping import AbstractArray, config

_CONF = BeartypeConf(is_pep484_tower=True)  # an int is welcome where a float is asked for
check = beartype(conf=_CONF)
_jaxtyped = jaxtyping.jaxtyped
_BY_TYPE = (type.__instancecheck__, ABCMeta.__instancecheck__)
"""How classes say whether a thing is theirs, where its type alone decides."""
_PLAIN = {NoneType, bool, int, float, complex, np.float64, np.ndarray}
"""Types of values that hints of lists and the like do not look into."""


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
        return _remembering(thing, typechecker)

    return decorate


def _remembering(plain: Callable[..., Any], typechecker: Callable[[Any], Any]) -> Callable[..., Any]:
    """The checked function, which looks once at calls that are alike in all that its hints ask for."""
    right: dict[tuple[Any, ...], set[Any]] = {}  # kinds of results by kinds of arguments

    @functools.cache
    def made() -> _Checked:
        return _checked(plain, typechecker)  # when it is called: then all names are there

    @functools.wraps(plain)
    def call(*args: Any, **kwargs: Any) -> Any:
        if config.jaxtyping_disable:
            return plain(*args, **kwargs)
        checked, hints, open_hints = made()
        if hints is None or (open_hints and not _are_plain(open_hints, args, kwargs)):
            return checked(*args, **kwargs)
        given = (*map(_kind, args), *kwargs, *map(_kind, kwargs.values()))
        results = right.get(given)
        if results is None:
            result = checked(*args, **kwargs)
            right[given] = {_kind(result)}
            return result
        result = plain(*args, **kwargs)
        kind = _kind(result)
        if kind not in results:
            _check_result(plain, hints, args, kwargs, result)
            results.add(kind)
        return result

    return call


class _Checked(NamedTuple):
    """A function with checks.

    Args:
        call: the function.
        hints: its hints if whether a call is right shows in kinds; None if each call must be looked at.
        open_hints: places and names of arguments for which it does for plain values alone.
    """

    call: Callable[..., Any]
    hints: dict[str, Any] | None = None
    open_hints: tuple[tuple[int, str], ...] = ()


def _checked(plain: Callable[..., Any], typechecker: Callable[[Any], Any]) -> _Checked:
    known = _with_hints(plain)
    if known is None:
        return _Checked(_jaxtyped(typechecker=typechecker)(plain))
    hints, checked = known.__annotations__, typechecker(known)
    if any(map(_is_array, _parts(hints.values()))):
        checked = _in_context(checked)
    if inspect.iscoroutinefunction(plain) or not _is_of_kinds(hints.get("return", Any)):
        return _Checked(checked)
    open_hints = []
    for place, (name, parameter) in enumerate(inspect.signature(known).parameters.items()):
        hint = hints.get(name, Any)
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) and hint is not Any:
            return _Checked(checked)
        if not _is_of_kinds(hint):
            if not _is_of_kinds_for_plain(hint):
                return _Checked(checked)
            open_hints.append((place, name))
    return _Checked(checked, hints, tuple(open_hints))


def _are_plain(
    open_hints: tuple[tuple[int, str], ...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> bool:
    for place, name in open_hints:
        value = args[place] if place < len(args) else kwargs.get(name)
        kind = type(value)
        if kind not in _PLAIN and (kind is not tuple or value):
            return False
    return True


def _with_hints(plain: Callable[..., Any]) -> FunctionType | None:
    """The function with hints in place of their names, or None if one is known to type checkers alone."""
    try:
        hints = get_type_hints(plain, include_extras=True)
    except NameError:
        return None
    if any(isinstance(hint, TypeVar) for hint in _parts(hints.values())):
        return None
    known = FunctionType(plain.__code__, plain.__globals__, plain.__name__, None, plain.__closure__)
    known.__defaults__, known.__kwdefaults__ = plain.__defaults__, plain.__kwdefaults__
    functools.update_wrapper(known, plain, assigned=["__module__", "__qualname__", "__doc__"])
    del known.__wrapped__
    known.__annotations__ = hints
    return known


def _in_context(checked: Callable[..., Any]) -> Callable[..., Any]:
    """The same with sizes of axes that are equal in all arguments and the result."""

    def call(*args: Any, **kwargs: Any) -> Any:
        with _jaxtyped("context"):
            return checked(*args, **kwargs)

    return call


def _check_result(
    plain: Callable[..., Any], hints: dict[str, Any], args: Any, kwargs: Any, result: Any
) -> None:
    """Look at another kind of result of arguments that are known to be right."""
    with _jaxtyped("context"):
        for name, value in inspect.signature(plain).bind(*args, **kwargs).arguments.items():
            die_if_unbearable(value, hints.get(name, Any), conf=_CONF)  # for the sizes of its axes
        prefix = f"{plain.__qualname__}() return "
        die_if_unbearable(result, hints.get("return", Any), conf=_CONF, exception_prefix=prefix)


def _is_of_kinds(hint: Any) -> bool:
    """Whether two values of one kind are both right for a hint, or neither is."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint in (Any, None, NoneType):
        return True
    if origin in (Union, UnionType):
        return all(map(_is_of_kinds, parts))
    if origin is tuple:  # of any length the checker looks at one by chance
        return Ellipsis not in parts and all(map(_is_of_kinds, parts))
    if origin is not None or not isinstance(hint, type):
        return False
    return _is_array(hint) or type(hint).__instancecheck__ in _BY_TYPE


def _is_of_kinds_for_plain(hint: Any) -> bool:
    """The same for plain values: lists and the like, or something else."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return all(_is_of_kinds(part) or _is_of_kinds_for_plain(part) for part in parts)
    return isinstance(origin, type)


@functools.cache
def _is_shaped(kind: type) -> bool:
    return hasattr(kind, "shape") and hasattr(kind, "dtype")


def _kind(value: Any) -> Any:
    """The type of a value, with shape and element type of arrays, also inside a tuple."""
    kind = type(value)
    if kind is np.ndarray or _is_shaped(kind):
        return kind, value.dtype, value.shape
    if kind is tuple:
        return tuple(map(_kind, value))
    return kind


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

"""The card of a model: what it is, what it was trained on, how good it is, where it must not be trusted."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anydoa.acoustics import size_in_air
from anydoa.constants import MAX_MICROPHONES, MAX_SPAN, MIN_MICROPHONES, MIN_SPAN
from anydoa.errors import CheckpointError, GeometryError
from anydoa.geometry import MicrophoneArray

CARD_SCHEMA = 2

_NUMBER = (int, float)
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "name": str, "architecture": str, "title": str, "licence": str, "version": str,
    "config": dict, "training": dict, "threshold": _NUMBER,
}  # fmt: skip
"""What single values of a card are."""
_LISTS: Mapping[str, type | tuple[type, ...]] = {
    "data": str, "metrics": dict, "bins_hz": _NUMBER, "plane_wave_hz": _NUMBER, "failures": str,
}  # fmt: skip
"""What each value in a list of a card is."""
_WORDS: Mapping[type | tuple[type, ...], str] = {str: "text", dict: "an object", _NUMBER: "a number"}


@dataclass(frozen=True)
class TrainedRange:
    """What the training data covered, as closed intervals. Outside of it, answers are extrapolation.

    Args:
        microphones: how many microphones.
        span_m: distance of the farthest two microphones.
        rt60_s: reverberation times of the rooms.
        snr_db: speech over noise.
        talkers: how many talkers at once.
    """

    microphones: tuple[int, int]
    span_m: tuple[float, float]
    rt60_s: tuple[float, float]
    snr_db: tuple[float, float]
    talkers: tuple[int, int]

    def warnings(self, array: MicrophoneArray) -> list[str]:
        """A sentence for everything about an array that training has not covered."""
        found = []
        fewest, most = self.microphones
        if not fewest <= array.num_microphones <= most:
            found.append(
                f"array {array.name!r} has {array.num_microphones} microphones; "
                f"the model was trained with {fewest}..{most}"
            )
        least, greatest = self.span_m
        if not least <= _heard_span(array) <= greatest:
            found.append(
                f"array {array.name!r} spans {_span_in_words(array)}; the model was trained with "
                f"{least * 100:.0f}..{greatest * 100:.0f} cm"
            )
        return found


@dataclass(frozen=True)
class MeasuredRange:
    """Arrays for which a model was measured to be about as good as elsewhere, as closed intervals.

    Args:
        span_m: distance of the farthest two microphones.
    """

    span_m: tuple[float, float]

    def warnings(self, array: MicrophoneArray) -> list[str]:
        """A sentence if errors were measured to grow on arrays like this one."""
        least, greatest = self.span_m
        span = _heard_span(array)
        if least <= span <= greatest:
            return []
        size, limit = ("smaller", least) if span < least else ("wider", greatest)
        return [
            f"array {array.name!r} spans {_span_in_words(array)}; on arrays {size} than {limit * 100:g} cm "
            "errors were measured to grow; check directions before you rely on them"
        ]


def _heard_span(array: MicrophoneArray) -> float:
    """Metres between the farthest two microphones of the array in air that has the same delays."""
    return array.span * size_in_air(array)


def _span_in_words(array: MicrophoneArray) -> str:
    """The span, and how wide the array is for sound of another speed."""
    told, heard = (f"{metres * 100:.1f} cm" for metres in (array.span, _heard_span(array)))
    return told if heard == told else f"{told} ({heard} for sound of {array.speed_of_sound:g} m/s)"


UNKNOWN_RANGE = TrainedRange(
    (MIN_MICROPHONES, MAX_MICROPHONES), (MIN_SPAN, MAX_SPAN), (0.0, 10.0), (-100.0, 100.0), (0, 99)
)
"""The range of a network whose training nobody has written down: no array is warned about."""


@dataclass(frozen=True)
class ModelCard:
    """What travels with the weights of a model.

    Args:
        name: name on the command line.
        architecture: kind of network, which decides what runs it.
        title: one line for a list.
        licence: licence of the weights.
        config: sizes and choices of the network.
        trained_range: what training covered.
        measured_range: where the model was measured to be good, if anybody has; beside it, what training
            covered tells nothing.
        data: what it was trained on, a line a corpus, with its licence.
        training: how long and with what it was trained: examples seen, hours, recipe.
        metrics: rows of an evaluation table, as ``anydoa evaluate --format json`` prints them.
        bins_hz: frequency of each bin of its transform.
        plane_wave_hz: bins that the network compares with plane waves; none for a network that does not.
        threshold: value of the spectrum from which a peak is called a source.
        failures: known failures, a sentence each.
        version: version of the package that wrote the card.
    """

    name: str
    architecture: str
    title: str
    licence: str
    config: dict[str, Any]
    trained_range: TrainedRange
    measured_range: MeasuredRange | None = None
    data: tuple[str, ...] = ()
    training: dict[str, Any] = field(default_factory=dict)
    metrics: tuple[dict[str, Any], ...] = ()
    bins_hz: tuple[float, ...] = ()
    plane_wave_hz: tuple[float, ...] = ()
    threshold: float = 0.5
    failures: tuple[str, ...] = ()
    version: str = ""

    def warnings(self, array: MicrophoneArray) -> list[str]:
        """A sentence for each reason to expect greater errors with an array."""
        return (self.measured_range or self.trained_range).warnings(array)

    def check_microphones(self, array: MicrophoneArray) -> None:
        """Refuse an array of fewer microphones than a network has learned to listen with.

        Raises:
            GeometryError: if there are fewer.
        """
        fewest = self.trained_range.microphones[0]
        if array.num_microphones < fewest:
            raise GeometryError(
                f"{self.name} needs {fewest} microphones or more, the fewest it was trained with, but array "
                f"{array.name!r} has {array.num_microphones}; take the estimator steered"
            )

    def check_architecture(self, architecture: str) -> None:
        """Refuse to describe a network of another kind.

        Raises:
            CheckpointError: if this is the card of another.
        """
        if self.architecture != architecture:
            raise CheckpointError(
                f"the card of {self.name!r} is one of {self.architecture!r}, but the weights are of "
                f"{architecture!r}; give a card of that kind, or none"
            )

    def to_json(self) -> str:
        """The card as JSON, keys in the order above."""
        return json.dumps({"schema": CARD_SCHEMA, **dataclasses.asdict(self)}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "ModelCard":
        """The card written by :meth:`to_json`.

        Raises:
            CheckpointError: if it is no card, one of another schema, or a value in it cannot be.
        """
        try:
            values = json.loads(text)
            schema = values.pop("schema")
            if schema != CARD_SCHEMA:
                raise CheckpointError(
                    f"card has schema {schema}, this version reads {CARD_SCHEMA}; "
                    + ("export the model again" if schema < CARD_SCHEMA else "install a newer anydoa")
                )
            ranges: dict[str, Any] = {
                key: _interval(value, key) for key, value in values.pop("trained_range").items()
            }
            measured = values.pop("measured_range", None)
            if measured is not None:
                values["measured_range"] = MeasuredRange(_interval(measured["span_m"], "span_m"))
            for key, kind in _KINDS.items():
                if key in values and not _is(values[key], kind):
                    raise ValueError(f"{key} must be {_WORDS[kind]}, got {values[key]!r:.60}")
            if not 0 <= values.get("threshold", cls.threshold) <= 1:
                raise ValueError(f"threshold must be 0..1, got {values['threshold']}")
            values |= {key: _list(values[key], key) for key in _LISTS}
            return cls(trained_range=TrainedRange(**ranges), **values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            if isinstance(error, CheckpointError):
                raise
            raise CheckpointError(f"not a model card ({error}); export the model again") from None

    @classmethod
    def read(cls, path: Path) -> "ModelCard":
        """The card in a file.

        Raises:
            CheckpointError: as :meth:`from_json`, with the name of the file.
        """
        try:
            return cls.from_json(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            raise CheckpointError(f"{path}: not text; export the model again") from None
        except CheckpointError as error:
            raise CheckpointError(f"{path}: {error}") from None


def _is(value: object, kind: type | tuple[type, ...]) -> bool:
    """Whether a value from JSON is of a kind; true and false are no numbers."""
    return isinstance(value, kind) and not isinstance(value, bool)


def _interval(value: object, key: str) -> tuple[float, float]:
    """The two ends of a range, as a card has them."""
    if not isinstance(value, list) or len(value) != 2 or not all(_is(end, _NUMBER) for end in value):
        raise ValueError(f"{key} must be two numbers, got {value!r:.60}")
    low, high = value
    if not low <= high:
        raise ValueError(f"{key} must be two numbers that rise, got {value!r:.60}")
    return low, high


def _list(value: object, key: str) -> tuple[Any, ...]:
    """A list of a card."""
    if not isinstance(value, list) or not all(_is(item, _LISTS[key]) for item in value):
        raise ValueError(f"{key} must be a list, each {_WORDS[_LISTS[key]]}, got {value!r:.60}")
    return tuple(value)

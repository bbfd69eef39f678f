"""The card of a model: round trip, refusals, warnings about arrays it was not trained for."""

import json

import pytest

from anydoa.errors import CheckpointError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.layouts import circular_positions
from anydoa.runtime.card import ModelCard, TrainedRange

COVERED = TrainedRange((4, 12), (0.05, 0.2), (0.2, 1.3), (-5.0, 30.0), (1, 2))
CARD = ModelCard(
    name="tiny",
    architecture="agg-rl",
    title="A tiny network",
    licence="MIT",
    config={"hop_length": 128},
    trained_range=COVERED,
    data=("speech made by a formula, MIT",),
    metrics=({"suite": "dynamic-s", "mae_deg": 12.5},),
    bins_hz=(0.0, 31.25),
)


def test_a_card_survives_json() -> None:
    assert ModelCard.from_json(CARD.to_json()) == CARD


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"schema": 1}', '{"schema": 1, "name": "x"}', "\x00"]
)
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError, match="not a model card"):
        ModelCard.from_json(text)


def test_a_card_from_the_future_is_refused() -> None:
    values = json.loads(CARD.to_json()) | {"schema": 2}
    with pytest.raises(CheckpointError, match="schema 2"):
        ModelCard.from_json(json.dumps(values))


def test_an_array_inside_the_trained_range_gives_no_warning() -> None:
    assert COVERED.warnings(MicrophoneArray(circular_positions(6, 0.05))) == []


def test_too_many_microphones_and_too_wide_an_array_are_named() -> None:
    found = COVERED.warnings(MicrophoneArray(circular_positions(16, 0.5), "ring"))
    assert len(found) == 2
    assert "16 microphones" in found[0]
    assert "100.0 cm" in found[1]

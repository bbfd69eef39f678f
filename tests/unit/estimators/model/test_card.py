"""The card of a model: round trip, refusals, warnings about arrays it was not trained for."""

import dataclasses
import json
from pathlib import Path

import pytest

from anydoa.errors import CheckpointError, GeometryError
from anydoa.estimators.model.card import MeasuredRange, ModelCard, TrainedRange
from anydoa.estimators.model.folder import find_model
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.layouts import circular_positions
from anydoa.io.array_file import list_presets, load_array

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
    "text", ["", "[]", "{}", "null", '{"schema": 2}', '{"schema": 2, "name": "x"}', "\x00"]
)
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError, match="not a model card"):
        ModelCard.from_json(text)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("threshold", "high", "threshold must be a number, got 'high'"),
        ("threshold", True, "threshold must be a number, got True"),
        ("threshold", 1.5, r"threshold must be 0\.\.1, got 1\.5"),
        ("threshold", float("nan"), r"threshold must be 0\.\.1, got nan"),
        ("name", None, "name must be text, got None"),
        ("config", ["hop_length"], "config must be an object"),
        ("data", "LibriSpeech", "data must be a list, each text, got 'LibriSpeech'"),
        ("failures", [3], r"failures must be a list, each text, got \[3\]"),
        ("metrics", ["good"], "metrics must be a list, each an object"),
        ("bins_hz", ["100"], "bins_hz must be a list, each a number"),
        ("measured_range", {"span_m": [0.1]}, r"span_m must be two numbers, got \[0\.1\]"),
        ("measured_range", {"span_m": [0.3, 0.1]}, "span_m must be two numbers that rise"),
        ("trained_range", {"microphones": [2, 4, 6]}, r"microphones must be two numbers, got \[2, 4, 6\]"),
        ("trained_range", {"microphones": "few"}, "microphones must be two numbers, got 'few'"),
    ],
)
def test_a_value_that_cannot_be_is_named(key: str, value: object, reason: str) -> None:
    values = json.loads(CARD.to_json())
    changed = values[key] | value if isinstance(value, dict) and values[key] else value
    with pytest.raises(CheckpointError, match=f"not a model card \\({reason}.*; export the model again"):
        ModelCard.from_json(json.dumps(values | {key: changed}))


def test_a_card_in_a_file_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text(CARD.to_json())
    assert ModelCard.read(path) == CARD
    path.write_text("{}")
    with pytest.raises(CheckpointError, match=r"card\.json: not a model card"):
        ModelCard.read(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CheckpointError, match=r"card\.json: not text"):
        ModelCard.read(path)


def test_a_card_from_the_future_is_refused() -> None:
    values = json.loads(CARD.to_json()) | {"schema": 3}
    with pytest.raises(CheckpointError, match="schema 3, this version reads 2; install a newer anydoa"):
        ModelCard.from_json(json.dumps(values))


def test_a_card_from_the_past_is_refused() -> None:
    values = json.loads(CARD.to_json()) | {"schema": 1}
    with pytest.raises(CheckpointError, match="schema 1, this version reads 2; export the model again"):
        ModelCard.from_json(json.dumps(values))


def test_an_array_inside_the_trained_range_gives_no_warning() -> None:
    assert COVERED.warnings(MicrophoneArray(circular_positions(6, 0.05))) == []


def test_too_many_microphones_and_too_wide_an_array_are_named() -> None:
    found = COVERED.warnings(MicrophoneArray(circular_positions(16, 0.5), "ring"))
    assert len(found) == 2
    assert "16 microphones" in found[0]
    assert "100.0 cm" in found[1]


def test_where_a_model_was_measured_counts_and_not_what_it_was_trained_with() -> None:
    card = dataclasses.replace(CARD, measured_range=MeasuredRange((0.05, 0.6)))
    assert ModelCard.from_json(card.to_json()) == card
    assert card.warnings(MicrophoneArray(circular_positions(32, 0.25), "ring")) == []
    (small,) = card.warnings(MicrophoneArray(circular_positions(6, 0.02), "button"))
    (wide,) = card.warnings(MicrophoneArray(circular_positions(6, 0.5), "hall"))
    assert "'button' spans 4.0 cm; on arrays smaller than 5 cm errors were measured to grow" in small
    assert "'hall' spans 100.0 cm; on arrays wider than 60 cm" in wide


def test_an_array_is_as_wide_as_sound_finds_it() -> None:
    card = dataclasses.replace(CARD, measured_range=MeasuredRange((0.05, 0.6)))
    places = circular_positions(6, 0.05)
    assert card.warnings(MicrophoneArray(places, "air", speed_of_sound=350.0)) == []
    (small,) = card.warnings(MicrophoneArray(places, "water", speed_of_sound=1500.0))
    assert "'water' spans 10.0 cm (2.3 cm for sound of 1500 m/s); on arrays smaller than 5 cm" in small
    (trained,) = COVERED.warnings(MicrophoneArray(places, "water", speed_of_sound=1500.0))
    assert "'water' spans 10.0 cm (2.3 cm for sound of 1500 m/s); the model was trained with" in trained


def test_a_model_never_measured_warns_outside_of_what_it_was_trained_with() -> None:
    assert len(CARD.warnings(MicrophoneArray(circular_positions(16, 0.5), "ring"))) == 2


def test_fewer_microphones_than_a_network_knows_are_refused_with_the_cure() -> None:
    pair = MicrophoneArray([[0, 0.1, 0], [0, -0.1, 0]], "pair")
    with pytest.raises(
        GeometryError, match=r"tiny needs 4 microphones or more.*'pair' has 2; take .* steered"
    ):
        CARD.check_microphones(pair)
    CARD.check_microphones(MicrophoneArray(circular_positions(4, 0.05)))


@pytest.mark.parametrize("name", ["steered", "agg-rl"])
def test_bundled_models_warn_of_few_bundled_arrays_only(name: str) -> None:
    card = find_model(name).card
    warned = {preset for preset in list_presets() if card.warnings(load_array(preset))}
    assert warned == {"ambeo", "tetrahedron-4cm", "locata-dicit"}

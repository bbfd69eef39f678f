"""Where models are found: in the package, on disk, on a hub."""

import sys
from pathlib import Path

import pytest

from anydoa.errors import CheckpointError, MissingExtraError
from anydoa.estimators.catalogue import load
from anydoa.estimators.model.folder import MODEL_FILES, ModelFolder, find_model, list_models


def test_bundled_models_are_found_by_name() -> None:
    for name in list_models():
        assert find_model(name).card.name == name


def test_a_folder_is_found_by_its_path(tiny_folder: Path) -> None:
    folder = find_model(tiny_folder)
    assert folder.card.name == "tiny"
    assert len(folder.weights_hash) == 12
    assert folder.num_bytes > 10_000


def test_other_weights_have_another_hash(tiny_folder: Path, tmp_path: Path) -> None:
    for file in tiny_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "gridnet.onnx").write_bytes((tiny_folder / "gridnet.onnx").read_bytes() + b"\0")
    assert ModelFolder(tmp_path).weights_hash != ModelFolder(tiny_folder).weights_hash


def test_a_model_on_a_hub_comes_with_all_that_a_bundled_one_has() -> None:
    files = {path.name for name in list_models() for path in find_model(name).path.iterdir()}
    assert files == {*MODEL_FILES}


def test_a_hub_without_its_client_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'anydoa\[hub\]'"):
        find_model("hub:some/model@main")


def test_a_damaged_card_is_named_with_its_folder(tiny_folder: Path, tmp_path: Path) -> None:
    for file in tiny_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "card.json").write_text("{}")
    with pytest.raises(CheckpointError, match=rf"{tmp_path}/card\.json: not a model card"):
        find_model(tmp_path)


@pytest.mark.parametrize(
    ("model", "first", "second", "message"),
    [
        ("steered", "mask.onnx", "score.onnx", r"/mask\.onnx: .*but takes cells, numbers and gives score"),
        (
            "steered",
            "mask.onnx",
            "wide-mask.onnx",
            r"/mask\.onnx: .*takes features and gives mask; were files",
        ),
        (
            "steered",
            "wide-mask.onnx",
            "wide-score.onnx",
            r"wide-mask\.onnx: .*takes cells, numbers and gives",
        ),
        (
            "steered",
            "score.onnx",
            "wide-score.onnx",
            "/score.onnx: cells must be of 9 x 24 x 40, .*9 x 48 x 40",
        ),
        ("agg-rl", "augeonet.onnx", "gridnet.onnx", r"gridnet\.onnx: .*take directions .*but takes audio"),
    ],
)
def test_exchanged_graphs_are_refused(
    tmp_path: Path, model: str, first: str, second: str, message: str
) -> None:
    for file in find_model(model).path.iterdir():
        name = {first: second, second: first}.get(file.name, file.name)
        (tmp_path / name).write_bytes(file.read_bytes())
    with pytest.raises(CheckpointError, match=message):
        load(tmp_path)


def test_a_card_that_is_not_text_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    for file in tiny_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "card.json").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(CheckpointError, match="not text"):
        _ = ModelFolder(tmp_path).card

"""One small network with random weights, exported once."""

from pathlib import Path

import pytest

from anydoa.export.agg_rl import export_agg_rl
from anydoa.networks.agg_rl import AggRl
from tiny_network import make_card, make_model
from typechecking import unchecked


@pytest.fixture(scope="session")
def tiny_model() -> AggRl:
    return make_model()


@pytest.fixture(scope="session")
def tiny_folder(tiny_model: AggRl, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    with unchecked():
        export_agg_rl(tiny_model, make_card(tiny_model), folder)
    return folder

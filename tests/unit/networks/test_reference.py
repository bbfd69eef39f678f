"""What is refused as a published checkpoint; that a right one works is a golden test."""

from pathlib import Path

import pytest
import torch

from anydoa.errors import CheckpointError, ConfigError
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.config import AggRlConfig
from anydoa.networks.reference import import_reference, load_reference_state, our_name_of
from typechecking import unchecked


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nothing\.tar: no such file"):
        import_reference(tmp_path / "nothing.tar")


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    with unchecked(), pytest.raises(ConfigError, match="mic_encoding must be one of fm, pm"):
        import_reference(tmp_path / "nothing.tar", mic_encoding="am")


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.tar").write_text("not a checkpoint")
    with pytest.raises(CheckpointError, match="not a torch archive"):
        import_reference(tmp_path / "text.tar")


class Surprise:
    """Something a pickle could run code for."""


@pytest.mark.parametrize("content", [{"state": {}}, {"model_state_dict": {"x": 1}}, [1, 2]])
def test_an_archive_without_the_state_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "other.tar")
    with pytest.raises(CheckpointError, match="hold tensors under 'model_state_dict'"):
        import_reference(tmp_path / "other.tar")


def test_an_archive_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"model_state_dict": Surprise()}, tmp_path / "code.tar")
    with pytest.raises(CheckpointError, match="not a torch archive of plain tensors"):
        import_reference(tmp_path / "code.tar")


def test_unknown_missing_and_misshapen_entries_are_named() -> None:
    network = AggRl(AggRlConfig.reference())
    with pytest.raises(CheckpointError, match=r"no entry 'encoder\.weight'"):
        load_reference_state(network, {"encoder.weight": torch.zeros(1)})
    with pytest.raises(CheckpointError, match=r"lacks what 'augeonet\.transform\.increments' needs"):
        load_reference_state(network, {})
    with pytest.raises(CheckpointError, match=r"must have shape \(256,\), got \(3,\)"):
        load_reference_state(network, {"input_feature_process.LNuDFT.a_k_parameter": torch.zeros(3)})


def test_names_keep_their_numbers() -> None:
    name = "gridnet.gridnet_list.2.blocks.1.norm.gamma"
    assert our_name_of(name) == "gridnet.outputs.2.norms.1.weight"
    assert our_name_of("STDPBs.dualpath_block_list.3.rnn.weight_hh_l1") == (
        "augeonet.dual_path.3.recurrence.gru.weight_hh_l1"
    )
    assert our_name_of("RMBs.mapping_layers.0.bias") == "augeonet.mapping.outputs.0.bias"
    assert our_name_of("RMBs.unknown.0.bias") is None

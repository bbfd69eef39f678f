"""The published AGG-RL checkpoints, in our names.

A published checkpoint is a torch archive with a state dictionary of 218 entries under ``model_state_dict``.
Its weights only make sense with its oddities, so the network that takes them has ``compat="reference"``.
"""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from anydoa.errors import CheckpointError
from anydoa.io.output import note_input
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.config import AggRlConfig

# Published name -> ours; {} is the number of a block.
_MODULES = {
    "CIFE.init_BN": "augeonet.extractor.input_norm",
    "CIFE.init_ConvBlock.conv1d": "augeonet.extractor.conv",
    "CIFE.init_ConvBlock.norm": "augeonet.extractor.conv_norm",
    "CIFE.ResidualConvBlocks.{}.pw_conv1d": "augeonet.extractor.blocks.{}.pointwise",
    "CIFE.ResidualConvBlocks.{}.pw_norm": "augeonet.extractor.blocks.{}.pointwise_norm",
    "CIFE.ResidualConvBlocks.{}.dw_conv1d": "augeonet.extractor.blocks.{}.depthwise",
    "CIFE.ResidualConvBlocks.{}.dw_norm": "augeonet.extractor.blocks.{}.depthwise_norm",
    "STDPBs.dualpath_block_list.{}.mhsa.out_proj": "augeonet.dual_path.{}.attention.output",
    "STDPBs.dualpath_block_list.{}.norm_mhsa": "augeonet.dual_path.{}.attention_norm",
    "STDPBs.dualpath_block_list.{}.rnn": "augeonet.dual_path.{}.recurrence.gru",
    "STDPBs.dualpath_block_list.{}.linear": "augeonet.dual_path.{}.linear",
    "STDPBs.dualpath_block_list.{}.norm_rnn": "augeonet.dual_path.{}.recurrence_norm",
    "RMBs.ResidualConvBlocks.{}.pw_conv1d": "augeonet.mapping.blocks.{}.pointwise",
    "RMBs.ResidualConvBlocks.{}.pw_norm": "augeonet.mapping.blocks.{}.pointwise_norm",
    "RMBs.ResidualConvBlocks.{}.dw_conv1d": "augeonet.mapping.blocks.{}.depthwise",
    "RMBs.ResidualConvBlocks.{}.dw_norm": "augeonet.mapping.blocks.{}.depthwise_norm",
    "RMBs.mapping_layers.{}": "augeonet.mapping.outputs.{}",
    "gridnet.gridnet_list.{}.blocks.{}.linear": "gridnet.outputs.{}.linears.{}",
    "gridnet.gridnet_list.{}.blocks.{}.norm": "gridnet.outputs.{}.norms.{}",
    "gridnet.gridnet_list.{}.final_linear": "gridnet.outputs.{}.last",
}
_PARAMETERS = {
    "input_feature_process.LNuDFT.a_k_parameter": "augeonet.transform.increments",
    "STDPBs.dualpath_block_list.{}.mhsa.in_proj_weight": "augeonet.dual_path.{}.attention.projection.weight",
    "STDPBs.dualpath_block_list.{}.mhsa.in_proj_bias": "augeonet.dual_path.{}.attention.projection.bias",
}
# Follow from the sizes, or count batches: nothing to keep.
_FIXED = re.compile(
    r".*\.num_batches_tracked|MPE\.v|gridnet\.v|input_feature_process\.LNuDFT\.(n|vad_kernel|window)"
)
_NO_ARCHIVE = (
    RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError, TypeError, AttributeError,
    LookupError, ArithmeticError, AssertionError, MemoryError,
)  # fmt: skip
"""Errors of torch on a file that is no archive; which one depends on the bytes."""

_LEAVES = {"gamma": "weight", "beta": "bias"}


def import_reference(path: str | Path, *, mic_encoding: str = "fm") -> AggRl:
    """The network of a published checkpoint, in evaluation mode.

    Args:
        path: torch archive with ``model_state_dict``; read without unpickling code.
        mic_encoding: which encoding the checkpoint was trained with; the file does not say.

    Raises:
        ConfigError: if the encoding does not exist.
        CheckpointError: if the file is no such archive, or an entry is missing, unknown or of another shape.
    """
    network = AggRl(AggRlConfig.reference(mic_encoding))
    path = Path(path)
    note_input(path, "file of weights")
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; check the name")
    try:
        archive = torch.load(path, map_location="cpu", weights_only=True)
    except _NO_ARCHIVE as error:
        problem = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise CheckpointError(
            f"{path}: not a torch archive of plain tensors ({problem}); is it whole, as it was published?"
        ) from error
    state = archive.get("model_state_dict") if isinstance(archive, dict) else None
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise CheckpointError(
            f"{path}: published checkpoints hold tensors under 'model_state_dict', this one does not; is it "
            "another model?"
        )
    load_reference_state(network, state)
    return network.eval()


def load_reference_state(network: AggRl, state: Mapping[str, Tensor]) -> None:
    """Copy a published state dictionary into a network with ``compat="reference"``.

    Raises:
        CheckpointError: if an entry is missing, unknown or of another shape.
    """
    ours = network.state_dict()
    renamed = {}
    for name, value in state.items():
        if _FIXED.fullmatch(name):
            continue
        our_name = our_name_of(name)
        if our_name not in ours:
            raise CheckpointError(f"published checkpoints have no entry {name!r}; is this another model?")
        if value.ndim == 3:
            # Convolutions are (out, in, tap) there and (tap, in, out) here, one tap or one input dropped.
            taps_first = value.permute(2, 1, 0)
            one_input = taps_first[:, 0] if value.shape[1] == 1 else taps_first
            value = value[..., 0] if value.shape[-1] == 1 else one_input
        renamed[our_name] = value
    for our_name, wanted in ours.items():
        if our_name not in renamed:
            raise CheckpointError(f"the checkpoint lacks what {our_name!r} needs; is it complete?")
        if renamed[our_name].shape != wanted.shape:
            raise CheckpointError(
                f"{our_name!r} must have shape {tuple(wanted.shape)}, got {tuple(renamed[our_name].shape)}; "
                "only the published sizes can be imported"
            )
    network.load_state_dict(renamed)


def our_name_of(name: str) -> str | None:
    """Our name of a published entry; None if there is none."""
    numbers = re.findall(r"(?<=\.)\d+(?=\.)", name)
    pattern = re.sub(r"(?<=\.)\d+(?=\.)", "{}", name)
    if pattern in _PARAMETERS:
        return _PARAMETERS[pattern].format(*numbers)
    module, _, leaf = pattern.rpartition(".")
    if module not in _MODULES:
        return None
    return f"{_MODULES[module].format(*numbers)}.{_LEAVES.get(leaf, leaf)}"

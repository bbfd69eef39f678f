"""Graphs of ONNX operators: written from a module of torch, and stored in half the space."""

import math
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

OPSET = 17


def write_graph(
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    outputs: Mapping[str, Mapping[int, str]],
    path: Path,
    *,
    varying: Mapping[str, Mapping[int, str]],
) -> None:
    """Write what a module computes.

    Args:
        module: the module, in evaluation mode.
        inputs: examples of its arguments in order, by the names that they get.
        outputs: names of its results in order, each with its axes of varying size.
        path: file to write.
        varying: axes of varying size of the inputs that have some; all other sizes are fixed.
    """
    with torch.no_grad(), warnings.catch_warnings():
        # The exporter is the deprecated one on purpose: the new one bakes in lengths. It also warns of sizes
        # that it cannot know to vary; all that do are named.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={**varying, **{name: axes for name, axes in outputs.items() if axes}},
            opset_version=OPSET,
            dynamo=False,
        )


def store_in_half(path: Path) -> None:
    """Rewrite a graph so that its float32 weights are stored as float16 and widened when it is loaded."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph_file = onnx.load(str(path))
    graph = graph_file.graph
    casts = []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or math.prod(tensor.dims) < 64:
            continue
        values = numpy_helper.to_array(tensor)
        if np.abs(values).max(initial=0.0) > np.finfo(np.float16).max:
            continue
        # The weight keeps its name, which the result of a cast takes.
        name = tensor.name
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), name=f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(graph_file)
    onnx.save(graph_file, str(path))

"""Whether a layer is being written down as a graph for another runtime."""

import torch


def being_exported() -> bool:
    """Whether this forward is traced: then only operations that fit any size may be used, fast or not."""
    tracing: bool = torch.jit.is_tracing()  # type: ignore[no-untyped-call, attr-defined] # by torch
    return tracing

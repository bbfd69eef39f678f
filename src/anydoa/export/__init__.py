"""Models that run without torch: weights fused for inference, ONNX graphs and a card."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Models without torch: folders of graphs and a card, bundled ones among them, and ONNX Runtime."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

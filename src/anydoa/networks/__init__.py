"""Networks in torch: AGG-RL and its parts, the mask and score networks of steered, their weights on disk."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

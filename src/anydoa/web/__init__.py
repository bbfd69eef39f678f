"""A small web page and a WebSocket: live directions, and recordings located on demand."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

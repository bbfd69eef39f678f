"""Work for many processes and machines: engines, chunks of work, and folders that runs go on in."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Sound as it comes: feeds, the queue that never grows, the pipeline from blocks to results, live outputs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""What sound files say of themselves, one kind a file: where samples begin, how many, in which order."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

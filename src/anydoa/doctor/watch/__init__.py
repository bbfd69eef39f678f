"""What is wrong with a sound before anybody asks where it comes from; a line each, said once."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""From a recording to directions: a localizer, the frames of a recording, sound as it comes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

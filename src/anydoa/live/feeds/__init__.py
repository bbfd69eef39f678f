"""Feeds of live sound: a card, a file at the pace of its recording, raw samples from a pipe or a socket."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

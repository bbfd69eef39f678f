"""Waves at microphones: delays, plane waves, rigid spheres, sound from everywhere, short-time spectra."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

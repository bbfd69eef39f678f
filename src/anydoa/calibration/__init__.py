"""What array files cannot know: refined microphone positions, and how a sound card's channels come today."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

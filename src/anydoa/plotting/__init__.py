"""Pictures: arrays, spectra and what networks have learned. Matplotlib is imported only when one is drawn."""

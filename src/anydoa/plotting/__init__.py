"""Pictures: arrays, spectra and what the network learnt. Matplotlib is imported only when one is drawn."""

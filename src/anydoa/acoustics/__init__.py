"""Waves at microphones: delays, plane waves, rigid spheres, sound from everywhere, short-time spectra."""

"""From spectra to directions: the peaks of frames, and what they elect together."""

"""Audio, array files, grids and results: everything that crosses the door."""

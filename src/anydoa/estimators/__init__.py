"""Every way from sound to a spatial spectrum, and the catalogue of their names."""

"""Where microphones are and where sound may come from."""

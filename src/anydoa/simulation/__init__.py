"""Rooms, talkers and noise, made by seed."""

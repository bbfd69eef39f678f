"""Whole networks and their checkpoints, in torch."""

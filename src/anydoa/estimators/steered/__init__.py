"""Steered AGG-RL: phases steered by physics, weighted by a learnt mask."""

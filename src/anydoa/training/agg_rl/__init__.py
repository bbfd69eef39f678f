"""How AGG-RL learns."""

"""Networks in torch: AGG-RL and its parts, the mask and score networks of steered, their weights on disk."""

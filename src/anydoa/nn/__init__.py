"""Parts of the networks, in torch."""

"""How the networks learn, in torch."""

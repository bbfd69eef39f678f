"""Layers of the networks, each under the name it was published with."""

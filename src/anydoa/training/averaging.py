"""Averaged weights: steadier than the current ones, so they are the ones evaluated and kept."""

import copy

import torch

from anydoa.networks.checkpoint import AnyNetwork

_FIRST_DECAY = 10  # steps; early on the average must not remember the random start


class AveragedNetwork:
    """An exponential moving average of a network's parameters and buffers.

    Args:
        network: what is averaged; the average starts as a copy.
        decay: share of the old average in the new one; 0 keeps a plain copy.
    """

    def __init__(self, network: AnyNetwork, decay: float) -> None:
        self.network = copy.deepcopy(network)
        self.network.requires_grad_(False).eval()
        self.decay = decay
        self.num_updates = 0

    @torch.no_grad()
    def update(self, current: AnyNetwork) -> None:
        """Move towards the current network."""
        self.num_updates += 1
        decay = min(self.decay, self.num_updates / (self.num_updates + _FIRST_DECAY))
        new = current.state_dict()
        for name, old in self.network.state_dict().items():
            if decay and old.is_floating_point():
                old.lerp_(new[name].to(old.dtype), 1 - decay)
            else:
                old.copy_(new[name])

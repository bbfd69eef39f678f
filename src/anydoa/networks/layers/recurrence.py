"""The recurrent path: GRU layers over frames, frames on the first axis."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.networks.layers.gradients import apply_function

NUM_LAYERS = 2


class Recurrence(nn.Module):
    """A stack of GRU layers.

    Torch's own routine is slow on a CPU when it learns, so there the gradient is written out.

    Args:
        num_inputs: width before.
        num_features: width of each layer.
        num_layers: layers.
    """

    def __init__(self, num_inputs: int, num_features: int, num_layers: int = NUM_LAYERS) -> None:
        super().__init__()
        self.num_layers = num_layers
        self.gru = nn.GRU(num_inputs, num_features, num_layers)

    def forward(
        self,
        x: Float[Tensor, "frame batch input"],
        hidden: Float[Tensor, "layer batch feature"] | None = None,
    ) -> tuple[Float[Tensor, "frame batch feature"], Tensor | None]:
        """Output of the last layer, and the state of each; None where a CPU learns without one to start."""
        if hidden is None and torch.is_grad_enabled() and x.device.type == "cpu":
            for layer in self.gru.all_weights:
                x = apply_function(_GruLayer, x, *layer)
            return x, None
        if hidden is None:
            hidden = x.new_zeros(self.num_layers, x.shape[1], self.gru.hidden_size)
        # The routine behind nn.GRU, without its checks of sizes, which a trace would freeze.
        weights = tuple(weight for layer in self.gru.all_weights for weight in layer)
        y, hidden = torch.gru(x, hidden, weights, True, self.num_layers, 0.0, False, False, False)
        return y, hidden


class _GruLayer(torch.autograd.Function):
    """One layer from a hidden state of zero, with its gradient written out.

    Per frame only what depends on the frame before is computed: one product forward, one backward. All that
    needs no order (input projections, slopes of the gates, gradients of the weights) is done for all frames
    at once. In torch's order and notation: r, z = sigmoid(i + h), n = tanh(i + r h), y = n + z (y' - n).
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight_in: Tensor, weight_hidden: Tensor, bias_in: Tensor, bias_hidden: Tensor
    ) -> Tensor:
        # frame batch input -> frame batch 3*feature, in the order r, z, n
        frames, batch, _ = x.shape
        width = weight_hidden.shape[1]
        projected = torch.addmm(bias_in, x.flatten(0, 1), weight_in.T).view(frames, batch, -1)
        gates = torch.empty_like(projected)
        recurrent = torch.empty_like(projected)
        y = x.new_zeros(frames + 1, batch, width)
        transposed = weight_hidden.T.contiguous()
        # Views of each frame: unbinding them here once is cheaper than slicing in the loop.
        steps = zip(
            projected[..., : 2 * width].unbind(), projected[..., 2 * width :].unbind(), recurrent.unbind(),
            recurrent[..., : 2 * width].unbind(), recurrent[..., 2 * width :].unbind(),
            gates[..., : 2 * width].unbind(), gates[..., :width].unbind(),
            gates[..., width : 2 * width].unbind(), gates[..., 2 * width :].unbind(),
            y[:-1].unbind(), y[1:].unbind(), strict=True,
        )  # fmt: skip
        for in_rz, in_n, h, h_rz, h_n, rz, r, z, n, before, after in steps:
            torch.addmm(bias_hidden, before, transposed, out=h)
            torch.add(in_rz, h_rz, out=rz).sigmoid_()
            torch.addcmul(in_n, r, h_n, out=n).tanh_()
            torch.lerp(n, before, z, out=after)
        ctx.save_for_backward(x, y, gates, recurrent, weight_in, weight_hidden)
        return y[1:]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        x, y, gates, recurrent, weight_in, weight_hidden = ctx.saved_tensors
        width = y.shape[-1]
        # Slopes of the output by the inputs of r, z and n, for all frames: frame batch 3 feature.
        r, z, n = gates.split(width, -1)
        slopes = gates.new_empty(*gates.shape[:2], 3, width)
        slope_r, slope_z, slope_n = slopes.unbind(2)
        slope_in = (1 - z).mul_(1 - n * n)
        torch.mul(slope_in, recurrent[..., 2 * width :], out=slope_r).mul_(r - r * r)
        torch.sub(y[:-1], n, out=slope_z).mul_(z - z * z)
        torch.mul(slope_in, r, out=slope_n)

        # From the last frame to the first: `carried`, batch feature, is the gradient of the output before.
        total = grad.clone()
        carried = torch.zeros_like(grad[0])
        gate_slopes = torch.empty_like(slopes)
        flat = gate_slopes.flatten(2)
        frames = zip(
            total.unbind(), slopes.unbind(), gate_slopes.unbind(), flat.unbind(), z.unbind(), strict=True
        )
        for step, slope, gate_slope, flat_slope, keep in reversed(list(frames)):
            step.add_(carried)
            torch.mul(slope, step[:, None], out=gate_slope)
            torch.addmm(torch.mul(step, keep), flat_slope, weight_hidden, out=carried)

        # Gradients of the weights of the hidden state, whose part of n is behind r; frame*batch 3*feature.
        hidden_rows = flat.flatten(0, 1)
        grad_weight_hidden = hidden_rows.T @ y[:-1].flatten(0, 1)
        grad_bias_hidden = hidden_rows.sum(0)
        # The same rows for the weights of the input, where n stands alone.
        torch.mul(total, slope_in, out=gate_slopes[:, :, 2])
        grad_x = (hidden_rows @ weight_in).view_as(x)
        return (
            grad_x,
            hidden_rows.T @ x.flatten(0, 1),
            grad_weight_hidden,
            hidden_rows.sum(0),
            grad_bias_hidden,
        )

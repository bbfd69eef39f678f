"""Networks that AGG-RL is compared with: U-Net, Neural-SRP, and GI-DOAEnet's output for one fixed grid.

U-Net and Neural-SRP are trunks that look at every pair of microphones: GCC-PHAT over lags and where the two
are go in, and both average over pairs before their last layer. So they serve any array, at a cost that grows
with the square of the number of microphones. The AGG-RL paper gives input, output and the mean over pairs;
lags, places and sizes are ours.

Causal like AuGeonet, but for whole recordings only: these are research comparisons and run on no stream.
"""

import math
from dataclasses import replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from anydoa.errors import ShapeError
from anydoa.geometry.grid import fibonacci_grid
from anydoa.networks.config import AggRlConfig
from anydoa.networks.layers.array_layout import TIE, ArrayLayout, lay_out, take_microphones
from anydoa.networks.layers.causal_conv import NUM_TAPS
from anydoa.networks.layers.gcc import FLOOR
from anydoa.networks.layers.normalization import EluLayerNorm
from anydoa.networks.layers.nudft import NonUniformDft
from anydoa.networks.layers.positional_encoding import NUM_SCALARS, place_scalars
from anydoa.networks.layers.recurrence import Recurrence
from anydoa.networks.plane_wave_net import ScoredDirections
from anydoa.networks.trunk import Trunk

PAIRS_AT_ONCE = 16  # where nothing is learned: so many fit a cache, which halves the time of many microphones
NUM_LAGS = 64  # at the sample rate of the network; the middle ones, 0.7 m to both sides


class PairwiseTrunk(Trunk):
    """A representation from audio and microphone positions, by way of all pairs.

    Args:
        config: sizes, and which network looks at the pairs.
    """

    lag_kernels: Tensor

    def __init__(self, config: AggRlConfig) -> None:
        super().__init__()
        self.config = config
        self.plane_wave_net = None
        self.transform = NonUniformDft(
            config.window_length, config.hop_length, config.num_bins, learnable=False
        )
        width = 2 * config.num_features
        self.pair_network = UNet(width) if config.trunk == "u-net" else NeuralSrp(config.num_features, width)
        self.outputs = nn.ModuleList(nn.Linear(width, config.latent_size) for _ in range(config.num_outputs))
        # freq lag: from both parts of cross-spectra at even bins to correlations at whole lags around zero
        lag = torch.arange(NUM_LAGS, dtype=torch.float64) - NUM_LAGS // 2
        phase = math.pi * torch.arange(config.num_bins, dtype=torch.float64)[:, None] * lag
        phase = phase / (config.num_bins - 1)
        kernels = torch.stack([torch.cos(phase), -torch.sin(phase)]) / math.sqrt(config.num_bins / 2)
        self.register_buffer("lag_kernels", kernels.float(), persistent=False)

    def represent_spectra(
        self,
        real: Float[Tensor, "mic frame batch freq"],
        imag: Float[Tensor, "mic frame batch freq"],
        layout: ArrayLayout,
        state: dict[str, Tensor] | None = None,
        scored: ScoredDirections | None = None,
    ) -> tuple[Float[Tensor, "batch output frame latent"], dict[str, Tensor]]:
        """Representation from spectra on, microphones in the order of the layout; there is no memory.

        Raises:
            ShapeError: if microphones are masked in training, where norms would learn from what is not there.
        """
        assert state is None  # there is nothing to go on from
        if self.training and layout.mic_mask is not None and not layout.mic_mask.all():
            raise ShapeError(
                f'trunk = "{self.config.trunk}" learns from arrays of the same number of microphones, got a '
                "mask; batch them by their number"
            )
        pairs = self.draw_pairs(len(real)).to(real.device)
        # In training all at once: the statistics of a batch are those of all its pairs.
        at_once = pairs.shape[1] if self.training else PAIRS_AT_ONCE
        total = count = real.new_zeros(())
        for first, second in torch.split(pairs, at_once, 1):
            # mic frame batch freq -> pair frame batch lag
            with torch.autocast(real.device.type, enabled=False):
                lags = self.correlate(real, imag, first, second)
            # -> pair frame batch feature
            scalars = place_scalars(layout.places[first] - layout.places[second])
            features = self.pair_network(lags, scalars)
            # -> frame batch feature: those of pairs whose microphones are both there
            weight = features.new_ones(len(first), 1, features.shape[2], 1)
            if layout.mic_mask is not None:
                present = layout.mic_mask[:, first] & layout.mic_mask[:, second]
                weight = present.T[:, None, :, None].to(features.dtype)
            total = total + (features * weight).sum(0)
            count = count + weight.sum(0)
        pooled = total / count.clamp(min=1)
        # -> batch output frame latent
        y = torch.stack([output(pooled) for output in self.outputs])
        return y.permute(2, 0, 1, 3), {}

    def lay_out(
        self, mic_positions: Float[Tensor, "batch mic 3"], mic_mask: Bool[Tensor, "batch mic"] | None = None
    ) -> ArrayLayout:
        """Microphones sorted by their places, which are relative to the centroid.

        A pair has a first and a second microphone; sorted, that does not depend on the order they came in.
        """
        layout = lay_out(mic_positions, mic_mask, absolute=True)
        places = layout.places.transpose(0, 1)
        # (batch, mic, xyz) -> (batch, mic): order by x, where that is equal but for rounding by y, then by z
        steps = (places / TIE).round()
        rows = steps[..., 2].argsort(dim=1, stable=True)
        for axis in (1, 0):
            rows = rows.gather(1, steps[..., axis].gather(1, rows).argsort(dim=1, stable=True))
        mask = None if layout.mic_mask is None else layout.mic_mask.gather(1, rows)
        return replace(
            layout,
            order=layout.order.gather(1, rows),
            mic_mask=mask,
            pair_mask=None,
            places=take_microphones(places, rows).transpose(0, 1),
        )

    def draw_pairs(self, num_mics: int) -> Int[Tensor, "2 pair"]:
        """Numbers of the first and the second microphone of the pairs to hear: all, in training maybe fewer.

        The mean over some that are drawn at random has the same expectation.
        """
        pairs = torch.triu_indices(num_mics, num_mics, 1)
        most = self.config.pairs_per_step
        if self.training and pairs.shape[1] > most:
            pairs = pairs[:, torch.randperm(pairs.shape[1])[:most]]
        return pairs

    def correlate(
        self,
        real: Float[Tensor, "mic frame batch freq"],
        imag: Float[Tensor, "mic frame batch freq"],
        first: Int[Tensor, "pair"],
        second: Int[Tensor, "pair"],
    ) -> Float[Tensor, "pair frame batch lag"]:
        """GCC-PHAT of each pair around lag zero, scaled to unit variance for noise.

        Args:
            real: real parts of the spectra.
            imag: imaginary parts of the spectra.
            first: first microphone of each pair.
            second: second microphone of each pair.
        """
        scale = (real * real + imag * imag).clamp(min=FLOOR**2).rsqrt()
        real, imag = real * scale, imag * scale
        cosine = real[first] * real[second] + imag[first] * imag[second]
        sine = imag[first] * real[second] - real[first] * imag[second]
        return torch.matmul(cosine, self.lag_kernels[0]) + torch.matmul(sine, self.lag_kernels[1])


class NeuralSrp(nn.Module):
    """Each pair by itself: its correlations and place through layers and a recurrence over time.

    Args:
        hidden: width of the recurrence.
        width: width of the result.

    Reference:
        Grinstein et al. (2024), "The Neural-SRP method for positional sound source localization": a network
        of pairs that is told their places, whose outputs are summed over pairs as steered response power is.
    """

    def __init__(self, hidden: int, width: int) -> None:
        super().__init__()
        self.entry = nn.Linear(NUM_LAGS + NUM_SCALARS, hidden)
        self.entry_norm = EluLayerNorm(hidden)
        self.recurrence = Recurrence(hidden, hidden)
        self.joint = nn.Linear(hidden + NUM_SCALARS, width)
        self.joint_norm = EluLayerNorm(width)
        self.last = nn.Linear(width, width)
        self.last_norm = EluLayerNorm(width)

    def forward(
        self, lags: Float[Tensor, "pair frame batch lag"], scalars: Float[Tensor, "pair batch 8"]
    ) -> Float[Tensor, "pair frame batch feature"]:
        """Features of each pair and frame.

        Args:
            lags: correlations.
            scalars: place of the first microphone of each pair, from the second.
        """
        pairs, frames, batch, _ = lags.shape
        placed = scalars[:, None].expand(-1, frames, -1, -1)
        x = self.entry_norm(self.entry(torch.cat([lags, placed], -1)))
        # pair frame batch feature -> frame pair*batch feature and back
        rows = x.transpose(0, 1).flatten(1, 2)
        x = self.recurrence(rows)[0].view(frames, pairs, batch, -1).transpose(0, 1)
        x = self.joint_norm(self.joint(torch.cat([x, placed], -1)))
        features: Tensor = self.last_norm(self.last(x))
        return features


class UNet(nn.Module):
    """Each pair by itself: the picture of its correlations over frames and lags, to and from coarser lags.

    Lags are halved on the way down and doubled on the way up, where each level joins the one it came from.
    Frames stay, and convolutions see past ones only.

    Args:
        width: width of the result.
        channels: channels of each level, from the finest to the coarsest.

    Reference:
        Ronneberger et al. (2015), "U-Net", in the form that Baek et al. (2026) compare with: correlations in,
        a spectrum out, pairs averaged.
    """

    def __init__(self, width: int, channels: tuple[int, ...] = (8, 16, 32, 64)) -> None:
        super().__init__()
        finest = channels[0]
        inputs = (finest, *channels[:-1])
        self.entry = nn.Conv2d(1, finest, (1, NUM_TAPS), padding=(0, NUM_TAPS // 2))
        self.place = nn.Linear(NUM_SCALARS, finest)
        self.down = nn.ModuleList(_Convolutions(*pair) for pair in zip(inputs, channels, strict=True))
        coarse, fine = channels[:0:-1], channels[-2::-1]
        self.up = nn.ModuleList(
            _Convolutions(below + here, here) for below, here in zip(coarse, fine, strict=True)
        )
        self.last = nn.Linear(finest * NUM_LAGS + NUM_SCALARS, width)
        self.last_norm = EluLayerNorm(width)

    def forward(
        self, lags: Float[Tensor, "pair frame batch lag"], scalars: Float[Tensor, "pair batch 8"]
    ) -> Float[Tensor, "pair frame batch feature"]:
        """Features of each pair and frame.

        Args:
            lags: correlations.
            scalars: place of the first microphone of each pair, from the second.
        """
        pairs, frames, batch, _ = lags.shape
        # pair frame batch lag -> picture channel frame lag, a picture for each pair of each item
        pictures = lags.transpose(1, 2).flatten(0, 1)[:, None]
        # The same everywhere in a picture, so added once to what the first convolution gives.
        x = self.entry(pictures) + self.place(scalars.flatten(0, 1))[:, :, None, None]
        # Down: half as many lags at each level but the first.
        levels: list[Tensor] = []
        for level, convolutions in enumerate(self.down):
            x = convolutions(nn.functional.max_pool2d(x, (1, 2)) if level else x)
            levels.append(x)
        # Up: twice as many lags, beside what the same level had on the way down.
        for convolutions, across in zip(self.up, levels[-2::-1], strict=True):
            x = convolutions(torch.cat([x.repeat_interleave(2, -1), across], 1))
        # picture channel frame lag -> pair frame batch feature
        rows = x.permute(0, 2, 1, 3).flatten(2).view(pairs, batch, frames, -1).transpose(1, 2)
        rows = torch.cat([rows, scalars[:, None].expand(-1, frames, -1, -1)], -1)
        features: Tensor = self.last_norm(self.last(rows))
        return features


class FixedGrid(nn.Module):
    """Weights of its own for each direction of one grid, as networks without Gridnet have them.

    In the inner product with AuGeonet's representation, which is a linear layer, this is a linear layer from
    its latent space to the directions. A direction off the grid has the value of the nearest on it.

    Args:
        config: sizes.

    Reference:
        The output of GI-DOAEnet, as Baek et al. (2026) compare with it.
    """

    directions: Tensor

    def __init__(self, config: AggRlConfig) -> None:
        super().__init__()
        grid = fibonacci_grid(config.fixed_directions).directions
        self.register_buffer("directions", torch.tensor(grid, dtype=torch.float32), persistent=False)
        shape = (config.num_outputs, config.fixed_directions, config.latent_size)
        # As a linear layer begins; the inner product divides by the scale, which would slow learning as much.
        self.scale = math.sqrt(config.latent_size)
        self.weight = nn.Parameter(torch.empty(shape).uniform_(-1, 1) / self.scale)

    def forward(self, directions: Float[Tensor, "grid 3"]) -> Float[Tensor, "output grid latent"]:
        """Representation of unit vectors, one for each output."""
        with torch.no_grad():
            nearest = torch.matmul(directions.float(), self.directions.T).argmax(1)
        return self.scale * self.weight[:, nearest]


class _Convolutions(nn.Module):
    """Two convolutions over past frames and lags to both sides, each with batch norm and ELU."""

    def __init__(self, num_inputs: int, num_outputs: int) -> None:
        super().__init__()
        sizes = (num_inputs, num_outputs), (num_outputs, num_outputs)
        self.convs = nn.ModuleList(nn.Conv2d(*size, NUM_TAPS) for size in sizes)
        self.norms = nn.ModuleList(nn.BatchNorm2d(num_outputs) for _ in sizes)

    def forward(
        self, x: Float[Tensor, "picture channel frame lag"]
    ) -> Float[Tensor, "picture new_channel frame lag"]:
        side = NUM_TAPS // 2
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = nn.functional.elu(norm(conv(nn.functional.pad(x, (side, side, NUM_TAPS - 1, 0)))))
        return x

"""AGG-RL as its description reads: plain torch modules, nothing kept, all three outputs.

The yardstick for the network's speed. Pairs are folded into the batch, features stand before time, Gridnet
runs on every call. Its weights are random: only its cost matters.
"""

import math

import torch
from torch import Tensor, nn

WINDOW, BINS, WIDTH, HEADS, LATENT, ENCODED = 512, 257, 128, 16, 256, 128


def causal(conv: nn.Conv1d, x: Tensor) -> Tensor:
    """The convolution with as many zeros before the first frame as it looks back."""
    padded = nn.functional.pad(x, ((conv.kernel_size[0] - 1) * conv.dilation[0], 0))
    y: Tensor = conv(padded)
    return y


class Residual(nn.Module):
    """Pointwise, ELU, norm, depthwise dilated, ELU, norm, plus the input."""

    def __init__(self, width: int, dilation: int, *, batch_norm: bool) -> None:
        super().__init__()
        self.pointwise = nn.Conv1d(width, width, 1)
        self.depthwise = nn.Conv1d(width, width, 3, dilation=dilation, groups=width)
        self.batch_norm = batch_norm
        self.norms = nn.ModuleList(
            nn.BatchNorm1d(width) if batch_norm else nn.LayerNorm(width) for _ in range(2)
        )

    def normalise(self, index: int, x: Tensor) -> Tensor:
        y: Tensor = self.norms[index](x) if self.batch_norm else self.norms[index](x.mT).mT
        return y

    def forward(self, x: Tensor) -> Tensor:
        y = self.normalise(0, nn.functional.elu(self.pointwise(x)))
        return x + self.normalise(1, nn.functional.elu(causal(self.depthwise, y)))


def aggregate(x: Tensor) -> Tensor:
    """(batch, pair, feature, time) to (batch, 2 feature, time): softmax-weighted sum and spread of pairs."""
    weighted = torch.softmax(x, dim=1) * x
    return torch.cat([weighted.sum(1), weighted.std(1, correction=0)], dim=1)


class DualPath(nn.Module):
    """Attention across pairs in a frame, then a recurrence along frames."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.attention_norm = nn.LayerNorm(WIDTH)
        self.gru = nn.GRU(2 * WIDTH, WIDTH, num_layers=2, batch_first=True)
        self.linear = nn.Linear(WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, x: Tensor, encoding: Tensor) -> Tensor:
        batch, pairs, width, time = x.shape
        tokens = (x + encoding).permute(0, 3, 1, 2).reshape(batch * time, pairs, width)
        attended = self.attention_norm(self.attention(tokens, tokens, tokens, need_weights=False)[0])
        x = x + attended.view(batch, time, pairs, width).permute(0, 2, 3, 1)
        recurrent = self.gru(aggregate(x).mT)[0]
        return x + self.norm(self.linear(nn.functional.elu(recurrent))).mT[:, None]


class PlainAggRl(nn.Module):
    """The whole network."""

    def __init__(self, hop_length: int = 128) -> None:
        super().__init__()
        self.hop_length = hop_length
        place = torch.logit(torch.linspace(0.15, 0.95, BINS))
        self.bins = nn.Parameter((place - place[0]) * (WINDOW / 2 / (place[-1] - place[0])))
        self.register_buffer("window", torch.hann_window(WINDOW))
        self.input_norm = nn.BatchNorm1d(2 * BINS)
        self.conv = nn.Conv1d(2 * BINS + 8, WIDTH, 3)
        self.conv_norm = nn.BatchNorm1d(WIDTH)
        self.blocks = nn.ModuleList(Residual(WIDTH, d, batch_norm=True) for d in (1, 2, 4, 8))
        self.dual_path = nn.ModuleList(DualPath() for _ in range(4))
        self.mapping = nn.ModuleList(Residual(2 * WIDTH, d, batch_norm=False) for d in (1, 2, 4))
        self.outputs = nn.ModuleList(nn.Linear(2 * WIDTH, LATENT) for _ in range(3))
        self.gridnet = nn.ModuleList(
            nn.Sequential(
                *(
                    layer
                    for _ in range(3)
                    for layer in (nn.Linear(LATENT, LATENT), nn.ELU(), nn.LayerNorm(LATENT))
                ),
                nn.Linear(LATENT, LATENT),
            )
            for _ in range(3)
        )

    def forward(self, audio: Tensor, mic_positions: Tensor, directions: Tensor) -> Tensor:
        """Spectrum (batch, output, grid, frame) of audio whose first microphone is the reference."""
        pairs = audio.shape[1] - 1
        x = self.cross_spectra(audio)
        batch, time = x.shape[0] // pairs, x.shape[-1]
        scalars, encoding = place_features(mic_positions[:, 1:] - mic_positions[:, :1])
        x = torch.cat([self.input_norm(x), scalars.flatten(0, 1)[..., None].expand(-1, -1, time)], dim=1)
        x = self.conv_norm(nn.functional.elu(causal(self.conv, x)))
        for block in self.blocks:
            x = block(x + encoding.flatten(0, 1)[..., None])
        x = x.view(batch, pairs, WIDTH, time)
        for block in self.dual_path:
            x = block(x, encoding[..., None])
        y, spectra = aggregate(x), []
        for block, output, network in zip(self.mapping, self.outputs, self.gridnet, strict=True):
            y = block(y)
            grid = network(grid_features(directions))
            spectra.append(torch.sigmoid(torch.matmul(grid, output(y.mT).mT) / math.sqrt(LATENT)))
        return torch.stack(spectra, dim=1)

    def cross_spectra(self, audio: Tensor) -> Tensor:
        """PHAT cross-spectra with the first microphone, (batch pair, 2 bins, frame)."""
        audio = nn.functional.pad(audio, (0, -audio.shape[-1] % self.hop_length))
        sample = torch.arange(WINDOW, dtype=torch.float32)
        kernel = self.window * torch.polar(torch.ones(1), -2 * math.pi / WINDOW * self.bins[:, None] * sample)
        frames = audio.unfold(-1, WINDOW, self.hop_length).to(torch.complex64)
        spectrum = torch.einsum("bcln,kn->bckl", frames, kernel)
        spectrum = spectrum / spectrum.abs().clamp(min=1e-8)
        crossed = (spectrum[:, 1:] * spectrum[:, :1].conj()).flatten(0, 1)
        return torch.cat([crossed.real, crossed.imag], dim=1)


def place_features(place: Tensor) -> tuple[Tensor, Tensor]:
    """Eight scalars and the frequency-modulated encoding of relative positions."""
    azimuth = torch.atan2(place[..., 1], place[..., 0])
    colatitude = torch.atan2(place[..., :2].norm(dim=-1), place[..., 2])
    distance = place.norm(dim=-1, keepdim=True)
    angles = [azimuth.sin(), azimuth.cos(), colatitude.sin(), colatitude.cos()]
    scalars = torch.cat([place, torch.stack(angles, -1), distance], -1)
    ramp = torch.arange(ENCODED // 4) / (ENCODED // 4)
    phases = [4 * angle[..., None] * ramp for angle in (azimuth, colatitude)]
    return scalars, 7 * distance * torch.cat([wave(p) for p in phases for wave in (torch.cos, torch.sin)], -1)


def grid_features(directions: Tensor) -> Tensor:
    """Phase-modulated features of directions."""
    azimuth = torch.atan2(directions[:, 1], directions[:, 0])
    colatitude = torch.atan2(directions[:, :2].norm(dim=-1), directions[:, 2])
    turns = 2 * math.pi * torch.arange(LATENT // 4)
    waves = [
        wave(angle[:, None] + turns) for angle in (azimuth, colatitude) for wave in (torch.cos, torch.sin)
    ]
    return torch.cat(waves, -1)

"""Short-time Fourier transform whose bins lie anywhere between 0 and Nyquist, and may be learned (LNuDFT).

Phases are relative to the CENTRE of the window, not its first sample. The two differ by one factor common to
all microphones of a frame, which no cross-spectrum sees; and about its centre a periodic Hann window is even,
so each half of the frame is folded onto the other and the transform costs half the products.

    frame l = samples [l*hop, l*hop + window); no padding at either end
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.networks.bin_start import BinStart, start_bins

MIN_INCREMENT = 0.01  # bins, so that they strictly increase
MAX_INCREMENT = 100.0
ALIGNMENT = 8  # columns


class NonUniformDft(nn.Module):
    """Real and imaginary parts of each frame at real-valued bin positions.

    Args:
        window_length: samples in a periodic Hann window.
        hop_length: samples between frames; divides ``window_length``.
        num_bins: number of bins.
        learnable: whether the bins are learned.
        start: first positions of the bins: ``logit``, the published ones, dense in the middle, or
            ``uniform``, evenly spaced from 0 to Nyquist; None takes the former for learned bins.

    Reference:
        Baek et al. (2026), section on the learnable non-uniform DFT. There the constraint is written to the
        parameter inside forward; here forward constrains a copy and :meth:`project_` is an explicit step.
    """

    increments: Tensor
    half_window: Tensor
    frozen_kernels: Tensor | None

    def __init__(
        self,
        window_length: int,
        hop_length: int,
        num_bins: int,
        *,
        learnable: bool = True,
        start: BinStart | None = None,
    ) -> None:
        super().__init__()
        self.window_length = window_length
        self.hop_length = hop_length
        self.num_bins = num_bins
        start = start or ("logit" if learnable else "uniform")
        increments = torch.from_numpy(start_bins(start, num_bins, window_length / 2)).diff()
        if learnable:
            self.increments = nn.Parameter(increments)
        else:
            self.register_buffer("increments", increments)
        window = torch.hann_window(window_length, periodic=True, dtype=torch.float64)[window_length // 2 :]
        # The folded frame counts its central sample twice.
        window[0] /= 2
        self.register_buffer("half_window", window.float(), persistent=False)
        self.register_buffer("frozen_kernels", None, persistent=False)

    @property
    def bins(self) -> Float[Tensor, "freq"]:
        """Positions of the bins, increasing within 0..window_length/2; times rate/window for hertz."""
        positions = torch.cumsum(self._valid_increments(), 0)
        return nn.functional.pad(positions, (1, 0)).to(self.increments.dtype)

    def project_(self) -> None:
        """Write the constraint into the parameter, so that none is stuck where its gradient is zero."""
        with torch.no_grad():
            self.increments.copy_(self._valid_increments())

    def freeze_(self) -> None:
        """Keep the kernels as they are now, until training goes on, instead of computing them each time."""
        with torch.no_grad():
            self.frozen_kernels = self.kernels()

    def train(self, mode: bool = True) -> "NonUniformDft":
        """Switch between training, which forgets frozen kernels, and evaluation."""
        if mode:
            self.frozen_kernels = None
        return super().train(mode)

    def kernels(self) -> Float[Tensor, "2 half freq"]:
        """Windowed cosines and minus sines for the folded frame, one column a bin."""
        if self.frozen_kernels is not None:
            return self.frozen_kernels
        sample = torch.arange(self.window_length // 2).to(self.half_window)
        phase = sample[:, None] * (self.bins * (2 * math.pi / self.window_length))
        return torch.stack([torch.cos(phase), -torch.sin(phase)]) * self.half_window[:, None]

    def forward(
        self, audio: Float[Tensor, "batch mic time"]
    ) -> tuple[Float[Tensor, "mic frame batch freq"], Float[Tensor, "mic frame batch freq"]]:
        """Real and imaginary parts; ``time`` is a multiple of the hop and holds at least one window."""
        # batch mic time -> mic frame batch window, folded to half a window
        frames = audio.unfold(-1, self.window_length, self.hop_length).permute(1, 2, 0, 3)
        even, odd = self.fold(frames)
        # Matrix routines are up to twice as slow on widths like 257; the empty columns cost less.
        cosine, sine = nn.functional.pad(self.kernels(), (0, -self.num_bins % ALIGNMENT)).unbind()
        return torch.matmul(even, cosine)[..., : self.num_bins], torch.matmul(odd, sine)[..., : self.num_bins]

    def fold(
        self, frames: Float[Tensor, "*batch window"]
    ) -> tuple[Float[Tensor, "*batch half"], Float[Tensor, "*batch half"]]:
        """The factors of the cosines and of the sines: both halves of each frame at once."""
        half = self.window_length // 2
        late, early = frames[..., half:].contiguous(), frames[..., 1 : half + 1].flip(-1)
        return late + early, late - early

    def _valid_increments(self) -> Float[Tensor, "increment"]:
        """The increments inside their bounds; in double precision, or rounding would pass Nyquist."""
        increments = self.increments.double().clamp(MIN_INCREMENT, MAX_INCREMENT)
        return increments * torch.clamp(self.window_length / 2 / increments.sum(), max=1.0)


class PublishedDft(NonUniformDft):
    """The transform as the published model computes it: phases from the first sample, in single precision.

    Up to 1600 radians in single precision are wrong by 1e-4, more in bins with little sound. The published
    weights have never seen anything else.
    """

    def kernels(self) -> Float[Tensor, "2 window freq"]:
        """Windowed cosines and minus sines, one column a bin."""
        if self.frozen_kernels is not None:
            return self.frozen_kernels
        sample = torch.arange(self.window_length, device=self.increments.device, dtype=self.increments.dtype)
        phase = (sample[:, None] * self.bins) * (2 * math.pi / self.window_length)
        window = torch.hann_window(self.window_length, device=sample.device, dtype=sample.dtype)
        return torch.stack([torch.cos(phase), -torch.sin(phase)]) * window[:, None]

    def fold(
        self, frames: Float[Tensor, "*batch window"]
    ) -> tuple[Float[Tensor, "*batch window"], Float[Tensor, "*batch window"]]:
        """The frames as they are."""
        return frames, frames

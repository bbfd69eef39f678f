"""How every trunk of AGG-RL begins: from audio and microphone positions to spectra in a layout."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from anydoa.networks.layers.array_layout import ArrayLayout, take_microphones
from anydoa.networks.layers.nudft import NonUniformDft
from anydoa.networks.plane_wave_net import ScoredDirections


class Trunk(nn.Module, ABC):
    """Audio and microphone positions in, a representation of what sounds where out."""

    transform: NonUniformDft

    def forward(
        self,
        audio: Float[Tensor, "batch mic time"],
        mic_positions: Float[Tensor, "batch mic 3"],
        mic_mask: Bool[Tensor, "batch mic"] | None = None,
        state: dict[str, Tensor] | None = None,
        scored: ScoredDirections | None = None,
    ) -> tuple[Float[Tensor, "batch output frame latent"], dict[str, Tensor]]:
        """Representation of all frames in ``audio``, and the state for the frames that follow.

        Args:
            audio: any scale; the length is a multiple of the hop and holds at least one window.
            mic_positions: metres, any origin.
            mic_mask: true where there is a microphone; None if all are there.
            state: the initial state of a stream, or what the previous call returned; None for a recording
                without a sequel, which is faster and returns no state.
            scored: directions that PlaneWaveNet scores, the same in each call; None leaves it out.
        """
        layout = self.lay_out(mic_positions, mic_mask)
        audio = take_microphones(audio, layout.order)
        if layout.mic_mask is not None:
            audio = torch.where(layout.mic_mask[..., None], audio, torch.zeros_like(audio))
        # Phases need all the digits there are, in mixed precision too.
        with torch.autocast(audio.device.type, enabled=False):
            real, imag = self.transform(audio)
        representation, memory = self.represent_spectra(real, imag, layout, state, scored)
        return representation, {} if state is None else memory

    @abstractmethod
    def lay_out(
        self, mic_positions: Float[Tensor, "batch mic 3"], mic_mask: Bool[Tensor, "batch mic"] | None = None
    ) -> ArrayLayout:
        """Order and places of the microphones; :meth:`forward` describes the arguments."""

    @abstractmethod
    def represent_spectra(
        self,
        real: Float[Tensor, "mic frame batch freq"],
        imag: Float[Tensor, "mic frame batch freq"],
        layout: ArrayLayout,
        state: dict[str, Tensor] | None = None,
        scored: ScoredDirections | None = None,
    ) -> tuple[Float[Tensor, "batch output frame latent"], dict[str, Tensor]]:
        """Representation from spectra on: all of the network behind its transform.

        Args:
            real: real part at the bins of the transform, microphones in the order of the layout.
            imag: imaginary part.
            layout: what :meth:`lay_out` returned.
            state: memory of a stream; :meth:`forward` describes it.
            scored: directions that PlaneWaveNet scores; :meth:`forward` describes them.
        """

"""AuGeonet: from audio and microphone positions to a representation of what sounds where.

Causal throughout, so it can run on a stream: everything it remembers is a flat dictionary of tensors, batch
first. Inside, tensors are (pair, frame, batch, feature): a shift in time and a sum over pairs are slices of
whole rows, and a linear layer is one matrix product.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from anydoa.networks.config import AggRlConfig
from anydoa.networks.layers.array_layout import ArrayLayout, lay_out, lay_out_as_published
from anydoa.networks.layers.dual_path import DualPathBlock
from anydoa.networks.layers.extractor import PairExtractor
from anydoa.networks.layers.gcc import gcc_phat_features, spectrum_features
from anydoa.networks.layers.nudft import NonUniformDft, PublishedDft
from anydoa.networks.layers.plane_waves import steering_vectors
from anydoa.networks.layers.positional_encoding import MicrophoneEncoding, place_scalars
from anydoa.networks.layers.recurrence import NUM_LAYERS
from anydoa.networks.layers.representation_mapping import RepresentationMapping
from anydoa.networks.plane_wave_net import PlaneWaveNet, ScoredDirections
from anydoa.networks.trunk import Trunk


class AuGeonet(Trunk):
    """The audio-geometry network.

    Args:
        config: sizes and choices.
    """

    def __init__(self, config: AggRlConfig) -> None:
        super().__init__()
        self.config = config
        compat = config.compat == "reference"
        width = config.num_features
        transform = PublishedDft if compat else NonUniformDft
        self.transform = transform(
            config.window_length,
            config.hop_length,
            config.num_bins,
            learnable=config.transform in ("learnable", "learnable-from-uniform"),
            start="logit" if config.transform in ("learnable", "logit") else "uniform",
        )
        self.microphone_encoding = MicrophoneEncoding(
            width, alpha=config.alpha, beta=config.beta, modulation=config.mic_encoding
        )
        self.extractor = PairExtractor(2 * config.num_bins, width, config.extractor_dilations)
        self.dual_path = nn.ModuleList(
            DualPathBlock(width, config.num_heads, compat=compat) for _ in range(config.num_blocks)
        )
        self.mapping = RepresentationMapping(
            width, config.latent_size, config.mapping_dilations, compat=compat
        )
        self.plane_wave_net = PlaneWaveNet(config) if config.plane_waves else None

    def represent_spectra(
        self,
        real: Float[Tensor, "mic frame batch freq"],
        imag: Float[Tensor, "mic frame batch freq"],
        layout: ArrayLayout,
        state: dict[str, Tensor] | None = None,
        scored: ScoredDirections | None = None,
    ) -> tuple[Float[Tensor, "batch output frame latent"], dict[str, Tensor]]:
        """Representation from spectra on, as :meth:`Trunk.represent_spectra` says."""
        encoding = self.microphone_encoding(layout.places)  # pair batch feature (rMPE)
        # mic frame batch freq -> pair frame batch input: phase differences from the reference
        x = self.cross_spectra(real, imag, layout)
        # pair frame batch input -> pair frame batch feature: each pair by itself (CIFE)
        x, extractor = self.extract(x, layout, encoding, self._memory(state, "extractor"))
        # Pairs listen to each other, then to the past (dual path); the axes stay.
        x, recurrence = self.exchange(x, layout, encoding, self._memory(state, "recurrence"))
        # pair frame batch feature -> output frame batch latent (representation mapping)
        y, summary, mapping = self.mapping(x, layout.pair_mask, self._memory(state, "mapping"))
        memory = {"extractor": extractor, "recurrence": recurrence, "mapping": mapping}
        if self.plane_wave_net is not None and scored is not None:
            logits, memory["plane_waves"] = self.plane_wave_net(
                real,
                imag,
                self.plane_waves(layout.mic_places, scored.directions),
                None if layout.mic_mask is None else layout.mic_mask.to(real.dtype).sum(1),
                summary,
                torch.matmul(y[-1], scored.representation.T),
                scored.tops,
                self._memory(state, "plane_waves"),
            )
            # Only the last output hears it: log-odds of the scored directions follow its latent space.
            others = logits.new_zeros(len(y) - 1, *logits.shape)
            y = torch.cat([y, torch.cat([others, logits[None]])], -1)
        return y.permute(2, 0, 1, 3), _batch_first(memory)

    def plane_waves(
        self, mic_positions: Float[Tensor, "batch mic 3"], directions: Float[Tensor, "direction 3"]
    ) -> Float[Tensor, "batch freq twice_mic direction"]:
        """Steering vectors in free field, with which PlaneWaveNet compares the phases of the microphones.

        Args:
            mic_positions: metres, any origin.
            directions: unit vectors.
        """
        net, config = self.plane_wave_net, self.config
        assert net is not None
        # Phases need all the digits there are, in mixed precision too.
        with torch.no_grad(), torch.autocast(directions.device.type, enabled=False):
            hertz = self.transform.bins[net.bins] * (config.sample_rate / config.window_length)
            return steering_vectors(mic_positions, directions, hertz)

    def initial_state(self, mic_positions: Float[Tensor, "batch mic 3"]) -> dict[str, Tensor]:
        """The state before the first frame: zeros, batch first.

        That of PlaneWaveNet is for the directions it runs with.

        Args:
            mic_positions: streams and microphones are counted; the places do not matter.
        """
        batch, num_mics, _ = mic_positions.shape
        pairs = num_mics if self.config.mic_frame == "absolute" else num_mics - 1
        width = self.config.num_features
        shapes: dict[str, list[tuple[int, ...]]] = {
            "extractor": [(pairs, frames, batch, width) for frames, width in self.extractor.tail_shapes],
            "recurrence": [(NUM_LAYERS, batch, width) for _ in self.dual_path],
            "mapping": [(frames, batch, width) for frames, width in self.mapping.tail_shapes],
        }
        if self.plane_wave_net is not None:
            shapes["plane_waves"] = self.plane_wave_net.memory_shapes(
                batch, self.config.plane_wave_directions
            )
        return _batch_first(
            {group: [mic_positions.new_zeros(s) for s in sizes] for group, sizes in shapes.items()}
        )

    def lay_out(
        self, mic_positions: Float[Tensor, "batch mic 3"], mic_mask: Bool[Tensor, "batch mic"] | None = None
    ) -> ArrayLayout:
        """Who is the reference, and where everyone else is."""
        if self.config.compat == "reference":
            return lay_out_as_published(mic_positions, mic_mask)
        if self.training and mic_mask is not None and bool(mic_mask.all()):
            mic_mask = None
        return lay_out(mic_positions, mic_mask, absolute=self.config.mic_frame == "absolute")

    def cross_spectra(
        self,
        real: Float[Tensor, "mic frame batch freq"],
        imag: Float[Tensor, "mic frame batch freq"],
        layout: ArrayLayout,
    ) -> Float[Tensor, "pair frame batch input"]:
        """Features of each frame and pair, or microphone, then its place."""
        constants = self.extractor.constants(place_scalars(layout.places))
        if self.config.features == "spectra":
            return spectrum_features(real, imag, constants, layout.mic_mask)
        return gcc_phat_features(real, imag, constants, keep_reference=self.config.mic_frame == "absolute")

    def extract(
        self,
        cross_spectra: Float[Tensor, "pair frame batch input"],
        layout: ArrayLayout,
        encoding: Float[Tensor, "pair batch feature"],
        tails: Sequence[Tensor | None],
    ) -> tuple[Float[Tensor, "pair frame batch feature"], list[Tensor | None]]:
        """Features of each pair by itself, and the tails of the extractor."""
        if layout.pair_mask is None or not self.training:
            features, new = self.extractor(cross_spectra, encoding, tails)
            return features, new
        # In training the statistics of the batch must not see absent pairs: those present become one row.
        pair, item = layout.pair_mask.T.nonzero(as_tuple=True)
        # pair frame batch input -> frame present input
        packed = cross_spectra[pair, :, item].transpose(0, 1).contiguous()
        packed, new = self.extractor(packed[None], encoding[pair, item][None], tails)
        # frame present feature -> pair frame batch feature, zeros where there is no pair
        features = packed.new_zeros(*cross_spectra.shape[:3], packed.shape[-1])
        features[pair, :, item] = packed[0].transpose(0, 1)
        return features, new

    def exchange(
        self,
        x: Float[Tensor, "pair frame batch feature"],
        layout: ArrayLayout,
        encoding: Float[Tensor, "pair batch feature"],
        hidden: Sequence[Tensor | None],
    ) -> tuple[Float[Tensor, "pair frame batch feature"], list[Tensor | None]]:
        """Features after the dual-path blocks, and the hidden state of each."""
        new = []
        for block, old in zip(self.dual_path, hidden, strict=True):
            x, block_hidden = block(x, encoding, layout.pair_mask, old)
            new.append(block_hidden)
        return x, new

    def _memory(self, state: dict[str, Tensor] | None, group: str) -> list[Tensor | None]:
        """The tensors of a part of the network, the batch on its last axis but one; None at the start."""
        count = {
            "extractor": len(self.extractor.tail_shapes),
            "recurrence": len(self.dual_path),
            "mapping": len(self.mapping.tail_shapes),
            "plane_waves": 4,
        }[group]
        if state is None:
            return [None] * count
        return [state[f"{group}_{i}"].transpose(0, -2) for i in range(count)]


def _batch_first(memory: dict[str, list[Tensor | None]]) -> dict[str, Tensor]:
    """The memory by name, batch first; inside, the batch is the last axis but one of every tensor."""
    return {
        f"{group}_{i}": tensor.transpose(0, -2)
        for group, tensors in memory.items()
        for i, tensor in enumerate(tensors)
        if tensor is not None
    }

"""AuGeonet as it runs: the last output alone, weights fused, for a graph of ONNX operators.

Tensors are (frame, batch, pair, feature): a shift in time is a slice of whole blocks, and what attention
turns around lies close together. No microphone may be absent.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.export.fused_layers import FusedDualPathBlock, FusedExtractor, pool
from anydoa.networks import AuGeonet, PairwiseTrunk, ScoredDirections
from anydoa.networks.layers import FLOOR, NUM_LAYERS, place_scalars, take_microphones


class FusedAuGeonet(nn.Module):
    """The same as :class:`AuGeonet` in evaluation on streams.

    Args:
        augeonet: the network; it is left as it is.
        scored: directions that its PlaneWaveNet scores, if there is one.

    Raises:
        ConfigError: if the network runs on whole recordings only.
    """

    kernels: Tensor
    grid: Tensor | None
    tops: Tensor | None

    def __init__(self, augeonet: AuGeonet | PairwiseTrunk, scored: ScoredDirections | None = None) -> None:
        super().__init__()
        augeonet.config.require_streams()
        assert isinstance(augeonet, AuGeonet)
        self.register_buffer("grid", None if scored is None else scored.representation.detach().T)
        self.register_buffer("tops", None if scored is None else scored.tops)
        self.augeonet = augeonet
        self.register_buffer("kernels", augeonet.transform.kernels().detach())
        self.extractor = FusedExtractor(augeonet.extractor)
        self.dual_path = nn.ModuleList(
            FusedDualPathBlock(block)  # type: ignore[arg-type] # lists of modules forget their class
            for block in augeonet.dual_path
        )

    def forward(
        self,
        audio: Float[Tensor, "batch mic time"],
        mic_positions: Float[Tensor, "batch mic 3"],
        state: dict[str, Tensor],
        plane_waves: Float[Tensor, "batch freq twice_mic direction"] | None = None,
    ) -> tuple[Float[Tensor, "batch frame latent"], dict[str, Tensor]]:
        """Representation of all frames in ``audio``, and the state for the frames that follow.

        Args:
            audio: any scale; the length is a multiple of the hop and holds at least one window.
            mic_positions: metres, any origin.
            state: what :meth:`initial_state` returned, or the previous call.
            plane_waves: steering vectors of these microphones, where there is a PlaneWaveNet; they stay the
                same while the microphones do.
        """
        memory = {name: tensor.transpose(0, 1) for name, tensor in state.items()}
        layout = self.augeonet.lay_out(mic_positions)
        places = layout.places.transpose(0, 1)
        encoding, mapping = self.augeonet.microphone_encoding(places), self.augeonet.mapping
        # batch mic time -> frame batch mic freq -> frame batch pair input
        real, imag = self._spectra(take_microphones(audio, layout.order))
        x = self._cross_spectra(real, imag)
        # -> frame batch pair feature: each pair by itself, then pairs among each other and over time
        x, tails = self.extractor(x, place_scalars(places), encoding, _group(memory, "extractor"))
        new = {f"extractor_{i}": tail for i, tail in enumerate(tails)}
        for i, block in enumerate(self.dual_path):
            x, new[f"recurrence_{i}"] = block(x, encoding, memory[f"recurrence_{i}"])
        # -> frame batch pooled, for each block of the mapping -> frame batch latent of the last one
        refined, tails = mapping.refine(pool(x, unbiased=mapping.compat), _group(memory, "mapping"))
        new |= {f"mapping_{i}": tail for i, tail in enumerate(tails)}
        representation = mapping.outputs[-1](refined[-1])
        following = {name: tensor.transpose(0, 1) for name, tensor in new.items()}
        if self.grid is not None:
            assert self.augeonet.plane_wave_net is not None
            assert plane_waves is not None
            # Microphones in the order of the steering vectors: frame batch mic freq -> mic frame batch freq
            mic = torch.arange(layout.order.shape[1], device=layout.order.device)
            moved = (layout.order[:, None, :] == mic[:, None]).to(real.dtype)
            reordered = (torch.matmul(moved, part).permute(2, 0, 1, 3) for part in (real, imag))
            # -> frame batch direction, behind the latent space
            before = [tensor.transpose(0, -2) for tensor in _group(state, "plane_waves")]
            latent = torch.matmul(representation, self.grid)
            logits, kept = self.augeonet.plane_wave_net(
                *reordered, plane_waves, None, refined[-1], latent, self.tops, before
            )
            representation = torch.cat([representation, logits], -1)
            following |= {f"plane_waves_{i}": tensor.transpose(0, -2) for i, tensor in enumerate(kept)}
        return representation.transpose(0, 1), following

    def initial_state(self, mic_positions: Float[Tensor, "batch mic 3"]) -> dict[str, Tensor]:
        """The state before the first frame: zeros, batch first."""
        batch, num_mics, _ = mic_positions.shape
        config = self.augeonet.config
        pairs = num_mics if config.mic_frame == "absolute" else num_mics - 1
        sizes: dict[str, list[tuple[int, ...]]] = {
            "extractor": [(frames, pairs, config.num_features) for frames in self.extractor.tail_lengths],
            "recurrence": [(NUM_LAYERS, config.num_features) for _ in self.dual_path],
            "mapping": list(self.augeonet.mapping.tail_shapes),
        }
        state = {
            f"{group}_{i}": mic_positions.new_zeros(batch, *size)
            for group, shapes in sizes.items()
            for i, size in enumerate(shapes)
        }
        if self.augeonet.plane_wave_net is not None:
            shapes = self.augeonet.plane_wave_net.memory_shapes(batch, config.plane_wave_directions)
            for i, shape in enumerate(shapes):
                state[f"plane_waves_{i}"] = mic_positions.new_zeros(shape).transpose(0, -2)
        return state

    def _cross_spectra(
        self, real: Float[Tensor, "frame batch mic freq"], imag: Float[Tensor, "frame batch mic freq"]
    ) -> Float[Tensor, "frame batch pair input"]:
        """PHAT features of each frame and pair; the reference microphone comes first."""
        first = 0 if self.augeonet.config.mic_frame == "absolute" else 1
        # All magnitudes brought up to one.
        scale = torch.rsqrt((real * real + imag * imag).clamp(min=FLOOR**2))
        real, imag = real * scale, imag * scale
        reference_real, reference_imag = real[:, :, :1], imag[:, :, :1]
        real, imag = real[:, :, first:], imag[:, :, first:]
        cosine = real * reference_real + imag * reference_imag
        sine = imag * reference_real - real * reference_imag
        return torch.cat([cosine, sine], -1)

    def _spectra(
        self, audio: Float[Tensor, "batch mic time"]
    ) -> tuple[Float[Tensor, "frame batch mic freq"], Float[Tensor, "frame batch mic freq"]]:
        """Real and imaginary parts at the bins of the transform."""
        config = self.augeonet.config
        # batch mic time -> frame batch mic window. Ends counted from the back leave the number of frames
        # free; unfolding would become a loop.
        hops = audio.reshape(*audio.shape[:2], -1, config.hop_length).permute(2, 0, 1, 3)
        overlap = config.window_length // config.hop_length
        frames = torch.cat([hops[i : (i - overlap + 1) or None] for i in range(overlap)], -1)
        even, odd = self.augeonet.transform.fold(frames)
        cosine, sine = self.kernels.unbind()
        return torch.matmul(even, cosine), torch.matmul(odd, sine)


def _group(memory: dict[str, Tensor], name: str) -> list[Tensor]:
    return [tensor for key, tensor in memory.items() if key.startswith(name)]

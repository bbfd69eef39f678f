"""AGG-RL: one network for every microphone array and every grid of directions.

AuGeonet turns audio and microphone positions into a representation, Gridnet turns directions into one; the
spectrum is the sigmoid of their inner product. Neither sees what the other is given, so a grid is computed
once, and a recording may be asked about any directions afterwards. PlaneWaveNet, which is not in the paper,
adds its log-odds to the inner product.
"""

import math
from dataclasses import replace
from typing import cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from anydoa.constants import MIN_MICROPHONES
from anydoa.errors import ShapeError
from anydoa.networks.augeonet import AuGeonet
from anydoa.networks.config import AggRlConfig
from anydoa.networks.gridnet import Gridnet
from anydoa.networks.peers import FixedGrid, PairwiseTrunk
from anydoa.networks.plane_wave_net import ScoredDirections, ScoringGrid


class AggRl(nn.Module):
    """AuGeonet and Gridnet, and their inner product.

    Args:
        config: sizes and choices; the published ones by default.

    ``hears_plane_waves`` may be set to false to leave PlaneWaveNet out, as early stages of training do.

    Reference:
        Baek et al. (2026), "Physics-Informed Audio-Geometry-Grid Representation Learning for Universal Sound
        Source Localization". Oddities of its public model are corrected unless ``config.compat`` keeps them.
    """

    def __init__(self, config: AggRlConfig | None = None) -> None:
        super().__init__()
        self.config = config or AggRlConfig()
        # Peers are trained and tried out alike; `require_streams` refuses them where only these will do.
        trunk = AuGeonet if self.config.trunk == "augeonet" else PairwiseTrunk
        output = Gridnet if self.config.output == "grid" else FixedGrid
        self.augeonet = cast(AuGeonet, trunk(self.config))
        self.gridnet = cast(Gridnet, output(self.config))
        self.scoring_grid: ScoringGrid | None = None
        if self.config.plane_waves:
            slope_deg = (self.config.plane_wave_top_deg, self.config.plane_wave_lobe_deg)
            self.scoring_grid = ScoringGrid(self.config.plane_wave_directions, slope_deg)
        self.hears_plane_waves = self.scoring_grid is not None

    def forward(
        self,
        audio: Float[Tensor, "batch mic time"],
        mic_positions: Float[Tensor, "batch mic 3"],
        directions: Float[Tensor, "grid 3"],
        mic_mask: Bool[Tensor, "batch mic"] | None = None,
    ) -> Float[Tensor, "batch output grid frame"]:
        """Spatial spectrum, 0..1; :meth:`logits` describes the arguments."""
        return torch.sigmoid(self.logits(audio, mic_positions, directions, mic_mask))

    def logits(
        self,
        audio: Float[Tensor, "batch mic time"],
        mic_positions: Float[Tensor, "batch mic 3"],
        directions: Float[Tensor, "grid 3"],
        mic_mask: Bool[Tensor, "batch mic"] | None = None,
    ) -> Float[Tensor, "batch output grid frame"]:
        """Log-odds of the spectrum, which the loss of training takes; the last output is the best.

        Args:
            audio: signals at the sample rate of the configuration, any scale.
            mic_positions: metres, any origin.
            directions: unit vectors towards candidate sources, shared by the batch.
            mic_mask: true where there is a microphone; None if all are there.

        Raises:
            ShapeError: if the audio is shorter than a window, or a clip has only one microphone.
        """
        representation = self.represent(audio, mic_positions, mic_mask)
        return self.combine(representation, self.grid_representation(directions))

    def combine(
        self,
        representation: Float[Tensor, "batch output frame latent"],
        grid_representation: Float[Tensor, "output grid latent_of_grid"],
    ) -> Float[Tensor, "batch output grid frame"]:
        """Log-odds: inner product of both representations over the square root of the latent width.

        Args:
            representation: what :meth:`represent` returned. Where PlaneWaveNet has scored the grid itself, as
                it does in training, its log-odds follow the latent space; the grid has no weights for them,
                and they are added.
            grid_representation: what :meth:`grid_representation` returned.
        """
        width = grid_representation.shape[-1]
        scaled = grid_representation * (1 / math.sqrt(self.config.latent_size))
        batch, outputs, frames, _ = representation.shape
        # batch output frame latent -> output latent batch*frame: frames come out last in memory, as the loss
        # and its targets have them; the loss is slow on anything else.
        columns = representation[..., :width].permute(1, 3, 0, 2).flatten(2)
        # output grid batch*frame -> batch output grid frame
        logits = torch.bmm(scaled, columns).view(outputs, -1, batch, frames).permute(2, 0, 1, 3)
        if representation.shape[-1] == width:
            return logits
        return logits + representation[..., width:].transpose(2, 3)

    def represent(
        self,
        audio: Float[Tensor, "batch mic time"],
        mic_positions: Float[Tensor, "batch mic 3"],
        mic_mask: Bool[Tensor, "batch mic"] | None = None,
        scored: ScoredDirections | None = None,
    ) -> Float[Tensor, "batch output frame latent"]:
        """Audio-geometry representation of whole recordings; the last hop is filled up with zeros.

        Args:
            audio: signals at the sample rate of the configuration, any scale.
            mic_positions: metres, any origin.
            mic_mask: true where there is a microphone; None if all are there.
            scored: directions that PlaneWaveNet scores, if there is one; None for those it runs with. Its
                log-odds follow the latent space.

        Raises:
            ShapeError: if the audio is shorter than a window, or a clip has only one microphone.
        """
        num_mics, length = audio.shape[1:]
        fewest = num_mics if mic_mask is None else int(mic_mask.sum(1).min())
        if fewest < MIN_MICROPHONES:
            raise ShapeError(
                f"the network compares microphones and needs at least 2, got {fewest}; give more"
            )
        if length < self.config.window_length:
            raise ShapeError(
                f"audio must hold a window of {self.config.window_length} samples, got {length}; add zeros"
            )
        padded = nn.functional.pad(audio, (0, -length % self.config.hop_length))
        scored = self.scored_directions() if scored is None else scored
        representation: Tensor = self.augeonet(padded, mic_positions, mic_mask, None, scored)[0]
        return representation

    def scored_directions(self) -> ScoredDirections | None:
        """The directions that PlaneWaveNet scores where it runs, if there is one.

        They depend on the weights alone, so keep them for a stream.
        """
        if self.scoring_grid is None or not self.hears_plane_waves:
            return None
        grid = self.gridnet(self.scoring_grid.directions)
        return replace(self.scored_at(self.scoring_grid.directions, grid), tops=self.scoring_grid.tops)

    def scored_at(
        self, directions: Float[Tensor, "grid 3"], grid: Float[Tensor, "output grid latent"]
    ) -> ScoredDirections:
        """Any directions for PlaneWaveNet to score.

        Args:
            directions: unit vectors.
            grid: what Gridnet makes of them.
        """
        return ScoredDirections(directions, grid[-1] / math.sqrt(self.config.latent_size))

    def grid_representation(self, directions: Float[Tensor, "grid 3"]) -> Float[Tensor, "output grid latent"]:
        """Grid representation; it depends on the directions alone, so keep it for a fixed grid.

        Args:
            directions: unit vectors.
        """
        latent: Tensor = self.gridnet(directions)
        if self.scoring_grid is None or not self.hears_plane_waves:
            return latent
        # Only the last output hears PlaneWaveNet; the inner product divides by the root of the latent width.
        weights = math.sqrt(self.config.latent_size) * self.scoring_grid(directions)
        others = torch.zeros_like(weights).expand(len(latent) - 1, -1, -1)
        return torch.cat([latent, torch.cat([others, weights[None]])], -1)

    def initial_state(self, mic_positions: Float[Tensor, "batch mic 3"]) -> dict[str, Tensor]:
        """State of fresh streams, batch first: no samples yet, everything else zero.

        Args:
            mic_positions: streams and microphones are counted; the places do not matter.

        Raises:
            ConfigError: if the network is one of those that run on whole recordings only.
        """
        self.config.require_streams()
        batch, num_mics, _ = mic_positions.shape
        return {
            "samples": mic_positions.new_zeros(batch, num_mics, 0),
            **self.augeonet.initial_state(mic_positions),
        }

    def step(
        self,
        audio: Float[Tensor, "batch mic time"],
        state: dict[str, Tensor],
        mic_positions: Float[Tensor, "batch mic 3"],
        mic_mask: Bool[Tensor, "batch mic"] | None = None,
        scored: ScoredDirections | None = None,
    ) -> tuple[Float[Tensor, "batch output frame latent"], dict[str, Tensor]]:
        """Representation of the frames that the next samples complete, maybe none, and the new state.

        Args:
            audio: the next samples of each stream, any number.
            state: what :meth:`initial_state` returned, or the previous step; it is not changed.
            mic_positions: metres; they may move between steps, the reference microphone may not change.
            mic_mask: true where there is a microphone, the same in each step; None if all are there.
            scored: what :meth:`scored_directions` returned, the same in each step; None to compute them anew.
        """
        # Samples that no whole window has used yet, then the new ones.
        samples = torch.cat([state["samples"], audio], -1)
        window, hop = self.config.window_length, self.config.hop_length
        num_frames = max((samples.shape[-1] - window) // hop + 1, 0)
        if num_frames == 0:
            shape = (len(audio), self.config.num_outputs, 0, self.config.representation_size)
            return samples.new_zeros(shape), {**state, "samples": samples}
        used = num_frames * hop
        ready = samples[..., : used + window - hop]
        scored = self.scored_directions() if scored is None else scored
        representation, memory = self.augeonet(ready, mic_positions, mic_mask, state, scored)
        return representation, {"samples": samples[..., used:], **memory}

    def without_plane_waves(self) -> "AggRl":
        """The same network without PlaneWaveNet."""
        part = AggRl(self.config.without_plane_waves())
        kept = part.state_dict().keys()
        part.load_state_dict({name: value for name, value in self.state_dict().items() if name in kept})
        return part.train(self.training)

    def learn_plane_waves_only_(self) -> None:
        """Leave all but PlaneWaveNet as it is, normalisation included, until :meth:`learn_all_`."""
        assert self.augeonet.plane_wave_net is not None
        self.eval()
        self.requires_grad_(False)
        self.augeonet.plane_wave_net.requires_grad_(True)

    def learn_all_(self) -> None:
        """Let every weight learn, and normalisation take the statistics of its batches."""
        self.train()
        self.requires_grad_(True)

    def project_(self) -> None:
        """Bring the bins of the transform back inside their bounds; call after each optimiser step."""
        self.augeonet.transform.project_()

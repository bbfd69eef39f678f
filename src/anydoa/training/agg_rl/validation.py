"""How well AGG-RL locates in rooms and with voices it was not trained on."""

from collections.abc import Sequence

import numpy as np
import torch

from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.metrics.localization import evaluate
from anydoa.networks import AggRl
from anydoa.peaks import pick_peaks
from anydoa.training.agg_rl.batches import AggRlBatch, ClipShape, batch_scenes
from anydoa.training.agg_rl.config import AggRlTraining
from anydoa.training.agg_rl.loss import represent, weighted_cross_entropy
from anydoa.training.agg_rl.spectra import SpectraBatches, bin_frequencies
from anydoa.training.agg_rl.targets import target_spectrum
from anydoa.training.data import MAX_TALKERS, VALIDATION_SEED, RunScenes
from anydoa.training.task import ClipResult


class Validator:
    """A fixed set of clips, and the grid that talkers are searched on.

    Args:
        batches: clips.
        grid_size: directions of the Fibonacci sphere.
        positive_weight: rho of the cross-entropy.
    """

    def __init__(self, batches: Sequence[AggRlBatch], *, grid_size: int, positive_weight: float) -> None:
        self.batches = batches
        self.grid: DirectionGrid = fibonacci_grid(grid_size)
        self.positive_weight = positive_weight

    @torch.no_grad()
    def run(self, network: AggRl, beamwidths_deg: Sequence[float]) -> list[ClipResult]:
        """Results of all clips.

        Args:
            network: the network in evaluation mode.
            beamwidths_deg: beamwidths of the targets of the loss.
        """
        device = next(network.parameters()).device
        directions = torch.from_numpy(self.grid.directions.astype(np.float32)).to(device)
        grid_representation = network.grid_representation(directions)
        results = []
        for batch in self.batches:
            moved = batch.to(device)
            logits = network.combine(represent(network, moved), grid_representation)
            target = target_spectrum(moved.sources, moved.active, directions, beamwidths_deg, moved.ambiguity)
            for item in range(len(batch)):
                loss = weighted_cross_entropy(
                    logits[item, None], target[item, None], positive_weight=self.positive_weight
                )
                # Flat and straight arrays are asked only for directions they can tell apart.
                array = MicrophoneArray(batch.positions[item].numpy())
                grid = array.ambiguity.distinct(self.grid)
                # (source, frame) -> (frame, source), (source, instant, xyz) -> (frame, source, xyz)
                talkers = int(batch.present[item].sum())
                active = batch.active[item, :talkers].T.numpy()
                truth = batch.sources[item, :talkers].expand(-1, len(active), -1).transpose(0, 1)
                # (output, grid, frame) -> (frame, grid) -> (frame, peak, xyz), of the best output
                values = logits[item, -1].T.float().cpu().numpy()
                if grid is not self.grid:
                    values = values[:, self.grid.nearest(grid.directions)]
                found = grid.directions[pick_peaks(values, grid, talkers)]
                score = evaluate(found, array.ambiguity.fold(truth.double().numpy()), active)
                results.append(ClipResult(talkers, float(loss), score))
        return results


def validation_batches(scenes: RunScenes, config: AggRlTraining, network: AggRl) -> list[AggRlBatch]:
    """This process' share of a fixed set of clips, as many with two talkers as with one.

    Args:
        scenes: scenes of the run.
        config: every choice of the run.
        network: its bins say where spectra are wanted.
    """
    options = config.validation
    shape = ClipShape(config.model, 8, options.duration_s, options.microphones)
    if options.kind == "spectra":
        spectra = SpectraBatches(shape, bin_frequencies(network), seed=config.seed + VALIDATION_SEED)
        batches: list[AggRlBatch] = [spectra[first] for first in range(0, options.clips, shape.batch_size)]
        return batches[scenes.share.index :: scenes.share.count]
    counts = scenes.held_out().microphone_counts(options.microphones, "validation")
    mixers = [
        scenes.held_out_mixer(num_talkers, config.mix, duration_s=shape.exact_duration_s)
        for num_talkers in range(1, MAX_TALKERS + 1)
    ]
    # All numbers of microphones equally often, each in batches of its own.
    every = [
        (mixer, num_mics, clips[first : first + shape.batch_size])
        for mixer in mixers
        for start, num_mics in enumerate(counts)
        for clips in [range(start, options.clips, len(counts))]
        for first in range(0, len(clips), shape.batch_size)
    ]
    return [
        batch_scenes([mixer.scene(clip, num_mics=num_mics) for clip in clips], shape.model)
        for mixer, num_mics, clips in every[scenes.share.index :: scenes.share.count]
    ]

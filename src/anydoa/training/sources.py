"""From the choices of a run to the batches it learns from and the ones it is tried out on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.utils.data import Dataset

from anydoa.errors import ConfigError
from anydoa.networks.agg_rl import AggRl
from anydoa.simulation.corpus import Utterance, read_corpus
from anydoa.training.batch import Batch, ClipBatch, ClipShape
from anydoa.training.clips import ClipBatches, SoundSource, batch_scenes
from anydoa.training.config import StageOptions, TrainingConfig
from anydoa.training.geometry_stage import SpectraBatches
from anydoa.training.held_out import split_clips
from anydoa.training.loading import endless_batches
from anydoa.training.validation import MAX_TALKERS

_VALIDATION_BATCH = 8
VALIDATION_SEED = 2**31  # added, so that no clip is ever both


@dataclass(frozen=True)
class Share:
    """Which part of each step one process of several takes.

    Args:
        index: of the process, from 0.
        of: how many there are.
    """

    index: int = 0
    of: int = 1


class TrainingSources:
    """Opens what the stages of a run learn from.

    Args:
        config: of the run.
        cache: folder for decoded recordings, unless the configuration names one.
        share: of this process.

    Raises:
        AudioError: if a corpus cannot be read.
        ConfigError: if a folder is not named, or a batch cannot be shared evenly.
    """

    def __init__(self, config: TrainingConfig, cache: Path, share: Share) -> None:
        self.config, self.share = config, share
        self.cache = Path(config.data.cache) if config.data.cache else cache
        for stage in config.stages:
            if stage.batch_size % share.of:
                raise ConfigError(
                    f"stage {stage.name!r}: batch_size must be a multiple of the {share.of} processes, "
                    f"got {stage.batch_size}"
                )
        sources = {stage.source for stage in config.stages} | {config.validation.source}
        self._clips = self._read_corpora() if "rooms" in sources else None

    def batches(self, stage: StageOptions, network: AggRl, *, first: int) -> Iterator[Batch]:
        """What a stage learns from, from clip ``first`` of the run on.

        Args:
            stage: of the run.
            network: its bins say where spectra are wanted.
            first: number of the first clip.
        """
        dataset: Dataset[Batch] = self._dataset(stage, network)
        return endless_batches(dataset, first=first, step=stage.batch_size, workers=self.config.data.workers)

    def validation(self, network: AggRl) -> list[Batch]:
        """This process' share of a fixed set of clips, as many with two talkers as with one."""
        options = self.config.validation
        shape = ClipShape(self.config.model, _VALIDATION_BATCH, options.duration_s, options.microphones)
        seed = self.config.seed + VALIDATION_SEED
        batches: Sequence[Batch]
        if options.source == "spectra":
            spectra = SpectraBatches(shape, bin_frequencies(network), seed=seed)
            batches = [spectra[first] for first in range(0, options.clips, _VALIDATION_BATCH)]
        else:
            batches = self._validation_clips(shape, seed)
        return list(batches[self.share.index :: self.share.of])

    def _dataset(self, stage: StageOptions, network: AggRl) -> ClipBatches | SpectraBatches:
        size = stage.batch_size // self.share.of
        shape = ClipShape(self.config.model, size, stage.duration_s, stage.microphones)
        offset, seed = size * self.share.index, self.config.seed
        if stage.source == "spectra":
            return SpectraBatches(shape, bin_frequencies(network), seed=seed, offset=offset)
        recipe = self.config.during(stage).mix
        return ClipBatches(self.rooms(stage.bank), shape, recipe, seed=seed, offset=offset)

    def rooms(self, bank: str) -> SoundSource:
        """Rooms and recordings to train on, from a folder inside that of the banks."""
        assert self._clips is not None  # read if any stage wants rooms
        speech, noise = self._clips[False]
        path = Path(self.config.data.bank) / bank
        return SoundSource(path, speech, noise, self.cache, self.config.data.held_out)

    def held_out_rooms(self) -> SoundSource:
        """Rooms and recordings to validate on."""
        assert self._clips is not None
        speech, noise = self._clips[True]
        source = replace(self.rooms(""), speech=speech, noise=noise, validation=True)
        if self.config.validation.bank:
            return replace(source, bank=source.bank / self.config.validation.bank, held_out=1.0)
        rooms = [stage.bank for stage in self.config.stages if stage.source == "rooms"]
        return replace(source, bank=source.bank / (rooms[-1] if rooms else ""))

    def _validation_clips(self, shape: ClipShape, seed: int) -> list[ClipBatch]:
        """All numbers of microphones equally often, each in batches of its own."""
        source, clips = self.held_out_rooms(), self.config.validation.clips
        batches = []
        for talkers in range(1, MAX_TALKERS + 1):
            mixer = source.mixer(
                replace(self.config.mix, min_talkers=talkers),
                seed=seed,
                duration_s=shape.num_samples / shape.model.sample_rate,
                max_talkers=talkers,
            )
            fewest, most = shape.microphones
            counts = range(fewest, min(most, int(mixer.bank.mic_counts.max())) + 1)
            for start, num_mics in enumerate(counts):
                scenes = [mixer.scene(clip, num_mics=num_mics) for clip in range(start, clips, len(counts))]
                parts = [scenes[i : i + shape.batch_size] for i in range(0, len(scenes), shape.batch_size)]
                batches += [batch_scenes(part, shape.model) for part in parts]
        return batches

    def _read_corpora(self) -> dict[bool, tuple[tuple[Utterance, ...], tuple[Utterance, ...]]]:
        """Recordings of speech and noise, to validate on (True) and to train on (False)."""
        data = self.config.data
        for name, folder in (("bank", data.bank), ("speech", data.speech)):
            if not folder:
                raise ConfigError(f"data.{name} is empty; name the folder with --{name}")
        speech = split_clips(read_corpus(data.speech), data.held_out, least=MAX_TALKERS)
        noise: tuple[tuple[Utterance, ...], tuple[Utterance, ...]] = ((), ())
        if data.noise:
            noise = split_clips(read_corpus(data.noise), data.held_out, least=1)
        return {False: (speech[0], noise[0]), True: (speech[1], noise[1])}


def bin_frequencies(network: AggRl) -> list[float]:
    """Frequency of each bin of a network in hertz, as it is now."""
    transform = network.augeonet.transform
    with torch.no_grad():
        scale = network.config.sample_rate / network.config.window_length
        frequencies: list[float] = (transform.bins.double() * scale).tolist()
    return frequencies

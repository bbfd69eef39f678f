"""Where the scenes of a run come from: rooms and recordings, split into what trains and what validates.

What is kept back for validation is the same whenever and wherever it is asked for.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path

import numpy as np
from jaxtyping import Int

from anydoa.errors import ConfigError
from anydoa.simulation import RirBank
from anydoa.simulation.corpus import Corpus, Kind, Utterance, read_corpus
from anydoa.simulation.mixing import SceneMixer
from anydoa.simulation.pool import AudioPool, load_pool
from anydoa.simulation.recipe import MixRecipe
from anydoa.simulation.rooms import RoomPlan, Rooms, SimulatedRoom
from anydoa.simulation.scene import Scene
from anydoa.training.config import TrainingConfig

MAX_TALKERS = 2
"""Most talkers in a clip of validation."""

VALIDATION_SEED = 2**31
"""Added to the seed of a run, so that no clip both trains and validates."""


@dataclass(frozen=True)
class ProcessShare:
    """Which part of each step one process of several takes.

    Args:
        index: number of the process, from 0.
        count: number of processes.
    """

    index: int = 0
    count: int = 1

    def of_step(self, batch_size: int) -> tuple[int, int]:
        """How many clips of a step this process takes, and how many come before them."""
        size = batch_size // self.count
        return size, size * self.index


@dataclass(frozen=True)
class SceneMaterial:
    """What scenes are mixed from: paths only, so that another process can open them.

    Args:
        bank: folder of a bank of rooms.
        speech: recordings of speech.
        noise: recordings of noise, none for noise of the microphones only.
        cache: folder of decoded recordings.
        held_out: share of the rooms kept for validation.
        validation: whether the rooms are the ones held out; the recordings are to match.
        events: recordings of events that stand in for some talkers; none for speech alone.
    """

    bank: Path
    speech: tuple[Utterance, ...]
    noise: tuple[Utterance, ...]
    cache: Path
    held_out: float
    validation: bool = False
    events: tuple[Utterance, ...] = ()

    def mixer(self, recipe: MixRecipe, *, seed: int, duration_s: float, max_talkers: int = 2) -> SceneMixer:
        """Open everything; recordings not decoded yet are decoded first, which takes minutes.

        Raises:
            AudioError: if a recording cannot be read.
            ConfigError: if there is no bank, or it does not fit the recordings.
        """
        speech, noise, events = self.pools()
        return SceneMixer(
            self.rooms(), speech, noise,
            seed=seed, duration_s=duration_s, max_talkers=max_talkers, recipe=recipe, events=events,
        )  # fmt: skip

    def pools(self) -> tuple[AudioPool, AudioPool | None, AudioPool | None]:
        """Speech, noise and events; what was not decoded yet is decoded, which takes minutes.

        Raises:
            AudioError: if a recording cannot be read.
        """
        return (
            load_pool(self.speech, kind="speech", cache=self.cache),
            load_pool(self.noise, kind="noise", cache=self.cache) if self.noise else None,
            load_pool(self.events, kind="events", cache=self.cache) if self.events else None,
        )

    def rooms(self) -> "PartOfRooms":
        """The rooms.

        Raises:
            ConfigError: if there is no bank, or there are too few.
        """
        return PartOfRooms(RirBank(self.bank), self.held_out, held_out=self.validation)

    def ages(self) -> tuple[int, ...]:
        """When the rooms and each recording were written, in nanoseconds."""
        files = [*sorted(self.bank.iterdir())]
        files += [one.path for pool in (self.speech, self.noise, self.events) for one in pool]
        return tuple(file.stat().st_mtime_ns for file in files)

    def microphone_counts(self, limits: tuple[int, int], what: str) -> range:
        """Numbers of microphones within limits that an array of these rooms has at the most.

        Args:
            limits: fewest and most.
            what: what asks, for the error.

        Raises:
            ConfigError: if no array has so many.
        """
        fewest, most = limits
        largest = int(self.rooms().mic_counts.max())
        if largest < fewest:
            raise ConfigError(
                f"{what}: microphones are {fewest} to {most}, but arrays of the rooms in {self.bank} have at "
                f"most {largest}; lower microphones or build rooms with larger arrays"
            )
        return range(fewest, min(most, largest) + 1)


class RunScenes:
    """What the scenes of a run are mixed from: one part to train on, one held out.

    Args:
        config: every choice of the run.
        cache: folder for decoded recordings, unless the configuration names one.
        share: part of each step that this process takes.

    Raises:
        AudioError: if a corpus cannot be read.
        ConfigError: if a folder is not named, or a batch cannot be shared evenly.
    """

    def __init__(self, config: TrainingConfig, cache: Path, share: ProcessShare) -> None:
        self.config, self.share = config, share
        self.cache = Path(config.data.cache) if config.data.cache else cache
        for stage in config.stages:
            if stage.batch_size % share.count:
                raise ConfigError(
                    f"stage {stage.name!r}: batch_size must be a multiple of the {share.count} processes, "
                    f"got {stage.batch_size}; change it, or take fewer processes"
                )
        # Recordings of speech, of noise and of events, to train on and to validate on.
        self._training: tuple[tuple[Utterance, ...], ...] = ((), (), ())
        self._held_out: tuple[tuple[Utterance, ...], ...] = ((), (), ())
        if not config.needs_rooms:
            return
        data = config.data
        for name, folder in (("bank", data.bank), ("speech", data.speech)):
            if not folder:
                raise ConfigError(f"data.{name} is empty; name the folder with --{name}")
        self._check_banks()
        speech = split_clips(read_corpus(data.speech, "speech"), data.held_out, least=MAX_TALKERS)
        kinds: tuple[tuple[str, Kind], ...] = ((data.noise, "noise"), (data.events, "events"))
        noise, events = (
            split_clips(read_corpus(folder, kind), data.held_out, least=1) if folder else ((), ())
            for folder, kind in kinds
        )
        self._training, self._held_out = zip(speech, noise, events, strict=True)
        for stage in config.stages:
            if stage.needs_rooms:
                self.training(stage.bank).microphone_counts(stage.microphones, f"stage {stage.name!r}")
        if config.validation.needs_rooms:
            self.held_out().microphone_counts(config.validation.microphones, "validation")

    @property
    def num_voices(self) -> int:
        """How many speakers the run learns from."""
        return len({clip.group for clip in self._training[0]})

    @property
    def num_noises(self) -> int:
        """How many kinds of noise the run learns from."""
        return len({clip.group for clip in self._training[1]})

    @cached_property
    def contents(self) -> str:
        """Tells the rooms and recordings of the run from others, wherever they lie; empty for none."""
        if not self.config.needs_rooms:
            return ""
        banks = {stage.bank for stage in self.config.stages if stage.needs_rooms}
        banks |= {self.config.validation.bank} if self.config.validation.needs_rooms else set()
        rooms = [RirBank(self._bank(bank)) for bank in sorted(banks)]
        clips = [one for part in (*self._training, *self._held_out) for one in part]
        recordings = [(clip.group, clip.path.name, clip.path.stat().st_size) for clip in clips]
        made_from = repr(([(bank.plan, len(bank)) for bank in rooms], recordings))
        return hashlib.sha256(made_from.encode()).hexdigest()[:12]

    def decode(self) -> None:
        """Decode what the run learns from, so that processes of the run find it decoded.

        Raises:
            AudioError: if a recording cannot be read.
        """
        if any(stage.needs_rooms for stage in self.config.stages):
            self.training("").pools()

    def _check_banks(self) -> None:
        """Refuse a bank that would both train and validate."""
        validation = self.config.validation.bank
        for stage in self.config.stages if validation else ():
            if stage.needs_rooms and self._bank(stage.bank) == self._bank(validation):
                raise ConfigError(
                    f"stage {stage.name!r}: bank must be another than validation.bank, got {stage.bank!r} "
                    "for both; build rooms for validation, or leave its bank empty to hold some out"
                )

    def training(self, bank: str) -> SceneMaterial:
        """Rooms and recordings to train on, from a folder inside that of the banks."""
        speech, noise, events = self._training
        path = self._bank(bank)
        held_out = 0.0 if self.config.validation.bank else self.config.data.held_out
        return SceneMaterial(path, speech, noise, self.cache, held_out, events=events)

    def _bank(self, bank: str) -> Path:
        """Folder of a bank inside that of the banks."""
        return (Path(self.config.data.bank) / bank).resolve()

    def held_out(self) -> SceneMaterial:
        """Rooms and recordings to validate on."""
        speech, noise, events = self._held_out
        material = replace(self.training(""), speech=speech, noise=noise, events=events, validation=True)
        if self.config.validation.bank:
            return replace(material, bank=self._bank(self.config.validation.bank), held_out=1.0)
        banks = [stage.bank for stage in self.config.stages if stage.needs_rooms]
        return replace(material, bank=self._bank(banks[-1] if banks else ""))

    def held_out_mixer(self, num_talkers: int, recipe: MixRecipe, *, duration_s: float) -> SceneMixer:
        """The scenes of validation that have this many talkers.

        Args:
            num_talkers: how many speak in each scene.
            recipe: levels and ratios.
            duration_s: length of a scene.
        """
        return self.held_out().mixer(
            replace(recipe, min_talkers=num_talkers),
            seed=self.config.seed + VALIDATION_SEED,
            duration_s=duration_s,
            max_talkers=num_talkers,
        )

    def held_out_scenes(self, recipe: MixRecipe) -> list[Scene]:
        """This process' share of the scenes of validation, as many of each number of talkers."""
        options, numbers = self.config.validation, range(1, MAX_TALKERS + 1)
        counts = self.held_out().microphone_counts(options.microphones, "validation")
        mixers = {
            number: self.held_out_mixer(number, recipe, duration_s=options.duration_s) for number in numbers
        }
        every = list(product(numbers, range(options.clips)))
        return [
            mixers[number].scene(clip, num_mics=counts[clip % len(counts)])
            for number, clip in every[self.share.index :: self.share.count]
        ]


class PartOfRooms:
    """Rooms that are held out, or the others: one in each run of ``1 / share``.

    Args:
        rooms: all of them.
        share: share of the rooms held out, at most a half; 0 for none, 1 for all.
        held_out: whether these are the rooms held out or the others.

    Raises:
        ConfigError: if there are too few rooms to hold one out.
    """

    def __init__(self, rooms: Rooms, share: float, *, held_out: bool) -> None:
        # By number, so that a bank that grows keeps apart what was kept apart.
        every = np.arange(len(rooms))
        period = round(1 / share) if share else len(rooms) + 1
        self._rooms = rooms
        self._chosen = every[(every % period == period - 1) == held_out]
        if not len(self._chosen):
            raise ConfigError(f"{len(every)} rooms are too few to hold out a share of {share:g}; build more")

    @property
    def plan(self) -> RoomPlan:
        """What the rooms were drawn from."""
        return self._rooms.plan

    @cached_property
    def mic_counts(self) -> Int[np.ndarray, "room"]:
        """How many microphones each room has."""
        return self._rooms.mic_counts[self._chosen]

    def __len__(self) -> int:
        return len(self._chosen)

    def __getitem__(self, index: int) -> SimulatedRoom:
        return self._rooms[int(self._chosen[index])]


def split_clips(
    corpus: Corpus, share: float, *, least: int
) -> tuple[tuple[Utterance, ...], tuple[Utterance, ...]]:
    """Recordings to train on and to validate on.

    The corpus' own validation split if it has one, else groups chosen by their names.

    Args:
        corpus: recordings; its test split is left alone.
        share: share of the groups held out, 0..1.
        least: fewest groups in either part.

    Raises:
        ConfigError: if there are too few groups to train on, or to hold some out.
    """
    train = corpus.select("train")
    if any(utterance.split == "validation" for utterance in corpus.utterances):
        return train, corpus.select("validation")
    groups = sorted({clip.group for clip in train}, key=lambda name: hashlib.sha256(name.encode()).digest())
    count = max(least, round(share * len(groups)))
    if len(groups) < count + least:
        raise ConfigError(
            f"{corpus.name} corpus has {len(groups)} speakers or kinds of noise to train on; "
            f"{count + least} are needed to hold out {count} for validation"
        )
    held_out = set(groups[:count])
    return (
        tuple(clip for clip in train if clip.group not in held_out),
        tuple(clip for clip in train if clip.group in held_out),
    )

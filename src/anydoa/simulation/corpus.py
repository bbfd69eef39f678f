"""Which recordings there are, who speaks in them, and which may be trained on.

Known layouts: LibriSpeech, TIMIT, MS-SNSD, ESC-50, a folder with ``manifest.csv`` (or a sub-folder of one)
and any folder of audio.
A split shares no speaker (or, for noise, source recording) with another; in a manifest that is its author's
to see to.
"""

import csv
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, cast, get_args

from anydoa.errors import AudioError, ConfigError

Split = Literal["train", "validation", "test"]
Kind = Literal["speech", "events", "noise"]
"""What recordings are: speech and events begin and end, noise is there throughout."""

_Reader = Callable[[Path], Iterator["Utterance"]]

_AUDIO_ENDINGS = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".w64", ".aif", ".aiff", ".sph"})
_LIBRISPEECH_SUBSET = re.compile(r"(train|dev|test)-(clean|other)(-\d+)?$")
_MANIFEST = "manifest.csv"
_ENCODING = "utf-8-sig"  # a spreadsheet begins its tables with a byte order mark
_FOREIGN = {"speech": "noise", "noise": "speech"}  # the sub-folder that a kind is never found in
_COLUMNS = ("path", "source", "speaker_or_category", "split")


@dataclass(frozen=True)
class Utterance:
    """One recording of a speaker, or of a kind of noise.

    Args:
        path: path of the file.
        group: speaker, or category of noise; recordings of one group may be joined.
        split: purpose it may be used for.
    """

    path: Path
    group: str
    split: Split


@dataclass(frozen=True)
class Corpus:
    """Recordings of one kind.

    Args:
        name: name of the layout they were found in.
        utterances: the recordings, ordered by path.
    """

    name: str
    utterances: tuple[Utterance, ...]

    def select(self, split: Split) -> tuple[Utterance, ...]:
        """The recordings of one split.

        Raises:
            ConfigError: if the corpus has none.
        """
        chosen = tuple(utterance for utterance in self.utterances if utterance.split == split)
        if not chosen:
            there = ", ".join(sorted({utterance.split for utterance in self.utterances}))
            raise ConfigError(f"{self.name} corpus has no {split!r} split; it has: {there}")
        return chosen


def read_corpus(root: str | Path, kind: Kind) -> Corpus:
    """The recordings of one kind under a folder, read by the layout that is found there.

    A folder may hold several kinds. Where it has a sub-folder with the name of the kind, only what lies there
    is taken; where it has none, speech is not taken from a sub-folder ``noise``, nor noise from ``speech``.
    Of a corpus that is known only what it holds of the kind is taken.

    Args:
        root: the folder a corpus was unpacked to.
        kind: what is looked for.

    Raises:
        AudioError: if the folder does not exist, holds no such audio, or is a corpus of another kind.
    """
    root = Path(root)
    if not root.is_dir():
        raise AudioError(f"{root}: no such folder; give the folder a corpus was unpacked to")
    if (root / kind).is_dir():
        root = root / kind
    name, readers = _layout(root)
    if kind not in readers:
        raise AudioError(
            f"{root}: {name} holds {' and '.join(readers)}, got asked for {kind}; give a folder of {kind}"
        )
    foreign = _FOREIGN.get(kind)
    found = readers[kind](root)
    utterances = [one for one in found if foreign is None or root / foreign not in one.path.parents]
    if not utterances:
        endings = ", ".join(sorted(_AUDIO_ENDINGS))
        raise AudioError(f"{root}: no audio found, read as {kind} of {name}; supported: {endings}")
    return Corpus(name, tuple(sorted(utterances, key=lambda utterance: utterance.path)))


def _layout(root: Path) -> tuple[str, dict[Kind, _Reader]]:
    """Name of the layout of a folder, and what reads each kind that it holds."""
    children = {child.name for child in root.iterdir() if child.is_dir()}
    if (root / _MANIFEST).is_file():
        return "manifest", _of_any_kind(read_manifest)
    if _is_listed_above(root):
        return "manifest", _of_any_kind(partial(read_manifest, above=True))
    if (root / "meta" / "esc50.csv").is_file():
        return "ESC-50", {"events": read_esc50, "noise": read_esc50}
    if children & {"noise_train", "noise_test"}:
        return "MS-SNSD", {"speech": read_ms_snsd_speech, "events": read_ms_snsd, "noise": read_ms_snsd}
    if "LibriSpeech" in children or any(map(_LIBRISPEECH_SUBSET.match, children | {root.name})):
        return "LibriSpeech", {"speech": read_librispeech}
    dialects = (child for child in root.glob("*/*") if re.match(r"dr\d$", child.name.lower()))
    if {"TRAIN", "TEST"} & {child.upper() for child in children} and any(map(Path.is_dir, dialects)):
        return "TIMIT", {"speech": read_timit}
    return "folder", _of_any_kind(read_folder)


def _of_any_kind(reader: _Reader) -> dict[Kind, _Reader]:
    return dict.fromkeys(get_args(Kind), reader)


def read_librispeech(root: Path) -> Iterator[Utterance]:
    """``train-clean-100/19/198/19-198-0000.flac``: the first number is the speaker."""
    splits: dict[str, Split] = {"train": "train", "dev": "validation", "test": "test"}
    for path in _audio_files(root):
        subset = next((part for part in reversed(path.parts[:-1]) if _LIBRISPEECH_SUBSET.match(part)), None)
        if subset is not None:
            yield Utterance(path, path.name.split("-")[0], splits[subset.split("-")[0]])


def read_timit(root: Path) -> Iterator[Utterance]:
    """``TRAIN/DR1/FCJF0/SA1.WAV``, in either case: the folder is the speaker."""
    for path in _audio_files(root):
        parts = [part.upper() for part in path.relative_to(root).parts]
        if len(parts) >= 4 and parts[0] in ("TRAIN", "TEST"):
            yield Utterance(path, parts[-2], "train" if parts[0] == "TRAIN" else "test")


def read_ms_snsd(root: Path) -> Iterator[Utterance]:
    """``noise_train/AirConditioner_1.wav``: the word before the number is the category."""
    for folder, split in (("noise_train", "train"), ("noise_test", "test")):
        for path in _audio_files(root / folder):
            yield Utterance(path, re.sub(r"_\d+$", "", path.stem), "train" if split == "train" else "test")


def read_ms_snsd_speech(root: Path) -> Iterator[Utterance]:
    """``clean_train/clnsp1.wav``: nobody says who speaks, so each file is a speaker of its own."""
    splits: dict[str, Split] = {"clean_train": "train", "clean_test": "test"}
    for folder, split in splits.items():
        for path in _audio_files(root / folder):
            yield Utterance(path, f"{folder}/{path.stem}", split)


def read_esc50(root: Path) -> Iterator[Utterance]:
    """``meta/esc50.csv`` names file, fold and category; fold 5 is for tests.

    All utterances cut from one recording are in one fold, so folds share no source.
    """
    with (root / "meta" / "esc50.csv").open(newline="", encoding=_ENCODING) as table:
        for row in csv.DictReader(table):
            split: Split = "test" if row["fold"] == "5" else "train"
            yield Utterance(root / "audio" / row["filename"], row["category"], split)


def read_manifest(folder: Path, *, above: bool = False) -> Iterator[Utterance]:
    """``manifest.csv`` with the columns path, source, speaker_or_category and split.

    Args:
        folder: folder of the recordings.
        above: whether the manifest lies in the folder above, of which these recordings are a part.

    Raises:
        AudioError: if it is no table in UTF-8, a column is missing, a row has no path, or a split is unknown.
    """
    folder = folder.absolute() if above else folder
    root = folder.parent if above else folder
    for row in _manifest_rows(root / _MANIFEST):
        split = row["split"]
        if split not in get_args(Split):
            names = ", ".join(get_args(Split))
            raise AudioError(
                f"{root / _MANIFEST}: split of {row['path']} must be one of {names}, got {split!r}; "
                "correct it"
            )
        group = f"{row['source']}/{row['speaker_or_category']}"
        if not row["path"]:
            raise AudioError(f"{root / _MANIFEST}: a row of {group} has no path; add it")
        path = root / row["path"]
        if not above or path.is_relative_to(folder):
            yield Utterance(path, group, cast(Split, split))


def _manifest_rows(manifest: Path) -> Iterator[dict[str, str]]:
    """What the rows of a manifest have in our columns; rows with nothing in them are passed over.

    Raises:
        AudioError: if it is no table in UTF-8, or a column is missing.
    """
    try:
        with manifest.open(newline="", encoding=_ENCODING) as table:
            rows = csv.DictReader(table)
            missing = set(_COLUMNS) - set(rows.fieldnames or ())
            if missing:
                raise AudioError(f"{manifest}: column {min(missing)!r} is missing; add it")
            for row in rows:
                told = {column: row[column] or "" for column in _COLUMNS}
                if any(told.values()):
                    yield told
    except UnicodeDecodeError as error:
        raise AudioError(
            f"{manifest}: must be UTF-8, got {error.object[error.start : error.end]!r}; save it as UTF-8 text"
        ) from None
    except csv.Error as error:
        raise AudioError(f"{manifest}: must be a table with commas ({error}); save it as CSV") from None


def _is_listed_above(root: Path) -> bool:
    """Whether the folder above has a manifest of ours that names files of this one."""
    manifest = root.absolute().parent / _MANIFEST
    if not manifest.is_file():
        return False
    try:
        name = root.absolute().name
        return any(Path(row["path"]).parts[:1] == (name,) for row in _manifest_rows(manifest))
    except AudioError:  # of another program, which may write any table under this name
        return False


def read_folder(root: Path) -> Iterator[Utterance]:
    """Any folder: sub-folders are groups, so is each file at the top; every fifth group is for tests."""
    paths = _audio_files(root)
    parts = [path.relative_to(root).parts for path in paths]
    groups = [part[0] if len(part) > 1 else Path(part[0]).stem for part in parts]
    order = sorted(set(groups), key=lambda group: hashlib.sha256(os.fsencode(group)).digest())
    num_tests = round(0.2 * len(order))
    if len(order) > 1:
        num_tests = max(1, num_tests)
    tests = set(order[:num_tests])
    for path, group in zip(paths, groups, strict=True):
        yield Utterance(path, group, "test" if group in tests else "train")


def _audio_files(root: Path) -> list[Path]:
    return sorted(
        path for path in root.rglob("*") if path.suffix.lower() in _AUDIO_ENDINGS and path.is_file()
    )

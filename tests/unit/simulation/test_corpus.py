"""Corpora in the layouts they are unpacked to, and splits that share no speaker."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from anydoa.errors import AudioError, ConfigError
from anydoa.io.audio import read_audio
from anydoa.simulation.corpus import Corpus, Kind, Utterance, read_corpus

TONE = np.sin(np.arange(1600) / 5)


def plant(root: Path, *names: str) -> None:
    """Short recordings under these names; NIST files where TIMIT has them."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = "NIST" if path.suffix == ".WAV" else None
        soundfile.write(path, TONE, 16_000, format=kind, subtype="PCM_16")


def write_table(path: Path, *rows: tuple[object, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)


def groups_of(corpus: Corpus) -> dict[str, set[str]]:
    return {
        split: {c.group for c in corpus.utterances if c.split == split}
        for split in {c.split for c in corpus.utterances}
    }


@pytest.mark.parametrize("start", ["", "LibriSpeech"])
def test_librispeech_names_its_speakers_and_splits(tmp_path: Path, start: str) -> None:
    plant(
        tmp_path / "LibriSpeech",
        "train-clean-100/19/198/19-198-0000.flac",
        "train-clean-100/26/495/26-495-0003.flac",
        "dev-clean/84/121123/84-121123-0001.flac",
        "test-other/61/70968/61-70968-0000.flac",
    )
    (tmp_path / "LibriSpeech" / "SPEAKERS.TXT").write_text("19 | F | train-clean-100 | 25.19 | Kara\n")
    corpus = read_corpus(tmp_path / start, "speech")
    assert corpus.name == "LibriSpeech"
    assert groups_of(corpus) == {"train": {"19", "26"}, "validation": {"84"}, "test": {"61"}}


def test_one_subset_of_librispeech_is_enough(tmp_path: Path) -> None:
    plant(tmp_path / "test-clean", "61/70968/61-70968-0000.flac")
    assert groups_of(read_corpus(tmp_path / "test-clean", "speech")) == {"test": {"61"}}


@pytest.mark.parametrize("upper", [True, False])
def test_timit_names_its_speakers_and_splits_and_its_files_can_be_read(tmp_path: Path, upper: bool) -> None:
    names = ["TRAIN/DR1/FCJF0/SA1.WAV", "TRAIN/DR2/MKAJ0/SX64.WAV", "TEST/DR1/FAKS0/SI943.WAV"]
    plant(tmp_path, *(names if upper else [name.lower() for name in names]))
    corpus = read_corpus(tmp_path, "speech")
    assert corpus.name == "TIMIT"
    assert groups_of(corpus) == {"train": {"FCJF0", "MKAJ0"}, "test": {"FAKS0"}}
    assert np.allclose(read_audio(corpus.utterances[0].path)[0][0], TONE, atol=1e-3)


def test_ms_snsd_names_its_kinds_of_noise(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "noise_train/AirConditioner_1.wav",
        "noise_train/AirConditioner_2.wav",
        "noise_test/Babble_9.wav",
    )
    plant(tmp_path, "clean_train/clnsp1.wav")
    corpus = read_corpus(tmp_path, "noise")
    assert corpus.name == "MS-SNSD"
    assert groups_of(corpus) == {"train": {"AirConditioner"}, "test": {"Babble"}}
    assert len(corpus.utterances) == 3


def test_those_who_speak_in_ms_snsd_are_not_its_noise(tmp_path: Path) -> None:
    plant(tmp_path, "noise_train/AirConditioner_1.wav", "noise_test/Babble_9.wav")
    with pytest.raises(AudioError, match="no audio found, read as speech of MS-SNSD"):
        read_corpus(tmp_path, "speech")
    plant(tmp_path, "clean_train/clnsp1.wav", "clean_train/clnsp2.wav", "clean_test/clnsp1.wav")
    assert groups_of(read_corpus(tmp_path, "speech")) == {
        "train": {"clean_train/clnsp1", "clean_train/clnsp2"},
        "test": {"clean_test/clnsp1"},
    }


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("train-clean-100/19/198/19-198-0000.flac", "noise", "LibriSpeech holds speech, got asked for noise"),
        ("test-clean/61/70968/61-70968-0000.flac", "events", "LibriSpeech holds speech, got asked for even"),
        ("TRAIN/DR1/FCJF0/SA1.WAV", "noise", "TIMIT holds speech, got asked for noise; give a folder of noi"),
        ("meta/esc50.csv", "speech", "ESC-50 holds events and noise, got asked for speech; give a folder of"),
    ],
)
def test_a_corpus_of_another_kind_is_refused(tmp_path: Path, name: str, kind: Kind, message: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.touch()
    with pytest.raises(AudioError, match=message):
        read_corpus(tmp_path, kind)


def test_esc50_keeps_its_last_fold_for_tests(tmp_path: Path) -> None:
    plant(tmp_path, "audio/1-100032-A-0.wav", "audio/5-9032-A-0.wav", "audio/5-200334-A-1.wav")
    write_table(
        tmp_path / "meta/esc50.csv",
        ("filename", "fold", "target", "category", "esc10", "src_file", "take"),
        ("1-100032-A-0.wav", 1, 0, "dog", True, 100032, "A"),
        ("5-9032-A-0.wav", 5, 0, "dog", True, 9032, "A"),
        ("5-200334-A-1.wav", 5, 1, "rooster", True, 200334, "A"),
    )
    for corpus in (read_corpus(tmp_path, "noise"), read_corpus(tmp_path, "events")):
        assert corpus.name == "ESC-50"
        assert groups_of(corpus) == {"train": {"dog"}, "test": {"dog", "rooster"}}


MANIFEST = (
    ("path", "source", "speaker_or_category", "split", "duration_s"),
    ("speech/a.wav", "reading", "ann", "train", 0.1),
    ("speech/b.wav", "reading", "bob", "test", 0.1),
    ("noise/c.wav", "street", "tram", "train", 0.1),
)


def test_a_manifest_says_it_all(tmp_path: Path) -> None:
    plant(tmp_path, *(str(row[0]) for row in MANIFEST[1:]))
    write_table(tmp_path / "manifest.csv", *MANIFEST)
    assert groups_of(read_corpus(tmp_path, "speech")) == {"train": {"reading/ann"}, "test": {"reading/bob"}}
    assert groups_of(read_corpus(tmp_path, "noise")) == {"train": {"street/tram"}}


def test_a_sub_folder_is_read_by_the_manifest_above_it(tmp_path: Path) -> None:
    plant(tmp_path, *(str(row[0]) for row in MANIFEST[1:]))
    write_table(tmp_path / "manifest.csv", *MANIFEST)
    for kind in ("speech", "noise"):
        assert read_corpus(tmp_path / kind, kind) == read_corpus(tmp_path, kind)


def test_what_a_folder_holds_is_told_apart_without_a_manifest(tmp_path: Path) -> None:
    """Barks would speak, and talkers be noise, if all of the folder were both."""
    plant(tmp_path, "speech/ann/a.wav", "speech/bob/b.wav", "noise/dog/c.wav", "noise/rain/d.wav")
    everyone, everything = read_corpus(tmp_path, "speech"), read_corpus(tmp_path, "noise")
    assert {one.group for one in everyone.utterances} == {"ann", "bob"}
    assert {one.group for one in everything.utterances} == {"dog", "rain"}


def test_noise_beside_the_speakers_does_not_speak(tmp_path: Path) -> None:
    plant(tmp_path, "ann/a.wav", "bob/b.wav", "noise/c.wav")
    assert {one.group for one in read_corpus(tmp_path, "speech").utterances} == {"ann", "bob"}
    assert {one.group for one in read_corpus(tmp_path, "noise").utterances} == {"c"}


def test_a_manifest_with_another_split_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "manifest.csv", MANIFEST[0], ("a.wav", "x", "y", "training", 1))
    with pytest.raises(AudioError, match="one of train, validation, test, got 'training'"):
        read_corpus(tmp_path, "speech")


def test_a_manifest_without_a_column_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "manifest.csv", ("path", "source", "split"), ("a.wav", "x", "train"))
    with pytest.raises(AudioError, match="column 'speaker_or_category' is missing"):
        read_corpus(tmp_path, "speech")


def test_a_manifest_may_come_from_a_spreadsheet(tmp_path: Path) -> None:
    """Excel begins the file with a byte order mark, and leaves rows with nothing in them at its end."""
    plant(tmp_path, *(str(row[0]) for row in MANIFEST[1:]))
    write_table(tmp_path / "manifest.csv", *MANIFEST, ("", "", "", "", ""))
    table = (tmp_path / "manifest.csv").read_text()
    (tmp_path / "manifest.csv").write_text(table, encoding="utf-8-sig")
    for folder in (tmp_path, tmp_path / "speech"):
        assert groups_of(read_corpus(folder, "speech")) == {"train": {"reading/ann"}, "test": {"reading/bob"}}


def test_a_manifest_in_another_encoding_is_refused_with_what_to_do(tmp_path: Path) -> None:
    write_table(tmp_path / "manifest.csv", MANIFEST[0])
    with (tmp_path / "manifest.csv").open("ab") as stream:
        stream.write("a.wav,reading,Jürgen,train,1\n".encode("latin-1"))
    with pytest.raises(AudioError, match=r"must be UTF-8, got b'\\xfc'; save it as UTF-8 text"):
        read_corpus(tmp_path, "speech")


def test_a_row_without_a_path_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "manifest.csv", MANIFEST[0], ("", "reading", "ann", "train", 1))
    with pytest.raises(AudioError, match="a row of reading/ann has no path; add it"):
        read_corpus(tmp_path, "speech")


@pytest.mark.parametrize(
    "table", [b"Datei;Gr\xf6\xdfe\n", b"path,source,speaker_or_category,split\n,,,\n", b"path,source\n", b""]
)
def test_a_manifest_above_that_names_no_file_of_a_folder_is_not_its_own(tmp_path: Path, table: bytes) -> None:
    plant(tmp_path, "speech/ann/a.wav", "speech/bob/b.wav")
    (tmp_path / "manifest.csv").write_bytes(table)
    corpus = read_corpus(tmp_path / "speech", "speech")
    assert corpus.name == "folder"
    assert {utterance.group for utterance in corpus.utterances} == {"ann", "bob"}


def test_any_folder_is_split_by_its_sub_folders(tmp_path: Path) -> None:
    plant(tmp_path, *(f"speaker{number}/take{take}.wav" for number in range(10) for take in range(3)))
    plant(tmp_path, "alone.wav")
    corpus = read_corpus(tmp_path, "speech")
    groups = groups_of(corpus)
    assert groups["train"] | groups["test"] == {f"speaker{number}" for number in range(10)} | {"alone"}
    assert not groups["train"] & groups["test"]
    assert len(groups["test"]) == 2


def test_the_split_of_a_folder_does_not_depend_on_where_it_lies(tmp_path: Path) -> None:
    names = [f"speaker{number}/take.wav" for number in range(6)]
    plant(tmp_path / "here", *names)
    plant(tmp_path / "there", *names)
    here, there = (groups_of(read_corpus(tmp_path / place, "speech")) for place in ("here", "there"))
    assert here == there


def test_a_split_that_is_not_there_is_named_with_those_that_are() -> None:
    corpus = Corpus("folder", (Utterance(Path("a.wav"), "a", "train"),))
    with pytest.raises(ConfigError, match="no 'test' split; it has: train"):
        corpus.select("test")


def test_folders_without_audio_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="no such folder"):
        read_corpus(tmp_path / "nowhere", "speech")
    with pytest.raises(AudioError, match="no audio found"):
        read_corpus(tmp_path, "speech")

"""Lists of recordings in every dialect, and shares of them."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.bulk.recording_list import Entry, RecordingList, array_hash
from anydoa.bulk.run import Plan
from anydoa.bulk.shard import Shard
from anydoa.errors import ConfigError
from anydoa.geometry.array import MicrophoneArray
from anydoa.io.array_file import save_array

LHOTSE = {
    "id": "rec-1",
    "sources": [{"type": "file", "channels": [0, 1, 2, 3], "source": "rec.wav"}],
    "sampling_rate": 16000,
    "num_samples": 160000,
    "duration": 10.0,
    "channel_ids": [0, 1, 2, 3],
}


def entries_of(tmp_path: Path, *lines: object) -> list[Entry]:
    manifest = tmp_path / "list.jsonl"
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    manifest.write_text(text, encoding="utf-8")
    return list(RecordingList(manifest=str(manifest)))


def test_lines_are_paths_or_objects(tmp_path: Path) -> None:
    assert entries_of(
        tmp_path,
        "a b.wav",
        "",
        "c.wav\tkitchen.toml\tid-1\t0,2-3",
        {"path": "d.wav", "array": "linear-4", "id": "d", "channels": [1, 0], "speaker": "x"},
        {"path": ["e0.wav", "e1.wav"]},
    ) == [
        Entry(("a b.wav",)),
        Entry(("c.wav",), "kitchen.toml", "id-1", (0, 2, 3)),
        Entry(("d.wav",), "linear-4", "d", (1, 0)),
        Entry(("e0.wav", "e1.wav")),
    ]


def test_recordings_of_lhotse_are_a_dialect(tmp_path: Path) -> None:
    some = {**LHOTSE, "channel_ids": [3, 1]}
    parts = [{"type": "file", "channels": [one], "source": f"{one}.wav"} for one in (0, 1)]
    assert entries_of(tmp_path, LHOTSE, some, {"id": "x", "sources": parts}) == [
        Entry(("rec.wav",), id="rec-1"),
        Entry(("rec.wav",), id="rec-1", channels=(3, 1)),
        Entry(("0.wav", "1.wav"), id="x"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"pth": "a.wav"}, "'path' is missing"),
        ({"path": 3}, "paths are texts"),
        ({"path": []}, "paths are texts"),
        ({"path": "a.wav", "channels": "0,1"}, "numbers from 0"),
        ({"path": "a.wav", "array": 4}, "array is a text"),
        ("{broken", "Expecting"),
        ("a\tb\tc\t0\te", "5 columns"),
        ("a\tb\tc\tx", "invalid literal"),
        ({**LHOTSE, "sources": [{"type": "url", "channels": [0], "source": "http"}]}, "type 'file'"),
    ],
)
def test_a_line_that_is_no_recording_is_named(tmp_path: Path, line: object, reason: str) -> None:
    with pytest.raises(ConfigError, match=rf"list.jsonl, line 2: not a recording \(.*{reason}"):
        entries_of(tmp_path, "fine.wav", line)


def test_standard_input_and_gzip_can_be_read_more_than_once(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"a.wav\nb.wav\n")
    with (tmp_path / "input").open("rb") as standard_input:
        piped = RecordingList(manifest="-", standard_input=standard_input)
    assert list(piped) == list(piped) == [Entry(("a.wav",)), Entry(("b.wav",))]
    packed = tmp_path / "list.txt.gz"
    packed.write_bytes(gzip.compress(b"a.wav\nb.wav\n"))
    assert list(RecordingList(manifest=str(packed))) == list(piped)
    packed.write_bytes(gzip.compress(b"a.wav\n" * 1000)[:20])
    with pytest.raises(ConfigError, match="cannot be read"):
        list(RecordingList(manifest=str(packed)))


def test_patterns_mean_files_and_names_with_brackets_stay_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("b.wav", "a.wav", "deep/er/c.wav", "take[1].wav"):
        (tmp_path / name).touch()
    found = [entry.name for entry in RecordingList(["**/*.wav"])]
    assert found == ["a.wav", "b.wav", "deep/er/c.wav", "take[1].wav"]
    assert list(RecordingList(["take[1].wav"])) == [Entry(("take[1].wav",))]
    with pytest.raises(ConfigError, match=r"no\*.wav: no file has a name like this"):
        RecordingList(["no*.wav"])
    with pytest.raises(ConfigError, match="no such file"):
        RecordingList(manifest="no list")


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 12), st.integers(0, 100))
def test_shards_are_disjoint_and_complete(count: int, size: int) -> None:
    keys = np.array([Entry((f"{number}.wav",)).key for number in range(size)], dtype=np.uint64)
    held = [Shard(number, count).holds(keys) for number in range(1, count + 1)]
    assert (np.sum(held, axis=0) == 1).all()


def test_a_share_does_not_depend_on_the_order_of_the_list() -> None:
    names = [f"{number}.wav" for number in range(40)]
    plans = [Plan(RecordingList(files), shard=Shard(2, 3)) for files in (names, names[::-1])]
    shares = [{entry.name for entry in plan.left()} for plan in plans]
    assert shares[0] == shares[1]
    assert 5 < plans[0].total == plans[0].num_left < 22


def test_a_key_is_the_same_in_every_run_and_tells_recordings_apart() -> None:
    assert f"{Entry(('t1.wav',)).key:016x}" == "044044d611dd790d"
    entries = [
        Entry(("a.wav",)),
        Entry(("a.wav",), "b"),
        Entry(("a.wav",), id="b"),
        Entry(("a.wav",), channels=(0,)),
        Entry(("a.wav", "b")),
    ]
    assert len({entry.key for entry in entries}) == len(entries)


def test_another_array_in_the_same_file_makes_another_recording(tmp_path: Path) -> None:
    array, line = tmp_path / "kitchen.toml", {"path": "a.wav", "array": str(tmp_path / "kitchen.toml")}
    keys = []
    for radius in (0.03, 0.04):
        save_array(MicrophoneArray(radius * np.eye(3), "kitchen"), array)
        keys += [entry.key for entry in entries_of(tmp_path, line)]
    array.write_text("no array")
    keys += [entry.key for entry in entries_of(tmp_path, line)]
    assert len(set(keys)) == 3


def test_another_sofa_file_that_an_array_names_makes_another_recording(tmp_path: Path) -> None:
    array, head = tmp_path / "kitchen.toml", tmp_path / "head.sofa"
    array.write_text('steering = "head.sofa"')
    keys = []
    for content in (b"one head", b"another"):
        head.write_bytes(content)
        keys += [entry.key for entry in entries_of(tmp_path, {"path": "a.wav", "array": str(array)})]
    assert len(set(keys)) == 2
    assert array_hash("kitchen.toml", tmp_path) == array_hash(str(array)) != ""
    head.unlink()
    for text in ('steering = "head.sofa"', "steering = 3", "steering = ", "steering = '\0'"):
        array.write_text(text)
        assert array_hash(str(array)) == ""


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "-1/4", "1/0", ""])
def test_shards_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="a shard is I/N"):
        Shard.parse(text)


def test_a_recording_named_twice_is_done_once_and_an_empty_list_is_refused() -> None:
    plan = Plan(RecordingList(["a.wav", "b.wav", "a.wav"]))
    assert [entry.name for entry in plan.left()] == ["a.wav", "b.wav"]
    assert plan.total == len(plan.order) == 2
    done = np.sort(plan.order[:1])
    assert [entry.name for entry in Plan(RecordingList(["b.wav", "a.wav", "c.wav"]), done).left()] == [
        "b.wav",
        "c.wav",
    ]
    with pytest.raises(ConfigError, match="names no recording"):
        Plan(RecordingList([]))

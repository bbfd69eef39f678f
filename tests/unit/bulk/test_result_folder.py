"""Folders of results: what is whole counts, what is not does not, and one run at a time."""

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np
import pyarrow.parquet as pq
import pytest

from anydoa.bulk.merging import check_merged_path, merge
from anydoa.bulk.result_folder import PartWriter, ResultFolder
from anydoa.bulk.shard import Shard
from anydoa.errors import ConfigError, MissingExtraError
from anydoa.io.output import whole_text
from anydoa.io.result_files import read_all_results

SETTINGS = {"estimator": "srp-phat", "look_ahead_s": float("inf")}


def text_of(name: str) -> str:
    return json.dumps({"name": name}) + "\n"


def index_of(writer: PartWriter) -> Path:
    return writer.path.with_suffix(".index.jsonl")


def written(folder: Path, *keys: int) -> PartWriter:
    writer = PartWriter(folder)
    for key in keys:
        writer.write(key, f"recording {key}", text_of(str(key)))
    writer.save()
    writer.close()
    return writer


def test_what_several_processes_wrote_is_merged_in_the_order_of_the_list(tmp_path: Path) -> None:
    written(tmp_path, 3, 1)
    written(tmp_path, 2, 1)
    folder = ResultFolder(tmp_path)
    assert folder.done_keys().tolist() == [1, 2, 3]
    assert folder.done_among([1, 4, 2**64 - 1]) == {1}
    places = folder.places()
    assert len(places) == 3
    assert 4 not in places
    assert merge(places, np.array([2, 1, 4, 3], np.uint64), tmp_path / "all.jsonl") == 3
    assert (tmp_path / "all.jsonl").read_text() == "".join(map(text_of, "213"))


def test_a_table_says_the_zone_of_each_talker(tmp_path: Path) -> None:
    place = {"id": 0, "azimuth_deg": 1.0, "elevation_deg": 2.0, "xyz": [1.0, 0.0, 0.0], "score": 0.5}
    frame = {"time_s": 0.5, "sources": [{**place, "zone": "desk"}, {**place, "zone": None}, place]}
    text = "".join(json.dumps(line) + "\n" for line in ({"file": "a.wav"}, frame, {"summary": {}}))
    writer = PartWriter(tmp_path)
    writer.write(1, "a.wav", text)
    writer.close()
    assert merge(ResultFolder(tmp_path).places(), np.array([1], np.uint64), tmp_path / "all.parquet") == 1
    assert pq.read_table(tmp_path / "all.parquet")["zone"].to_pylist() == ["desk", None, None]


def test_halves_are_never_counted(tmp_path: Path) -> None:
    writer = written(tmp_path, 1, 2, 3)
    index = index_of(writer)
    index.write_bytes(index.read_bytes()[:-9])  # the line of 3 was not written to its end
    assert ResultFolder(tmp_path).done_keys().tolist() == [1, 2]
    writer.path.write_bytes(writer.path.read_bytes()[: 1 + len(text_of("1"))])  # nor were the results of 2
    assert ResultFolder(tmp_path).done_keys().tolist() == [1]
    writer.path.unlink()
    assert ResultFolder(tmp_path).done_keys().tolist() == []


def test_a_folder_is_of_one_run_or_of_different_shards(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path / "results")
    with folder.begun(SETTINGS, Shard(1, 2)), folder.begun(SETTINGS, Shard(2, 2)):
        for shard in (None, Shard(1, 2)):
            with (
                pytest.raises(ConfigError, match="another run is at work there"),
                folder.begun(SETTINGS, shard),
            ):
                pass
    with (
        folder.begun(SETTINGS),
        pytest.raises(ConfigError, match="another run"),
        folder.begun(SETTINGS, Shard(2, 2)),
    ):
        pass
    with folder.begun(SETTINGS):
        pass


def test_results_of_other_settings_are_not_mixed(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    with folder.begun(SETTINGS):
        pass
    with (
        pytest.raises(ConfigError, match="holds results of estimator 'srp-phat', not 'music'"),
        folder.begun({**SETTINGS, "estimator": "music"}),
    ):
        pass
    (tmp_path / "settings.json").write_text("[")
    with pytest.raises(ConfigError, match="damaged"), folder.begun(SETTINGS):
        pass
    (tmp_path / "settings.json").unlink()
    written(tmp_path, 1)
    with pytest.raises(ConfigError, match="is missing beside results"), folder.begun(SETTINGS):
        pass


@pytest.mark.parametrize("has_links", [True, False])
def test_of_two_shards_that_start_at_once_one_makes_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    folder = ResultFolder(tmp_path)

    @contextmanager
    def slow_text(path: Path) -> Iterator[TextIO]:
        monkeypatch.setattr("anydoa.bulk.result_folder.whole_text", whole_text)
        with folder.begun(SETTINGS, Shard(1, 2)), whole_text(path) as stream:
            yield stream

    def no_link(*paths: Path) -> None:
        raise PermissionError

    if has_links:
        monkeypatch.setattr("anydoa.bulk.result_folder.whole_text", slow_text)
    else:
        monkeypatch.setattr("os.link", no_link)
        with folder.begun(SETTINGS, Shard(1, 2)):
            pass
    with (
        pytest.raises(ConfigError, match="holds results of estimator 'srp-phat', not 'music'"),
        folder.begun({**SETTINGS, "estimator": "music"}, Shard(2, 2)),
    ):
        pass
    assert json.loads((tmp_path / "settings.json").read_text())["estimator"] == "srp-phat"
    assert not list(tmp_path.glob(".*"))


def test_a_folder_that_vanishes_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    writer = PartWriter(folder)
    writer.write(1, "one", text_of("1"))
    shutil.rmtree(folder)
    with pytest.raises(ConfigError, match=r"results/part-.*: cannot be written \(the folder is gone\)"):
        writer.write(2, "two", text_of("2"))
    writer.close()
    with pytest.raises(ConfigError, match=r"cannot be written \(No such file or directory"):
        PartWriter(folder).write(2, "two", text_of("2"))


def test_a_damaged_part_or_index_is_named(tmp_path: Path) -> None:
    writer = written(tmp_path, 1)
    writer.path.write_bytes(b"\0" * writer.path.stat().st_size)  # as a power cut leaves it
    with pytest.raises(ConfigError, match="damaged at byte 0"):
        merge(ResultFolder(tmp_path).places(), np.array([1], np.uint64), tmp_path / "all.jsonl")
    assert not (tmp_path / "all.jsonl").exists()
    index_of(writer).write_text("nonsense}\n")
    with pytest.raises(ConfigError, match=r"index.jsonl: damaged"):
        ResultFolder(tmp_path).done_keys()


def test_the_suffix_says_what_is_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"--merge writes \.jsonl or \.parquet"):
        check_merged_path(tmp_path / "all.csv")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match="Parquet"):
        check_merged_path(tmp_path / "all.parquet")


def test_results_that_end_within_a_recording_are_refused(tmp_path: Path) -> None:
    (tmp_path / "all.jsonl").write_text('{"schema": "anydoa-results-1"}\n')
    with pytest.raises(ConfigError, match="ends within a recording"):
        list(read_all_results(tmp_path / "all.jsonl"))

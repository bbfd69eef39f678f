"""Records of measurements: what they hold, and that they read as they were written."""

import json
import math
from pathlib import Path

import pytest

import anydoa
from anydoa.errors import ConfigError
from anydoa.evaluation.record import Measurement, Record, read_record, write_record

ROWS = (
    {"estimator": "steered", "mae_deg": 7.84771, "clips": 200, "clips_mae_deg": [1.23456, math.nan]},
    {"estimator": "music", "mae_deg": math.nan, "clips_mae_deg": (math.nan, 1.0)},
)


def test_a_record_says_who_measured_what_when_and_where(tmp_path: Path) -> None:
    measured = Measurement(["anydoa", "evaluate", "--suite", "dynamic-s"], seed=3).record(ROWS)
    write_record(tmp_path / "record.json", measured)
    written = json.loads((tmp_path / "record.json").read_text())
    assert list(written) == ["command", "version", "commit", "date", "machine", "seed", "rows"]
    assert written["command"] == "anydoa evaluate --suite dynamic-s"
    assert (written["version"], written["seed"]) == (anydoa.__version__, 3)
    assert written["machine"]["processor"]
    assert written["machine"]["cores"] >= 1
    kept = {"estimator": "steered", "mae_deg": 7.8477, "clips": 200, "clips_mae_deg": [1.2346, None]}
    assert written["rows"][0] == kept
    assert written["rows"][1]["mae_deg"] is None
    assert written["rows"][1]["clips_mae_deg"] == [None, 1.0]


def test_records_read_as_they_were_written(tmp_path: Path) -> None:
    known = Measurement(["anydoa"]).record([{"seconds": 1.5}])
    old = Record("python benchmarks/cost.py", "0.1.0", "abc1234", "2026-11-23", None, None, ({"mics": 4},))
    for record in (known, old):
        write_record(tmp_path / "record.json", record)
        assert read_record(tmp_path / "record.json") == record
    assert json.loads(old.to_json())["machine"] == "not recorded"


def test_folders_of_one_machine_stay_out_of_commands(tmp_path: Path) -> None:
    words = ["anydoa", "evaluate", "--suite", f"real:{tmp_path}", "--speech", str(tmp_path)]
    assert Measurement(words).record(()).command == "anydoa evaluate --suite real:DIR --speech DIR"
    files = f"array:{tmp_path}/mine.toml,{tmp_path}/refined.toml,linear-4"
    words = ["anydoa", "evaluate", "--suite", files, f"--speech={tmp_path}", f"--noise={tmp_path}/a"]
    assert Measurement(words).record(()).command == (
        "anydoa evaluate --suite array:DIR/mine.toml,DIR/refined.toml,linear-4 --speech=DIR --noise=DIR"
    )
    assert Measurement([f"array:{tmp_path}/mine.toml"]).record(()).command == "array:DIR/mine.toml"
    assert Measurement(["--real", "../real", "../a.csv", "real:../b"]).record(()).command == (
        "--real DIR DIR real:DIR"
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"machine": "a laptop", "rows": []}'])
def test_what_is_no_record_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "record.json").write_text(text)
    with pytest.raises(ConfigError, match="measure again with --record"):
        read_record(tmp_path / "record.json")
    with pytest.raises(ConfigError, match=r"none\.json"):
        read_record(tmp_path / "none.json")

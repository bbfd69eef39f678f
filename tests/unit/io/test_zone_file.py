"""Files of zones, and results that name them."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from anydoa.errors import ConfigError
from anydoa.geometry import Zone
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.io import load_zones
from anydoa.io.result_files import WRITERS
from anydoa.io.results import FrameResult, ResultHeader, ResultSummary, Source, ZoneEvent
from anydoa.io.talkers import Talker, TalkerPath, Turn

ZONES = (Zone("the desk, left", (20, 60)), Zone("door", (150, -150), (-20, 20)))
TEXT = """
[[zone]]
name = "the desk, left"
azimuth = [20, 60]

[[zone]]
name = "door"
azimuth = [150, -150.0]
elevation = [-20, 20]
"""
HEADER = ResultHeader("m.wav", "srp-phat", None, "a", "0", "volume", "g", "0.1.0")


def test_zones_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "zones.toml").write_text(TEXT, encoding="utf-8")
    assert load_zones(tmp_path / "zones.toml") == ZONES


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("zone = 3", r"has \[\[zone\]\] tables"),
        ("[[zone]]\nname = 'a'\nazimuth = [0, 1]\n[other]\n", r"has \[\[zone\]\] tables"),
        ("[[zone]]\nazimuth = [0, 1]", "zone 1 has name"),
        ("[[zone]]\nname = 'a'\nangle = 3", "zone 1 has name"),
        ("[[zone]]\nname = 'a'\nazimuth = 3", r"two numbers, got 3; write them as in \[20, 60\]"),
        ("[[zone]]\nname = 'a'\nazimuth = [true, 1]", "two numbers"),
        ("[[zone]]\nname = 'a'\nelevation = [3, 1]", "3 to 1"),
        ("[[zone]]\nname = 'a'\n[[zone]]\nname = 'a'", "two zones are called 'a'"),
        ("[[zone", "zones.toml"),
    ],
)
def test_a_wrong_file_is_named_with_rule_and_value(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "zones.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=told) as caught:
        load_zones(path)
    assert str(caught.value).count(str(path)) == 1


def written(form: str, zones: tuple[Zone, ...] = ZONES) -> str:
    at_desk, elsewhere = angles_deg_to_direction(40, 0), angles_deg_to_direction(-40, 0)
    sources = (Source(at_desk, 0.9, 0), Source(elsewhere, 0.8, 1))
    path = TalkerPath(np.array([0.1, 0.2]), np.array([at_desk, at_desk]), np.array([0.9, 0.9]))
    talker = Talker(0, path, (Turn(0.1, 0.2, 0.1),))
    text = io.StringIO()
    writer = WRITERS[form](text, HEADER, zones=zones)
    writer.write(FrameResult(0.1, sources, (ZoneEvent("door", 1, entered=False),) if zones else ()))
    writer.finish(ResultSummary(sources[:1], 1.0, talkers=(talker,)))
    return text.getvalue()


@pytest.mark.parametrize("form", ["json", "rttm"])
def test_a_talker_is_in_the_zone_of_its_mirror(form: str) -> None:
    above, below = angles_deg_to_direction(40, 30), angles_deg_to_direction(40, -30)
    path = TalkerPath(np.array([0.1]), above[None], np.array([0.9]))
    text = io.StringIO()
    writer = WRITERS[form](text, HEADER, zones=(Zone("floor", (0, 90), (-90, 0)),))
    writer.write(FrameResult(0.1, ()))
    writer.finish(ResultSummary((), 1.0, talkers=(Talker(0, path, (Turn(0.1, 0.1, 0.1),), (below,)),)))
    assert "floor" in text.getvalue()


def test_json_lines_name_zones_and_events() -> None:
    _, frame, last = map(json.loads, written("json").splitlines())
    assert [source["zone"] for source in frame["sources"]] == ["the desk, left", None]
    assert frame["events"] == [{"zone": "door", "id": 1, "entered": False}]
    assert [one["zone"] for one in last["summary"]["sources"]] == ["the desk, left"]
    assert [one["zone"] for one in last["summary"]["talkers"]] == ["the desk, left"]


def test_csv_and_rttm_name_zones() -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv"))))
    assert [row["zone"] for row in rows] == ["the desk, left", ""]
    assert written("rttm").split()[7] == "the_desk,_left_0"


@pytest.mark.parametrize("form", ["json", "csv", "rttm"])
def test_without_zones_nothing_speaks_of_them(form: str) -> None:
    assert "zone" not in written(form, ())
    assert "desk" not in written(form, ())

"""Results on disk: what is written is what is read, and the formats are as others expect them."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from anydoa.errors import ConfigError
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.zones import Zone
from anydoa.io.result_files import (
    CsvWriter,
    DcaseWriter,
    JsonLinesWriter,
    read_all_results,
    read_results,
    write_results,
)
from anydoa.io.results import (
    FrameResult,
    LocalizationResult,
    ResultHeader,
    ResultSummary,
    Source,
    ZoneEvent,
    frames_of_talkers,
)
from anydoa.io.talkers import Talker, TalkerPath, Turn

HEADER = ResultHeader(
    file="meeting.wav",
    estimator="srp-phat",
    weights_hash=None,
    array="ring",
    array_hash="0123456789ab",
    array_rank="plane",
    grid="fibonacci:2048",
    version="0.1.0",
)


def source(azimuth_deg: float, elevation_deg: float = 0.0, *, score: float = 0.5, id: int = 0) -> Source:
    direction = angles_deg_to_direction(azimuth_deg, elevation_deg)
    mirror = (direction * [1, 1, -1],) if elevation_deg else ()
    return Source(direction, score, id, mirror)


@pytest.fixture
def result() -> LocalizationResult:
    frames = (
        FrameResult(0.096, (source(40.25, 3.5, score=0.81), source(-120, id=1))),
        FrameResult(0.192, ()),
        FrameResult(0.288, (source(180),)),
    )
    return LocalizationResult(HEADER, frames, (source(40, 3),), 0.4)


def test_json_lines_come_back_as_they_were(tmp_path: Path, result: LocalizationResult) -> None:
    write_results(result, tmp_path / "a.jsonl")
    read = read_results(tmp_path / "a.jsonl")
    assert read.header == result.header
    assert read.duration_s == result.duration_s
    assert [frame.time_s for frame in read.frames] == [frame.time_s for frame in result.frames]
    old = [one for frame in result.frames for one in frame.sources] + list(result.directions)
    new = [one for frame in read.frames for one in frame.sources] + list(read.directions)
    for before, after in zip(old, new, strict=True):
        np.testing.assert_allclose(after.direction, before.direction, atol=1e-5)
        assert (after.id, after.score) == (before.id, before.score)
        np.testing.assert_allclose(after.mirror, before.mirror, atol=1e-5)


def test_json_lines_are_a_header_frames_and_a_summary(tmp_path: Path, result: LocalizationResult) -> None:
    write_results(result, tmp_path / "a.jsonl")
    header, *frames, last = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert header["schema"] == "anydoa-results-1"
    assert "anticlockwise" in header["frame_convention"]
    assert "centre" in header["time_convention"]
    assert header["array_hash"] == HEADER.array_hash
    assert [frame["time_s"] for frame in frames] == [0.096, 0.192, 0.288]
    assert frames[0]["sources"][0] == {
        "id": 0,
        "azimuth_deg": 40.25,
        "elevation_deg": 3.5,
        "xyz": [0.76181, 0.64492, 0.06105],
        "score": 0.81,
        "mirror": [{"azimuth_deg": 40.25, "elevation_deg": -3.5, "xyz": [0.76181, 0.64492, -0.06105]}],
    }
    assert list(last) == ["summary"]
    assert last["summary"]["sources"][0]["azimuth_deg"] == 40.0


def test_csv_has_a_row_for_every_source() -> None:
    file = io.StringIO()
    writer = CsvWriter(file, HEADER)
    writer.write(FrameResult(1.5, (source(90, score=0.25), source(-90, id=1))))
    writer.write(FrameResult(1.6, ()))
    writer.finish(ResultSummary((), 2.0))
    assert file.getvalue().splitlines() == [
        "time_s,id,azimuth_deg,elevation_deg,x,y,z,score",
        "1.5000,0,90.00,0.00,0.00000,1.00000,0.00000,0.2500",
        "1.5000,1,-90.00,0.00,0.00000,-1.00000,0.00000,0.5000",
    ]


@pytest.mark.parametrize(
    ("azimuth_deg", "elevation_deg", "told"),
    [
        (-179.997, -0.001, ["180.00", "0.00"]),
        (-179.99, 0.0, ["-179.99", "0.00"]),
        (-0.001, -89.9, ["0.00", "-89.90"]),
    ],
)
def test_what_is_rounded_stays_in_the_range_that_the_header_promises(
    azimuth_deg: float, elevation_deg: float, told: list[str]
) -> None:
    lines, rows = io.StringIO(), io.StringIO()
    for writer in (JsonLinesWriter(lines, HEADER), CsvWriter(rows, HEADER)):
        writer.write(FrameResult(0.1, (source(azimuth_deg, elevation_deg),)))
    (one,) = json.loads(lines.getvalue().splitlines()[1])["sources"]
    assert [f"{one[angle]:.2f}" for angle in ("azimuth_deg", "elevation_deg")] == told
    assert rows.getvalue().splitlines()[1].split(",")[2:4] == told
    assert repr(source(-179.97, -0.01)) == "Source(azimuth 180.0°, elevation 0.0°, score 0.50)"


def test_dcase_has_whole_degrees_and_frames_of_100_ms() -> None:
    file = io.StringIO()
    writer = DcaseWriter(file, HEADER)
    writer.write(FrameResult(0.02, (source(10),)))
    writer.write(FrameResult(0.06, (source(20.4, -7.6, id=3),)))
    writer.write(FrameResult(0.25, (source(180),)))
    writer.write(FrameResult(0.30, ()))
    writer.write(FrameResult(0.45, (source(-179.7), source(5, id=1))))
    writer.finish(ResultSummary((), 0.5))
    rows = ["0,0,3,20,-8", "2,0,0,-180,0", "4,0,0,-180,0", "4,0,1,5,0"]
    assert file.getvalue().splitlines() == rows


def test_angles_come_from_the_direction() -> None:
    one = source(-135, 30)
    assert (one.azimuth_deg, one.elevation_deg) == (pytest.approx(-135), pytest.approx(30))


def test_sources_and_results_read_well(result: LocalizationResult) -> None:
    assert repr(source(40.24, 3.06, score=0.814)) == "Source(azimuth 40.2°, elevation 3.1°, score 0.81)"
    assert repr(result).startswith("LocalizationResult(meeting.wav, 0.4 s, 3 frames: Source(azimuth 40.0°")


def test_an_unknown_format_is_refused(tmp_path: Path, result: LocalizationResult) -> None:
    with pytest.raises(ConfigError, match="json, csv, dcase, rttm, got 'xml'; take one"):
        write_results(result, tmp_path / "a.xml", format="xml")


@pytest.mark.parametrize(
    "text", ["", "{}", "{}\n{}", "[]\n[]", "hello\nworld", '{"schema": "anydoa-results-1"}\n{"summary": {}}']
)
def test_what_are_no_results_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(ConfigError, match=r"a\.jsonl"):
        read_results(tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"score": ', '"score": "high", "other": ', "could not convert string to float: 'high'"),
        ('"id": 1', '"id": 0', "two talkers have the same id"),
        ('"id": 1', '"id": Infinity', "cannot convert float infinity to integer"),
        ('"time_s": 0.1,', '"time_s": "soon",', "could not convert string to float: 'soon'"),
        ('"duration_s": ', '"duration_s": "long", "other": ', "could not convert string to float: 'long'"),
        ('"xyz": [', '"xyz": [0, ', "a direction has 3 coordinates"),
    ],
)
def test_results_with_a_value_that_cannot_be_are_refused(
    tmp_path: Path, talkers: LocalizationResult, old: str, new: str, reason: str
) -> None:
    write_results(talkers, tmp_path / "a.jsonl")
    text = (tmp_path / "a.jsonl").read_text()
    assert old in text
    (tmp_path / "a.jsonl").write_text(text.replace(old, new))
    with pytest.raises(ConfigError, match=rf"a\.jsonl: not the results of one recording \(.*{reason}"):
        read_results(tmp_path / "a.jsonl")


def test_results_cut_off_before_their_summary_are_refused(tmp_path: Path, result: LocalizationResult) -> None:
    write_results(result, tmp_path / "a.jsonl")
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    (tmp_path / "a.jsonl").write_text("\n".join(lines[:-1]))
    with pytest.raises(ConfigError, match="written to the end"):
        read_results(tmp_path / "a.jsonl")


def test_two_recordings_in_one_file_are_read_by_the_reader_of_many(
    tmp_path: Path, result: LocalizationResult
) -> None:
    write_results(result, tmp_path / "one.jsonl")
    (tmp_path / "two.jsonl").write_text(2 * (tmp_path / "one.jsonl").read_text())
    with pytest.raises(ConfigError, match=r"two\.jsonl: holds several recordings; take read_all_results"):
        read_results(tmp_path / "two.jsonl")
    assert [one.header for one in read_all_results(tmp_path / "two.jsonl")] == [HEADER, HEADER]


def test_blank_lines_say_nothing(tmp_path: Path, result: LocalizationResult) -> None:
    path = tmp_path / "a.jsonl"
    write_results(result, path)
    path.write_text("\n" + path.read_text().replace("\n", "\n  \n") + "\n\n")
    assert len(read_results(path).frames) == 3
    assert [len(one.frames) for one in read_all_results(path)] == [3]


def test_results_of_another_schema_are_refused(tmp_path: Path, result: LocalizationResult) -> None:
    write_results(result, tmp_path / "a.jsonl")
    text = (tmp_path / "a.jsonl").read_text().replace("anydoa-results-1", "anydoa-results-9")
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(ConfigError, match="anydoa-results-9"):
        read_results(tmp_path / "a.jsonl")


def test_missing_results_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_results(tmp_path / "none.jsonl")


def tracked() -> FrameResult:
    """One who talks and one in a pause."""
    talks, pauses = source(40), source(-120, id=1)
    return FrameResult(
        0.096,
        (
            Source(talks.direction, 0.8, 0, (), activity=0.97),
            Source(pauses.direction, 0.01, 1, (), activity=0.02),
        ),
    )


def test_tracked_talkers_say_whether_they_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write_results(LocalizationResult(HEADER, (tracked(),), (), 0.4), path)
    line = json.loads(path.read_text().splitlines()[1])
    assert [(one["activity"], one["active"]) for one in line["sources"]] == [(0.97, True), (0.02, False)]
    read = read_results(path).frames[0].sources
    assert [(one.activity, one.active) for one in read] == [(0.97, True), (0.02, False)]


def test_untracked_sources_always_sound_and_do_not_say_so(tmp_path: Path, result: LocalizationResult) -> None:
    write_results(result, tmp_path / "a.jsonl")
    assert "activity" not in (tmp_path / "a.jsonl").read_text()
    assert all(
        one.active and one.activity is None for one in read_results(tmp_path / "a.jsonl").frames[0].sources
    )


def test_tables_of_tracked_talkers_have_a_column_for_it() -> None:
    file = io.StringIO()
    CsvWriter(file, HEADER, tracked=True).write(tracked())
    names, talks, pauses = file.getvalue().splitlines()
    assert names == "time_s,id,azimuth_deg,elevation_deg,x,y,z,score,activity,active"
    assert talks.endswith(",0.8000,0.970,1")
    assert pauses.endswith(",0.0100,0.020,0")


def test_a_whole_result_of_tracked_talkers_is_a_table_with_that_column(tmp_path: Path) -> None:
    frames = (tracked(), FrameResult(0.192, (source(40),)))
    result = LocalizationResult(HEADER, frames, (), 0.4)
    write_results(result, tmp_path / "a.csv", format="csv", zones=[Zone("desk", (20, 60))])
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["activity"], row["active"], row["zone"]) for row in rows] == [
        ("0.970", "1", "desk"),
        ("0.020", "0", ""),
        ("", "", "desk"),
    ]


def test_who_enters_and_leaves_zones_comes_back(tmp_path: Path) -> None:
    events = (ZoneEvent("desk", 0, entered=True), ZoneEvent("door", 1, entered=False))
    frames = (replace(tracked(), events=events), FrameResult(0.192, ()))
    write_results(LocalizationResult(HEADER, frames, (), 0.4), tmp_path / "a.jsonl")
    assert [frame.events for frame in read_results(tmp_path / "a.jsonl").frames] == [events, ()]


def test_dcase_lists_only_those_who_sound() -> None:
    file = io.StringIO()
    writer = DcaseWriter(file, HEADER, tracked=True)
    writer.write(tracked())
    writer.finish(ResultSummary((), 0.4))
    assert file.getvalue() == "0,0,0,40,0\n"


def test_dcase_has_no_place_for_zones(tmp_path: Path, result: LocalizationResult) -> None:
    zones = [Zone("desk", (20, 60))]
    with pytest.raises(ConfigError, match="no place for zones; take json, csv or rttm"):
        write_results(result, tmp_path / "a.csv", format="dcase", zones=zones)
    assert not (tmp_path / "a.csv").exists()


def test_warnings_come_back_as_they_were(tmp_path: Path) -> None:
    line = "channel 3 never changes; is that microphone connected and unmuted?"
    write_results(LocalizationResult(HEADER, (), (), 0.4, (line,)), tmp_path / "a.jsonl")
    assert read_results(tmp_path / "a.jsonl").warnings == (line,)


TIMES_S = 0.1 * np.arange(40)


def stays(id: int, azimuth_deg: float, *turns: Turn) -> Talker:
    """A talker in one place, heard in every other frame of its turns."""
    frames = [
        index for index, time_s in enumerate(TIMES_S) if any(t.begin_s <= time_s <= t.end_s for t in turns)
    ]
    scores = np.where(np.arange(len(frames)) % 2, 0.0, 0.5)
    places = np.tile(angles_deg_to_direction(azimuth_deg, 0), (len(frames), 1))
    return Talker(id, TalkerPath(TIMES_S[frames], places, scores), turns)


@pytest.fixture
def talkers() -> LocalizationResult:
    """Two talkers, one at a time but for half a second, and a word of the first later on."""
    first = stays(
        0, 40, Turn(TIMES_S[2], TIMES_S[15], 0.7), Turn(TIMES_S[30], TIMES_S[30], 0.1, is_brief=True)
    )
    second = stays(1, -80, Turn(TIMES_S[10], TIMES_S[25], 0.8))
    frames = frames_of_talkers(TIMES_S, (first, second), lambda direction: (-direction,))
    return LocalizationResult(HEADER, tuple(frames), (), 4.0, talkers=(first, second))


def test_frames_name_the_talkers_whose_turn_it_is_strongest_first(talkers: LocalizationResult) -> None:
    ids = [tuple(one.id for one in frame.sources) for frame in talkers.frames]
    assert [ids[index] for index in (0, 2, 9, 10, 11, 16, 26, 30)] == [
        (),
        (0,),
        (0,),
        (0, 1),
        (0, 1),
        (1,),
        (),
        (0,),
    ]
    source = talkers.frames[2].sources[0]
    assert (source.score, source.azimuth_deg) == (0.5, pytest.approx(40))
    np.testing.assert_allclose(source.mirror[0], -source.direction)
    assert talkers.frames[3].sources[0].score == 0


def test_rttm_has_a_line_a_turn(tmp_path: Path, talkers: LocalizationResult) -> None:
    write_results(talkers, tmp_path / "a.rttm", format="rttm")
    assert (tmp_path / "a.rttm").read_text() == (
        "SPEAKER meeting 1 0.200 1.300 <NA> <NA> talker_0 <NA> <NA>\n"
        "SPEAKER meeting 1 1.000 1.500 <NA> <NA> talker_1 <NA> <NA>\n"
        "SPEAKER meeting 1 3.000 0.100 <NA> <NA> talker_0 <NA> <NA>\n"
    )


def test_names_in_rttm_are_one_word(tmp_path: Path, talkers: LocalizationResult) -> None:
    header = replace(HEADER, file="mic 0.wav and 3 more")
    write_results(replace(talkers, header=header), tmp_path / "a.rttm", format="rttm")
    rows = [line.split() for line in (tmp_path / "a.rttm").read_text().splitlines()]
    assert {len(row) for row in rows} == {10}
    assert {row[1] for row in rows} == {"mic_0"}


def test_talkers_come_back_from_json_lines_as_they_were(tmp_path: Path, talkers: LocalizationResult) -> None:
    write_results(talkers, tmp_path / "a.jsonl")
    read = read_results(tmp_path / "a.jsonl").talkers
    assert [repr(talker) for talker in read] == [repr(talker) for talker in talkers.talkers]
    for after, before in zip(read, talkers.talkers, strict=True):
        assert [turn.is_brief for turn in after.turns] == [turn.is_brief for turn in before.turns]
        for one, other in zip(after.turns, before.turns, strict=True):
            assert (one.begin_s, one.end_s, one.heard_s) == pytest.approx(
                (other.begin_s, other.end_s, other.heard_s)
            )
        np.testing.assert_allclose(after.path.times_s, before.path.times_s)
        np.testing.assert_allclose(after.path.directions, before.path.directions, atol=1e-5)
        np.testing.assert_allclose(after.path.scores, before.path.scores)
    summary = json.loads((tmp_path / "a.jsonl").read_text().splitlines()[-1])["summary"]
    assert [talker["stays"] for talker in summary["talkers"]] == [True, True]
    assert summary["talkers"][1]["turns"][0]["to"]["azimuth_deg"] == -80


def test_the_number_of_a_source_in_dcase_is_its_talker(tmp_path: Path, talkers: LocalizationResult) -> None:
    write_results(talkers, tmp_path / "a.csv", format="dcase")
    rows = [line.split(",") for line in (tmp_path / "a.csv").read_text().splitlines()]
    assert {(row[2], row[3]) for row in rows} == {("0", "40"), ("1", "-80")}


def test_results_from_before_talkers_were_told_have_none(tmp_path: Path, result: LocalizationResult) -> None:
    write_results(result, tmp_path / "a.jsonl")
    text = (tmp_path / "a.jsonl").read_text().replace(', "talkers": []', "")
    assert "talkers" not in text
    (tmp_path / "a.jsonl").write_text(text)
    assert read_results(tmp_path / "a.jsonl").talkers == ()

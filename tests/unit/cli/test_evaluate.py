"""`anydoa evaluate` as a person types it."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
import soundfile

from anydoa.cli import main
from anydoa.evaluation.record import read_record
from voices import write_corpus

EXAMPLES = Path(__file__).parents[3] / "examples"
GRID = ["--grid", "fibonacci:256"]
FIRST_S = 2.4  # of the example: one talker speaks


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with the beginning of the example, where it does not matter how well it is heard."""
    folder = tmp_path_factory.mktemp("suites") / "examples"
    folder.mkdir()
    shutil.copy(EXAMPLES / "two_talkers.array.toml", folder)
    audio, rate = soundfile.read(EXAMPLES / "two_talkers.wav", dtype="int16")
    soundfile.write(folder / "two_talkers.wav", audio[: round(FIRST_S * rate)], rate)
    truth = json.loads((EXAMPLES / "two_talkers.truth.json").read_text())
    (first,) = (source for source in truth["sources"] if source["spans_s"][0][0] < FIRST_S)
    first["spans_s"] = [[first["spans_s"][0][0], FIRST_S]]
    shortened = {**truth, "duration_s": FIRST_S, "sources": [first]}
    (folder / "two_talkers.truth.json").write_text(json.dumps(shortened))
    return str(folder)


def test_a_suite_becomes_rows_of_json(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "--suite", "dynamic-s", "--speech", str(corpus), "--cache", str(corpus / "cache")]
    estimators = ["--estimator", "srp-phat", "--estimator", "music", "--look-ahead", "0"]
    assert main([*words, *estimators, "--limit", "2", "--format", "json", *GRID]) == 0
    output = capsys.readouterr()
    rows = json.loads(output.out)
    assert [(row["estimator"], row["suite"], row["talkers"], row["clips"]) for row in rows] == [
        (name, "dynamic-s", talkers, 2) for talkers in (1, 2) for name in ("srp-phat", "music")
    ]
    for row in rows:
        assert 0 < row["mae_deg"] < 180
        assert row["mae_ci95"] > 0
        assert 0 <= row["acc10"] <= 1
        assert row["real_time_factor"] > 0


def test_clips_have_the_length_asked_for_and_the_table_says_it(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "--suite", "array:linear-4", "--speech", str(corpus), "--duration", "0.5"]
    assert main([*words, "--estimator", "srp-phat-published", "--limit", "1", "--format", "json", *GRID]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["estimator"], row["clip_s"]) for row in rows] == 2 * [("srp-phat-published", 0.5)]


def test_a_folder_of_recordings_is_a_suite(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "--suite", str(EXAMPLES), "--estimator", "srp-phat", "--look-ahead", "0"]
    words += ["--format", "csv", "--quiet"]
    assert main(words) == 0
    output = capsys.readouterr()
    (row,) = csv.DictReader(io.StringIO(output.out))
    assert (row["suite"], row["talkers"], row["clips"]) == ("examples", "2", "1")
    assert float(row["recording_mae_deg"]) < 5
    assert not output.err


@pytest.mark.parametrize(
    ("words", "ahead"),
    [([], [False, True]), (["--look-ahead", "0"], [False]), (["--look-ahead", "all"], [True])],
)
def test_rows_are_causal_and_with_all_look_ahead_unless_one_is_asked_for(
    words: list[str], ahead: list[bool], short: str, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = ["evaluate", "--suite", short, "--estimator", "steered", "--format", "csv", "--quiet"]
    assert main([*suite, *words, *GRID]) == 0
    rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert [float(row["look_ahead_s"]) > 0 for row in rows] == ahead


@pytest.mark.parametrize("form", [[], ["--format", "markdown"]])
def test_causes_are_a_second_table(form: list[str], short: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "--suite", short, "--estimator", "srp-phat", "--causes", *form]
    assert main([*words, *GRID]) == 0
    output = capsys.readouterr().out
    assert output.index("ACC10 %") < output.index("of MAE %") < output.index("near miss")


def test_causes_in_a_file_leave_the_rows_as_they_are(
    tmp_path: Path, short: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "--suite", short, "--estimator", "srp-phat", "--format", "json", *GRID]
    assert main([*words, "--look-ahead", "0", "--causes-json", str(tmp_path / "causes.json")]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    causes = json.loads((tmp_path / "causes.json").read_text())
    assert "causes" not in row
    assert sum(cause["error_deg"] for cause in causes) == pytest.approx(row["mae_deg"], abs=1e-3)


@pytest.mark.parametrize("form", [[], ["--format", "markdown"]])
def test_a_person_gets_a_table(form: list[str], short: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "--suite", short, "--estimator", "srp-phat", "--rule", "maxima", *form]
    assert main([*words, *GRID]) == 0
    output = capsys.readouterr().out
    assert all(word in output for word in ("srp-phat", "examples", "ACC10 %", "RTF"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--suite", "dynamic-x"], "no suite or folder is called 'dynamic-x'"),
        (["--suite", str(EXAMPLES), "--estimator", "srp-fat"], "srp-phat"),
        (["--suite", str(EXAMPLES), "--format", "xml"], "'xml' is not one of"),
        (["--suite", str(EXAMPLES), "--format", "json", "--causes"], "give --causes-json FILE"),
        (["--suite", str(EXAMPLES), "--causes-json", "nowhere/f.json"], "nowhere/f.json: cannot be written"),
        (["--suite", str(EXAMPLES), "--rule", "best"], "'best' is not one of"),
        (["--suite", "dynamic-s", "--speech", "nowhere"], "nowhere: no such folder"),
        (["--suite", f"locata:{EXAMPLES}"], "no LOCATA recording"),
        (["--suite", str(EXAMPLES), "--limit", "0"], "limit"),
        (["--suite", str(EXAMPLES), "--look-ahead", "some"], "look-ahead is all, 0 or a number of seconds"),
        (["--suite", str(EXAMPLES), "--duration", "4"], "only simulated clips have a duration to choose"),
        (["--suite", str(EXAMPLES), "--seed", "2"], "only simulated clips have a seed to choose, got 2"),
        (["--suite", "dynamic-s", "--duration", "0"], "must be within 0.1 to 600 s, got 0"),
        ([], "--suite"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_two(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", *words]) == 2
    output = capsys.readouterr()
    assert message in output.err
    assert not output.out


def test_a_measurement_is_kept_with_its_command(
    tmp_path: Path, short: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "--suite", short, "--estimator", "srp-phat", "--look-ahead", "0", *GRID]
    assert main([*words, "--record", str(tmp_path / "examples.json"), "--quiet", "--format", "json"]) == 0
    record = read_record(tmp_path / "examples.json")
    (row,) = record.rows
    (printed,) = json.loads(capsys.readouterr().out)
    assert row == {**printed, "grid": "fibonacci:256", "rule": "published"}
    assert record.seed is None  # nothing is drawn
    assert record.command == (
        "anydoa evaluate --suite DIR --estimator srp-phat --look-ahead 0 --grid fibonacci:256 "
        "--quiet --format json"
    )

"""`anydoa locate` as a user runs it: words in, lines and exit codes out."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from free_field import plane_wave

from anydoa.cli import main
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.layouts import circular_positions, tetrahedral_positions
from anydoa.io.array_file import save_array
from anydoa.io.result_files import read_results
from properties.strategies import make_scene

RATE = 16_000
BALL = MicrophoneArray(np.concatenate([tetrahedral_positions(0.08), -tetrahedral_positions(0.1)]), "ball")
RING = MicrophoneArray(circular_positions(6, 0.0463), "ring")
PAIR = MicrophoneArray(np.array([[0.0, 0.05, 0.0], [0.0, -0.05, 0.0]]), "pair")  # where time matters most
QUICK = ["--estimator", "srp-phat", "--grid", "fibonacci:400"]  # where it does not matter how well


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Arrays and a recording of each: one talker left, then one right."""
    path = tmp_path_factory.mktemp("sounds")
    for array in (BALL, RING, PAIR):
        save_array(array, path / f"{array.name}.toml")
        soundfile.write(path / f"{array.name}.wav", in_turn(array).T, RATE, subtype="FLOAT")
    return path


@pytest.fixture
def folder(sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the arrays and their recordings."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(sounds, tmp_path, dirs_exist_ok=True)
    return tmp_path


def in_turn(array: MicrophoneArray) -> np.ndarray:
    left, right = angles_deg_to_direction(70, 15), angles_deg_to_direction(-50, 25)
    talks = [
        make_scene(np.random.default_rng(seed), array, direction, seconds=1.5).audio
        for seed, direction in enumerate((left, right))
    ]
    return np.concatenate(talks, axis=1)


def test_the_table_names_directions_and_times(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["locate", "ball.wav", "--array", "ball.toml"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "ball.wav: 3.0 s, ball, steered, fibonacci:2048"
    rows = [line.replace("°", "").replace(" s", "").split() for line in lines]
    summary = np.array(sorted((row for row in rows[2:4]), key=lambda row: float(row[0])), dtype=float)
    np.testing.assert_allclose(summary[:, :2], [[-50, 25], [70, 15]], atol=2)
    turns = np.array([row for row in rows[6:8]], dtype=float)
    np.testing.assert_allclose(turns[:, 3:5], [[70, 15], [-50, 25]], atol=2)
    np.testing.assert_allclose(turns[:, :3], [[0, 0.1, 1.5], [1, 1.5, 3.0]], atol=0.5)
    assert "mirrored" not in out
    assert err == ""


def test_a_flat_array_says_what_it_cannot_tell(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["locate", "ring.wav", "--array", "ring.toml"]) == 0
    out = capsys.readouterr().out
    assert out.count("mirrored") == 2
    assert "a direction and its mirror image sound alike; a grid of one side settles it" in out
    assert main(["locate", "ring.wav", "--array", "ring.toml", "--grid", "hemisphere:1024,up"]) == 0
    assert "mirror" not in capsys.readouterr().out


def test_json_on_standard_output_is_complete(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["locate", "ball.wav", "--array", "ball.toml", "--format", "json", "-o", "-"]) == 0
    out, err = capsys.readouterr()
    (folder / "piped.jsonl").write_text(out)
    result = read_results(folder / "piped.jsonl")
    assert result.header.file == "ball.wav"
    assert len(result.directions) == 2
    assert len(result.frames) == 31
    assert err == ""


@pytest.mark.parametrize(("words", "ahead_s"), [("0", 0), ("0.3", 0.288), ("all", 0.864), (None, 0.864)])
@pytest.mark.usefixtures("folder")
def test_frames_are_judged_by_as_much_later_sound_as_is_said(
    words: str | None, ahead_s: float, capsys: pytest.CaptureFixture[str]
) -> None:
    option = [] if words is None else ["--look-ahead", words]
    output = ["--estimator", "srp-phat", "--format", "json", "-o", "-"]
    assert main(["locate", "ball.wav", "--array", "ball.toml", *output, *option]) == 0
    header, *frames = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert header["look_ahead_s"] == pytest.approx(ahead_s)
    times_s = [frame["time_s"] for frame in frames if "sources" in frame and "time_s" in frame]
    assert len(times_s) == 31
    np.testing.assert_allclose(times_s, 0.096 * np.arange(1, 32), atol=1e-3)


def test_several_recordings_as_json_follow_one_another(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "again.wav").write_bytes((folder / "ball.wav").read_bytes())
    assert (
        main(
            ["locate", "ball.wav", "again.wav", "--array", "ball.toml", *QUICK, "--format", "json", "-o", "-"]
        )
        == 0
    )
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["file"] for line in lines if "schema" in line] == ["ball.wav", "again.wav"]
    assert sum("summary" in line for line in lines) == 2


def test_frames_go_beside_each_recording_unless_told_otherwise(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "sub").mkdir()
    (folder / "sub/again.wav").write_bytes((folder / "ball.wav").read_bytes())
    assert (
        main(["locate", "ball.wav", "sub/again.wav", "--array", "ball.toml", *QUICK, "--format", "json"]) == 0
    )
    assert len(read_results(folder / "sub/again.jsonl").directions) == 2
    assert len(read_results(folder / "ball.jsonl").directions) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", "wrote ball.jsonl\nwrote sub/again.jsonl\n")


def test_several_recordings_go_to_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "again.wav").write_bytes((folder / "pair.wav").read_bytes())
    words = [
        "locate",
        "pair.wav",
        "again.wav",
        "--array",
        "pair.toml",
        *QUICK,
        "--format",
        "csv",
        "-o",
        "new/out",
        "--plot",
        "new",
    ]
    assert main(words) == 0
    assert (folder / "new/out/pair.csv").read_bytes() == (folder / "new/out/again.csv").read_bytes()
    assert {path.name for path in (folder / "new").glob("*.png")} == {"pair.png", "again.png"}
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("wrote ") == 4
    quietly = ["--format", "csv", "-o", "quiet.csv", "--plot", "quiet.png", "--quiet"]
    assert main(["locate", "pair.wav", "--array", "pair.toml", *QUICK, *quietly]) == 0
    assert capsys.readouterr() == ("", "")
    assert (folder / "quiet.csv").exists()
    assert (folder / "quiet.png").exists()


def test_a_name_that_ends_in_a_slash_is_a_folder_which_is_made(folder: Path) -> None:
    words = ["--array", "pair.toml", *QUICK, "--format", "csv", "-o", "results/", "--plot", "new/pictures/"]
    for name in ("pair.wav", "again.wav"):
        (folder / name).write_bytes((folder / "pair.wav").read_bytes())
        assert main(["locate", name, *words, "--quiet"]) == 0
    assert {path.name for path in (folder / "results").iterdir()} == {"pair.csv", "again.csv"}
    assert {path.name for path in (folder / "new/pictures").iterdir()} == {"pair.png", "again.png"}


def test_rttm_has_a_line_for_each_talker_in_turn(folder: Path) -> None:
    assert main(["locate", "ball.wav", "--array", "ball.toml", "--format", "rttm"]) == 0
    first, second = [line.split() for line in (folder / "ball.rttm").read_text().splitlines()]
    assert [row[7] for row in (first, second)] == ["talker_0", "talker_1"]
    assert [float(first[3]), float(second[3])] == pytest.approx([0.1, 1.5], abs=0.3)
    assert {row[1] for row in (first, second)} == {"ball"}


@pytest.mark.parametrize(("form", "columns"), [("csv", 8), ("dcase", 5)])
def test_rows_have_their_columns(
    folder: Path, capsys: pytest.CaptureFixture[str], form: str, columns: int
) -> None:
    assert (
        main(["locate", "ball.wav", "--array", "ball.toml", *QUICK, "--format", form, "-o", "rows.csv"]) == 0
    )
    rows = (folder / "rows.csv").read_text().splitlines()
    assert len(rows) > 20
    assert {row.count(",") + 1 for row in rows} == {columns}


def test_a_picture_is_drawn(folder: Path) -> None:
    assert main(["locate", "ball.wav", "--array", "ball.toml", "--plot", "deep/ball.png"]) == 0
    content = (folder / "deep/ball.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 50_000


def test_a_picture_of_the_mask_is_drawn_beside_the_other(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "pictures").mkdir()
    words = ["locate", "ball.wav", "--array", "ball.toml", "--plot", "pictures", "--plot-mask", "masks/"]
    assert main(words) == 0
    assert [path.name for path in (folder / "pictures").iterdir()] == ["ball.png"]
    content = (folder / "masks/ball.mask.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 50_000
    assert capsys.readouterr().err.splitlines() == [
        "wrote pictures/ball.png",
        "wrote masks/ball.mask.png",
    ]


# A steered spectrum is empty where nobody was found, so it cannot be made to name a third talker of two.
@pytest.mark.parametrize(("estimator", "count"), [("steered", "1"), ("srp-phat", "1"), ("srp-phat", "3")])
def test_the_number_of_sources_can_be_told(
    folder: Path, capsys: pytest.CaptureFixture[str], estimator: str, count: str
) -> None:
    words = ["--estimator", estimator, "--sources", count, "--format", "json", "-o", "-"]
    assert main(["locate", "ball.wav", "--array", "ball.toml", *words]) == 0
    *frames, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()][1:]
    assert len(last["summary"]["sources"]) == int(count)
    names = {talker["id"] for talker in last["summary"]["talkers"]}
    assert 1 <= len(names) <= int(count)
    assert {source["id"] for frame in frames for source in frame["sources"]} == names
    assert np.mean([len(frame["sources"]) for frame in frames]) > 0.7


def test_any_sound_is_looked_for_on_request(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left = angles_deg_to_direction(70, 15)
    saw = 0.1 * np.random.default_rng(0).standard_normal(2 * RATE)
    saw[np.arange(len(saw)) % 8000 > 6000] *= 0.01
    soundfile.write(folder / "saw.wav", plane_wave(BALL, left, saw).T, RATE, subtype="FLOAT")
    words = ["--array", "ball.toml", "--sounds", "any", "--format", "json", "-o", "-"]
    assert main(["locate", "saw.wav", *words]) == 0
    header, *frames, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert header["estimator"] == "steered-any"
    assert np.mean([len(frame["sources"]) == 1 for frame in frames]) > 0.8
    (found,) = last["summary"]["sources"]
    assert found["azimuth_deg"] == pytest.approx(70, abs=3)


def test_channels_without_microphone_can_be_ignored(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    playback = np.random.default_rng(0).standard_normal((2, 3 * RATE)).astype(np.float32)
    audio = in_turn(RING)
    soundfile.write("last.wav", np.concatenate([audio, playback]).T, RATE, subtype="FLOAT")
    soundfile.write("ends.wav", np.concatenate([playback[:1], audio, playback[1:]]).T, RATE, subtype="FLOAT")
    np.savetxt("plain.csv", RING.positions, delimiter=",", header="x,y,z")  # says no channels
    assert main(["locate", "ring.wav", "--array", "ring.toml", *QUICK]) == 0
    expected = capsys.readouterr().out.splitlines()[1:]
    for name, array, ignored in (("last", "ring.toml", "6,7"), ("ends", "plain.csv", "0,7")):
        words = ["--array", array, "--ignore-channels", ignored]
        assert main(["locate", f"{name}.wav", *words, *QUICK]) == 0
        assert capsys.readouterr().out.splitlines()[1:] == expected


def test_a_microphone_that_an_array_has_on_a_channel_stays_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write("eight.wav", np.zeros((RATE, 8)), RATE)
    assert main(["locate", "eight.wav", "--array", "respeaker-6", "--ignore-channels", "3,7"]) == 2
    assert capsys.readouterr().err == (
        "error: channel 3 is microphone 3 of 'respeaker-6'; to do without it, or to give it another channel, "
        "change its [[microphone]] in an array file, which `anydoa array convert respeaker-6 -o OUT.toml` "
        "writes\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "res.jsonl"], "several recordings go into a folder, but res.jsonl is named as a file"),
        (["-o", "new/res.rttm"], "new/res.rttm is named as a file; name a folder, as in new/res"),
        (["--plot", "pic.svg"], "pic.svg is named as a file; name a folder, as in pic"),
        (["--plot-mask", "pic.png"], "pic.png is named as a file"),
    ],
)
def test_several_recordings_make_no_folder_that_is_named_as_a_file(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    shutil.copy("pair.wav", "again.wav")
    command = ["locate", "pair.wav", "again.wav", "--array", "pair.toml", "--format", "json"]
    assert main([*command, *words]) == 2
    assert message in capsys.readouterr().err
    assert not Path(words[1]).exists()


def test_a_folder_may_be_named_as_a_file_if_it_is_there_or_said(folder: Path) -> None:
    shutil.copy("pair.wav", "again.wav")
    command = ["locate", "pair.wav", "again.wav", "--array", "pair.toml", *QUICK, "--format", "csv", "-q"]
    Path("there.jsonl").mkdir()
    for target in ("there.jsonl", "said.csv/"):
        assert main([*command, "-o", target]) == 0
        assert sorted(path.name for path in Path(target).iterdir()) == ["again.csv", "pair.csv"]


@pytest.mark.parametrize(
    ("form", "name", "message"),
    [
        ("json", "out.csv", "--format json would be written to out.csv, named as csv; end it in .jsonl"),
        ("csv", "out.JSON", "named as json; end it in .csv, or say --format json"),
        ("dcase", "out.rttm", "named as rttm; end it in .csv, or say --format rttm"),
        ("rttm", "out.jsonl", "named as json; end it in .rttm, or say --format json"),
    ],
)
def test_a_name_that_says_another_format_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], form: str, name: str, message: str
) -> None:
    assert main(["locate", "ball.wav", "--array", "ball.toml", "--format", form, "-o", name]) == 2
    assert message in capsys.readouterr().err
    assert not Path(name).exists()


def test_any_other_name_is_left_to_the_user(folder: Path) -> None:
    words = ["locate", "pair.wav", "--array", "pair.toml", *QUICK, "-q"]
    for form, name in (("json", "a.json"), ("dcase", "a.csv"), ("csv", "a.txt"), ("rttm", "turns")):
        assert main([*words, "--format", form, "-o", name]) == 0
        assert Path(name).is_file()


def test_zones_have_no_place_in_dcase(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("zones.toml").write_text('[[zone]]\nname = "desk"\nazimuth = [20, 60]\n')
    words = ["locate", "ball.wav", "--array", "ball.toml", "--zones", "zones.toml", "--format", "dcase"]
    assert main(words) == 2
    expected = "error: the DCASE format has no place for zones; take json, csv or rttm\n"
    assert capsys.readouterr().err == expected


def test_a_warning_of_the_file_is_no_reason_for_silence(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal((RATE, 8))
    soundfile.write("first.wav", noise[:, :4], RATE)
    soundfile.write("second.wav", noise[:-80, 4:], RATE)
    assert main(["locate", "--join", "first.wav", "second.wav", "--array", "ball.toml"]) == 0
    out, err = capsys.readouterr()
    assert "the joined files differ by 0.0050 s" in err
    assert "reaches the threshold of steered; --sources 1 gives the likeliest, `anydoa doctor` checks" in out


def test_one_file_a_microphone_is_located_as_one_recording(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audio, _ = soundfile.read("ball.wav", always_2d=True)
    names = [f"mic{number}.wav" for number in range(audio.shape[1])]
    for name, channel in zip(names, audio.T, strict=True):
        soundfile.write(name, channel, RATE, subtype="FLOAT")
    words = ["--array", "ball.toml", "--estimator", "srp-phat", "--grid", "fibonacci:400", "--format", "json"]
    assert main(["locate", "ball.wav", *words]) == 0
    assert main(["locate", "--join", *names, *words]) == 0
    together, alone = read_results(folder / "mic0.jsonl"), read_results(folder / "ball.jsonl")
    assert together.header.file == f"mic0.wav and {len(names) - 1} more"
    assert repr(together.directions) == repr(alone.directions)
    capsys.readouterr()
    assert main(["locate", *names[:2], *words]) == 2
    assert (
        capsys.readouterr().err.count(
            "is it one file a microphone? commands that take recordings join all of them"
        )
        == 2
    )


def test_a_recording_of_just_the_microphones_is_located_when_that_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = BALL.replace(channels=tuple(range(1, 9)), ignore_channels=(0, 9))
    save_array(card, folder / "card.toml")
    words = ["locate", "ball.wav", "--array", "card.toml", "--estimator", "srp-phat"]
    assert main(words) == 2
    assert "uses 8 and ignores 2; if these are just the microphones, pass --only-microphones" in (
        capsys.readouterr().err
    )
    assert main([*words, "--only-microphones"]) == 0
    told = capsys.readouterr().out.splitlines()[1:]
    assert main(["locate", "ball.wav", "--array", "ball.toml", "--estimator", "srp-phat"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == told


def test_a_silent_channel_is_a_warning_not_an_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audio = in_turn(BALL)
    audio[3] = 0
    soundfile.write("dead.wav", audio.T, RATE)
    assert main(["locate", "dead.wav", "--array", "ball.toml"]) == 0
    assert capsys.readouterr().err.startswith("warning: dead.wav: channel 3 never changes")


@pytest.mark.parametrize("level", [0.0, 0.3])
def test_silence_is_said_in_words(folder: Path, capsys: pytest.CaptureFixture[str], level: float) -> None:
    soundfile.write("hush.wav", np.full((RATE, 8), level), RATE)
    assert main(["locate", "hush.wav", "--array", "ball.toml"]) == 0
    out, err = capsys.readouterr()
    assert "no source reaches the threshold of steered; see the warning" in out
    assert err.startswith("warning: hush.wav: no channel ever changes; is the recording muted")


def test_no_source_is_said_with_what_to_do(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write("noise.wav", 0.1 * np.random.default_rng(0).standard_normal((RATE, 8)), RATE)
    assert main(["locate", "noise.wav", "--array", "ball.toml"]) == 0
    out, err = capsys.readouterr()
    assert "reaches the threshold of steered; --sources 1 gives the likeliest, `anydoa doctor` checks" in out
    assert err == ""


def test_one_microphone_on_all_channels_is_said_and_kept_with_the_results(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write("copies.wav", np.tile(in_turn(RING)[:1], (6, 1)).T, RATE)
    assert main(["locate", "copies.wav", "--array", "ring.toml", "--format", "json", "-q"]) == 0
    err = capsys.readouterr().err
    assert err.startswith("warning: copies.wav: channels 0, 1, 2, 3, 4, 5 carry the same signal; is this one")
    (line,) = read_results(folder / "copies.jsonl").warnings
    assert err == f"warning: copies.wav: {line}\n"


def rows_of(out: str) -> tuple[list[list[str]], list[list[str]]]:
    """Rows of the table of sources and of the table of times."""
    plain = out.replace("°", "").replace(" s ", " ").splitlines()
    second = next((index for index, line in enumerate(plain) if "from" in line), len(plain))
    return [line.split() for line in plain[2:second] if line], [line.split() for line in plain[second + 1 :]]


def test_sources_stand_in_the_order_of_the_time_they_were_heard(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audio = np.concatenate([in_turn(BALL), in_turn(BALL)[:, RATE * 3 // 2 :]], axis=1)
    soundfile.write("more.wav", audio.T, RATE, subtype="FLOAT")
    assert main(["locate", "more.wav", "--array", "ball.toml"]) == 0
    first, second = rows_of(capsys.readouterr().out)[0]
    assert [float(row[0]) for row in (first, second)] == pytest.approx([-50, 70], abs=3)
    assert float(first[3].rstrip("s")) > 1.5 * float(second[3].rstrip("s"))


def test_a_source_of_the_upper_table_stands_in_the_lower_however_brief(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    word = make_scene(np.random.default_rng(3), BALL, angles_deg_to_direction(-120, 10), seconds=0.25).audio
    hush = 1e-4 * np.random.default_rng(0).standard_normal((8, RATE))
    soundfile.write("word.wav", np.concatenate([hush, word, hush[:, :3000]], axis=1).T, RATE)
    assert main(["locate", "word.wav", "--array", "ball.toml", "--estimator", "srp-phat"]) == 0
    sources, turns = rows_of(capsys.readouterr().out)
    assert len(sources) >= 1
    for source in sources:
        assert any(abs(float(turn[3]) - float(source[0])) < 12 for turn in turns if turn[0] != "and")


def test_straight_up_has_no_azimuth(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    up = make_scene(np.random.default_rng(0), BALL, np.array([0.0, 0.0, 1.0]), seconds=1.5).audio
    soundfile.write("up.wav", up.T, RATE, subtype="FLOAT")
    assert main(["locate", "up.wav", "--array", "ball.toml"]) == 0
    sources, turns = rows_of(capsys.readouterr().out)
    assert sources[0][0] == "any"
    assert float(sources[0][1]) > 86
    assert turns[0][3] == "any"


def test_a_name_that_commands_a_terminal_is_spelt_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "b\x1b[2Jall.wav"
    (folder / name).write_bytes((folder / "ball.wav").read_bytes())
    assert main(["locate", name, "--array", "ball.toml", *QUICK]) == 0
    assert capsys.readouterr().out.startswith("b\\x1b[2Jall.wav: 3.0 s")
    assert main(["locate", name, "--array", "ball.toml", *QUICK, "--format", "json"]) == 0
    assert capsys.readouterr().err == "wrote b\\x1b[2Jall.jsonl\n"
    assert main(["locate", "none\x1b[2J.wav", "--array", "ball.toml"]) == 2
    assert "\x1b" not in capsys.readouterr().err


BALL_WORDS = ["ball.wav", "--array", "ball.toml"]
MISTAKES = [
    ([], "Missing argument"),
    (["ball.wav"], "Missing option '--array'"),
    (["none.wav", "--array", "ball.toml"], "none.wav: no such file"),
    ([".", "--array", "ball.toml"], "a folder is no recording"),
    ([".", "--array", "ball.toml", "--format", "json"], ".: a folder is no recording; name"),
    (["/", "--array", "ball.toml", "--format", "csv"], "/: a folder is no recording; name"),
    (["", "--array", "ball.toml", "--plot", "out/"], "a folder is no recording; name the audio files in it"),
    (["ball.toml", "--array", "ball.toml"], "not audio that can be read"),
    (["ball.wav", "--array", "ring.toml"], "pass --ignore-channels 6,7"),
    (["ball.wav", "--array", "none.toml"], "none.toml"),
    ([*BALL_WORDS, "--array", "balll"], "balll"),
    ([*BALL_WORDS, "--grid", "fibonaci:100"], "did you mean 'fibonacci'"),
    ([*BALL_WORDS, "--estimator", "srp"], "did you mean 'srp-phat'"),
    ([*BALL_WORDS, "--estimator", "agg-rl", "--sounds", "any"], "agg-rl has learned from speech alone"),
    ([*BALL_WORDS, "--sources", "many"], "--sources must be auto or a number from 1 to 16, got 'many'"),
    ([*BALL_WORDS, "--sources", "0"], "--sources must be auto or a number from 1 to 16, got '0'"),
    ([*BALL_WORDS, "--sources", "1000000"], "from 1 to 16, got '1000000'; auto lets the sound decide"),
    ([*BALL_WORDS, "--sources", "9" * 5000], "from 1 to 16, got '9999"),
    ([*BALL_WORDS, "--ignore-channels", "six"], "--ignore-channels takes numbers of channels, got"),
    ([*BALL_WORDS, "--ignore-channels", "6-"], "--ignore-channels takes numbers of channels, got"),
    ([*BALL_WORDS, "--ignore-channels", "6", "--only-microphones"], "leave out --ignore-channels"),
    ([*BALL_WORDS, "--ignore-channels", "-1"], "--ignore-channels counts from 0"),
    ([*BALL_WORDS, "--ignore-channels", "8-12000"], "--ignore-channels goes up to 1023"),
    ([*BALL_WORDS, "--min-separation", "-5"], "min_separation_deg must be 0..180"),
    (
        [*BALL_WORDS, "--look-ahead", "nonsense"],
        "look-ahead is all, 0 or a number of seconds, got 'nonsense'",
    ),
    ([*BALL_WORDS, "--look-ahead", "-1"], "look-ahead is all, 0 or a number of seconds, got '-1'"),
    ([*BALL_WORDS, "--look-ahead", "nan"], "look-ahead is all, 0 or a number of seconds, got 'nan'"),
    (
        [*BALL_WORDS, "--format", "markdown"],
        "not one of 'table', 'json', 'csv', 'dcase', 'rttm'",
    ),
    ([*BALL_WORDS, "--output", "a.csv"], "add --format json, csv, dcase or rttm"),
    ([*BALL_WORDS, "--format", "json", "--output", "ball.wav"], "would be overwritten"),
    ([*BALL_WORDS, "--format", "json", "--output", "ball.toml/a"], "cannot be written"),
    ([*BALL_WORDS, "--plot", "a.gif"], "pictures are written as .png, .svg, .pdf"),
    ([*BALL_WORDS, "--plot-mask", "b.gif"], "b.gif: pictures are written as .png, .svg, .pdf"),
    ([*BALL_WORDS, "--plot", "a.png", "--plot-mask", "a.png"], "two results would both be a.png"),
    ([*BALL_WORDS, "--estimator", "music", "--plot-mask", "a.png"], "'music' has none; leave it out"),
    ([*BALL_WORDS, "ring.wav", "--format", "csv", "-o", "-"], "leave out -o -"),
    ([*BALL_WORDS, "-o", "-"], "needs a format"),
    (
        [*BALL_WORDS, "--format", "json", "--skip-existing", "--talkers-audio", "out"],
        "--skip-existing cannot tell whether the sounds of all talkers are there",
    ),
    ([*BALL_WORDS, "--format", "json", "-"], "for standard output use -o -"),
    (["-", "--array", "ball.toml", "--format", "json"], "standard input cannot be located in"),
    ([*BALL_WORDS, "sub/ball.wav", "--format", "csv", "-o", "out"], "two results would both be out/ball.csv"),
    ([*BALL_WORDS, "--nonsense"], "No such option"),
]


@pytest.mark.parametrize(("words", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_mistakes_are_one_clear_line_and_exit_code_2(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(["locate", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err
    assert (folder / "ball.wav").stat().st_size > 100_000


def test_one_bad_recording_of_several_does_not_stop_the_others(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["locate", "none.wav", "ball.wav", "--array", "ball.toml"]) == 2
    out, err = capsys.readouterr()
    assert err == "error: none.wav: no such file; check the name\n"
    assert out.startswith("ball.wav: 3.0 s")


def test_the_program_names_its_version_and_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("anydoa ")
    assert main([]) == 0
    assert "locate" in capsys.readouterr().out
    assert main(["locat"]) == 2
    assert "did you mean 'locate'" in capsys.readouterr().err


def test_a_group_without_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["array"]) == 2
    out, err = capsys.readouterr()
    assert "convert" in out + err
    assert "error" not in err


@pytest.fixture
def started(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The program in a process of its own, that has more to write than a pipe takes unless it is read."""
    soundfile.write("long.wav", np.tile(in_turn(PAIR), 18).T, RATE)
    command = [
        sys.executable,
        "-m",
        "anydoa",
        "locate",
        "long.wav",
        "--array",
        "pair.toml",
        *QUICK,
        "--format",
        "json",
        "-o",
        "-",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith('{"schema"')
    yield process
    process.kill()
    process.communicate()


def test_an_interrupt_ends_quietly(started: subprocess.Popen[str]) -> None:
    started.send_signal(signal.SIGINT)
    assert started.communicate(timeout=60)[1] == ""
    assert started.returncode == 130


def test_an_interrupt_says_what_was_not_written(folder: Path) -> None:
    soundfile.write("long.wav", np.tile(in_turn(PAIR), 18).T, RATE)
    words = ["locate", "long.wav", "--array", "pair.toml", "--format", "json"]
    process = subprocess.Popen([sys.executable, "-m", "anydoa", *words], stderr=subprocess.PIPE, text=True)
    while len(list(folder.glob("*long*"))) < 2:  # until something is being written
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == "interrupted; long.jsonl was not written\n"
    assert process.returncode == 130


def test_a_reader_that_has_had_enough_is_no_error(started: subprocess.Popen[str]) -> None:
    assert started.stdout is not None
    assert started.stderr is not None
    started.stdout.close()
    assert started.wait(timeout=60) == 0
    assert started.stderr.read() == ""

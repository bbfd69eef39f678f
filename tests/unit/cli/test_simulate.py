"""``anydoa simulate`` and ``anydoa rooms``, from the folder of a corpus to files with their truth."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer
from typer.testing import CliRunner

from anydoa.cli import main
from anydoa.cli.room_options import known_array, parse_range, plan_rooms
from anydoa.cli.rooms import rooms
from anydoa.cli.simulate import simulate
from anydoa.errors import ConfigError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.layouts import circular_positions
from anydoa.io.array_file import load_array, save_array
from anydoa.simulation import scene_folder
from anydoa.simulation.corpus import read_corpus
from anydoa.simulation.rir_bank import RirBank
from voices import write_corpus

APP, ROOMS = typer.Typer(), typer.Typer()
APP.command()(simulate)
ROOMS.command()(rooms)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


def run(corpus: Path, out: Path, *options: str) -> None:
    folders = ["--speech", str(corpus / "speech"), "--noise", str(corpus / "noise"), "--output", str(out)]
    short = ["--duration", "0.5", "--rt60", "0.2:0.3", "--quiet", "--cache", str(corpus / "cache")]
    CliRunner().invoke(APP, [*folders, *short, *options], catch_exceptions=False)


def test_recordings_come_with_array_and_truth(corpus: Path, tmp_path: Path) -> None:
    run(corpus, tmp_path, "--count", "2", "--array", "random:4", "--talkers", "2", "--snr", "10")
    for name in ("clip_0000", "clip_0001"):
        audio, rate = soundfile.read(tmp_path / f"{name}.wav")
        truth = json.loads((tmp_path / f"{name}.truth.json").read_text())
        assert (audio.shape, rate) == ((8000, 4), 16_000)
        assert np.abs(audio).max() > 0.01
        assert load_array(tmp_path / truth["array"]).num_microphones == 4
        assert len(truth["sources"]) == 2
        assert truth["snr_db"] == 10
        assert 0.2 <= truth["rt60_s"] <= 0.3


def test_the_same_seed_writes_the_same_files(corpus: Path, tmp_path: Path) -> None:
    run(corpus, tmp_path / "first", "--count", "1", "--seed", "3")
    run(corpus, tmp_path / "second", "--count", "1", "--seed", "3")
    run(corpus, tmp_path / "third", "--count", "1", "--seed", "4")
    first, second, third = (
        {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        for folder in ("first", "second", "third")
    )
    assert first == second
    assert first["clip_0000.wav"] != third["clip_0000.wav"]


def test_a_preset_is_told_without_the_channels_that_are_not_written(corpus: Path, tmp_path: Path) -> None:
    run(corpus, tmp_path, "--count", "1", "--array", "respeaker-6", "--talkers", "1")
    array = load_array(tmp_path / "clip_0000.array.toml")
    array.check_channel_count(soundfile.info(tmp_path / "clip_0000.wav").channels)
    assert np.allclose(array.centred_positions, load_array("respeaker-6").centred_positions, atol=1e-6)


def test_walking_talkers_direct_sound_and_a_sphere_can_be_asked_for(corpus: Path, tmp_path: Path) -> None:
    options = ("--array", "em32", "--sphere", "--moving", "--direct", "--talkers", "1", "--isotropic", "1")
    run(corpus, tmp_path, "--count", "1", *options)
    truth = json.loads((tmp_path / "clip_0000.truth.json").read_text())
    assert len(truth["sources"][0]["path_deg"]) == 5
    assert soundfile.info(tmp_path / "clip_0000.direct.wav").channels == 32


def test_rooms_without_echo_can_be_asked_for(corpus: Path, tmp_path: Path) -> None:
    run(corpus, tmp_path, "--count", "1", "--anechoic", "1")
    truth = json.loads((tmp_path / "clip_0000.truth.json").read_text())
    assert truth["rt60_s"] == 0
    assert truth["snr_db"] >= 20


def test_errors_of_position_are_told_as_if_true(corpus: Path, tmp_path: Path) -> None:
    run(corpus, tmp_path, "--count", "1", "--array", "uma-8", "--position-error-mm", "2")
    told, true = (load_array(a).centred_positions for a in (tmp_path / "clip_0000.array.toml", "uma-8"))
    assert 1e-4 < np.sqrt(np.mean((told - true) ** 2)) < 5e-3


def test_a_bank_of_rooms_is_written_for_training(tmp_path: Path) -> None:
    options = ["--output", str(tmp_path), "--count", "2", "--array", "random:3-4", "--rt60", "0.2", "--quiet"]
    CliRunner().invoke(ROOMS, options, catch_exceptions=False)
    bank = RirBank(tmp_path)
    assert len(bank) == 2
    assert bank[0].rt60 == 0.2


def test_a_bank_may_hold_arrays_of_several_shapes(tmp_path: Path) -> None:
    options = ["--output", str(tmp_path), "--count", "8", "--array", "random:5", "--rt60", "0.2", "--quiet"]
    CliRunner().invoke(ROOMS, [*options, "--shapes", "line, plane"], catch_exceptions=False)
    bank = RirBank(tmp_path)
    assert bank.plan.shapes == ("line", "plane")
    assert {MicrophoneArray(room.mics).ambiguity.rank for room in bank} == {"line", "plane"}


def test_talkers_of_a_bank_walk_past_as_many_places_as_a_clip_is_long(tmp_path: Path) -> None:
    options = ["--output", str(tmp_path), "--count", "1", "--array", "random:3", "--rt60", "0.2", "--quiet"]
    CliRunner().invoke(ROOMS, [*options, "--moving", "--duration", "0.5"], catch_exceptions=False)
    assert RirBank(tmp_path)[0].talkers.shape == (3, 5, 3)


@pytest.mark.parametrize("errors", [(), ("--position-error-mm", "2")])
def test_a_ball_keeps_its_middle_and_its_microphones(
    corpus: Path, tmp_path: Path, errors: tuple[str, ...]
) -> None:
    """The microphones of zylia-zm1 are spread unevenly: their mean is 2.6 mm off the middle of the ball."""
    run(corpus, tmp_path, "--count", "1", "--array", "zylia-zm1", *errors)
    (path,) = tmp_path.glob("*.array.toml")
    told, known = load_array(path), load_array("zylia-zm1")
    assert told.rigid_sphere_radius == known.rigid_sphere_radius
    np.testing.assert_allclose(told.positions, known.positions, atol=0.02 if errors else 1e-6)


def test_microphones_on_half_a_ball_are_told_as_far_off_as_asked(corpus: Path, tmp_path: Path) -> None:
    """Their mean is half a radius off the middle of the ball, where everything is measured from."""
    half = circular_positions(4, 0.05 * 0.75**0.5) + np.array([0.0, 0.0, 0.025])
    save_array(MicrophoneArray(half, rigid_sphere_radius=0.05), tmp_path / "half.toml")
    options = ("--array", str(tmp_path / "half.toml"), "--position-error-mm", "0.5", "--talkers", "1")
    run(corpus, tmp_path / "out", "--count", "1", *options)
    told = load_array(tmp_path / "out" / "clip_0000.array.toml")
    assert 1e-4 < np.linalg.norm(told.positions - half, axis=1).max() < 2e-3
    np.testing.assert_allclose(np.linalg.norm(told.positions, axis=1), 0.05, rtol=1e-6)


def test_the_file_of_an_array_on_a_ball_that_is_asked_for_names_the_ball(
    corpus: Path, tmp_path: Path
) -> None:
    corners = 0.05 / 3**0.5 * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1.0]])
    save_array(MicrophoneArray(corners + np.array([0.1, 0.2, 0.3])), tmp_path / "corners.toml")
    options = ("--array", str(tmp_path / "corners.toml"), "--sphere", "--talkers", "1")
    run(corpus, tmp_path / "out", "--count", "1", *options)
    told = load_array(tmp_path / "out" / "clip_0000.array.toml")
    assert told.rigid_sphere_radius == pytest.approx(0.05)
    np.testing.assert_allclose(told.positions, corners, atol=1e-6)


def test_each_talker_has_a_voice_though_one_recording_is_long_enough(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene_folder, "_FEWEST_MINUTES", 0.0)  # each voice has four seconds
    run(corpus, tmp_path, "--count", "1", "--talkers", "3")
    truth = json.loads((tmp_path / "clip_0000.truth.json").read_text())
    assert len(truth["sources"]) == 3


def test_a_ball_that_is_asked_for_is_around_the_middle_of_the_microphones(
    corpus: Path, tmp_path: Path
) -> None:
    corners = 0.05 / 3**0.5 * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1.0]]) + (0.1, 0.2, 0.3)
    save_array(MicrophoneArray(corners, speed_of_sound=400.0), tmp_path / "far.toml")
    name = str(tmp_path / "far.toml")
    plan = plan_rooms(name, known_array(name, sphere=True), shapes="ball", rt60="0.3")
    mics = plan.draw_array(np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.norm(mics, axis=1), plan.sphere_radius)
    assert plan.sphere_radius == pytest.approx(0.05 * 343 / 400)


def test_a_bank_without_walkers_has_clips_of_any_length(tmp_path: Path) -> None:
    options = ["--output", str(tmp_path / "rooms"), "--count", "1", "--duration", "2"]
    with pytest.raises(ConfigError, match="add --moving, or leave it out"):
        CliRunner().invoke(ROOMS, options, catch_exceptions=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--array", "random:few"), "random:COUNT or random:FEWEST-MOST"),
        (("--array", "random:4", "--sphere"), "sit on no sphere"),
        (("--array", "uma-16", "--sphere"), "so on no sphere"),
        (("--array", "uma-16", "--shapes", "line"), "--shapes is for random arrays, got --array 'uma-16'"),
        (("--shapes", "ball,cube"), "shapes ball, plane, line, wide, got 'cube'"),
        (("--array", "random:2-4", "--shapes", "plane"), "at least 3 microphones, got 2"),
        (("--snr", "loud"), "--snr takes a number or LOW:HIGH"),
        (("--talkers", "9"), "ask for fewer or give more"),
        (("--talkers", "1.6:2"), "--talkers are whole numbers, got '1.6:2'"),
    ],
)
def test_mistakes_are_named(corpus: Path, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        run(corpus, tmp_path, "--count", "1", *options)


@pytest.mark.parametrize(
    ("options", "message"),
    [((), "--speech"), (("--speech", ".", "--split", "dev"), "'dev' is not one of")],
)
def test_what_is_missing_or_unknown_is_named(
    tmp_path: Path, options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "--output", str(tmp_path), *options]) == 2
    assert message in capsys.readouterr().err


def test_ranges_are_one_number_or_two() -> None:
    assert parse_range("-5:30", "--snr") == (-5.0, 30.0)
    assert parse_range("0.4", "--rt60") == (0.4, 0.4)
    for text in ("5:1", "1:2:3", "", "nan"):
        with pytest.raises(ConfigError, match="takes a number"):
            parse_range(text, "--snr")


@pytest.mark.parametrize(
    "options",
    [
        ("--gain-error-db", "inf"),
        ("--gain-error-db", "1e9"),
        ("--phase-error-deg", "inf"),
        ("--position-error-mm", "1e9"),
        ("--snr=-1000",),
        ("--snr", "inf"),
        ("--rt60", "50"),
        ("--rt60", "inf"),
        ("--duration", "inf"),
        ("--duration", "1e9"),
        ("--talkers", "inf"),
        ("--talkers", "1e9"),
        ("--count", "9" * 20),
    ],
)
def test_nonsense_is_refused_before_anything_is_written(
    corpus: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError, match=r"within|takes a number"):
        run(corpus, tmp_path / "out", "--count", "1", *options)
    assert not (tmp_path / "out").exists()


def test_more_rooms_than_anybody_computes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a number of rooms must be within"):
        CliRunner().invoke(
            ROOMS, ["--output", str(tmp_path / "out"), "--count", "9" * 20], catch_exceptions=False
        )
    assert not (tmp_path / "out").exists()


def test_recordings_of_other_choices_are_not_mixed_with_those_there(corpus: Path, tmp_path: Path) -> None:
    run(corpus, tmp_path, "--count", "2", "--array", "random:3")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    run(corpus, tmp_path, "--count", "2", "--array", "random:3")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    for other in (("--count", "1"), ("--count", "2", "--seed", "9")):
        with pytest.raises(ConfigError, match="holds 2 recordings made with other choices"):
            run(corpus, tmp_path, *other, "--array", "random:3")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_speech_in_the_folder_is_not_written_over(corpus: Path, tmp_path: Path) -> None:
    shutil.copytree(corpus / "speech", tmp_path / "speech")
    voice = read_corpus(tmp_path / "speech", "speech").select("train")[0].path
    os.link(voice, tmp_path / "clip_0000.wav")
    before = voice.read_bytes()
    words = ["--speech", str(tmp_path / "speech"), "--output", str(tmp_path), "--count", "1", "--quiet"]
    short = ["--duration", "0.5", "--rt60", "0.2", "--split", "train"]
    assert main(["simulate", *words, *short]) == 2
    assert voice.read_bytes() == before

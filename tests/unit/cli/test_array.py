"""The commands of `anydoa array`, run as a user runs them."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from anydoa.cli.array import app
from anydoa.errors import AnydoaError, ArrayFileError, ConfigError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.layouts import circular_positions, linear_positions, tetrahedral_positions
from anydoa.io.array_file import list_presets, load_array, save_array


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


def saved(tmp_path: Path, array: MicrophoneArray) -> Path:
    save_array(array, tmp_path / "own.toml")
    return tmp_path / "own.toml"


def error_of(result: Result) -> AnydoaError:
    assert isinstance(result.exception, AnydoaError)
    return result.exception


def test_list_names_every_bundled_array() -> None:
    result = run("list")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].split() == ["name", "mics", "shape", "span", "(mm)", "what"]
    assert [line.split()[0] for line in lines[1:]] == list(list_presets())
    assert "6" in next(line for line in lines if line.startswith("respeaker-6 ")).split()


def test_list_as_json_carries_the_report_of_each() -> None:
    arrays = {entry["name"]: entry for entry in json.loads(run("list", "--format", "json").output)}
    assert set(arrays) == set(list_presets())
    assert arrays["em32"]["rank"] == "volume"
    assert arrays["linear-4"]["rank"] == "line"


def test_show_prints_microphones_and_channels(tmp_path: Path) -> None:
    array = MicrophoneArray(
        linear_positions(2, 0.0215), "pair", channels=(2, 1), ignore_channels=(0, 3), front="the [window]"
    )
    result = run("show", saved(tmp_path, array))
    assert result.exit_code == 0
    assert [line.split() for line in result.output.splitlines()] == [
        ["pair"],
        ["0°", "is", "the", "[window]"],
        ["microphone", "channel", "x", "(mm)", "y", "(mm)", "z", "(mm)"],
        ["0", "2", "0.0", "10.8", "0.0"],
        ["1", "1", "0.0", "-10.8", "0.0"],
        ["without", "a", "microphone:", "channels", "0,", "3"],
    ]


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_show_draws_a_picture(tmp_path: Path, suffix: str, start: bytes) -> None:
    picture = tmp_path / f"a{suffix}"
    result = run("show", "em32", "-o", picture)
    assert (result.exit_code, result.output) == (0, f"wrote {picture}\n")
    assert picture.read_bytes().startswith(start)
    assert picture.stat().st_size > 5000


def test_show_refuses_what_is_no_picture(tmp_path: Path) -> None:
    assert isinstance(error_of(run("show", "em32", "-o", tmp_path / "a.mp3")), ConfigError)
    assert "cannot be written" in str(error_of(run("show", "em32", "-o", tmp_path / "no" / "a.png")))


@pytest.mark.parametrize(
    ("positions", "mount", "verdict"),
    [
        (tetrahedral_positions(0.04), 0.0, "4 microphones in a volume: it tells all directions apart."),
        (circular_positions(6, 0.04), 0.0, "in a plane: it cannot tell above and below apart"),
        (circular_positions(6, 0.04), 90.0, "in a plane: it cannot tell front and back apart"),
        (circular_positions(6, 0.04), 45.0, "in a plane: it cannot tell the two sides of its plane apart"),
        (linear_positions(4, 0.03), 0.0, "in a line: it hears only the angle to its line"),
    ],
)
def test_check_gives_its_verdict_first(
    tmp_path: Path, positions: np.ndarray, mount: float, verdict: str
) -> None:
    result = run("check", saved(tmp_path, MicrophoneArray(positions, "own", mount_rpy_deg=(0.0, mount, 0.0))))
    assert result.exit_code == 0
    first = result.output.splitlines()[0]
    assert first.startswith("own, ")
    assert verdict in first


def test_check_states_size_band_and_channels(tmp_path: Path) -> None:
    array = MicrophoneArray(linear_positions(4, 0.05), "own", ignore_channels=(4, 5), source="a ruler")
    output = run("check", saved(tmp_path, array)).output
    for fact in ("150 mm from end to end, nearest pair 50 mm", "286 Hz;", "3430 Hz;", "33° at 4000 Hz",
                 "0, 1, 2, 3 of 6", "a ruler", array.hash):  # fmt: skip
        assert fact in output


@pytest.mark.parametrize(
    ("positions", "advice"),
    [
        (linear_positions(2, 0.02), "small for speech"),
        (linear_positions(2, 0.2), "far apart for speech: pairs cover every dimension only from 200 mm"),
    ],
)
def test_check_advises_on_arrays_too_small_or_too_wide(
    tmp_path: Path, positions: np.ndarray, advice: str
) -> None:
    assert advice in run("check", saved(tmp_path, MicrophoneArray(positions))).output


def test_check_as_json_holds_every_number_with_its_unit(tmp_path: Path) -> None:
    array = MicrophoneArray(linear_positions(4, 0.05), "own", ignore_channels=(4,))
    report = json.loads(run("check", saved(tmp_path, array), "--format", "json").output)
    assert (report["name"], report["rank"], report["axis"]) == ("own", "line", [0, 1, 0])
    assert (report["channels"], report["ignore_channels"], report["hash"]) == ([0, 1, 2, 3], [4], array.hash)
    assert report["span_m"] == pytest.approx(0.15)
    assert report["aliasing_frequency_hz"] == pytest.approx(3430)
    assert report["lowest_frequency_hz"] == pytest.approx(343 / 8 / 0.15)
    assert report["resolvable_angles_deg"]["4000"] == pytest.approx(
        np.rad2deg(2 * np.arcsin(343 / 4000 / 0.3))
    )


@pytest.mark.parametrize("suffix", [".toml", ".csv", ".npy", ".xml"])
def test_convert_keeps_the_positions_in_every_format(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"out{suffix}"
    result = run("convert", "uma-8", "-o", target)
    assert result.exit_code == 0
    assert f"wrote {target}: 7 microphones" in result.output
    original = load_array("uma-8")
    by_channel = original.positions[np.argsort(original.channels)]
    back = load_array(target)
    np.testing.assert_allclose(back.positions[np.argsort(back.channels)], by_channel, atol=1e-15)


def test_convert_reads_three_microphones_the_way_it_is_told(tmp_path: Path) -> None:
    rows = np.array([[0.0, 0, 0], [0.1, 0.2, 0], [0, 0.3, 0.05]])
    np.save(tmp_path / "three.npy", rows)
    assert "3 x 3 numbers" in str(
        error_of(run("convert", tmp_path / "three.npy", "-o", tmp_path / "out.toml"))
    )
    result = run(
        "convert", tmp_path / "three.npy", "-o", tmp_path / "out.toml", "--three-by-three", "columns"
    )
    assert result.exit_code == 0
    np.testing.assert_array_equal(load_array(tmp_path / "out.toml").positions, rows.T)


def test_user_mistakes_come_out_as_named_errors_of_one_line(tmp_path: Path) -> None:
    for arguments in (
        ("show", "respeaker-7"),
        ("check", "nowhere.toml"),
        ("check", tmp_path),
        ("convert", "uma-8", "-o", tmp_path / "out.cfg"),
        ("convert", "uma-8", "-o", tmp_path / "no" / "out.csv"),
    ):
        error = error_of(run(*arguments))
        assert isinstance(error, ArrayFileError)
        assert "\n" not in str(error)


def test_missing_arguments_are_explained_with_exit_code_2() -> None:
    assert run("show").exit_code == 2
    assert run("convert", "uma-8").exit_code == 2


@pytest.mark.parametrize("command", ["show", "check"])
def test_a_unit_can_be_told_on_the_command_line(tmp_path: Path, command: str) -> None:
    path = tmp_path / "mm.csv"
    path.write_text("32,0,0\n0,32,0\n-32,0,0\n0,-32,10\n")
    assert "--unit mm" in str(error_of(run(command, path)))
    result = run(command, path, "--unit", "mm")
    assert result.exit_code == 0
    assert ("-32.0" if command == "show" else "65 mm from end to end") in result.output
    assert run(command, path, "--unit", "inch").exit_code == 2


def test_convert_writes_metres_of_any_unit_and_says_which_way_the_array_looks(tmp_path: Path) -> None:
    np.save(tmp_path / "mm.npy", 32 * circular_positions(4, 1.0))
    result = run("convert", tmp_path / "mm.npy", "-o", tmp_path / "out.toml", "--unit", "mm")
    assert result.output.splitlines()[1] == "0 degrees is along +x"
    np.testing.assert_allclose(load_array(tmp_path / "out.toml").positions, circular_positions(4, 0.032))
    result = run("convert", tmp_path / "out.toml", "-o", tmp_path / "out.xml")
    assert (
        result.output.splitlines()[1]
        == "in acoular's frame: 0 degrees is along its -z, left its -x, up its y"
    )


def test_check_says_which_way_an_acoular_array_looks(tmp_path: Path) -> None:
    save_array(MicrophoneArray(circular_positions(4, 0.05)), tmp_path / "a.xml")
    assert "0 degrees      where acoular looks, along its -z" in run("check", tmp_path / "a.xml").output


def test_patterns_are_shown_checked_and_kept(tmp_path: Path) -> None:
    shown = run("show", "ambeo").output
    assert "pattern" in shown.splitlines()[2]
    assert shown.splitlines()[3].endswith("cardioid to 45°, 35°")
    entry = json.loads(run("show", "ambeo", "--format", "json").output)
    assert entry["patterns"][1] == {"omni_share": 0.5, "axis": [0.57735, -0.57735, -0.57735]}
    assert "patterns       cardioid" in run("check", "ambeo").output
    assert run("convert", "ambeo", "-o", tmp_path / "copy.toml").exit_code == 0
    assert load_array(tmp_path / "copy.toml").hash == load_array("ambeo").hash
    assert "rigid sphere of 42 mm" in run("check", "em32").output

"""Arrays by name or file, whatever the format."""

import logging
import os
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from anydoa.errors import ArrayFileError, ConfigError, GeometryError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.layouts import circular_positions, linear_positions
from anydoa.io.array_file import list_presets, load_array, preset_path, save_array, tells_channels
from anydoa.io.files import MAX_BYTES

KITCHEN = MicrophoneArray(
    circular_positions(4, 0.032),
    "kitchen",
    channels=(2, 1, 4, 3),
    ignore_channels=(0, 5),
    mount_rpy_deg=(0.0, 0.0, 90.0),
    speed_of_sound=345.5,
    title='Four "microphones"\nin C:\\kitchen, größer',
    front="the window",
    source="a ruler",
    rigid_sphere_radius=0.032,
    device_match="ReSpeaker",
)
FIELDS = (
    "name", "channels", "ignore_channels", "mount_rpy_deg", "speed_of_sound", "title", "front", "source",
    "rigid_sphere_radius", "device_match",
)  # fmt: skip


def test_the_own_format_keeps_every_field_to_the_last_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    noisy = KITCHEN.replace(body_positions=KITCHEN.body_positions + 1e-4 * rng.standard_normal((4, 3)))
    save_array(noisy, tmp_path / "a.toml")
    back = load_array(tmp_path / "a.toml")
    np.testing.assert_array_equal(back.body_positions, noisy.body_positions)
    assert {field: getattr(back, field) for field in FIELDS} == {f: getattr(noisy, f) for f in FIELDS}
    assert back.hash == noisy.hash


def test_the_own_format_keeps_defaults_short(tmp_path: Path) -> None:
    save_array(MicrophoneArray([[0.05, 0, 0], [-0.05, 0, 0]], "pair"), tmp_path / "pair.toml")
    assert (tmp_path / "pair.toml").read_text().splitlines() == [
        "schema = 1", 'unit = "m"', 'name = "pair"', 'title = "pair"', "speed_of_sound = 343.0",
        "", "[[microphone]]", "position = [0.05, 0.0, 0.0]", "channel = 0",
        "", "[[microphone]]", "position = [-0.05, 0.0, 0.0]", "channel = 1",
    ]  # fmt: skip


def test_a_table_keeps_positions_and_channels(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    array = KITCHEN.replace(speed_of_sound=343.0, rigid_sphere_radius=None)
    with caplog.at_level(logging.WARNING):
        save_array(array, tmp_path / "kitchen.csv")
    back = load_array(tmp_path / "kitchen.csv")
    np.testing.assert_array_equal(back.positions, array.positions)
    assert (back.channels, back.ignore_channels, back.hash) == ((2, 1, 4, 3), (0, 5), array.hash)
    assert not caplog.records


@pytest.mark.parametrize("suffix", [".npy", ".xml"])
def test_files_without_channels_get_rows_in_the_order_of_the_channels(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, suffix: str
) -> None:
    path = tmp_path / f"kitchen{suffix}"
    save_array(KITCHEN, path)
    back = load_array(path)
    np.testing.assert_array_equal(back.positions, KITCHEN.positions[[1, 0, 3, 2]])
    assert back.channels == (0, 1, 2, 3)
    assert "do not keep ignore_channels and speed_of_sound and rigid_sphere_radius" in caplog.text


def test_suffixes_are_read_in_either_case(tmp_path: Path) -> None:
    save_array(KITCHEN, tmp_path / "A.TOML")
    assert load_array(tmp_path / "A.TOML").name == "kitchen"


def test_presets_load_by_name_and_know_where_their_numbers_come_from() -> None:
    assert len(list_presets()) >= 16
    for name in list_presets():
        array = load_array(name)
        assert array.name == name
        assert array.source, name
        assert array.front, name
        assert preset_path(name).name == f"{name}.toml"


def test_presets_survive_saving(tmp_path: Path) -> None:
    for name in list_presets():
        save_array(load_array(name), tmp_path / "copy.toml")
        assert load_array(tmp_path / "copy.toml").hash == load_array(name).hash


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(
        ArrayFileError, match=r"no array is called 'respeakr-usb-4'; the nearest are respeaker-usb-4"
    ):
        load_array("respeakr-usb-4")
    with pytest.raises(ArrayFileError, match="no array is called 'zzz'"):
        preset_path("zzz")


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("eigenmike", "em32"), ("Eigenmik", "em32"), ("sennheiser", "ambeo"), ("minidsp", "uma-16"),
     ("mini-dsp", "uma-16"), ("playstation", "ps3-eye"), ("softbank", "pepper"), ("uma", "uma-8")],
)  # fmt: skip
def test_an_array_is_found_by_what_its_maker_calls_it(asked: str, meant: str) -> None:
    with pytest.raises(ArrayFileError, match=f"no array is called '{asked}'; the nearest are {meant}, "):
        load_array(asked)


def test_the_64_microphones_of_the_em64_pass_the_check_that_their_table_allows() -> None:
    """Neighbours on a sphere of 42 mm, all about as far apart: a slip of a digit would leave a hole."""
    positions = load_array("em64").positions
    np.testing.assert_allclose(np.linalg.norm(positions, axis=1), 0.042, atol=1e-7)
    angle = np.rad2deg(np.arccos(np.clip(positions @ positions.T / 0.042**2, -1, 1)))
    nearest = np.sort(angle, axis=1)[:, 1]
    assert 24.9 < nearest.min() < nearest.max() < 26.6


def test_a_unit_is_for_files_alone() -> None:
    with pytest.raises(
        ConfigError, match="unit is for array files, got 'mm' for bundled array 'uma-8'; leave it out"
    ):
        load_array("uma-8", unit="mm")
    with pytest.raises(
        ConfigError, match=r"three_by_three is for array files, got 'rows' .*'uma-8'; leave it"
    ):
        load_array("uma-8", three_by_three="rows")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", "[[microphone]]\nposition = [0, 0, 0]\n[[microphone]]\nposition = [0.1, 0, 0]\n"),
        ("a.xml", '<a><pos x="0" y="0" z="0"/><pos x="0.1" y="0" z="0"/></a>'),
        ("header.csv", "x,y,z\n0,0,0\n0.1,0,0\n0,0.1,0\n"),
        ("four.csv", "0,0,0\n0.1,0,0\n0,0.1,0\n0,0,0.1\n"),
    ],
)
@pytest.mark.parametrize("told", ["rows", "columns"])
def test_a_word_on_tables_of_three_rows_is_refused_where_there_is_none(
    tmp_path: Path, name: str, text: str, told: Literal["rows", "columns"]
) -> None:
    (tmp_path / name).write_text(text)
    load_array(tmp_path / name)
    with pytest.raises(ConfigError, match=f"{name}: three_by_three is for .*, got '{told}'; leave it out"):
        load_array(tmp_path / name, three_by_three=told)


def test_a_word_on_tables_of_three_rows_is_refused_for_four_in_numpy(tmp_path: Path) -> None:
    np.save(tmp_path / "four.npy", linear_positions(4, 0.03))
    with pytest.raises(ConfigError, match=r"four\.npy: three_by_three is for tables of 3 rows"):
        load_array(tmp_path / "four.npy", three_by_three="columns")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.toml", "[[microphone]]\nposition = [0, 0, 0]\n[[microphone]]\nposition = [0.1, 0, 0]\n", False),
        (
            "b.toml",
            "[[microphone]]\nposition = [0, 0, 0]\nchannel = 0\n"
            "[[microphone]]\nposition = [0.1, 0, 0]\nchannel = 1\n",
            True,
        ),
        ("a.csv", "x,y,z\n0,0,0\n0.1,0,0\n", False),
        ("b.csv", "x,y,z,channel\n0,0,0,0\n0.1,0,0,1\n", True),
        ("c.csv", "0,0,0,0\n0.1,0,0,1\n", True),
        ("a.xml", '<a><pos x="0" y="0" z="0"/><pos x="0.1" y="0" z="0"/></a>', False),
        (
            "b.xml",
            '<hark_xml><positions type="microphone"><position id="0" x="0" y="0" z="0"/>'
            '<position id="1" x="0.1" y="0" z="0"/></positions></hark_xml>',
            True,
        ),
        ("a.cfg", "general: { mics = ({ mu = (0, 0, 0); }, { mu = (0.1, 0, 0); }); };", False),
        (
            "b.cfg",
            "general: { mics = ({ mu = (0, 0, 0); }, { mu = (0.1, 0, 0); }); }; mapping: { map: (1, 2); };",
            True,
        ),
    ],
)
def test_whether_a_file_says_channels_does_not_depend_on_which(
    tmp_path: Path, name: str, text: str, told: bool
) -> None:
    (tmp_path / name).write_text(text)
    assert load_array(tmp_path / name).channels == (0, 1)
    assert tells_channels(tmp_path / name) == told


def test_every_bundled_array_says_its_channels() -> None:
    assert all(map(tells_channels, list_presets()))


def test_an_unknown_suffix_is_answered_with_the_known() -> None:
    with pytest.raises(ArrayFileError, match=r"array.odt: an array file ends in .toml, .cfg, .xml"):
        load_array("array.odt")
    with pytest.raises(ArrayFileError, match=r"arrays are written as .toml, .xml, .csv, .npy.*, not '.cfg'"):
        save_array(KITCHEN, "array.cfg")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ArrayFileError, match=r"nowhere\.toml: no such file"):
        load_array("nowhere.toml")


def test_folders_and_pipes_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("folder.toml", "pipe.csv"):
        with pytest.raises(ArrayFileError, match=f"{name}: is not an ordinary file"):
            load_array(tmp_path / name)


@pytest.mark.parametrize("name", ["a\0b.toml", "x" * 5000 + ".toml"])
def test_impossible_file_names_are_refused(name: str) -> None:
    with pytest.raises(ArrayFileError):
        load_array(name)


@pytest.mark.parametrize("suffix", [".toml", ".cfg", ".xml", ".csv", ".npy"])
def test_empty_and_huge_files_are_refused_unread(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.touch()
    with pytest.raises(ArrayFileError, match="the file is empty"):
        load_array(path)
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ArrayFileError, match="at most 16 MiB"):
        load_array(path)


@pytest.mark.parametrize("suffix", [".toml", ".cfg", ".csv", ".xml"])
def test_text_must_be_utf8_but_may_have_a_byte_order_mark(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes("x,y,z\n# größe".encode("latin-1"))
    with pytest.raises(ArrayFileError, match="byte 10 is not UTF-8"):
        load_array(path)


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfx,y,z\n0,0,0\n0.1,0,0\n")
    assert load_array(path).num_microphones == 2


def test_a_geometry_that_cannot_be_names_its_file(tmp_path: Path) -> None:
    path = tmp_path / "single.csv"
    path.write_text("x,y,z\n0,0,0\n")
    with pytest.raises(GeometryError, match=r"single.csv: array 'single' has 1 microphones"):
        load_array(path)


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArrayFileError, match="cannot be written"):
        save_array(KITCHEN, tmp_path / "no" / "folder.toml")


def test_three_microphones_in_numpy_are_read_only_when_told_how(tmp_path: Path) -> None:
    path = tmp_path / "three.npy"
    save_array(MicrophoneArray([[0, 0, 0], [0.1, 0.2, 0], [0, 0.3, 0.05]]), path)
    with pytest.raises(
        ArrayFileError, match=r"at \[0.0, 0.0, 0.0\] if rows .* at \[0.0, 0.1, 0.0\] if columns"
    ):
        load_array(path)
    assert load_array(path, three_by_three="rows").positions[1].tolist() == [0.1, 0.2, 0]
    assert load_array(path, three_by_three="columns").positions[1].tolist() == [0, 0.2, 0.3]


def test_columns_of_positions_are_refused_with_the_converter(tmp_path: Path) -> None:
    path = tmp_path / "pra.npy"
    np.save(path, linear_positions(4, 0.03).T)
    with pytest.raises(
        ArrayFileError,
        match=r"turn it over with `anydoa array convert .* columns`",
    ):
        load_array(path)
    turned = load_array(path, three_by_three="columns")
    np.testing.assert_array_equal(turned.positions, linear_positions(4, 0.03))


def test_an_array_survives_acoular_in_both_directions(tmp_path: Path) -> None:
    """Acoular looks along -z, with x to the right and y up."""
    for name in ("uma-16", "em32", "respeaker-usb-4"):
        array = load_array(name)
        save_array(array, tmp_path / "a.xml")
        by_channel = array.positions[np.argsort(array.channels)]
        np.testing.assert_array_equal(load_array(tmp_path / "a.xml").positions, by_channel)

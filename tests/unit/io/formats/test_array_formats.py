"""Array files as people and other programs write them, one format after the other."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from anydoa.errors import ArrayFileError, GeometryError, MissingExtraError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.layouts import tetrahedral_positions
from anydoa.geometry.pattern import MicrophonePattern
from anydoa.io.array_file import load_array, save_array
from anydoa.io.formats import sofa

PAIR = "[[microphone]]\nposition = [0, 0, 0]\n[[microphone]]\nposition = [0.1, 0, 0]\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


class TestOwnToml:
    def test_the_smallest_file_is_two_positions(self, tmp_path: Path) -> None:
        array = load_array(write(tmp_path / "pair.toml", PAIR))
        assert (array.name, array.channels, array.span) == ("pair", (0, 1), 0.1)

    def test_the_unit_holds_for_every_length(self, tmp_path: Path) -> None:
        text = (
            'schema = 1\nunit = "mm"\nrigid_sphere_radius = 46.3\n[[microphone]]\nposition = [46.3, 0, 0]\n'
        )
        array = load_array(write(tmp_path / "a.toml", text + "[[microphone]]\nposition = [-46.3, 0, 0]\n"))
        assert array.body_positions[0, 0] == array.rigid_sphere_radius == 0.0463

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("microphone = [", "a.toml: not TOML"),
            ("x = " + "[" * 5000, "nested too deeply"),
            ("x = " + "9" * 5000, "not TOML"),
            ("name = 'x'", "no microphones; give each"),
            ("microphone = 3", "no microphones; give each"),
            ("microphone = [3]", "no microphones; give each"),
            ("microfone = 3\n" + PAIR, "unknown key 'microfone'; did you mean 'microphone'"),
            ("Unit = 'mm'\n" + PAIR, "unknown key 'Unit'; did you mean 'unit'"),
            (PAIR + "pos = [0, 0, 0]", "microphone 1: unknown key 'pos'; did you mean 'position'"),
            (PAIR + "[[microphone]]\n", "microphone 2 has no position"),
            ("schema = 2\n" + PAIR, "schema must be 1, got 2"),
            ("unit = 'inch'\n" + PAIR, "unit must be one of 'm', 'cm', 'mm', got 'inch'"),
            ("unit = []\n" + PAIR, "unit must be one of"),
            ("name = 3\n" + PAIR, "name must be text, got 3; put it in quotes"),
            ("speed_of_sound = '343'\n" + PAIR, "speed_of_sound must be a number, got '343'"),
            ("speed_of_sound = true\n" + PAIR, "speed_of_sound must be a number, got True"),
            ("speed_of_sound = 1" + "0" * 400 + "\n" + PAIR, "speed_of_sound is too large"),
            ("mount_rpy_deg = [0, 0]\n" + PAIR, "mount_rpy_deg must be three numbers"),
            ("ignore_channels = 4\n" + PAIR, "ignore_channels must be whole numbers"),
            ("ignore_channels = [1.5]\n" + PAIR, "ignore_channels must be whole numbers"),
            ("[[microphone]]\nposition = [0, 0]\n", "position of microphone 0 must be three numbers"),
            (
                "[[microphone]]\nposition = [0, 0, '1']\n",
                "position of microphone 0 must be a number, got '1'",
            ),
            (PAIR + "channel = 1", "microphone 0 has no channel but others do"),
        ],
    )
    def test_mistakes_are_answered_with_the_cure(self, tmp_path: Path, text: str, message: str) -> None:
        with pytest.raises(ArrayFileError, match=message) as error:
            load_array(write(tmp_path / "a.toml", text))
        assert str(error.value).startswith(str(tmp_path / "a.toml"))
        assert "\n" not in str(error.value)

    def test_a_channel_used_twice_is_refused(self, tmp_path: Path) -> None:
        text = PAIR.replace("]\n[", "]\nchannel = 0\n[") + "channel = 0\n"
        with pytest.raises(GeometryError, match="channel 0 is used twice"):
            load_array(write(tmp_path / "a.toml", text))


ODAS = """
# A head, with everything the syntax allows
version = "2." "1";
raw: {
    fS = 16000; nChannels = 8;   // comment
    interface: { type = "sound\\"card"; card = 1; }
}
mapping: { map: (3, 4, 5, 6); }
/* a comment
   of two lines */
general = {
    epsilon = 1E-20, big = 0xFFL; flags = [ true, FALSE ];
    speedofsound: { mu = 340.5; sigma2 = 25.0; };
    mics = (
        { mu = ( +0.030, 0., -.0 ); sigma2 = ( +0.000, +0.000 ); angle = ( 80.0, 90.0 ); },
        { mu = ( +0.000, +3.0e-2, +0.000 ); },
        { mu = ( -0.030, +0.000, +0.000 ); },
        { mu = ( +0.000, -0.030, +0.000 ); }
    );
    target: ();
};
"""


class TestOdas:
    def test_positions_channels_and_speed_of_sound_are_read(self, tmp_path: Path) -> None:
        array = load_array(write(tmp_path / "head.cfg", ODAS))
        expected = [[0.03, 0, 0], [0, 0.03, 0], [-0.03, 0, 0], [0, -0.03, 0]]
        np.testing.assert_array_equal(array.body_positions, expected)
        assert array.name == "head"
        assert array.channels == (2, 3, 4, 5)  # ODAS counts from 1
        assert array.ignore_channels == (0, 1, 6, 7)
        assert array.speed_of_sound == 340.5

    def test_without_map_and_channel_count_microphones_are_the_first_channels(self, tmp_path: Path) -> None:
        text = "general: { mics = ( { mu = (0, 0, 0); }, { mu = (0.1, 0, 0); } ); };"
        array = load_array(write(tmp_path / "pair.cfg", text))
        assert (array.channels, array.ignore_channels, array.speed_of_sound) == ((0, 1), (), 343.0)

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("general", "generel", "no general.mics"),
            ("mics = (", "mics = 3; x = (", "no general.mics"),
            ("{ mu = ( -0.030, +0.000, +0.000 ); }", "{ nu = 1; }", r"entry 2 needs mu = \(x, y, z\)"),
            ("( -0.030, +0.000, +0.000 )", '( -0.030, "0", 0 )', "entry 2 needs mu"),
            ("( -0.030, +0.000, +0.000 )", "( -0.030, true, 0 )", "entry 2 needs mu"),
            ("(3, 4, 5, 6)", "(3, 4, 5)", "mapping.map has 3 channels for 4"),
            ("(3, 4, 5, 6)", "(0, 1, 2, 3)", "mapping.map counts from 1"),
            ("(3, 4, 5, 6)", "(3, 4, 5, 6000)", "mapping.map counts from 1"),
            ("(3, 4, 5, 6)", "3", "mapping.map must be a list"),
            ("nChannels = 8", "nChannels = 4", "raw.nChannels must be a whole number from 6"),
            ("nChannels = 8", "nChannels = 1e9", "raw.nChannels must be a whole number"),
            ("mu = 340.5", 'mu = "fast"', "speedofsound.mu must be a number"),
            ("epsilon = 1E-20", "epsilon 1E-20", "line 12: expected '=' or ':', got '1E-20'"),
            ("mics = (", "mics = ((", "line 19: expected ',', got ';'"),
            ("};\n", "", "expected '}', got the end of the file"),
            ("/* a", "* a", "line 9: expected '=' or ':', got 'a'"),
            ("epsilon", "@include", "line 12: '@include"),
            ("1E-20", ";", "line 12: expected a value, got ';'"),
            ("1E-20", "(" * 40, "nested more than 32 deep"),
            ("340.5", "9" * 400, "line 13: 99999999999999999999... does not fit into 64 bits"),
            ("+0.030, 0.", "9" * 400 + ", 0.", "line 15: 99999999999999999999... does not fit into 64 bits"),
        ],
    )
    def test_mistakes_name_their_place(self, tmp_path: Path, old: str, new: str, message: str) -> None:
        assert old in ODAS
        with pytest.raises(ArrayFileError, match=message) as error:
            load_array(write(tmp_path / "head.cfg", ODAS.replace(old, new)))
        assert "head.cfg: " in str(error.value)


class TestAcoular:
    def test_positions_are_read_in_order(self, tmp_path: Path) -> None:
        text = (
            '<?xml version="1.0" encoding="utf-8"?><MicArray name="uma">\n'
            '  <pos Name="Point 1" x="\t-0.021" y="0.063" z="0" />\n'
            '  <pos Name="Point 2" x="-0.063" y="6.3e-2" z="0"/></MicArray>'
        )
        array = load_array(write(tmp_path / "a.xml", text))
        assert array.positions.tolist() == [[0, 0.021, 0.063], [0, 0.063, 0.063]]
        assert (array.name, array.channels) == ("uma", (0, 1))

    def test_without_a_name_the_file_gives_it(self, tmp_path: Path) -> None:
        text = '<MicArray><pos x="0" y="0" z="0"/><pos x="1" y="0" z="0"/></MicArray>'
        assert load_array(write(tmp_path / "two.xml", text)).name == "two"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("<MicArray><pos", "not XML"),
            ("<Calib><cal/></Calib>", "no <pos x= y= z=> \\(acoular\\) and no <hark_xml>"),
            ('<a><pos x="0" y="0"/></a>', "pos 0 has no z"),
            ('<a><pos x="0" y="0" z="zero"/></a>', "pos 0: coordinates must be numbers"),
            ('<?xml version="1.0" encoding="klingon"?><a/>', "no <pos x= y= z=>"),
            ('<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>', "files need no DOCTYPE"),
        ],
    )
    def test_mistakes_are_named(self, tmp_path: Path, text: str, message: str) -> None:
        with pytest.raises(ArrayFileError, match=message):
            load_array(write(tmp_path / "a.xml", text))

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
    def test_no_encoding_hides_a_doctype(self, tmp_path: Path, encoding: str) -> None:
        text = (
            f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a [<!ENTITY x "0.1">]>'
            '<a><pos x="0" y="0" z="0"/><pos x="&x;" y="0" z="0"/></a>'
        )
        (tmp_path / "a.xml").write_bytes(text.encode(encoding))
        with pytest.raises(ArrayFileError, match="not UTF-8; save the file as UTF-8 text"):
            load_array(tmp_path / "a.xml")

    def test_acoular_looks_along_its_negative_z(self, tmp_path: Path) -> None:
        """A board upright before the observer: acoular has x to the right and y up."""
        text = '<a><pos x="0.1" y="0" z="0"/><pos x="0" y="0.2" z="0"/><pos x="0" y="0" z="-0.3"/></a>'
        array = load_array(write(tmp_path / "a.xml", text))
        right, up, ahead = array.positions.tolist()
        assert (right, up, ahead) == ([0, -0.1, 0], [0, 0, 0.2], [0.3, 0, 0])
        assert "acoular looks, along its -z" in array.front

    def test_the_published_square_of_16_is_the_bundled_one(self, tmp_path: Path) -> None:
        """Quoted from acoular's corrected file: facts about the device, in acoular's frame."""
        x = [21, 63, 21, 63, 21, 63, 21, 63, -63, -21, -63, -21, -63, -21, -63, -21]
        y = [-63, -63, -21, -21, 21, 21, 63, 63, 63, 63, 21, 21, -21, -21, -63, -63]
        points = "".join(f'<pos x="{a / 1000}" y="{b / 1000}" z="0"/>' for a, b in zip(x, y, strict=True))
        array = load_array(write(tmp_path / "square.xml", f"<MicArray>{points}</MicArray>"))
        np.testing.assert_array_equal(array.positions, load_array("uma-16").positions)
        assert array.hash == load_array("uma-16").hash


HARK = """<?xml version="1.0"?>
<hark_xml version="1.3">
 <positions type="tsp" coordinate="cartesian"><position x="1" y="0" z="0" id="0"/></positions>
 <positions type="microphone" frame="0" coordinate="cartesian">
  <position x="0.05" y="0" z="0" id="1" path="mic1.wav"/>
  <position x="0" y="0.06" z="0" id="0" path="mic0.wav"/>
  <position x="0" y="0" z="0.07" id="2" path="mic2.wav"/>
 </positions>
</hark_xml>
"""
OLDER_HARK = """<hark_xml><hark_config id="MicArrayLocation" major="2" minor="0"><Mics size="2">
 <Mic><MicIndex>1</MicIndex><Position unit="meter" 
  type="cartesian"><X>0.1</X><Y>0</Y><Z>0</Z></Position></Mic>
 <Mic><MicIndex>0</MicIndex><Position unit="meter" 
  type="cartesian"><X>0</X><Y>0.2</Y><Z>0</Z></Position></Mic>
</Mics></hark_config></hark_xml>
"""


class TestHark:
    def test_microphones_are_read_with_their_channels_and_sources_passed_over(self, tmp_path: Path) -> None:
        array = load_array(write(tmp_path / "room.xml", HARK))
        assert array.positions.tolist() == [[0.05, 0, 0], [0, 0.06, 0], [0, 0, 0.07]]
        assert (array.name, array.channels) == ("room", (1, 0, 2))

    def test_the_older_form_is_read(self, tmp_path: Path) -> None:
        array = load_array(write(tmp_path / "a.xml", OLDER_HARK))
        assert (array.positions.tolist(), array.channels) == ([[0.1, 0, 0], [0, 0.2, 0]], (1, 0))

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ('type="microphone"', 'type="soundsource"', "only soundsource, tsp; take HARK's file of the mic"),
            ('coordinate="cartesian">\n', 'coordinate="polar">\n', "cartesian coordinates, got 'polar'"),
            ('x="0.05" ', "", "position 0 has no x"),
            ('x="0.05"', 'x="left"', "position 0: coordinates must be numbers"),
            ('id="1"', 'id="one"', "position 0: id must be a channel from 0, got 'one'"),
        ],
    )
    def test_mistakes_are_named(self, tmp_path: Path, old: str, new: str, message: str) -> None:
        assert old in HARK
        with pytest.raises(ArrayFileError, match=message):
            load_array(write(tmp_path / "a.xml", HARK.replace(old, new)))


class TestCsv:
    @pytest.mark.parametrize(
        "text",
        [
            "x,y,z\n0,0,0\n0.1,0,0.2\n",
            "# made by hand\n\n X , Y , Z \n0,0,0\n 0.1 , 0 , 0.2\n",
            "0,0,0\n0.1,0,2e-1\n",
            "x;y;z\r\n0;0;0\r\n0.1;0;0.2\r\n",
            "x\ty\tz\n0\t0\t0\n0.1\t0\t0.2\n",
            "0 0 0\n0.1   0 0.2",
            '"x","y","z"\n"0","0","0"\n"0.1","0","0.2"\n',
            "z,x,y\n0,0,0\n0.2,0.1,0\n",
            "x;y;z\n0;0;0\n0,1;0;0,2\n",
            "x\ty\tz\n0\t0\t0\n0,1\t0\t0,2\n",
            "0,0 0,0 0,0\n0,1 0,0 0,2\n",
            "% made by a matrix program\n0,0,0\n0.1,0,0.2\n",
            "// x, y, z follow\n0,0,0 // the first\n0.1,0,0.2\n",
            "# z x y\n0 0 0\n0.2 0.1 0\n",
            "% x y z in metres\n0 0 0\n0.1 0 0.2\n",
            "% x y z in millimetres\n0 0 0\n100 0 200\n",
            "x_mm,y_mm,z_mm\n0,0,0\n100,0,200\n",
            "x (mm),y (mm),z (mm)\n0,0,0\n100,0,200\n",
            "x (cm) y (cm) z (cm)\n0 0 0\n10 0 20\n",
            "X [m];Y [m];Z [m]\n0;0;0\n0,1;0;0,2\n",
            "x / mm,y / mm,z / mm\n0,0,0\n100,0,200\n",
            "x_m,y_m,z_m\n0,0,0\n0.1,0,0.2\n",
            "mic,x,y,z\n0,0,0,0\n1,0.1,0,0.2\n",
            "name;x;y;z\nleft;0;0;0\nright;0.1;0;0.2\n",
            ",x,y,z\n1,0,0,0\n2,0.1,0,0.2\n",
            "left 0 0 0\nright 0.1 0 0.2\n",
            "1 0 0 0\n2 0.1 0 0.2\n",
        ],
    )
    def test_tables_are_read_as_people_write_them(self, tmp_path: Path, text: str) -> None:
        array = load_array(write(tmp_path / "a.csv", text))
        assert array.body_positions.tolist() == [[0, 0, 0], [0.1, 0, 0.2]]
        assert array.channels == (0, 1)

    @pytest.mark.parametrize(
        "text",
        [
            "azimuth_deg,elevation_deg,radius\n0,0,0.1\n90,0,0.1\n0,90,0.1\n",
            "azimuth (deg),elevation (deg),radius (mm)\n0,0,100\n90,0,100\n0,90,100\n",
            "radius_cm;elevation_rad;azimuth_rad\n10;0;0\n10;0;1,5707963268\n10;1,5707963268;0\n",
        ],
    )
    def test_polar_columns_are_read(self, tmp_path: Path, text: str) -> None:
        array = load_array(write(tmp_path / "a.csv", text))
        np.testing.assert_allclose(array.positions, 0.1 * np.eye(3), atol=1e-10)

    def test_three_rows_of_three_are_read_only_when_told_how(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", "0.06,-0.03,-0.03\n0,0.05,-0.05\n0,0,0.02\n")
        with pytest.raises(ArrayFileError, match=r"\[0.06, -0.03, -0.03\] if rows .* \[0.06, 0.0, 0.0\] if"):
            load_array(path)
        assert load_array(path, three_by_three="rows").positions[1].tolist() == [0, 0.05, -0.05]
        assert load_array(path, three_by_three="columns").positions[1].tolist() == [-0.03, 0.05, 0]

    def test_microphones_in_columns_are_turned_over_when_told(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", "0,0.1,0,0\n0,0,0.2,0\n0,0,0,0.3\n")
        positions = load_array(path, three_by_three="columns").positions
        assert positions.tolist() == [[0, 0, 0], [0.1, 0, 0], [0, 0.2, 0], [0, 0, 0.3]]

    @pytest.mark.parametrize("text", ["channel,x,y,z\n1,0,0,0\n0,0.1,0,0\n", "0,0,0,1\n0.1,0,0,0\n"])
    def test_a_channel_column_maps_the_channels(self, tmp_path: Path, text: str) -> None:
        array = load_array(write(tmp_path / "a.csv", text))
        assert array.channels == (1, 0)
        assert array.body_positions[0].tolist() == [0, 0, 0]

    def test_a_comment_names_channels_to_ignore(self, tmp_path: Path) -> None:
        text = "# ignore_channels = [0, 3]\nx,y,z,channel\n0,0,0,1\n0.1,0,0,2\n"
        assert load_array(write(tmp_path / "a.csv", text)).ignore_channels == (0, 3)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("x,y,z\n", "no rows of numbers"),
            ("# only a comment\n", "no rows of numbers"),
            ("x,y\n0,0\n", "columns must be x, y, z and perhaps channel, got x, y"),
            ("x,y,z,mic\n0,0,0,1\n", "got x, y, z, mic"),
            ("0,0\n0,1\n", "columns must be x, y, z"),
            ("0,0,0,0,0\n", "columns must be x, y, z"),
            ("x,y,z\n0,0,0\n0,1\n", "line 3 has 2 columns, the first has 3"),
            ("x,y,z\n0,0,0\n0,one,0\n", "line 3: 'one' is not a number"),
            ("x,y,z,channel\n0,0,0,0\n0.1,0,0,0.5\n", "channels must be whole numbers"),
            ("x,y,z,channel\n0,0,0,0\n0.1,0,0,inf\n", "channels must be whole numbers"),
            ("0,0.1,0,0,0.1,0\n0,0,0.1,0,0,0.1\n0,0,0,0.1,0,0\n", "3 rows of 6 numbers: microphones in col"),
            ("0,0.1,0,0\n0,0,0.1,0\n0,0,0,0.1\n", "3 rows of 4 numbers: microphones in columns"),
            ("mic,x,y,z\n1,0,0,0\n0,0.1,0,0\n", r"'mic' does not count its rows \(1, 0, \.\.\.\)"),
            ("x;y;z\n1,200;0;0\n1,300;0;0\n", "'1,200' may be 1.200 or 1200"),
            ("x;y;z\n0,1;0;0\n0.2;0;0\n", r"decimal commas \(0,1\) and points \(0.2\) together"),
            ("x,y,z\n0,1,0,0,0,0\n", "decimal commas\\? then separate columns by ;"),
            ("x_mm,y_cm,z_mm\n0,0,0\n1,0,0\n", "columns differ in their unit"),
            ("x_mm,y,z\n0,0,0\n1,0,0\n", "columns differ in their unit"),
            ("x_in,y_in,z_in\n0,0,0\n1,0,0\n", "units are m, cm and mm"),
            ("azimuth,elevation,radius\n0,0,1\n", "degrees or radians\\? call the column azimuth_deg"),
            ("azimuth_deg,elevation_deg,radius\n0,91,1\n", "elevations must be -90..90"),
            ("azimuth_deg,elevation_deg,radius\n0,0,inf\n", "angles and radii must be finite"),
            ("azimuth_deg,elevation_deg\n0,91\n", "polar columns are azimuth_deg, elevation_deg, radius"),
        ],
    )
    def test_mistakes_name_their_place(self, tmp_path: Path, text: str, message: str) -> None:
        with pytest.raises(ArrayFileError, match=message):
            load_array(write(tmp_path / "a.csv", text))

    def test_channels_counted_from_one_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(GeometryError, match="channels count from 0, got 1 to 2; subtract 1"):
            load_array(write(tmp_path / "a.csv", "x,y,z,channel\n0,0,0,1\n0.1,0,0,2\n"))


class TestNpy:
    @pytest.mark.parametrize("dtype", ["float64", "float32", ">f8", "float16"])
    @pytest.mark.parametrize("order", ["C", "F"])
    def test_every_real_type_and_order_is_read(self, tmp_path: Path, dtype: str, order: str) -> None:
        positions = np.array([[0.125, 0, 0], [0, 0.25, 0], [0, 0, 0.5], [1, 0, 0]])
        np.save(tmp_path / "a.npy", np.asarray(positions, dtype=dtype, order=order))  # type: ignore[call-overload] # dtype
        np.testing.assert_array_equal(load_array(tmp_path / "a.npy").body_positions, positions)

    @pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
    def test_every_version_is_read(self, tmp_path: Path, version: tuple[int, int]) -> None:
        with (tmp_path / "a.npy").open("wb") as file:
            np.lib.format.write_array(file, tetrahedral_positions(0.04), version=version)
        np.testing.assert_array_equal(load_array(tmp_path / "a.npy").positions, tetrahedral_positions(0.04))

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (np.zeros(12), "must hold a table of real numbers"),
            (np.zeros((4, 3, 1)), "must hold a table of real numbers"),
            (np.zeros((4, 3), dtype=complex), "must hold a table of real numbers"),
            (np.array([["a"] * 3] * 4), "must hold a table of real numbers"),
            (np.zeros((4, 2)), r"must be \(microphones, 3\), got \(4, 2\); give x, y, z"),
            (np.zeros((0, 3)), "has 0 microphones"),
        ],
    )
    def test_other_contents_are_refused(self, tmp_path: Path, content: np.ndarray, message: str) -> None:
        np.save(tmp_path / "a.npy", content)
        with pytest.raises((ArrayFileError, GeometryError), match=message):
            load_array(tmp_path / "a.npy")

    def test_objects_are_never_unpickled(self, tmp_path: Path) -> None:
        np.save(tmp_path / "a.npy", np.array([[object()] * 3] * 4), allow_pickle=True)
        with pytest.raises(ArrayFileError, match="must hold a table of real numbers"):
            load_array(tmp_path / "a.npy")

    def test_a_size_beyond_the_file_is_refused_before_memory_is_taken(self, tmp_path: Path) -> None:
        path = tmp_path / "a.npy"
        np.save(path, np.zeros((4, 3)))
        path.write_bytes(path.read_bytes().replace(b"(4, 3), }     ", b"(400000000, 3)}"))
        with pytest.raises(ArrayFileError, match="cut short, 400000000 x 3 numbers"):
            load_array(path)

    def test_other_files_are_no_numpy_files(self, tmp_path: Path) -> None:
        with pytest.raises(ArrayFileError, match=r"not a NumPy \.npy file"):
            load_array(write(tmp_path / "a.npy", "x,y,z"))


def save_sofa(path: Path, positions: np.ndarray, kind: str = "cartesian", units: str = "metre") -> Path:
    import sofar

    content = sofar.Sofa("GeneralFIR")
    content.ReceiverPosition = positions
    content.ReceiverPosition_Type, content.ReceiverPosition_Units = kind, units
    content.Data_IR, content.Data_Delay = np.zeros((1, len(positions), 2)), np.zeros((1, len(positions)))
    sofar.write_sofa(str(path), content)
    return path


class TestPatterns:
    """Patterns and receivers in our own format."""

    def array(self, path: Path, lines: str) -> MicrophoneArray:
        rows = [f"[[microphone]]\nposition = [0.0, {y}, 0.0]\n{lines}\n" for y in (0.0, 0.05)]
        return load_array(write(path / "a.toml", "".join(rows)))

    def test_names_and_shares_are_read(self, tmp_path: Path) -> None:
        array = self.array(tmp_path, 'pattern = "cardioid"\naxis = [0, 0, 3]')
        assert array.patterns == (MicrophonePattern(0.5, (0, 0, 1)),) * 2
        assert self.array(tmp_path, "pattern = 0.5\naxis = [0, 0, 1]").hash == array.hash
        assert self.array(tmp_path, 'pattern = "omni"').patterns == ()

    def test_what_is_written_is_read_to_the_last_bit(self, tmp_path: Path) -> None:
        patterns = [MicrophonePattern(0.123456789, (1, 2, 3)), MicrophonePattern.named("omni", (0, 1, 5))]
        array = MicrophoneArray([[0, 0, 0], [0, 0.05, 0]], patterns=patterns, mount_rpy_deg=(10, 20, 30))
        save_array(array, tmp_path / "a.toml")
        again = load_array(tmp_path / "a.toml")
        assert (again.patterns, again.hash) == (array.patterns, array.hash)

    @pytest.mark.parametrize(
        ("lines", "message"),
        [
            (
                'pattern = "cardoid"\naxis = [1, 0, 0]',
                "no pattern is called 'cardoid'; did you mean 'cardioid'",
            ),
            ("pattern = 2\naxis = [1, 0, 0]", r"microphone 0: .* must be 0\.\.1, got 2"),
            ("pattern = true\naxis = [1, 0, 0]", "microphone 0: pattern must be a number, got True"),
            ('pattern = "cardioid"', r"looks somewhere; add axis = \[x, y, z\]"),
            (
                'pattern = "cardioid"\naxis = [0, 0, 0]',
                "microphone 0: a pattern's axis must be 3 numbers, not all 0",
            ),
            ('pattern = "cardioid"\naxis = 1', "microphone 0: axis must be three numbers"),
            ("receiver = 1", r'a receiver of no file; add steering = "head\.sofa"'),
        ],
    )
    def test_other_patterns_are_refused(self, tmp_path: Path, lines: str, message: str) -> None:
        with pytest.raises(ArrayFileError, match=message):
            self.array(tmp_path, lines)

    def test_steering_is_the_name_of_a_sofa_file(self, tmp_path: Path) -> None:
        for name, message in (
            ("7", "must be the name of a SOFA file"),
            ('"head.wav"', "must be the name of a SOFA"),
        ):
            with pytest.raises(ArrayFileError, match=message):
                load_array(write(tmp_path / "a.toml", f"steering = {name}"))
        with pytest.raises(ArrayFileError, match=r"head\.sofa: no such file"):
            load_array(write(tmp_path / "a.toml", 'steering = "head.sofa"'))


class TestSofa:
    def test_cartesian_metres_are_read(self, tmp_path: Path) -> None:
        array = load_array(save_sofa(tmp_path / "a.sofa", tetrahedral_positions(0.04)))
        np.testing.assert_array_equal(array.body_positions, tetrahedral_positions(0.04))
        assert array.name == "a"

    def test_spherical_degrees_are_read(self, tmp_path: Path) -> None:
        spherical = np.array([[0, 0, 0.04], [90, 0, 0.04], [0, 90, 0.05], [-135, -45, 0.04]])
        path = save_sofa(tmp_path / "a.sofa", spherical, "spherical", "degree, degree, metre")
        expected = angles_deg_to_direction(spherical[:, 0], spherical[:, 1]) * spherical[:, 2:]
        np.testing.assert_allclose(load_array(path).body_positions, expected, atol=1e-15)

    @pytest.mark.parametrize(
        ("kind", "units", "scale"),
        [
            ("Cartesian", "Metre", (1, 1, 1)),
            ("cartesian", "millimetre", (1000, 1000, 1000)),
            ("Spherical", "Radian, Radian, Meter", (np.pi / 180, np.pi / 180, 1)),
            ("spherical", "degrees, degrees, cm", (1, 1, 100)),
        ],
    )
    def test_capitals_radians_and_other_lengths_are_read(
        self, tmp_path: Path, kind: str, units: str, scale: tuple[float, float, float]
    ) -> None:
        from netCDF4 import Dataset

        spherical = np.array([[0, 0, 0.04], [90, 0, 0.04], [0, 90, 0.05], [-135, -45, 0.04]])
        expected = angles_deg_to_direction(spherical[:, 0], spherical[:, 1]) * spherical[:, 2:]
        values = expected if kind.lower() == "cartesian" else spherical
        path = save_sofa(tmp_path / "a.sofa", values * scale)
        with Dataset(path, "a") as file:
            file["ReceiverPosition"].Type, file["ReceiverPosition"].Units = kind, units
        np.testing.assert_allclose(load_array(path).positions, expected, atol=1e-12)

    def test_a_name_that_is_not_utf8_is_read(self, tmp_path: Path) -> None:
        path = save_sofa(tmp_path / "a.sofa", tetrahedral_positions(0.04))
        other = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.sofa")
        path.rename(other)
        assert load_array(other).num_microphones == 4

    def test_a_reader_that_never_ends_is_ended(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What a damaged file can do to HDF5, done by a reader's program that waits for ever."""
        (tmp_path / "endless.py").write_text("import time\nwhile True: time.sleep(1)\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(sofa, "_READER", "endless")
        monkeypatch.setattr(sofa, "WALL_S", 1.0)
        with pytest.raises(ArrayFileError, match=r"no readable ReceiverPosition \(not read within 1 s\)"):
            load_array(write(tmp_path / "a.sofa", "anything"))

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no computing time")
    def test_a_reader_that_computes_for_ever_is_ended(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "busy.py").write_text(
            "from anydoa.io.formats import sofa_receivers\nsofa_receivers.CPU_S = 1\n"
            "sofa_receivers._limit_resources()\nwhile True: pass\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(sofa, "_READER", "busy")
        with pytest.raises(ArrayFileError, match="HDF5 gave up on it, or would never have ended"):
            load_array(write(tmp_path / "a.sofa", "anything"))

    def test_other_coordinates_are_refused(self, tmp_path: Path) -> None:
        from netCDF4 import Dataset

        path = save_sofa(tmp_path / "a.sofa", tetrahedral_positions(0.04))
        with Dataset(path, "a") as file:
            file["ReceiverPosition"].Type = "spherical harmonics"
        with pytest.raises(
            ArrayFileError, match=r"must be cartesian or spherical in .*, got 'spherical harmonics'"
        ):
            load_array(path)

    def test_moving_receivers_are_refused(self, tmp_path: Path) -> None:
        from netCDF4 import Dataset

        path = tmp_path / "a.sofa"
        with Dataset(path, "w") as file:
            for name, size in (("R", 4), ("C", 3), ("M", 2)):
                file.createDimension(name, size)
            variable = file.createVariable("ReceiverPosition", "f8", ("R", "C", "M"))
            variable.Type, variable.Units = "cartesian", "metre"
            variable[:] = np.stack([tetrahedral_positions(0.04), tetrahedral_positions(0.05)], axis=-1)
        with pytest.raises(ArrayFileError, match="the receivers move"):
            load_array(path)

    @pytest.mark.parametrize(
        ("shape", "kind", "message"),
        [
            ((4, 2), "f8", r"must be \(receivers, 3\), got shape \(4, 2\)"),
            ((200, 3), "f8", r"must be \(receivers, 3\), got shape \(200, 3\)"),
            ((4, 3), "S1", "no readable ReceiverPosition"),
            ((4, 3), "f8", "missing or not finite"),
            ((4, 3, 0), "f8", r"must be \(receivers, 3\), got shape \(4, 3, 0\)"),
        ],
    )
    def test_other_contents_are_refused(
        self, tmp_path: Path, shape: tuple[int, ...], kind: str, message: str
    ) -> None:
        from netCDF4 import Dataset

        with Dataset(tmp_path / "a.sofa", "w") as file:
            names = ["R", "C", "M"][: len(shape)]
            for name, size in zip(names, shape, strict=True):
                file.createDimension(name, size)
            variable = file.createVariable("ReceiverPosition", kind, names)
            variable.Type, variable.Units = "cartesian", "metre"
        with pytest.raises(ArrayFileError, match=message):
            load_array(tmp_path / "a.sofa")

    def test_without_the_extra_the_cure_is_an_install_line(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "netCDF4", None)  # what Python itself does to forbid an import
        with pytest.raises(MissingExtraError, match=r"pip install 'anydoa\[arrays\]'"):
            load_array(write(tmp_path / "a.sofa", "anything"))

    def test_other_files_are_no_sofa_files(self, tmp_path: Path) -> None:
        with pytest.raises(ArrayFileError, match="no readable ReceiverPosition"):
            load_array(write(tmp_path / "a.sofa", "x,y,z"))

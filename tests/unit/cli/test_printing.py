"""Words and tables on the terminal, and where there is none."""

import pytest
from rich.table import Table

from anydoa.cli.printing import angle_words, print_table
from anydoa.geometry.coordinates import angles_deg_to_direction


@pytest.mark.parametrize(
    ("azimuth_deg", "elevation_deg", "words"),
    [
        (-179.97, -0.01, ("180.0°", "0.0°")),
        (-0.04, 12.34, ("0.0°", "12.3°")),
        (-120.0, -30.0, ("-120.0°", "-30.0°")),
        (10.0, 88.0, ("any", "88.0°")),
    ],
)
def test_angles_are_told_within_their_ranges(
    azimuth_deg: float, elevation_deg: float, words: tuple[str, str]
) -> None:
    assert angle_words(angles_deg_to_direction(azimuth_deg, elevation_deg)) == words


def test_what_is_no_terminal_gets_each_row_on_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    title = "Eight " + "very " * 60 + "small microphones"
    table = Table("name", "what", box=None, pad_edge=False)
    table.add_row("ring", "word " * 80 + "end")
    print_table(title, table, "")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == title
    assert [line.split()[0] for line in lines[1:3]] == ["name", "ring"]
    assert lines[2].endswith("end")
    assert lines[3:] == [""]

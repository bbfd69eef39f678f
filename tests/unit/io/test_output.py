"""Files that appear when they are whole, never over what was read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from anydoa.errors import ConfigError
from anydoa.io.output import (
    check_outputs,
    growing_text,
    note_input,
    prepare_folder,
    protected_inputs,
    whole_file,
    whole_folder,
    whole_text,
    write_text,
)


class Interruption(BaseException):
    """Ctrl-C, or a signal."""


def write_half(path: Path, ending: type[BaseException]) -> None:
    with whole_text(path) as stream:
        stream.write("new")
        raise ending


def write_half_a_folder(path: Path) -> None:
    with whole_folder(path) as partial:
        (partial / "a").write_text("half")
        raise Interruption


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with whole_text(path) as stream:
        stream.write("half")
        stream.flush()
        assert not path.exists()
    assert path.read_text() == "half"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("ending", [Interruption, KeyboardInterrupt, ValueError])
def test_what_ends_early_leaves_the_old_file(tmp_path: Path, ending: type[BaseException]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ending):
        write_half(path, ending)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_killed_program_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    program = (
        "import os, sys; from anydoa.io.output import whole_text\n"
        "with whole_text(sys.argv[1]) as stream: stream.write('new'); stream.flush(); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", program, path], check=False).returncode == -9
    assert path.read_text() == "old"


def test_a_file_that_was_read_is_not_written(tmp_path: Path) -> None:
    path, hard, soft = tmp_path / "a.wav", tmp_path / "hard.csv", tmp_path / "soft.csv"
    path.write_text("sound")
    os.link(path, hard)
    soft.symlink_to(path)
    with protected_inputs():
        note_input(path, "recording")
        for target in (path, hard, soft, tmp_path / "." / "a.wav"):
            for write in (check_outputs, lambda target: write_text(target, "lost")):
                with pytest.raises(ConfigError, match="the recording and would be overwritten; choose"):
                    write(target)
            with pytest.raises(ConfigError, match="would be overwritten"), growing_text(target):
                pass
        write_text(tmp_path / "b.wav", "another")
    assert path.read_text() == "sound"
    write_text(path, "Python may")
    assert path.read_text() == "Python may"


def test_a_file_in_a_folder_that_was_read_is_not_replaced(tmp_path: Path) -> None:
    folder = prepare_folder(tmp_path / "model")
    (folder / "card.json").write_text("old")
    with protected_inputs():
        note_input(folder / "card.json", "card")
        with pytest.raises(ConfigError, match="the card"), whole_folder(folder, last="card.json") as partial:
            (partial / "card.json").write_text("new")
    assert (folder / "card.json").read_text() == "old"


def test_a_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with pytest.raises(Interruption):
        write_half_a_folder(folder)
    assert os.listdir(tmp_path) == []
    for content in ("first", "second"):
        with whole_folder(folder, last="card") as partial:
            (partial / "card").write_text(content)
            (partial / content).write_text(content)
        assert (folder / "card").read_text() == content
    assert sorted(os.listdir(folder)) == ["card", "first", "second"]
    assert os.listdir(tmp_path) == ["model"]


def test_an_old_member_that_is_not_written_anew_goes(tmp_path: Path) -> None:
    folder = prepare_folder(tmp_path / "model")
    for name in ("card", "graph", "more", "notes"):
        (folder / name).write_text("old")
    with whole_folder(folder, last="card", members=("card", "graph", "more")) as partial:
        for name in ("card", "graph"):
            (partial / name).write_text("new")
    found = {path.name: path.read_text() for path in folder.iterdir()}
    assert found == {"card": "new", "graph": "new", "notes": "old"}


def test_a_member_that_was_read_does_not_go(tmp_path: Path) -> None:
    folder = prepare_folder(tmp_path / "model")
    (folder / "more").write_text("old")
    with protected_inputs():
        note_input(folder / "more", "model that is used")
        with pytest.raises(ConfigError, match="the model"), whole_folder(folder, members=["more"]) as partial:
            (partial / "card").write_text("new")
    assert [path.name for path in folder.iterdir()] == ["more"]


def test_a_link_keeps_leading_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    link = tmp_path / "a.txt"
    link.symlink_to(tmp_path / "far" / "b.txt")
    write_text(link, "text")
    assert link.is_symlink()
    assert (tmp_path / "far" / "b.txt").read_text() == "text"


def test_what_others_have_linked_does_not_change(tmp_path: Path) -> None:
    path, other = tmp_path / "a.txt", tmp_path / "b.txt"
    path.write_text("old")
    os.link(path, other)
    write_text(path, "whole")
    with growing_text(tmp_path / "a.txt") as stream:
        stream.write("grown")
    assert (path.read_text(), other.read_text()) == ("grown", "old")


def test_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o640)
    write_text(path, "new")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_growing_file_can_be_read_along(tmp_path: Path) -> None:
    with growing_text(tmp_path / "a.txt") as stream:
        stream.write("so far")
        stream.flush()
        assert (tmp_path / "a.txt").read_text() == "so far"


def test_a_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True)
    write_text(pipe, "through")
    assert reader.communicate()[0] == "through"
    write_text(os.devnull, "gone")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_with_the_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"/dev/full: cannot be written \(No space left on device\)"):
        write_text("/dev/full", "text")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no/a.txt", "No such file"),
        ("a.txt/b", "Not a directory"),
        ("folder", "is a folder"),
        ("x" * 300, "File name too long"),
        ("nul\0", "null"),
        ("loop", "symbolic links"),
    ],
)
def test_impossible_places_are_refused_in_one_line(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for write in (check_outputs, lambda path: write_text(path, "text")):
        with pytest.raises(ConfigError, match=reason) as refused:
            write(tmp_path / name)
        assert "\n" not in str(refused.value)
    assert (tmp_path / "a.txt").read_text() == "text"


def test_a_name_that_ends_in_a_slash_is_no_file(tmp_path: Path) -> None:
    name = f"{tmp_path}/new/"
    for write in (check_outputs, lambda target: write_text(target, "lost")):
        with pytest.raises(ConfigError, match="new/: is a folder; name a file in it"):
            write(name)
    with pytest.raises(ConfigError, match="new/: is a folder"), growing_text(name):
        pass
    assert os.listdir(tmp_path) == []


def test_a_folder_is_made_where_that_is_wanted(tmp_path: Path) -> None:
    check_outputs(tmp_path / "x" / "y" / "a.txt", None, make_folders=True)
    assert os.listdir(tmp_path / "x" / "y") == []
    (tmp_path / "x" / "file").mkdir()
    assert prepare_folder(tmp_path / "x") == tmp_path / "x"
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="no folder can be made there"):
        prepare_folder(tmp_path / "file")


def test_two_results_in_one_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(ConfigError, match="two results would both be"):
        check_outputs(tmp_path / "a", tmp_path / "link")
    check_outputs(os.devnull, os.devnull)


def test_what_is_read_meanwhile_is_no_fault_of_the_target(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "a"):
        (tmp_path / "missing").read_text()

"""The files that `anydoa locate` writes: where they go, and whether they can."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from anydoa.cli.locate_talkers import TalkerSounds
from anydoa.cli.printing import tell
from anydoa.errors import ConfigError
from anydoa.io.output import check_outputs, names_folder, note_input, whole_text

if TYPE_CHECKING:
    from anydoa.geometry import Zone
    from anydoa.io.result_files import TextSink

_SUFFIXES = {"json": ".jsonl", "csv": ".csv", "dcase": ".dcase.csv", "rttm": ".rttm"}
_ENDINGS = {"json": (".jsonl", ".json"), "csv": (".csv",), "dcase": (".csv",), "rttm": (".rttm",)}
"""Endings that a person may give the files of a format."""
_PICTURES = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class Targets:
    """Where results go: checked before any work is done.

    Args:
        files: the recordings.
        form: format of the files; the table is printed.
        output: file, folder or ``-``; None for beside each recording.
        plot: picture or folder; what ends in a slash is a folder.
        plot_mask: picture of the mask, or folder.
        sounds: the sounds of talkers that are wanted.
        skip_existing: whether recordings whose files are there need nothing more.
        zones: zones to name directions by.
    """

    files: tuple[Path, ...]
    form: Literal["table", "json", "csv", "dcase", "rttm"]
    output: str | None
    plot: str | None
    plot_mask: str | None
    sounds: TalkerSounds
    skip_existing: bool = False
    zones: "tuple[Zone, ...]" = ()

    def __post_init__(self) -> None:
        if self.form == "table" and self.output is not None:
            raise ConfigError(
                f"output {self.output!r} needs a format, for the table is printed; add --format json, csv, "
                "dcase or rttm"
            )
        if len(self.files) > 1 and self.output == "-" and self.form != "json":
            raise ConfigError(f"several recordings as {self.form} would run into each other; leave out -o -")
        if self.form == "dcase" and self.zones:
            from anydoa.io.result_files import NO_ZONES_IN_DCASE

            raise ConfigError(NO_ZONES_IN_DCASE)
        self._check_endings()
        if self.skip_existing and self.sounds.folder is not None:
            raise ConfigError(
                "--skip-existing cannot tell whether the sounds of all talkers are there; leave out "
                "--talkers-audio, or --skip-existing"
            )
        if self.skip_existing and not self._written(self.files[0]):
            raise ConfigError(
                "--skip-existing looks for files; add --format json, csv, dcase or rttm, or --plot"
            )
        for picture in (self.picture(self.files[0]), self.mask_picture(self.files[0])):
            if picture is not None:
                from anydoa.plotting import check_picture_path

                check_picture_path(picture)

    def _check_endings(self) -> None:
        """Refuse names that say something else than what is written under them."""
        known = (*chain(*_ENDINGS.values()), *_PICTURES)
        for target in filter(None, (self.output, self.plot, self.plot_mask)):
            is_new_folder = self._is_folder(target) and not names_folder(target) and not Path(target).is_dir()
            if is_new_folder and target.lower().endswith(known):
                raise ConfigError(
                    f"several recordings go into a folder, but {target} is named as a file; name a folder, "
                    f"as in {Path(target).with_suffix('')}"
                )
        if self.output is None or self._is_folder(self.output):
            return
        named = [form for form, endings in _ENDINGS.items() if self.output.lower().endswith(endings)]
        if named and self.form not in named:
            raise ConfigError(
                f"--format {self.form} would be written to {self.output}, named as {named[0]}; end it "
                f"in {_ENDINGS[self.form][0]}, or say --format {named[0]}"
            )

    def check_files(self) -> None:
        """Find out before any work is done whether everything can be written.

        Raises:
            ConfigError: if a file would be written twice, or over one that is read, or not at all.
        """
        for file in self.files:
            note_input(file, "recording")
        check_outputs(*(path for file in self.files for path in self._written(file)), make_folders=True)
        self.sounds.check(file.stem for file in self.files)

    def unfinished(self, *, quiet: bool) -> tuple[Path, ...]:
        """The recordings whose files are not all there, where that matters."""
        if not self.skip_existing:
            return self.files
        left = tuple(file for file in self.files if not all(path.exists() for path in self._written(file)))
        if len(left) < len(self.files) and not quiet:
            tell(f"{len(self.files) - len(left)} of {len(self.files)} were there already", err=True)
        return left

    def _written(self, file: Path) -> list[Path]:
        """Every file that a recording leads to."""
        targets = (self.result, self.picture, self.mask_picture)
        return [path for target in targets if (path := target(file))]

    def result(self, file: Path) -> Path | None:
        """Where the frames of a recording go; None for standard output."""
        if self.output == "-" or self.form == "table":
            return None
        suffix = _SUFFIXES[self.form]
        if self.output is None:
            return file.with_suffix(suffix)
        return self._in_folder(self.output, file, suffix)

    def picture(self, file: Path) -> Path | None:
        """Where the picture of a recording goes; None for no picture."""
        return None if self.plot is None else self._in_folder(self.plot, file, ".png")

    def mask_picture(self, file: Path) -> Path | None:
        """Where the picture of a recording's mask goes; None for no picture."""
        return None if self.plot_mask is None else self._in_folder(self.plot_mask, file, ".mask.png")

    def _in_folder(self, target: str, file: Path, suffix: str) -> Path:
        return Path(target, file.stem + suffix) if self._is_folder(target) else Path(target)

    def _is_folder(self, target: str) -> bool:
        return len(self.files) > 1 or names_folder(target) or Path(target).is_dir()

    @contextmanager
    def open(self, file: Path) -> Iterator["TextSink"]:
        """The open file that the frames of a recording are written to."""
        path = self.result(file)
        if path is None:
            yield sys.stdout
            return
        with whole_text(path) as stream:
            yield stream

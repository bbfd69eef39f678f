"""The sound of each talker of a recording, written by `anydoa locate`: a WAV each."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anydoa.cli.options import OUTPUT
from anydoa.errors import ConfigError
from anydoa.io.output import check_outputs, prepare_folder, whole_binary

if TYPE_CHECKING:
    from anydoa.beamforming import Beamformer
    from anydoa.io.audio import Recording
    from anydoa.localizer import LocalizationRun, Localizer

TalkersAudioOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Write the sound of each talker there: one WAV a talker, at 16 kHz, as long as the recording.",
        rich_help_panel=OUTPUT,
    ),
]


@dataclass(frozen=True)
class TalkerSounds:
    """The sounds of talkers that are wanted of recordings.

    Args:
        folder: folder of the files; None for none.
        beamformer: how they are taken out of the microphones.
    """

    folder: Path | None
    beamformer: "Beamformer"

    def check(self, stems: Iterable[str]) -> None:
        """Find out before any work is done whether the folder takes files.

        Args:
            stems: first part of the names of the files of each recording.

        Raises:
            ConfigError: if it does not, if two recordings would have the same files or write over one that is
                read, or if a beamformer was chosen for nothing.
        """
        if self.folder is None and self.beamformer != "mvdr":
            raise ConfigError("--beamformer is for the sound of talkers; add --talkers-audio FOLDER")
        if self.folder is not None:
            prepare_folder(self.folder)
            check_outputs(*(_sound_path(self.folder, stem, 0) for stem in stems))

    def write(
        self, localizer: "Localizer", run: "LocalizationRun", recording: "Recording", stem: str
    ) -> Iterator[Path]:
        """Write the sound of everyone who has a line in the table, and name each file.

        Args:
            localizer: what the talkers were found with.
            run: the recording, located to its end.
            recording: its file or files.
            stem: first part of the names of the files.
        """
        talkers = [talker for talker in run.talkers if not all(turn.is_brief for turn in talker.turns)]
        if self.folder is None or not talkers:
            return
        from anydoa.beamforming import BEAM_RATE, talker_blocks
        from anydoa.io.wav import WavWriter

        paths = [_sound_path(self.folder, stem, talker.id) for talker in talkers]
        with ExitStack() as stack:
            writers = [
                WavWriter(stack.enter_context(whole_binary(path)), BEAM_RATE, what=f"the sound in {path}")
                for path in paths
            ]
            blocks = talker_blocks(
                recording,
                localizer.array,
                talkers,
                estimator=localizer.estimator,
                beamformer=self.beamformer,
            )
            for block in blocks:
                for writer, sound in zip(writers, block, strict=True):
                    writer.write(sound)
        yield from paths


def _sound_path(folder: Path, stem: str, talker: int) -> Path:
    return folder / f"{stem}.talker-{talker}.wav"

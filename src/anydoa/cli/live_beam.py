"""Options of `anydoa live` for the sound of one talker: whose it is, and where it goes."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from anydoa.cli.options import OUTPUT, STANDARD_OUTPUT, parse_address, parse_device
from anydoa.errors import ConfigError
from anydoa.io.output import growing_binary

if TYPE_CHECKING:
    from anydoa.live import BeamOutput, BeamTarget, LivePipeline

BeamOption = Annotated[
    str | None,
    typer.Option(
        metavar="loudest|ID|AZIMUTH,ELEVATION",
        help="Listen to one: the loudest talker, a talker by number, or a direction in degrees.",
        rich_help_panel=OUTPUT,
    ),
]
BeamToOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|-|tcp://HOST:PORT|device:NAME",
        help="Where that sound goes: a WAV, raw samples to standard output or to a listener, or a sound card "
        "that plays.",
        rich_help_panel=OUTPUT,
    ),
]

_TCP, _DEVICE = "tcp://", "device:"


@dataclass(frozen=True)
class BeamWords:
    """What a person said of a beam: checked before any work is done.

    Args:
        beam: words that name a talker or a direction; None for no beam.
        to: words that name a place for the sound.
        beamformer: how it is taken out of the microphones.
    """

    beam: str | None
    to: str | None
    beamformer: Literal["mvdr", "delay-and-sum"] = "mvdr"

    def __post_init__(self) -> None:
        if self.beam is None and self.to is not None:
            raise ConfigError("--beam-to needs to know whose sound; add --beam loudest, an ID or a direction")
        if self.beam is not None and not self.to:
            raise ConfigError("--beam needs a place for the sound; add --beam-to talk.wav or another")
        if self.beam is None and self.beamformer != "mvdr":
            raise ConfigError("--beamformer is for a beam; add --beam loudest --beam-to talk.wav")
        if self.to is not None and self.to.startswith(_TCP):
            parse_address(self.to.removeprefix(_TCP), "--beam-to")
        _ = self.target  # a wrong one is told before any sound is heard

    @property
    def target(self) -> "BeamTarget | None":
        """Whose sound is wanted.

        Raises:
            ConfigError: if the words name nobody.
        """
        if self.beam is None:
            return None
        from anydoa.live import BeamTarget

        return BeamTarget.parse(self.beam)

    @property
    def takes_standard_output(self) -> bool:
        """Whether nothing else may be printed there."""
        return self.to == str(STANDARD_OUTPUT)

    @property
    def files(self) -> tuple[str, ...]:
        """The file that is written, if there is one."""
        is_elsewhere = self.to is None or self.takes_standard_output or self.to.startswith((_TCP, _DEVICE))
        return () if is_elsewhere else (self.to or "",)

    def open(self, pipeline: "LivePipeline", stack: ExitStack) -> "Iterator[BeamOutput]":
        """The output that is wanted, if any."""
        from anydoa.live import BeamPipe, BeamPlayer, BeamSender, BeamWav

        if self.to is None:
            return
        if self.takes_standard_output:
            yield BeamPipe(sys.stdout.buffer, pipeline)
        elif self.to.startswith(_TCP):
            yield BeamSender(*parse_address(self.to.removeprefix(_TCP), "--beam-to"), pipeline)
        elif self.to.startswith(_DEVICE):
            yield BeamPlayer(parse_device(self.to.removeprefix(_DEVICE)), pipeline)
        else:
            file = stack.enter_context(growing_binary(self.to))
            yield BeamWav(file, pipeline) if file.seekable() else BeamPipe(file, pipeline)

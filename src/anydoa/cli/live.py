"""`anydoa live`: directions and talkers while the sound comes in."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from anydoa.cli.card import ordered_feed
from anydoa.cli.estimator import EstimatorOption, GridOption, LookAheadOption, SoundsOption, parse_look_ahead
from anydoa.cli.live_beam import BeamOption, BeamToOption, BeamWords
from anydoa.cli.live_display import LiveDisplay
from anydoa.cli.options import (
    ESTIMATOR,
    OUTPUT,
    SOUND,
    STANDARD_OUTPUT,
    ArrayOption,
    BeamformerOption,
    DeviceOption,
    IgnoreChannelsOption,
    OnlyMicrophonesOption,
    ProfileOption,
    UnitOption,
    ZonesOption,
    check_host,
    parse_address,
    parse_array,
    parse_device,
    parse_output_file,
    parse_sources,
    parse_zones,
)
from anydoa.errors import ConfigError
from anydoa.estimators import DEFAULT_ESTIMATOR, estimator_for, learned_any_sound
from anydoa.io import DEFAULT_GRID
from anydoa.io.output import check_outputs, growing_text, note_input

if TYPE_CHECKING:
    from anydoa.geometry import MicrophoneArray, Zone
    from anydoa.live import (
        AudioFeed,
        BeamOutput,
        LivePipeline,
        MqttAddress,
        MqttOutput,
        OdasOutput,
        ResultFile,
    )

_NO_RATE = "raw samples do not say their rate; add --sample-rate to {}"


def live(
    array: ArrayOption,
    device: DeviceOption = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A recording, at the pace it was recorded.")
    ] = None,
    sources: Annotated[str, typer.Option(metavar="N|auto", help="How many sources there are.")] = "auto",
    outputs: Annotated[
        list[Path] | None,
        typer.Option(
            "--output", "-o", metavar="FILE|-", parser=parse_output_file,
            help="Every result: .csv as CSV, any other ending as JSON lines, - to standard output; may be "
            "given several times.",
        ),
    ] = None,
    form: Annotated[
        Literal["json", "csv"] | None,
        typer.Option("--format", help="Form of what goes to standard output with -o -. Default: json."),
    ] = None,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Raw samples from standard input.", rich_help_panel=SOUND)
    ] = False,
    tcp: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Raw samples from a sender that listens there.", rich_help_panel=SOUND
        ),
    ] = None,
    sample_rate: Annotated[
        int | None,
        typer.Option(
            help="Sample rate of raw samples or of the card, in Hz. Default: as a header says; the card's "
            "best.",
            rich_help_panel=SOUND,
        ),
    ] = None,
    channels: Annotated[
        int | None,
        typer.Option(help="Channels of raw samples. Default: those of the array.", rich_help_panel=SOUND),
    ] = None,
    sample_format: Annotated[
        Literal["s16le", "s24le", "s32le", "f32le"] | None,
        typer.Option(
            help="Form of raw samples, interleaved; s24le are three bytes. Default: s16le.",
            rich_help_panel=SOUND,
        ),
    ] = None,
    fast: Annotated[
        bool,
        typer.Option(
            "--fast", help="Replay or read as fast as it is computed; nothing is dropped.",
            rich_help_panel=SOUND,
        ),
    ] = False,
    profile: ProfileOption = None,
    ignore_channels: IgnoreChannelsOption = "",
    only_microphones: OnlyMicrophonesOption = False,
    unit: UnitOption = None,
    estimator: EstimatorOption = DEFAULT_ESTIMATOR,
    sounds: SoundsOption = "speech",
    grid: GridOption = DEFAULT_GRID,
    look_ahead: LookAheadOption = "0",
    vad: Annotated[
        bool,
        typer.Option(help="Whether tracks follow only what sounds like speech.", rich_help_panel=ESTIMATOR),
    ] = True,
    rate: Annotated[
        float,
        typer.Option(help="About how many results a second, in whole frames.", rich_help_panel=OUTPUT),
    ] = 10.0,
    odas: Annotated[
        str | None,
        typer.Option(
            metavar="HOST", help="Send to an ODAS viewer there: ports 9000 (tracks) and 9001.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    zones: ZonesOption = None,
    mqtt: Annotated[
        str | None,
        typer.Option(
            metavar="mqtt://HOST/TOPIC", envvar="ANYDOA_MQTT",
            help="Publish who talks where to that broker; Home Assistant finds it. USER:PASSWORD@ goes "
            "before the host, mqtts means TLS.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    beam: BeamOption = None,
    beam_to: BeamToOption = None,
    beamformer: BeamformerOption = "mvdr",
) -> None:  # fmt: skip
    """Find talkers while the sound comes in: from a sound card, a recording, a pipe or the network.

    Prints a line when a talker begins, moves, pauses or is gone. Ctrl-C ends; files are then complete. If the
    machine is too slow, the oldest sound is dropped and said so.
    """
    targets = _Targets(
        tuple(outputs or ()), form, odas, mqtt, parse_zones(zones), BeamWords(beam, beam_to, beamformer)
    )
    entrance = _Entrance(device, replay, stdin, tcp, sample_rate, channels, sample_format, fast)
    from anydoa.live import LivePipeline
    from anydoa.localizer import Localizer

    listened = parse_array(array, ignore_channels, unit, only_microphones=only_microphones)
    estimator = estimator_for(estimator, sounds)
    localizer = Localizer(listened, grid, estimator, parse_sources(sources))
    if replay is not None:
        note_input(replay, "recording")
    targets.check_files()
    feed = ordered_feed(entrance.open(listened), listened, profile)
    pipeline = LivePipeline(
        localizer,
        feed,
        results_per_s=rate,
        vad=vad and sounds == "speech" and not learned_any_sound(localizer.estimator.name),
        look_ahead_s=parse_look_ahead(look_ahead),
        beam=targets.beam.target,
        beamformer=beamformer,
    )
    with ExitStack() as stack:
        stack.enter_context(closing(pipeline))
        writers = [stack.enter_context(closing(writer)) for writer in targets.open(pipeline, stack)]
        for result in pipeline:
            for writer in writers:
                writer.write(result)


@dataclass(frozen=True)
class _Entrance:
    """Where the sound comes in: checked before any work is done.

    Args:
        device: number or part of the name of a sound card.
        replay: a recording.
        stdin: whether raw samples come on standard input.
        tcp: ``HOST:PORT`` of a sender of raw samples.
        sample_rate: sample rate of raw samples or of the card.
        channels: number of channels of raw samples.
        sample_format: encoding of raw samples.
        fast: whether the sound can wait.
    """

    device: str | None
    replay: Path | None
    stdin: bool
    tcp: str | None
    sample_rate: int | None
    channels: int | None
    sample_format: Literal["s16le", "s24le", "s32le", "f32le"] | None
    fast: bool

    def __post_init__(self) -> None:
        places = {
            "--device": self.device, "--replay": self.replay, "--stdin": self.stdin, "--tcp": self.tcp
        }  # fmt: skip
        given = [name for name, value in places.items() if value]
        if len(given) > 1:
            raise ConfigError(f"sound comes from one place; {' and '.join(given)} exclude each other")
        if self.stdin and sys.stdin is None:
            raise ConfigError("standard input is closed; pipe raw samples into --stdin")
        if self.tcp is not None and self.sample_rate is None:
            raise ConfigError(_NO_RATE.format("--tcp"))
        if self.channels is not None and not (self.stdin or self.tcp):
            raise ConfigError("--channels is for raw samples; a card records as many as the array needs")
        if self.sample_format is not None and not (self.stdin or self.tcp):
            raise ConfigError("--sample-format is for raw samples; a card and a file say their own")
        if self.replay is not None and self.sample_rate is not None:
            raise ConfigError("a recording says its own sample rate; leave out --sample-rate")
        if self.fast and not (self.replay or self.stdin):
            raise ConfigError("--fast is for sound that can wait; add --replay or --stdin")

    def open(self, array: "MicrophoneArray") -> "AudioFeed":
        """The feed for an array."""
        from anydoa.live.feeds import DeviceFeed, FileFeed, PcmFormat, RawFeed, TcpFeed

        if self.replay is not None:
            return FileFeed(self.replay, pace=None if self.fast else 1.0)
        num_channels = array.num_recording_channels
        count = num_channels if self.channels is None else self.channels
        if self.tcp is not None and self.sample_rate is not None:
            format = PcmFormat(self.sample_rate, count, self.sample_format or "s16le")
            return TcpFeed(*parse_address(self.tcp, "--tcp"), format)
        if self.stdin:
            rate, begin = self._standard_input_rate()
            format = PcmFormat(rate, count, self.sample_format or "s16le")
            return RawFeed(sys.stdin.buffer, format, can_wait=self.fast, begin=begin)
        return DeviceFeed(parse_device(self.device), num_channels, self.sample_rate, match=array.device_match)

    def _standard_input_rate(self) -> tuple[int, bytes]:
        """The rate of what comes, as was said or else as its header says; and the bytes that this took."""
        from anydoa.live.feeds import read_stream_header

        if self.sample_rate is not None:
            return self.sample_rate, b""
        if sys.stdin.isatty():
            raise ConfigError("standard input is a terminal; pipe samples into --stdin")
        header, begin = read_stream_header(sys.stdin.buffer)
        if header is None:
            raise ConfigError(_NO_RATE.format("--stdin"))
        return header.sample_rate, begin


@dataclass(frozen=True)
class _Targets:
    """Where results go: checked before any work is done.

    Args:
        outputs: files, and ``-`` for standard output.
        form: what goes to standard output; None for JSON lines.
        odas: where a viewer of ODAS runs.
        mqtt: broker and topic of MQTT.
        zones: zones to name directions by.
        beam: words for the sound of one talker, and for its place.
    """

    outputs: tuple[Path, ...]
    form: Literal["json", "csv"] | None
    odas: str | None
    mqtt: str | None
    zones: "tuple[Zone, ...]"
    beam: BeamWords

    def __post_init__(self) -> None:
        if self.mqtt is not None:
            # A wrong address is told before any sound is heard.
            check_host(self._broker(self.mqtt).host, "--mqtt")
        if self.odas is not None:
            check_host(self.odas, "--odas")
        twice = [path for path in self.outputs if self.outputs.count(path) > 1]
        if twice:
            raise ConfigError(f"two results would both be written to {twice[0]}; give two names")
        if self.form is not None and STANDARD_OUTPUT not in self.outputs:
            raise ConfigError("--format is for standard output; add -o -, or end a file's name in .csv")
        if self.beam.takes_standard_output and STANDARD_OUTPUT in self.outputs:
            raise ConfigError("results and a beam would run into each other; send one of them elsewhere")

    def check_files(self) -> None:
        """Find out before any sound is heard whether everything can be written.

        Raises:
            ConfigError: if a file would be written over one that is read, or not at all.
        """
        files: list[Path | str] = [*self.outputs, *self.beam.files]
        check_outputs(*(path for path in files if path != STANDARD_OUTPUT), make_folders=True)

    def open(
        self, pipeline: "LivePipeline", stack: ExitStack
    ) -> "Iterator[ResultFile | OdasOutput | MqttOutput | BeamOutput | LiveDisplay]":
        """Every output that is wanted; a person reads along unless standard output holds results."""
        from anydoa.live import MqttOutput, OdasOutput, ResultFile

        for path in self.outputs:
            if path == STANDARD_OUTPUT:
                yield ResultFile(sys.stdout, self.form or "json", pipeline, self.zones)
                continue
            # A growing file, so that others can read along.
            file = stack.enter_context(growing_text(path))
            yield ResultFile(file, "csv" if path.suffix.lower() == ".csv" else "json", pipeline, self.zones)
        if self.odas is not None:
            yield OdasOutput(self.odas)
        if self.mqtt is not None:
            array = pipeline.localizer.array
            yield MqttOutput(self._broker(self.mqtt), array.title or array.name, self.zones)
        yield from self.beam.open(pipeline, stack)
        if STANDARD_OUTPUT not in self.outputs and not self.beam.takes_standard_output:
            yield LiveDisplay(pipeline, self.zones)

    @staticmethod
    def _broker(address: str) -> "MqttAddress":
        from anydoa.live import MqttAddress

        return MqttAddress.parse(address)

"""Where the sound of a live beam goes: a growing WAV, a pipe, another machine, a sound card that plays.

All are one channel of 16-bit samples at the rate of the beam.
"""

import contextlib
import queue
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any, BinaryIO, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError, ConfigError
from anydoa.io.wav import Pcm, WavWriter
from anydoa.live.listener import LiveResult
from anydoa.live.pipeline import LivePipeline
from anydoa.live.sender import Sender
from anydoa.live.sound_cards import import_sounddevice

_BEAM = "the beam"
_PATIENCE_S = 2.0  # for the end of the sound


@runtime_checkable
class BeamOutput(Protocol):
    """Takes the sound of live results."""

    def write(self, result: LiveResult) -> None:
        """Take the sound of one result."""
        ...

    def close(self) -> None:
        """Nothing more comes."""
        ...


class BeamWav:
    """Writes the beam into a WAV that is whole after every result, so that others can read along.

    Args:
        file: open for writing bytes, with a beginning to go back to; not closed.
        pipeline: pipeline with a beam.

    Raises:
        ConfigError: if it cannot be written to.
    """

    def __init__(self, file: BinaryIO, pipeline: LivePipeline) -> None:
        self._pipeline, self._wav = pipeline, WavWriter(file, SAMPLE_RATE, what=_BEAM)

    def write(self, result: LiveResult) -> None:
        """Append the sound of one result."""
        with _refusals():
            self._wav.write(result.beam)

    def close(self) -> None:
        """Append what came after the last result."""
        with _refusals():
            self._wav.write(self._pipeline.rest_of_beam())


class BeamPipe:
    """Writes raw samples of the beam to a pipe, at once.

    Args:
        stream: open for writing bytes; not closed.
        pipeline: pipeline with a beam.

    Raises:
        ConfigError: if it cannot be written to.
    """

    def __init__(self, stream: BinaryIO, pipeline: LivePipeline) -> None:
        self._stream, self._pipeline, self._pcm = stream, pipeline, Pcm(_BEAM)

    def write(self, result: LiveResult) -> None:
        """Write the sound of one result."""
        self._pass_on(result.beam)

    def close(self) -> None:
        """Write what came after the last result."""
        self._pass_on(self._pipeline.rest_of_beam())

    def _pass_on(self, sound: Float32[np.ndarray, "time"]) -> None:
        with _refusals():
            self._stream.write(self._pcm.encode(sound))
            self._stream.flush()


class BeamSender:
    """Sends raw samples of the beam to whoever listens at a port; waits for nobody, but a moment at the end.

    Args:
        host: name or address.
        port: port on which somebody listens.
        pipeline: pipeline with a beam, whose sound after the last result is sent, too; None for no more.

    Raises:
        ConfigError: if the host is no possible name of a machine.
    """

    def __init__(self, host: str, port: int, pipeline: LivePipeline | None = None) -> None:
        self._sender = Sender(host, port, listener="listener to the beam", most_waiting=50)
        self._pipeline, self._pcm = pipeline, Pcm(_BEAM)

    def write(self, result: LiveResult) -> None:
        """Send the sound of one result."""
        self._sender.send(self._pcm.encode(result.beam))

    def close(self) -> None:
        """Send what came after the last result, and what waits if somebody listens."""
        if self._pipeline is not None:
            self._sender.send(self._pcm.encode(self._pipeline.rest_of_beam()))
        self._sender.close(patience_s=_PATIENCE_S)


class BeamPlayer:
    """Plays the beam through a sound card, or into a virtual one that other programs record from.

    Both clocks differ a little, so now and then a block is left out or silence played.

    Args:
        device: number, or part of the name, of a device that plays; None for the system's own.
        pipeline: pipeline with a beam, whose sound after the last result is played, too; None for no more.

    Raises:
        MissingExtraError: if sounddevice is not installed.
        AudioError: if PortAudio is missing, or the device cannot be opened so.
    """

    def __init__(self, device: int | str | None, pipeline: LivePipeline | None = None) -> None:
        sounddevice: ModuleType = import_sounddevice()
        self._pipeline, self._pcm = pipeline, Pcm(_BEAM)
        self._blocks: queue.Queue[bytes | None] = queue.Queue(10)  # about a second; None is the end
        self._rest = b""
        self._is_last = False  # nothing comes after the rest
        self._end: type[Exception] = sounddevice.CallbackStop
        self._has_ended = threading.Event()
        try:
            self._stream = sounddevice.RawOutputStream(
                SAMPLE_RATE,
                device=device,
                channels=1,
                dtype="int16",
                callback=self._give,
                finished_callback=self._has_ended.set,
            )
            self._stream.start()
        except (ValueError, sounddevice.PortAudioError) as error:
            raise AudioError(
                f"no device {device!r} plays one channel at {SAMPLE_RATE} Hz ({error.args[0]}); "
                "`python -m sounddevice` lists all"
            ) from None

    def write(self, result: LiveResult) -> None:
        """Play the sound of one result; the oldest is left out where too much waits."""
        self._put(self._pcm.encode(result.beam))

    def close(self) -> None:
        """Play what waits and what came after the last result, and stop."""
        if self._pipeline is not None:
            self._put(self._pcm.encode(self._pipeline.rest_of_beam()))
        self._put(None)
        self._has_ended.wait(_PATIENCE_S)  # a card that was unplugged never gets there
        self._stream.close()

    def _put(self, block: bytes | None) -> None:
        while True:
            with contextlib.suppress(queue.Full):
                self._blocks.put_nowait(block)
                return
            with contextlib.suppress(queue.Empty):
                self._blocks.get_nowait()

    def _give(self, wanted: Any, num_samples: int, moment: Any, status: Any) -> None:
        """Called by PortAudio on a thread of its own for every block; must not wait."""
        while len(self._rest) < len(wanted) and not self._is_last:
            try:
                block = self._blocks.get_nowait()
            except queue.Empty:
                break
            self._is_last = block is None
            self._rest += block or b""
        given, self._rest = self._rest[: len(wanted)], self._rest[len(wanted) :]
        wanted[:] = given.ljust(len(wanted), b"\0")
        if self._is_last and not self._rest:
            raise self._end  # once this is played


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """What the system says against writing becomes one line."""
    try:
        yield
    except BrokenPipeError:
        raise  # a reader that has had enough is no mistake
    except OSError as error:
        raise ConfigError(f"the beam cannot be written ({error.strerror}); is there room?") from None

"""The sound of one talker while it comes in: whose it is, how long it is, and where it goes."""

import io
import os
import socket
import subprocess
import sys
import threading
import wave
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from free_field import plane_wave

from anydoa.errors import ConfigError
from anydoa.estimators.srp_phat import SrpPhat
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.grid import fibonacci_grid
from anydoa.geometry.layouts import tetrahedral_positions
from anydoa.io.wav import Pcm
from anydoa.live import BeamPipe, BeamPlayer, BeamSender, BeamTarget, BeamWav, LivePipeline
from anydoa.live.beam_target import DIRECTION_ID, LiveAims
from anydoa.live.feeds import PcmFormat, RawFeed
from anydoa.localizer import Localizer
from anydoa.tracking import Track
from voices import voice

RATE = 16_000
BALL = MicrophoneArray(tetrahedral_positions(0.1), "ball")
LEFT, RIGHT = angles_deg_to_direction(70, 15), angles_deg_to_direction(-50, 25)


def in_turn() -> np.ndarray:
    """A voice from the left, then another from the right."""
    rng = np.random.default_rng(0)
    talks = [
        plane_wave(BALL, direction, voice(pitch, 0.9, rng))
        for direction, pitch in ((LEFT, 120.0), (RIGHT, 200.0))
    ]
    audio = np.concatenate(talks, axis=1)
    return 0.3 * audio + 0.002 * rng.standard_normal(audio.shape)


AUDIO = in_turn()


def pipeline_to(target: str, audio: np.ndarray = AUDIO, rate: int = RATE, **options: object) -> LivePipeline:
    """A pipeline whose beam costs little, unless another beamformer is asked for."""
    options.setdefault("beamformer", "delay-and-sum")
    content = (32767 * audio.T).astype("<i2").tobytes()
    feed = RawFeed(io.BytesIO(content), PcmFormat(rate, 4), can_wait=True)
    localizer = Localizer(BALL, fibonacci_grid(200), SrpPhat())
    return LivePipeline(localizer, feed, beam=BeamTarget.parse(target), vad=False, **options)


def sound_of(pipeline: LivePipeline) -> np.ndarray:
    parts = [result.beam for result in pipeline]
    return np.concatenate([*parts, pipeline.rest_of_beam()])


def levels(sound: np.ndarray) -> tuple[float, float]:
    """Root mean square in the middle of the first turn and of the second."""
    return tuple(float(np.sqrt(np.mean(sound[begin : begin + 6400] ** 2))) for begin in (6400, 20_800))


@pytest.mark.parametrize("beamformer", ["mvdr", "delay-and-sum"])
def test_a_direction_is_listened_to_from_the_first_sample_to_the_last(beamformer: str) -> None:
    sound = sound_of(pipeline_to("70,15", beamformer=beamformer))
    assert sound.shape == (AUDIO.shape[1],)
    left, right = levels(sound)
    assert left > (3 if beamformer == "mvdr" else 0.9) * right


def test_the_loudest_is_whoever_talks() -> None:
    left, right = levels(sound_of(pipeline_to("loudest", beamformer="mvdr")))
    assert min(left, right) > 0.15 * max(left, right) > 0.002


def test_a_talker_is_heard_by_number_and_silence_before_there_is_one() -> None:
    sound = sound_of(pipeline_to("1", beamformer="mvdr"))
    left, right = levels(sound)
    assert left == 0
    assert right > 0.01


def test_sound_of_another_rate_comes_out_at_16_khz() -> None:
    sound = sound_of(pipeline_to("70,15", AUDIO[:, :9600], 8000))
    assert len(sound) == 2 * 9600


def test_with_look_ahead_the_sound_is_as_long() -> None:
    assert len(sound_of(pipeline_to("70,15", look_ahead_s=0.3))) == AUDIO.shape[1]


def test_a_beam_turns_to_somebody_else_while_it_runs() -> None:
    pipeline, parts = pipeline_to("70,15"), []
    for result in pipeline:
        parts.append(result.beam)
        if result.time_s > 0.8:
            pipeline.aim(BeamTarget.parse("-50,25"))
    left, right = levels(np.concatenate(parts))
    assert min(left, right) > 0.3 * max(left, right)


def test_without_a_beam_results_have_no_sound() -> None:
    feed = RawFeed(io.BytesIO(bytes(8 * RATE)), PcmFormat(RATE, 4), can_wait=True)
    pipeline = LivePipeline(Localizer(BALL, fibonacci_grid(200), SrpPhat()), feed, vad=False)
    assert {result.beam.size for result in pipeline} == {0}
    assert pipeline.rest_of_beam().size == 0
    with pytest.raises(ConfigError, match="made without a beam"):
        pipeline.aim(BeamTarget())


@pytest.mark.parametrize("text", ["", "nobody", "-1", "1.5", "40", "40,10,0", "40,91", "nan,0", "9" * 30])
def test_words_that_name_nobody_are_refused(text: str) -> None:
    if text == "40":
        assert BeamTarget.parse(text).talker == 40
        return
    with pytest.raises(ConfigError, match="a beam goes to loudest, a talker's number or AZIMUTH,ELEVATION"):
        BeamTarget.parse(text)


def track(id: int, direction: np.ndarray, activity: float = 0.9) -> Track:
    return Track(id, direction, velocity_deg_s=0.0, score=0.6, activity=activity, age_s=2.0)


def test_somebody_else_must_be_clearly_louder_to_be_heard() -> None:
    aims = LiveAims(BeamTarget())
    aims.tracks = (track(3, LEFT), track(4, RIGHT))
    assert aims.wanted({3: 2.0, 4: 1.0}) == (3,)
    assert aims.wanted({3: 1.0, 4: 1.5}) == (3,)
    assert aims.wanted({3: 1.0, 4: 2.5}) == (4,)
    aims.tracks = (track(3, LEFT), track(4, RIGHT, activity=0.1))
    assert aims.wanted({3: 1.0, 4: 2.5}) == (3,)
    aims.tracks = ()
    assert aims.wanted({}) == (3,)


def test_a_talker_at_the_wanted_direction_is_no_rival() -> None:
    aims = LiveAims(BeamTarget(direction=LEFT))
    aims.tracks = (track(0, angles_deg_to_direction(72, 15)), track(1, RIGHT))
    assert [aim.id for aim in aims.at(0.0)] == [DIRECTION_ID, 1]
    assert aims.wanted({}) == (DIRECTION_ID,)


def test_a_wav_is_whole_after_every_result(tmp_path: Path) -> None:
    pipeline, path = pipeline_to("70,15"), tmp_path / "talk.wav"
    lengths = []
    with path.open("wb") as file, closing(BeamWav(file, pipeline)) as output:
        for result in pipeline:
            output.write(result)
            file.flush()
            with wave.open(str(path)) as read:
                lengths.append(read.getnframes())
    with wave.open(str(path)) as read:
        assert (read.getframerate(), read.getnchannels(), read.getsampwidth()) == (RATE, 1, 2)
        assert read.getnframes() == AUDIO.shape[1]
    assert lengths == sorted(lengths)
    assert lengths[-1] > 0.8 * AUDIO.shape[1]


def test_a_pipe_gets_raw_samples(tmp_path: Path) -> None:
    pipeline, path = pipeline_to("70,15"), tmp_path / "talk.raw"
    with path.open("wb") as stream, closing(BeamPipe(stream, pipeline)) as output:
        for result in pipeline:
            output.write(result)
    sound = np.frombuffer(path.read_bytes(), dtype="<i2") / 32767
    assert len(sound) == AUDIO.shape[1]
    assert levels(sound)[0] > 0.01


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_one_line() -> None:
    pipeline = pipeline_to("70,15")
    first = next(result for result in pipeline if result.beam.size)
    with open("/dev/full", "wb", buffering=0) as full:
        output = BeamPipe(full, pipeline)
        with pytest.raises(ConfigError, match=r"the beam cannot be written .*; is there room"):
            output.write(first)
    pipeline.close()


def test_a_listener_at_a_port_gets_raw_samples() -> None:
    pipeline = pipeline_to("70,15")
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(10)
        with closing(BeamSender("127.0.0.1", server.getsockname()[1])) as output:
            with server.accept()[0] as listener:
                listener.settimeout(10)
                results = iter(pipeline)
                sent = 0
                for result in results:
                    output.write(result)
                    sent += 2 * len(result.beam)
                    if sent > 8000:
                        break
                received = b""
                while len(received) < sent:
                    received += listener.recv(65_536)
            assert len(received) == sent
    pipeline.close()


def test_a_listener_at_a_port_gets_the_end_too() -> None:
    pipeline = pipeline_to("70,15")
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(10)
        output = BeamSender("127.0.0.1", server.getsockname()[1], pipeline)
        with server.accept()[0] as listener:
            listener.settimeout(10)
            for result in pipeline:
                output.write(result)
            output.close()
            received = b"".join(iter(lambda: listener.recv(65_536), b""))
    assert len(received) == 2 * AUDIO.shape[1]


class Card:
    """Stands for sounddevice: a card that plays as fast as it is given sound, in a thread of its own."""

    CallbackStop = type("CallbackStop", (Exception,), {})
    PortAudioError = type("PortAudioError", (Exception,), {})

    def __init__(self) -> None:
        self.played = b""
        self._closed = threading.Event()

    def RawOutputStream(self, rate: int, **options: object) -> "Card":  # noqa: N802 # sounddevice's name
        self._callback, self._finished = options["callback"], options.get("finished_callback")
        self._thread = threading.Thread(target=self._play)
        return self

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _play(self) -> None:
        try:
            while not self._closed.wait(0.002):
                block = bytearray(600)
                try:
                    self._callback(block, 300, None, None)
                finally:
                    self.played += block
        except self.CallbackStop:
            self._finished()


def test_a_card_plays_the_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    card, pipeline = Card(), pipeline_to("70,15")
    monkeypatch.setattr("anydoa.live.beam_outputs.import_sounddevice", lambda: card)
    results = list(pipeline)[-5:]
    rest = pipeline.rest_of_beam()
    monkeypatch.setattr(pipeline, "rest_of_beam", lambda: rest)
    player = BeamPlayer(None, pipeline)
    for result in results:
        player.write(result)
    player.close()
    sound = Pcm("the beam").encode(np.concatenate([*(result.beam for result in results), rest]))
    assert rest.any()
    played, given = (np.frombuffer(one, dtype="<i2") for one in (card.played, sound))
    # A card that is quicker than the writer plays silence in between.
    np.testing.assert_array_equal(played[played != 0], given[given != 0])


PLAY = """
import time
import numpy as np
from anydoa.errors import AudioError
from anydoa.live import BeamPlayer
class Result: beam = np.full(1600, 0.25, dtype=np.float32)
player = BeamPlayer("made of a file")
for _ in range(6):
    player.write(Result)
    time.sleep(0.05)
time.sleep(0.3)
player.close()
try:
    BeamPlayer("no such card")
except AudioError as error:
    print(error)
"""


def test_a_card_that_plays_gets_the_sound(tmp_path: Path) -> None:
    system = Path("/usr/share/alsa/alsa.conf")
    pytest.importorskip("sounddevice", exc_type=OSError, reason="PortAudio is not installed")
    if not system.exists():
        pytest.skip("ALSA is not installed")
    (tmp_path / "asound.conf").write_text(f"""
<{system}>
pcm."made of a file" {{
  type plug
  slave {{
    pcm {{ type file slave.pcm null file "{tmp_path}/out.raw" format raw }}
    format S16_LE
    channels 1
  }}
  hint.description "for tests"
}}
""")
    environment = os.environ | {"ALSA_CONFIG_PATH": str(tmp_path / "asound.conf")}
    ran = subprocess.run(
        [sys.executable, "-c", PLAY], env=environment, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert "no device 'no such card' plays one channel at 16000 Hz" in ran.stdout
    played = np.frombuffer((tmp_path / "out.raw").read_bytes(), dtype="<i2")
    assert set(np.unique(played)) <= {0, 8192}
    assert np.count_nonzero(played) >= 1600

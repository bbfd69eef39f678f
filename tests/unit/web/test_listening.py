"""What is listened to changes while the server runs: by whom it may, and one change at a time."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.requests import Request
from websockets.sync.client import connect

from anydoa.errors import AudioError
from anydoa.geometry import MicrophoneArray
from anydoa.live import AudioFeed
from anydoa.live.feeds import FileFeed
from anydoa.web.catalogue import Choice
from anydoa.web.listening import BusyError, Listening, ListeningOptions
from anydoa.web.live_answers import LiveAnswers
from anydoa.web.server import PageServer, ServerOptions
from anydoa.web.sounds import LiveChoice, Sounds
from unit.web.served import ARRAY, EXAMPLES, RECORDING, serving, shared_catalogue

ARRAY_FILE = EXAMPLES / "two_talkers.array.toml"
QUICKLY = {"array": ARRAY.name, "replay": RECORDING.name, "estimator": "srp-phat"}


def request(
    server: PageServer, method: str, path: str, body: bytes | None = None, **query: str
) -> tuple[int, dict[str, Any]]:
    address = f"http://127.0.0.1:{server.port}{path}?{urlencode(query)}"
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, data=body, method=method), timeout=30
        ) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with serving(replay=RECORDING) as running:
        yield running


def test_every_client_hears_of_another_choice_and_of_silence(server: PageServer) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/live") as client:
        first = json.loads(client.recv(20))
        assert request(server, "GET", "/api/listening")[1]["listening"]["replay"] == RECORDING.name
        status, state = request(server, "POST", "/api/listening", **QUICKLY, grid="azimuth:360")
        assert (status, state["listening"]["grid"]) == (200, "azimuth:360")
        hello = next(said for said in sayings(client) if said["type"] == "hello")
        assert hello["grid"]["name"] == "azimuth:360,0"
        assert hello["stream"]["id"] != first["stream"]["id"]
        status, state = request(server, "DELETE", "/api/listening")
        assert (status, state["listening"]) == (200, None)
        assert (
            "nobody listens now" in next(said for said in sayings(client) if said["type"] == "end")["reason"]
        )
        assert request(server, "GET", "/api/now")[0] == 404
        assert request(server, "POST", "/api/listening", **QUICKLY)[0] == 200
        assert next(said for said in sayings(client) if said["type"] == "frame")["time_s"] < 5


def test_a_stream_that_ended_by_itself_is_forgotten_when_another_begins() -> None:
    with serving(replay=RECORDING, pace=2.0, repeat=False) as server:
        hub = server._listening.hub
        with connect(f"ws://127.0.0.1:{server.port}/live") as client:
            reason = next(said for said in sayings(client) if said["type"] == "end")["reason"]
            assert hub.lost_sound == reason
            assert request(server, "POST", "/api/listening", **QUICKLY)[0] == 200
            assert (hub.lost_sound, hub.end_reason) == (None, None)


def sayings(client: Any) -> Iterator[dict[str, Any]]:
    while True:
        yield json.loads(client.recv(20))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"array": ARRAY.name}, "sound comes from a card or from a recording; choose one of them"),
        ({"replay": RECORDING.name}, "sound needs the array that heard it; choose its name"),
        ({**QUICKLY, "array": "two_talker"}, "the page offers no array 'two_talker'; did you mean"),
        ({**QUICKLY, "replay": "../secret.wav"}, "the server has no recording '../secret.wav'; did you mean"),
        ({**QUICKLY, "array": "linear-4"}, "recording has 6 channels but array 'linear-4' uses 4"),
        ({**QUICKLY, "ignore": "x"}, "channels to ignore are numbers from 0"),
        ({"array": ARRAY.name, "card": "no such card"}, "sound card"),
        ({"array": ARRAY.name, "card": "1" * 5000}, "sound card"),
    ],
)
def test_a_mistake_is_told_with_its_cure_and_the_stream_goes_on(
    server: PageServer, query: dict[str, str], message: str
) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/live") as client:
        status, answer = request(server, "POST", "/api/listening", **query)
        assert status == 400
        assert message in answer["error"]
        assert request(server, "GET", "/api/listening")[1]["listening"]["array"] == ARRAY.name
        assert [next(sayings(client))["type"] for _ in range(3)] == ["hello", "frame", "frame"]


def test_an_array_that_comes_as_a_file_can_be_chosen(server: PageServer) -> None:
    text = ARRAY_FILE.read_bytes().replace(b"two_talkers", b"my_board")
    status, array = request(server, "POST", "/api/arrays", text, name="board.toml")
    assert (status, array["name"]) == (200, "my_board")
    assert request(server, "POST", "/api/listening", **{**QUICKLY, "array": "my_board"})[0] == 200
    status, twin = request(server, "POST", "/api/arrays", ARRAY_FILE.read_bytes(), name="twin.toml")
    assert twin["name"] == f"{ARRAY.name} (twin.toml)"  # the one of the command line stays what it is
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/api/options") as answer:
        names = [each["name"] for each in json.load(answer)["arrays"]]
    assert names[0] == ARRAY.name
    assert {"my_board", twin["name"]} <= set(names)
    # Another array of the same name leaves whoever has chosen the first with it.
    other = text.replace(b"0.0401", b"0.0402")
    assert request(server, "POST", "/api/arrays", other, name="board.toml")[1]["name"] == "my_board 2"
    assert request(server, "POST", "/api/arrays", text, name="board.toml")[1]["name"] == "my_board"


@pytest.mark.parametrize("letter", ["x", "\U00020000"])
def test_an_array_file_may_have_a_long_name(server: PageServer, letter: str) -> None:
    text = ARRAY_FILE.read_bytes().replace(b"two_talkers", b"long_name")
    status, array = request(server, "POST", "/api/arrays", text, name=200 * letter + ".toml")
    assert (status, array["name"]) == (200, "long_name")


def test_a_file_that_is_no_array_is_told_by_its_own_name(server: PageServer) -> None:
    status, answer = request(server, "POST", "/api/arrays", b"not toml at all", name="board.toml")
    assert status == 400
    assert answer["error"].startswith("board.toml: ")
    assert "/tmp" not in answer["error"]


def test_an_array_file_of_the_page_reads_no_other_file(server: PageServer, tmp_path: Path) -> None:
    """Whoever reaches the page would read any SOFA file of the machine, or learn that there is one."""
    for named in (tmp_path / "missing.sofa", Path("/etc/passwd.sofa")):
        text = f'schema = 1\nname = "head"\nsteering = "{named.as_posix()}"\n'
        status, answer = request(server, "POST", "/api/arrays", text.encode(), name="head.toml")
        assert status == 400
        assert answer["error"].startswith("head.toml: it names a SOFA file")
        assert named.name not in answer["error"]


def test_a_recording_of_ones_own_is_replayed(server: PageServer) -> None:
    status, sent = request(server, "POST", "/api/replays", RECORDING.read_bytes(), name="mine.wav")
    assert (status, sent["name"]) == (200, "mine.wav")
    status, state = request(server, "POST", "/api/listening", **{**QUICKLY, "replay": "mine.wav"})
    assert (status, state["replays"]) == (200, [RECORDING.name, "mine.wav"])
    # Another one leaves the one that is listened to in its place until something else is.
    mine = server._listening.sounds._opened
    assert request(server, "POST", "/api/replays", RECORDING.read_bytes(), name="other.wav")[0] == 200
    assert mine is not None
    assert mine.exists()
    assert request(server, "POST", "/api/listening", **{**QUICKLY, "replay": "nope.wav"})[0] == 400
    assert request(server, "POST", "/api/replays", RECORDING.read_bytes(), name="other.wav")[0] == 200
    assert mine.exists()
    assert request(server, "POST", "/api/listening", **{**QUICKLY, "replay": "other.wav"})[0] == 200
    assert not mine.exists()
    status, answer = request(server, "POST", "/api/replays", b"no sound", name="noise.wav")
    assert status == 400
    assert answer["error"].startswith("noise.wav: ")


def test_two_changes_at_once_are_one_too_many() -> None:
    async def change_twice() -> None:
        listening = Listening(shared_catalogue())
        choice = LiveChoice(Choice(ARRAY.name, "srp-phat"), replay="none.wav")
        results = await asyncio.gather(
            listening.change(choice), listening.change(choice), return_exceptions=True
        )
        assert "has no recording 'none.wav'; send it first" in str(results[0])
        assert isinstance(results[1], BusyError)

    asyncio.run(change_twice())


class TwoCards(Sounds):
    """A card that sounds like the recording, and one that another program holds."""

    def open(self, choice: LiveChoice, array: MicrophoneArray) -> AudioFeed:
        if choice.card == "held":
            raise AudioError("held: cannot be recorded from; does another program hold it?")
        return FileFeed(RECORDING, repeat=True)


def test_a_card_that_cannot_be_opened_leaves_the_one_before() -> None:
    async def change_card() -> None:
        listening = Listening(shared_catalogue(), TwoCards(), ListeningOptions(vad=False))
        choice = Choice(ARRAY.name, "srp-phat")
        await listening.change(LiveChoice(choice, card="0"))
        with pytest.raises(AudioError, match="does another program hold it"):
            await listening.change(LiveChoice(choice, card="held"))
        assert listening.content()["listening"]["card"] == "0"
        assert listening.hub.end_reason is None
        await listening.close()

    asyncio.run(change_card())


class BusyCard(Sounds):
    """A card that can be opened once and is then busy for so many tries, and one that never can."""

    def __init__(self, num_busy: int) -> None:
        super().__init__()
        self._problems = ["", *["0: another program holds it"] * num_busy]

    def open(self, choice: LiveChoice, array: MicrophoneArray) -> AudioFeed:
        if choice.card == "7":
            raise AudioError("7: has 2 channels, the array needs 6")
        problem = self._problems.pop(0) if self._problems else ""
        if problem:
            raise AudioError(problem)
        return FileFeed(RECORDING, repeat=True)


def test_a_card_is_waited_for_that_the_system_has_not_let_go_of_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anydoa.web.listening._REOPEN_AFTER_S", (0.0, 0.01, 0.01, 0.01))

    async def change_grid() -> None:
        listening = Listening(shared_catalogue(), BusyCard(3), ListeningOptions(vad=False))
        await listening.change(LiveChoice(Choice(ARRAY.name, "srp-phat"), card="0"))
        await listening.change(LiveChoice(Choice(ARRAY.name, "srp-phat", "azimuth:360"), card="0"))
        assert listening.content()["listening"]["grid"] == "azimuth:360"
        assert listening.hub.end_reason is None
        await listening.close()

    asyncio.run(change_grid())


@pytest.mark.parametrize("num_busy", [2, 100])
def test_a_card_that_stays_busy_after_a_mistake_is_lost_and_told(
    num_busy: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anydoa.web.listening._REOPEN_AFTER_S", (0.0, 0.01, 0.01, 0.01))
    ended: list[str] = []

    async def change_card() -> None:
        listening = Listening(shared_catalogue(), BusyCard(num_busy), ListeningOptions(vad=False))
        hub = listening.hub
        hub.on_end = ended.append
        health = LiveAnswers(hub, lambda: False).health
        choice = Choice(ARRAY.name, "srp-phat")
        await listening.change(LiveChoice(choice, card="0"))
        with pytest.raises(AudioError, match="7: has 2 channels"):  # and not what came of it
            await listening.change(LiveChoice(choice, card="7"))
        status = (await health(Request({"type": "http"}))).status_code
        if num_busy < 4:
            assert listening.content()["listening"]["card"] == "0"
            assert (hub.lost_sound, hub.end_reason, status) == (None, None, 200)
        else:
            assert hub.lost_sound is not None
            assert "another program holds it" in hub.lost_sound
            assert (hub.end_reason, ended, status) == (hub.lost_sound, [hub.lost_sound], 503)
            await listening.stop()  # then nobody wants to listen
            assert (await health(Request({"type": "http"}))).status_code == 200
        await listening.close()

    asyncio.run(change_card())
    assert len(ended) == (num_busy > 4)


def test_a_locked_server_shows_and_changes_nothing() -> None:
    with serving(replay=RECORDING, is_locked=True) as server:
        for method, path in (
            ("POST", "/api/listening"), ("DELETE", "/api/listening"), ("POST", "/api/recording"),
            ("DELETE", "/api/recording"), ("POST", "/api/replays"),
        ):  # fmt: skip
            status, answer = request(server, method, path, **QUICKLY)
            assert status == 403
            assert "without --locked" in answer["error"]
        assert request(server, "GET", "/api/listening")[1]["locked"]


def test_nobody_changes_or_hears_anything_without_the_token() -> None:
    with serving(ServerOptions(port=0, token="a-long-secret"), replay=RECORDING) as server:
        for method, path in (
            ("GET", "/api/listening"), ("POST", "/api/listening"), ("DELETE", "/api/listening"),
            ("GET", "/api/recording"), ("POST", "/api/recording"), ("POST", "/api/arrays"),
            ("POST", "/api/replays"), ("GET", "/api/tracks"), ("GET", "/metrics"),
        ):  # fmt: skip
            assert request(server, method, path)[0] == 401


def test_a_page_of_another_site_changes_nothing(server: PageServer) -> None:
    address = f"http://127.0.0.1:{server.port}/api/listening"
    foreign = urllib.request.Request(address, method="DELETE", headers={"Origin": "http://evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(foreign)

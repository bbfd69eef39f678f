"""Who is let in: hosts, origins, tokens, and the headers on every answer."""

import asyncio
import http.client
import time
from contextlib import closing
from urllib.parse import urlencode, urlsplit

import pytest
from starlette.types import Message, Receive, Scope, Send
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from anydoa.errors import ConfigError
from anydoa.web.access import AccessMiddleware, AccessOptions, AccessRules
from anydoa.web.server import ServerOptions
from unit.web.served import RECORDING, serving

TOKEN = "correct horse"


def get(port: int, path: str = "/", **headers: str) -> http.client.HTTPResponse:
    return get_and_read(port, path, **headers)[0]


def read(port: int, path: str = "/", **headers: str) -> bytes:
    return get_and_read(port, path, **headers)[1]


def get_and_read(port: int, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer, answer.read()


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:8765", True), ("localhost", True), ("LOCALHOST:8765", True), ("localhost.", True),
        ("[::1]:8765", True), ("192.168.1.7:8765", True), ("kitchen.example", True),
        ("evil.example", False), ("127.0.0.1.evil.example", False), ("", False),
        ("127.0.0.1/healthz?", False), ("127.0.0.1:8765/static/?", False), ("127.0.0.1#", False),
        ("evil.example@127.0.0.1", False), ("evil.example\\\\@127.0.0.1", False),
    ],
)  # fmt: skip
def test_a_host_is_an_address_or_a_name_of_this_server(host: str, known: bool) -> None:
    assert AccessRules.for_host("kitchen.example", None).knows_host(host) is known


def test_a_proxy_may_have_a_name_of_its_own() -> None:
    rules = AccessRules.for_host("0.0.0.0", None, names=("doa.example.org",))
    assert rules.knows_host("DOA.example.org:443")


@pytest.mark.parametrize("path", ["/api/now", "/live"])
def test_what_a_host_says_opens_no_path(path: str) -> None:
    """Starlette before 1.0 makes the address of a request of its host, paths and all."""
    asked, said = [], []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])

    async def send(message: Message) -> None:
        said.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    rules = AccessRules.for_host("0.0.0.0", "secret-secret")
    for host in ("192.168.1.5:8765", "192.168.1.5/healthz?", "192.168.1.5/static/?"):
        scope = {
            "type": "http", "method": "GET", "path": path, "query_string": b"", "scheme": "http",
            "headers": [(b"host", host.encode())], "server": ("192.168.1.5", 8765), "root_path": "",
        }  # fmt: skip
        asyncio.run(AccessMiddleware(app, rules, "login")(scope, receive, send))
    assert asked == []
    assert [message["status"] for message in said if "status" in message] == [401, 403, 403]


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("abc", "at least 8 characters, got 3"),
        (" " * 8, "at least 8 characters, got 0"),
        ("correct horse ", "nor may they stand at an end"),
        ("пароль-пароль", "letters, digits and signs of ASCII only"),
        ("caf\u00e9-caf\u00e9", "letters, digits and signs of ASCII only"),
        ("long\nenough", "letters, digits and signs of ASCII only"),
    ],
)
def test_a_token_that_is_no_secret_or_fits_no_header_is_refused(token: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        AccessRules(frozenset(), token)


def test_a_name_rebound_to_this_machine_gets_nothing() -> None:
    with serving() as server:
        assert get(server.port).status == 200
        assert get(server.port, Host="evil.example").status == 403


def test_pages_of_other_sites_get_nothing() -> None:
    with serving() as server:
        own = f"http://127.0.0.1:{server.port}"
        assert get(server.port, "/api/options", Origin=own).status == 200
        for stranger in ("http://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1"):
            assert get(server.port, "/api/options", Origin=stranger).status == 403


def test_a_websocket_of_another_site_is_refused() -> None:
    with serving(replay=RECORDING) as server:
        url = f"ws://127.0.0.1:{server.port}/live"
        with connect(url, origin=f"http://127.0.0.1:{server.port}") as own:
            assert '"hello"' in own.recv(5)
        with pytest.raises(InvalidStatus, match="403"):
            connect(url, origin="http://evil.example")


def test_every_answer_carries_strict_headers() -> None:
    with serving() as server:
        for path in ("/", "/static/main.js", "/api/options", "/nothing"):
            answer = get(server.port, path)
            assert "default-src 'none'" in str(answer.getheader("content-security-policy"))
            assert answer.getheader("x-content-type-options") == "nosniff"
        assert "403" in str(get(server.port, Host="evil.example").status)
        assert "default-src 'none'" in str(
            get(server.port, Host="evil.example").getheader("content-security-policy")
        )


def test_other_machines_need_a_token_which_is_made_if_none_is_given() -> None:
    with serving(ServerOptions(host="0.0.0.0", port=0)) as server:
        assert get(server.port).status == 401
        token = urlsplit(server.url).query.removeprefix("token=")
        assert len(token) >= 20
        assert get(server.port, Authorization=f"Bearer {token}").status == 200


def test_a_token_in_the_address_moves_to_a_cookie() -> None:
    with serving(ServerOptions(port=0, token=TOKEN)) as server:
        welcome = get(server.port, "/?token=correct+horse")
        assert (welcome.status, welcome.getheader("location")) == (303, "/")
        cookie = str(welcome.getheader("set-cookie"))
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert get(server.port, Cookie=cookie.split(";")[0]).status == 200
        assert get(server.port, Cookie="anydoa_token_1=x").status == 401


@pytest.mark.parametrize("token", [TOKEN, 'a;b"c,d\\e=f%20', "~!@#$^&*()_+[]{}|"])
def test_any_token_works_in_address_header_and_cookie(token: str) -> None:
    with serving(ServerOptions(port=0, token=token)) as server:
        welcome = get(server.port, "/?" + urlencode({"token": token}))
        assert welcome.status == 303
        assert (
            get(server.port, Cookie=str(welcome.getheader("set-cookie")).split("; HttpOnly")[0]).status == 200
        )
        assert get(server.port, Authorization=f"Bearer {token}").status == 200


def test_an_old_address_opens_the_page_for_whoever_has_the_cookie() -> None:
    with serving(ServerOptions(port=0, token=TOKEN)) as server:
        cookie = str(get(server.port, "/?token=correct+horse").getheader("set-cookie")).split(";")[0]
        answer = get(server.port, "/?token=of+yesterday", Cookie=cookie)
        assert (answer.status, answer.getheader("location")) == (303, "/")


def test_a_wrong_token_is_told_and_leaves_the_address() -> None:
    with serving(ServerOptions(port=0, token=TOKEN)) as server:
        answer = get(server.port, "/?token=wrong+horse", Accept="text/html")
        assert (answer.status, answer.getheader("location")) == (303, "/?refused")
        refused, fresh = (read(server.port, path, Accept="text/html") for path in ("/?refused", "/"))
        assert b'role="alert">That is not the token' in refused
        assert b'role="alert" hidden>That is not the token' in fresh


def test_whoever_tries_many_tokens_waits_and_whoever_has_one_does_not() -> None:
    with serving(ServerOptions(port=0, token=TOKEN, access=AccessOptions(delay_s=3.0))) as server:
        for _ in range(5):
            assert get(server.port, Authorization="Bearer wrong horse").status == 401
        begin = time.monotonic()
        assert get(server.port, Authorization=f"Bearer {TOKEN}").status == 200
        assert time.monotonic() - begin < 3
        assert get(server.port, Authorization="Bearer wrong horse").status == 401
        assert time.monotonic() - begin > 3


def test_a_websocket_that_is_refused_writes_nothing_to_the_terminal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serving(ServerOptions(port=0, token=TOKEN), replay=RECORDING) as server:
        for _ in range(3):
            with pytest.raises(InvalidStatus, match="401"):
                connect(f"ws://127.0.0.1:{server.port}/live")
    assert [record.getMessage() for record in caplog.records] == []


def test_a_browser_without_a_token_is_asked_for_one_and_a_program_is_told() -> None:
    with serving(ServerOptions(port=0, token=TOKEN)) as server:
        assert get(server.port, Accept="text/html").getheader("content-type") == "text/html; charset=utf-8"
        assert get(server.port, "/api/options").getheader("content-type") == "application/json"


def test_a_websocket_needs_the_token_too() -> None:
    with serving(ServerOptions(port=0, token=TOKEN), replay=RECORDING) as server:
        url = f"ws://127.0.0.1:{server.port}/live"
        with pytest.raises(InvalidStatus, match="401"):
            connect(url)
        with connect(f"{url}?token=correct+horse") as allowed:
            assert '"hello"' in allowed.recv(5)
        with connect(url, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as allowed:
            assert '"hello"' in allowed.recv(5)

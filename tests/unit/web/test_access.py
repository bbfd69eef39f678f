"""Who is let in: hosts, origins, tokens, and the headers on every answer."""

import http.client
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from anydoa.errors import ConfigError
from anydoa.web.access import AccessRules
from anydoa.web.server import ServerOptions
from unit.web.served import RECORDING, serving

TOKEN = "correct horse"


def get(port: int, path: str = "/", **headers: str) -> http.client.HTTPResponse:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:8765", True), ("localhost", True), ("LOCALHOST:8765", True), ("localhost.", True),
        ("[::1]:8765", True), ("192.168.1.7:8765", True), ("kitchen.example", True),
        ("evil.example", False), ("127.0.0.1.evil.example", False), ("", False),
    ],
)  # fmt: skip
def test_a_host_is_an_address_or_a_name_of_this_server(host: str, known: bool) -> None:
    assert AccessRules.for_host("kitchen.example", None).knows_host(host) is known


def test_a_short_token_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 8 characters, got 3"):
        AccessRules(frozenset(), "abc")


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
        assert get(server.port, "/?token=wrong+horse").status == 401
        welcome = get(server.port, "/?token=correct+horse")
        assert (welcome.status, welcome.getheader("location")) == (303, "/")
        cookie = str(welcome.getheader("set-cookie"))
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert get(server.port, Cookie=cookie.split(";")[0]).status == 200
        assert get(server.port, Cookie="anydoa_token_1=x").status == 401


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

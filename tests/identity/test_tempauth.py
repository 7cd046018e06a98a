"""TempAuth: a name and a key in headers, and a storage URL and a token in the headers of the answer."""

from __future__ import annotations

import pytest

from support import people
from support.server import Server
from support.wire import Response, Wire


@pytest.fixture
def wire(server: Server) -> Wire:
    return Wire(server.tls)


def login(wire: Wire, user: str | None, key: str | None, names: tuple[str, str] = ("X-Auth-User", "X-Auth-Key")) -> Response:
    headers = [(name, value) for name, value in zip(names, (user, key)) if value is not None]
    return wire.request("GET", "/auth/v1.0", headers)


@pytest.mark.parametrize("names", [("X-Auth-User", "X-Auth-Key"), ("X-Storage-User", "X-Storage-Pass")])
def test_a_login(wire: Wire, server: Server, names: tuple[str, str]) -> None:
    answer = login(wire, "test:tester", "testing", names)
    assert (answer.status, answer.body) == (200, b"")
    assert answer["X-Storage-Url"] == f"{server.tls.url}/v1/AUTH_test"
    assert answer["X-Auth-Token"] == answer["X-Storage-Token"]
    assert 0 < int(answer["X-Auth-Token-Expires"]) <= 86400
    assert wire.request("HEAD", "/v1/AUTH_test", [("X-Auth-Token", answer["X-Auth-Token"])]).status == 204


def test_the_token_stays_the_same_until_it_expires(wire: Wire) -> None:
    assert login(wire, "test:tester", "testing")["X-Auth-Token"] == login(wire, "test:tester", "testing")["X-Auth-Token"]


def test_the_storage_url_has_the_host_of_the_request(wire: Wire) -> None:
    headers = [("Host", "objects.example.com"), ("X-Auth-User", "test:tester"), ("X-Auth-Key", "testing")]
    answer = wire.request("GET", "/auth/v1.0", headers)
    assert answer["X-Storage-Url"] == "https://objects.example.com/v1/AUTH_test"


@pytest.mark.parametrize(
    ("user", "key"),
    [
        ("test:tester", "wrong"),
        ("test:tester", ""),
        ("test:tester", None),
        ("test:nobody", "testing"),
        ("nobody:tester", "testing"),
        ("test2:tester", "testing"),
        ("tester2", "testing"),
        ("", ""),
        (None, None),
    ],
)
def test_a_bad_login_is_refused(wire: Wire, user: str | None, key: str | None) -> None:
    answer = login(wire, user, key)
    assert answer.status == 401
    assert "X-Auth-Token" not in answer and "X-Storage-Url" not in answer
    assert answer["Www-Authenticate"].startswith("Swift realm=")


def test_the_name_of_a_user_alone(wire: Wire) -> None:
    """It is sufficient for a user of one account."""
    assert login(wire, "tester", "testing")["X-Storage-Url"].endswith("/v1/AUTH_test")


def test_every_declared_user_can_log_in(wire: Wire) -> None:
    for user in people.EVERYONE:
        answer = login(wire, user.tempauth, user.password)
        assert answer.status == 200
        assert answer["X-Storage-Url"].endswith(f"/v1/AUTH_{user.account}")

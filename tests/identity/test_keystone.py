"""Keystone: discovery, v3 and v2 logins, tokens and their rights."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from support import people
from support.people import User
from support.server import Server
from support.swift import Swift
from support.wire import Response, Wire

JSON = ("Content-Type", "application/json")


@pytest.fixture
def wire(server: Server) -> Wire:
    return Wire(server.tls)


def post(wire: Wire, path: str, body: Any) -> Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return wire.request("POST", path, [JSON, ("Content-Length", str(len(data)))], data)


def v3(user: User, *, scope: Any = None, domain: Any = None, **changes: Any) -> dict[str, Any]:
    """A v3 password login."""
    domain = domain or {"name": "Default"}
    who = {"name": user.name, "password": user.password, "domain": domain} | changes
    body: dict[str, Any] = {"identity": {"methods": ["password"], "password": {"user": who}}}
    if scope != "unscoped":
        body["scope"] = scope or {"project": {"name": user.account, "domain": domain}}
    return {"auth": body}


def v2(user: User, **changes: Any) -> dict[str, Any]:
    credentials = {"username": user.name, "password": user.password} | changes
    return {"auth": {"passwordCredentials": credentials, "tenantName": user.account}}


def opens(wire: Wire, url: str, token: str) -> int:
    return wire.request("HEAD", urlsplit(url).path, [("X-Auth-Token", token)]).status


def storage_url(token: dict[str, Any], interface: str = "public") -> str:
    (service,) = [s for s in token["catalog"] if s["type"] == "object-store"]
    (endpoint,) = [e for e in service["endpoints"] if e["interface"] == interface]
    return str(endpoint["url"])


@pytest.mark.parametrize("domain", [{"name": "Default"}, {"id": "default"}])
def test_a_v3_login(wire: Wire, server: Server, domain: dict[str, str]) -> None:
    answer = post(wire, "/v3/auth/tokens", v3(people.OWNER, domain=domain))
    assert answer.status == 201, answer.text
    token = json.loads(answer.body)["token"]
    assert token["user"]["name"] == "tester" and token["project"]["name"] == "test"
    assert token["user"]["domain"] == {"id": "default", "name": "Default"}
    assert [role["name"] for role in token["roles"]] == ["admin"]
    assert token["methods"] == ["password"] and token["expires_at"].endswith("Z")
    for interface in ("public", "internal", "admin"):
        url = storage_url(token, interface)
        assert url == f"{server.tls.url}/v1/AUTH_test"
        assert opens(wire, url, answer["X-Subject-Token"]) == 204


def test_a_login_by_ids(wire: Wire) -> None:
    token = json.loads(post(wire, "/v3/auth/tokens", v3(people.OWNER)).body)["token"]
    by_id = v3(people.OWNER, scope={"project": {"id": token["project"]["id"]}})
    by_id["auth"]["identity"]["password"]["user"] = {"id": token["user"]["id"], "password": people.OWNER.password}
    assert post(wire, "/v3/auth/tokens", by_id).status == 201


def test_an_unscoped_login_and_a_token_from_a_token(wire: Wire) -> None:
    unscoped = post(wire, "/v3/auth/tokens", v3(people.OWNER, scope="unscoped"))
    assert unscoped.status == 201, unscoped.text
    token = unscoped["X-Subject-Token"]
    projects = wire.request("GET", "/v3/auth/projects", [("X-Auth-Token", token)])
    assert [p["name"] for p in json.loads(projects.body)["projects"]] == ["test"]
    body = {
        "auth": {
            "identity": {"methods": ["token"], "token": {"id": token}},
            "scope": {"project": {"name": "test", "domain": {"id": "default"}}},
        }
    }
    scoped = post(wire, "/v3/auth/tokens", body)
    assert scoped.status == 201, scoped.text
    assert opens(wire, "/v1/AUTH_test", scoped["X-Subject-Token"]) == 204


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "wrong"},
        {"password": ""},
        {"name": "nobody"},
        {"domain": {"name": "Elsewhere"}},
        {"name": "tester2"},
    ],
)
def test_a_bad_v3_login_is_refused(wire: Wire, changes: dict[str, Any]) -> None:
    answer = post(wire, "/v3/auth/tokens", v3(people.OWNER, **changes))
    assert answer.status == 401
    assert "X-Subject-Token" not in answer
    error = json.loads(answer.body)["error"]
    assert (error["code"], error["title"]) == (401, "Unauthorized")
    assert answer["WWW-Authenticate"].startswith("Keystone uri=")


def test_all_bad_logins_have_the_same_answer(wire: Wire) -> None:
    """No answer reveals which users exist."""
    wrong = post(wire, "/v3/auth/tokens", v3(people.OWNER, password="wrong"))
    nobody = post(wire, "/v3/auth/tokens", v3(people.OWNER, name="nobody"))
    assert (wrong.status, wrong.body) == (nobody.status, nobody.body)


def test_the_project_of_another_user_is_refused(wire: Wire) -> None:
    scope = {"project": {"name": "test2", "domain": {"id": "default"}}}
    assert post(wire, "/v3/auth/tokens", v3(people.OWNER, scope=scope)).status == 401


@pytest.mark.parametrize("path", ["/v2.0/tokens", "/v3/tokens"])
def test_a_v2_login_at_both_urls(wire: Wire, server: Server, path: str) -> None:
    answer = post(wire, path, v2(people.OWNER))
    assert answer.status == 200, answer.text
    access = json.loads(answer.body)["access"]
    assert access["token"]["tenant"]["name"] == "test" and access["user"]["name"] == "tester"
    (service,) = [s for s in access["serviceCatalog"] if s["type"] == "object-store"]
    url = service["endpoints"][0]["publicURL"]
    assert url == f"{server.tls.url}/v1/AUTH_test"
    assert opens(wire, url, access["token"]["id"]) == 204
    assert post(wire, path, v2(people.OWNER, password="wrong")).status == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"auth": 1}', b'{"auth": {"identity": {"methods": []}}}'])
@pytest.mark.parametrize("path", ["/v3/auth/tokens", "/v2.0/tokens"])
def test_a_malformed_login_is_refused(wire: Wire, path: str, body: bytes) -> None:
    answer = post(wire, path, body)
    assert answer.status in (400, 401), answer.text
    assert json.loads(answer.body)["error"]["code"] == answer.status


def test_a_login_that_is_too_large_is_refused(wire: Wire) -> None:
    answer = post(wire, "/v3/auth/tokens", b'{"auth": "' + b"x" * (1 << 20) + b'"}')
    assert answer.status == 413


def test_discovery(wire: Wire, server: Server) -> None:
    root = wire.request("GET", "/", [])
    assert root.status == 300
    versions = json.loads(root.body)["versions"]["values"]
    assert {v["id"][:2] for v in versions} == {"v3", "v2"}
    for path in ("/v3", "/v3/"):
        answer = wire.request("GET", path, [])
        version = json.loads(answer.body)["version"]
        assert (answer.status, version["links"][0]["href"]) == (200, f"{server.tls.url}/v3/")
    assert json.loads(wire.request("GET", "/v2.0", []).body)["version"]["id"] == "v2.0"


def test_a_token_is_validated_and_revoked(wire: Wire) -> None:
    token = post(wire, "/v3/auth/tokens", v3(people.OWNER))["X-Subject-Token"]
    asking = [("X-Auth-Token", token), ("X-Subject-Token", token)]
    answer = wire.request("GET", "/v3/auth/tokens", asking)
    assert (answer.status, answer["X-Subject-Token"]) == (200, token)
    assert json.loads(answer.body)["token"]["user"]["name"] == "tester"
    assert wire.request("HEAD", "/v3/auth/tokens", asking).status in (200, 204)
    assert wire.request("DELETE", "/v3/auth/tokens", asking).status == 204
    assert opens(wire, "/v1/AUTH_test", token) == 401


def test_a_token_is_for_its_own_account_only(wire: Wire) -> None:
    token = post(wire, "/v3/auth/tokens", v3(people.OWNER))["X-Subject-Token"]
    assert opens(wire, "/v1/AUTH_test2", token) == 403
    assert opens(wire, "/v1/AUTH_nobody", token) in (403, 404)


@pytest.mark.parametrize("change", ["payload", "signature", "none", "truncated"])
def test_a_forged_token_is_refused(wire: Wire, swift: Swift, change: str) -> None:
    header, payload, signature = swift.token.split(".")
    if change == "payload":
        payload = payload[:-4] + ("AAAA" if payload[-4:] != "AAAA" else "BBBB")
    elif change == "signature":
        signature = "A" * len(signature)
    elif change == "none":
        header, signature = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("="), ""
    else:
        signature = signature[:-10]
    assert opens(wire, "/v1/AUTH_test", ".".join([header, payload, signature])) == 401


def test_a_user_without_rights_can_log_in_and_do_nothing_more(wire: Wire) -> None:
    answer = post(wire, "/v3/auth/tokens", v3(people.PLAIN))
    assert answer.status == 201
    assert opens(wire, "/v1/AUTH_test", answer["X-Subject-Token"]) == 403

"""The sources of the gateway's credentials for its store, and the stores that it trusts. Each way runs over a
store that checks it.

moto and azurite behind TLS stand in for Amazon and Microsoft, under their own host names too: a forward proxy
leads these names to this machine.
"""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from stores.backends import CONTAINER, Azurite, Moto, Prefix
from stores.test_gateway import faces_of
from stores.tunnel import Tunnel

from support import people
from support.certificates import Authority
from support.faces import WRITTEN, S3Face
from support.keys import CustomerKey
from support.leaks import Secret, assert_none
from support.places import binary
from support.ports import free_ports
from support.s3 import S3
from support.server import Server, clean_environment
from support.waiting import wait_until

Environment = dict[str, str]
Over = Callable[..., Server]

QUICK = {"store_retry_timeout": "1s"}
BOUND = 120
"""The longest time in seconds of a start that must fail: `store_retry_timeout`, and what a busy machine
adds."""
ACCOUNT_ID = "123456789012"
TRUST = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRoleWithWebIdentity"}
ALL_OF_S3 = {"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhLWdhdGV3YXkifQ.c2lnbmF0dXJl"
"""The credentials that a cluster gives a pod."""


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def amazon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    """S3, STS and IAM, with one role that may use the store and one that may not."""
    store = Moto(tmp_path_factory.mktemp("amazon") / "s3", Authority())
    iam = store.service("iam")
    for role in ("gateway", "stranger"):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=policy(TRUST))
    iam.put_role_policy(RoleName="gateway", PolicyName="store", PolicyDocument=policy(ALL_OF_S3))
    iam.create_user(UserName="gateway")
    iam.put_user_policy(UserName="gateway", PolicyName="store", PolicyDocument=policy(ALL_OF_S3))
    yield store
    store.stop()


@pytest.fixture(scope="module")
def microsoft(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Azure."""
    store = Azurite(tmp_path_factory.mktemp("microsoft") / "az", Authority())
    yield store
    store.stop()


@pytest.fixture(scope="module")
def tunnel(amazon: Moto, microsoft: Azurite) -> Iterator[Tunnel]:
    """The way to both by the host names of their clouds."""
    with Tunnel({"amazonaws.com": amazon.port, "blob.core.windows.net": microsoft.port}) as running:
        yield running


@pytest.fixture
def keys(amazon: Moto) -> Iterator[Environment]:
    """The environment variables of a user's access key."""
    key = amazon.service("iam").create_access_key(UserName="gateway")["AccessKey"]
    yield {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    amazon.service("iam").delete_access_key(UserName="gateway", AccessKeyId=key["AccessKeyId"])


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    return path


@pytest.fixture
def over(tmp_path: Path) -> Iterator[Over]:
    """Makes gateways over prefixes of a store, with these credentials and no others."""
    servers: list[Server] = []

    def make(place: Prefix, environment: Environment, **settings: Any) -> Server:
        folder = tmp_path / f"server-{len(servers)}"
        given = {"store": place.url, **QUICK, **settings}
        servers.append(Server(folder, environment=environment, **{k: v for k, v in given.items() if v is not None}))
        return servers[-1]

    yield make
    for each in servers:
        each.kill()


def uses(server: Server) -> None:
    """Writes two objects through both faces, one with the customer's key and one in parts, and reads them
    again."""
    s3, swift = faces_of(server)
    key, small, large = CustomerKey.new(), random.Random(1).randbytes(50_000), random.Random(2).randbytes(7_000_000)
    assert s3.put("bucket", "sealed", small, s3.keyed(key)).status in WRITTEN
    assert swift.put("bucket", "in-parts", large).status in WRITTEN
    assert swift.get("bucket", "sealed", swift.keyed(key)).body == small
    assert s3.get("bucket", "in-parts").body == large


def stays_hidden(server: Server, *secrets: str) -> None:
    """Searches the gateway's data, its log (at TRACE), its pages and its output for secrets."""
    texts = {"configuration": printed(server, "config", "docs")}
    if server.process is not None and server.process.poll() is None:
        texts |= {"metrics": server.metrics().encode(), "readiness": server.readiness()[1].encode()}
        texts |= {"fsck": printed(server, "fsck", "--config", str(server.config), "--data", str(server.data))}
    assert_none(map(Secret, secrets), server.folder, texts)


def printed(server: Server, *command: str) -> bytes:
    environment = {**clean_environment(), **server.environment}
    done = subprocess.run([binary(), *command], env=environment, cwd=server.folder, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def refused(servers: dict[str, Server]) -> dict[str, str]:
    """Starts gateways that cannot start, all at once. Returns the last line of each."""
    began = time.monotonic()
    for server in servers.values():
        server.spawn()
    words = {}
    for name, server in servers.items():
        assert server.wait() == 1, (name, server.log()[-2000:])
        assert time.monotonic() - began < BOUND, name
        words[name] = server.log().splitlines()[-1]
        assert words[name].startswith("cardea: storage: storage is unavailable: "), words[name]
    return words


def test_static_keys(amazon: Moto, keys: Environment, over: Over) -> None:
    place, settings = amazon.place(), amazon.settings(amazon.port)
    with amazon.checking():
        server = over(place, keys, **settings).start()
        uses(server)
        wrong = over(amazon.place(), {**keys, "AWS_SECRET_ACCESS_KEY": "of-someone-else"}, **settings)
        assert "SignatureDoesNotMatch" in refused({"wrong": wrong})["wrong"]
    assert len(place.blobs()) == 2
    stays_hidden(server, keys["AWS_SECRET_ACCESS_KEY"])
    stays_hidden(wrong, "of-someone-else")


def web_identity(token: Path, role: str = "gateway") -> Environment:
    """The variables that EKS sets in a pod."""
    arn = f"arn:aws:iam::{ACCOUNT_ID}:role/{role}"
    return {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": arn, "AWS_ROLE_SESSION_NAME": f"{role}-session"}


@pytest.mark.parametrize("region", [None, "eu-west-1"], ids=["region's-sts", "sts-of-a-setting"])
def test_a_web_identity(amazon: Moto, tunnel: Tunnel, token: Path, over: Over, region: str | None) -> None:
    """Only the request to STS is unsigned. Its answer signs all later requests, and moto verifies them."""
    place, heard, asked = amazon.place(), len(amazon.log()), len(tunnel.asked)
    environment = {**web_identity(token), "HTTPS_PROXY": tunnel.url}
    if region:
        environment["AWS_ENDPOINT_URL_STS"] = f"https://sts.{region}.amazonaws.com"
    with amazon.recording() as requests, amazon.checking(free=1):
        server = over(place, environment, store_ca=str(amazon.ca), store_region="us-east-1").start()
        uses(server)
    assert len(place.blobs()) == 2
    names = set(tunnel.asked[asked:])
    assert names == {f"sts.{region or 'us-east-1'}.amazonaws.com:443", "s3.us-east-1.amazonaws.com:443"}
    told = [line for line in amazon.log()[heard:].splitlines() if "Action=AssumeRoleWithWebIdentity" in line]
    assert len(told) == 1 and f"WebIdentityToken={TOKEN}" in told[0] and "role/gateway" in told[0], told
    shown = [request["headers"] for request in requests if f"/{CONTAINER}/" in request["url"]]
    given = {headers["X-Amz-Security-Token"] for headers in shown}
    assert len(shown) > 8 and len(given) == 1 and all("Credential=ASIA" in headers["Authorization"] for headers in shown)
    stays_hidden(server, TOKEN, *given)


def test_bad_web_identities_are_refused(amazon: Moto, tunnel: Tunnel, token: Path, over: Over, tmp_path: Path) -> None:
    settings = {"store_ca": str(amazon.ca), "store_region": "us-east-1", "store_retry_timeout": "10s"}
    (nowhere,) = free_ports(1)
    way = {"HTTPS_PROXY": tunnel.url}
    servers = {
        name: over(amazon.place(), {**way, **environment}, **settings)
        for name, environment in {
            "missing": web_identity(tmp_path / "none"),
            "unreadable": web_identity(tmp_path),
            "no STS": {**web_identity(token), "AWS_ENDPOINT_URL_STS": f"https://127.0.0.1:{nowhere}"},
        }.items()
    }
    words = refused(servers)
    assert f"Failed to read token file '{tmp_path}/none': No such file" in words["missing"]
    assert f"Failed to read token file '{tmp_path}': Is a directory" in words["unreadable"]
    assert "Error performing POST REDACTED" in words["no STS"] and "retries" in words["no STS"]
    with amazon.checking(free=1):
        servers["stranger"] = over(amazon.place(), {**way, **web_identity(token, "stranger")}, **settings)
        words = refused({"stranger": servers["stranger"]})
    assert "AccessDenied" in words["stranger"]
    for server in servers.values():
        stays_hidden(server, TOKEN)


def shared(sas: str) -> Environment:
    return {"AZURE_STORAGE_ACCOUNT_NAME": Azurite.account, "AZURE_STORAGE_SAS_TOKEN": sas}


def signature(sas: str) -> str:
    """The secret parts of a signature."""
    return parse_qs(sas)["sig"][0]


def test_a_shared_access_signature(microsoft: Azurite, tunnel: Tunnel, over: Over) -> None:
    """With a signature that may not delete, the gateway is ready: a delete is acknowledged before the store
    is asked. Log and metrics report the error."""
    asked, settings = len(tunnel.asked), {"store_ca": str(microsoft.ca)}
    gateways = []
    for permissions in ("racwdl", "racwl"):
        place, sas = microsoft.place(), microsoft.sas(permissions)
        server = over(place, {**shared(sas), "HTTPS_PROXY": tunnel.url}, **settings).start()
        uses(server)
        assert len(place.blobs()) == 2
        assert faces_again(server).delete("bucket", "in-parts").status == 204
        gateways.append((server, place, sas))
    assert set(tunnel.asked[asked:]) == {f"{microsoft.account}.blob.core.windows.net:443"}
    (_, allowed, _), (denied, left, _) = gateways
    wait_until(lambda: len(allowed.blobs()) == 1)
    wait_until(lambda: 'a round of background work failed task="reaper"' in denied.log())
    assert "not authorized to perform this operation using this permission" in denied.log()
    outcomes = [f'cardea_store_requests_total{{operation="delete",outcome="{outcome}"}}' for outcome in ("denied", "failed")]
    assert any(map(denied.metric, outcomes))
    assert denied.is_ready() and len(left.blobs()) == 2
    assert faces_again(denied).get("bucket", "in-parts").status == 404
    for server, _, sas in gateways:
        stays_hidden(server, signature(sas))


def test_a_shared_access_signature_that_expires(microsoft: Azurite, tunnel: Tunnel, over: Over) -> None:
    lasts, over_already, reads_only = microsoft.sas("racwdl"), microsoft.sas("racwdl", timedelta(minutes=-1)), microsoft.sas("rl")
    way, settings = {"HTTPS_PROXY": tunnel.url}, {"store_ca": str(microsoft.ca)}
    server = over(microsoft.place(), {**shared(lasts), **way}, **settings).start()
    uses(server)
    # The signature lasts for a start, and not for much more.
    assert server.stop() == 0
    sas = microsoft.sas("racwdl", timedelta(seconds=20))
    server.environment |= shared(sas)
    server.start()
    ended = over(microsoft.place(), {**shared(over_already), **way}, **settings)
    reader = over(microsoft.place(), {**shared(reads_only), **way}, **settings)
    words = refused({"ended": ended, "reader": reader})
    assert "403 Forbidden" in words["ended"] and "Server failed to authenticate the request" in words["ended"]
    assert "403 Forbidden" in words["reader"] and "AuthorizationPermissionMismatch" in words["reader"]
    # The first signature expires while its gateway runs.
    wait_until(lambda: server.readiness() == (503, "not ready: the blob store cannot be read\n"))
    s3, key = faces_again(server), CustomerKey.new()
    for answer in (s3.put("bucket", "new", bytes(50_000), s3.keyed(key)), s3.get("bucket", "in-parts")):
        assert (answer.status, "Retry-After" in answer) == (503, True), answer.text
        assert signature(sas) not in answer.text
    for gateway, its in ((server, sas), (ended, over_already), (reader, reads_only)):
        gateway.kill()
        stays_hidden(gateway, signature(its))
    stays_hidden(server, signature(lasts))


def faces_again(server: Server) -> S3Face:
    return S3Face(S3(server.tls, people.OWNER))


def test_an_account_key(microsoft: Azurite, tunnel: Tunnel, over: Over) -> None:
    place, settings = microsoft.place(), {"store_ca": str(microsoft.ca)}
    environment = {"AZURE_STORAGE_ACCOUNT_NAME": microsoft.account, "HTTPS_PROXY": tunnel.url}
    server = over(place, {**environment, "AZURE_STORAGE_ACCOUNT_KEY": microsoft.key}, **settings).start()
    uses(server)
    assert len(place.blobs()) == 2
    other = "b2Ygc29tZW9uZSBlbHNl"
    wrong = over(microsoft.place(), {**environment, "AZURE_STORAGE_ACCOUNT_KEY": other}, **settings)
    assert "403 Forbidden" in refused({"wrong": wrong})["wrong"]
    stays_hidden(server, microsoft.key)
    stays_hidden(wrong, other)


def test_a_private_ca(amazon: Moto, microsoft: Azurite, over: Over, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(Authority("somebody else's CA").certificate)
    servers = {}
    for store in (amazon, microsoft):
        place, environment, settings = store.place(), store.environment(store.port), store.settings(store.port)
        server = over(place, environment, **settings).start()
        uses(server)
        assert len(place.blobs()) == 2
        for name, ca in (("none", None), ("another", str(stranger))):
            servers[f"{store.scheme} {name}"] = over(store.place(), environment, **{**settings, "store_ca": ca})
    # The name must be right too.
    elsewhere = amazon.settings(amazon.port) | {"store_endpoint": f"https://localhost:{amazon.port}"}
    servers["s3 name"] = over(amazon.place(), amazon.environment(amazon.port), **elsewhere)
    for name, words in refused(servers).items():
        why = "certificate not valid for name" if name == "s3 name" else "UnknownIssuer"
        assert f"invalid peer certificate: {why}" in words, (name, words)
    missing = over(amazon.place(), {}, store_ca=str(tmp_path / "none.pem"))
    missing.spawn()
    assert missing.wait() == 2 and f"cardea: store_ca: found {tmp_path}/none.pem" in missing.log()


@pytest.mark.parametrize(
    ("path_style", "endpoint", "host"),
    [
        (True, None, "s3.us-east-1.amazonaws.com"),
        (False, None, f"{CONTAINER}.s3.us-east-1.amazonaws.com"),
        (False, f"https://{CONTAINER}.s3.us-east-1.amazonaws.com", f"{CONTAINER}.s3.us-east-1.amazonaws.com"),
        (False, "https://s3.us-east-1.amazonaws.com", f"{CONTAINER}.s3.us-east-1.amazonaws.com"),
    ],
    ids=["path", "host", "host-in-endpoint", "host-with-endpoint"],
)
def test_the_bucket_is_in_the_path_or_in_the_host(
    amazon: Moto, tunnel: Tunnel, keys: Environment, over: Over, path_style: bool, endpoint: str | None, host: str
) -> None:
    place, asked = amazon.place(), len(tunnel.asked)
    settings = {"store_ca": str(amazon.ca), "store_region": "us-east-1", "store_endpoint": endpoint}
    with amazon.checking():
        server = over(place, {**keys, "HTTPS_PROXY": tunnel.url}, store_path_style=path_style, **settings).start()
        uses(server)
    assert len(place.blobs()) == 2
    assert set(tunnel.asked[asked:]) == {f"{host}:443"}


def test_missing_identities_are_reported(amazon: Moto, microsoft: Azurite, token: Path, over: Over) -> None:
    """Nobody answers at the addresses that clouds have for their own machines. The start ends in time, and
    names the address."""
    (nowhere,) = free_ports(1)
    nobody = f"http://127.0.0.1:{nowhere}"
    container = "AWS_CONTAINER_"
    tenant = {"AZURE_CLIENT_ID": "a-client", "AZURE_TENANT_ID": "a-tenant"}
    ways: dict[str, tuple[Moto | Azurite, Environment]] = {
        "http://169.254.169.254/latest/api/token": (amazon, {}),
        "http://169.254.170.2/v2/credentials": (amazon, {f"{container}CREDENTIALS_RELATIVE_URI": "/v2/credentials"}),
        "http://169.254.170.23/v1/credentials": (
            amazon,
            {
                f"{container}CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
                f"{container}AUTHORIZATION_TOKEN_FILE": str(token),
            },
        ),
        "http://169.254.169.254/metadata/identity/oauth2/token": (microsoft, {}),
        "https://login.microsoftonline.com/a-tenant/oauth2/v2.0/token": (
            microsoft, {**tenant, "AZURE_FEDERATED_TOKEN_FILE": str(token)},
        ),
        "https://login.microsoftonline.us/a-tenant/oauth2/v2.0/token": (
            microsoft, {**tenant, "AZURE_CLIENT_SECRET": TOKEN, "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us"},
        ),
    }
    servers = {}
    for asked, (store, environment) in ways.items():
        who = {"AZURE_STORAGE_ACCOUNT_NAME": Azurite.account} if store is microsoft else {}
        way = {"HTTP_PROXY": nobody, "HTTPS_PROXY": nobody}
        servers[asked] = over(store.place(), {**who, **environment, **way}, **store.settings(store.port))
    unread = {**tenant, "AZURE_FEDERATED_TOKEN_FILE": str(token.parent), "AZURE_STORAGE_ACCOUNT_NAME": Azurite.account}
    servers["Error reading federated token file"] = over(microsoft.place(), unread, **microsoft.settings(microsoft.port))
    for asked, words in refused(servers).items():
        assert asked in words, words
    for server in servers.values():
        stays_hidden(server, TOKEN)

"""Several pods over PostgreSQL and S3, as the README installs them. Each starts as the Deployment says."""

from __future__ import annotations

import itertools
import os
import secrets as chance
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from helm.cases import shapes
from helm.chart import Helm, Values, workload
from helm.pod import Node, Process, Secrets
from helm.relay import relay
from stores.backends import Backend
from support.certificates import Pair
from support.postgres import Postgres

PODS = 3


class Guarded(Postgres):
    """A server that demands TLS and a password."""

    def __init__(self) -> None:
        super().__init__()
        self.pair, self.password = Pair.new(), chance.token_hex(16)
        self.pair.write(self.data)
        for name in ("tls.crt", "tls.key"):
            (self.data / name).chmod(0o600)
            self._give(self.data / name)
        # Only the tests' own psql, which does the operator's setup, connects as the superuser.
        lines = ["host all cardea 127.0.0.1/32 trust", "hostssl all gateway 127.0.0.1/32 scram-sha-256"]
        (self.data / "pg_hba.conf").write_text("\n".join(lines) + "\n")
        self.start(ssl="on", ssl_cert_file="tls.crt", ssl_key_file="tls.key")
        self.psql(f"CREATE ROLE gateway LOGIN PASSWORD '{self.password}'")
        self._numbers = itertools.count(1)

    def installation(self) -> str:
        """A database for one installation."""
        name = f"cardea{next(self._numbers)}"
        self.psql(f"CREATE DATABASE {name} OWNER gateway")
        return f"postgres://gateway@localhost:{self.port}/{name}?sslmode=require"

    def _give(self, path: Path) -> None:
        """The owner of the folder."""
        owner = self.folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


@pytest.fixture(scope="module")
def database() -> Iterator[Guarded]:
    server = Guarded()
    yield server
    server.remove()


@pytest.fixture
def pods(
    helm: Helm, tmp_path: Path, database: Guarded, stores: Callable[[str], Backend], prepared: Secrets
) -> Iterator[list[Process]]:
    """Three pods with the README's values, except the addresses of database and store."""
    place = stores("s3").place()
    values: Values = yaml.safe_load(shapes()["readme-replicas"])
    assert values["replicas"] == PODS
    values["store"] |= {"url": place.url, "endpoint": f"http://127.0.0.1:{place.port}", "region": "us-east-1"}
    values["database"]["url"] = database.installation()
    values["tls"] = {"existingSecret": "store-tls"}
    made = Node(helm.template({"tls": {"names": ["objects.example.com"]}}), tmp_path / "made").secrets["cardea-tls"]
    secrets = {
        **prepared,
        "store-tls": made,
        "store-credentials": {name: value.encode() for name, value in place.environment.items()},
        "store-database": {"PGPASSWORD": database.password.encode()},
        "store-database-ca": {"ca.crt": database.pair.certificate},
    }
    manifests = helm.template(values)
    assert workload(manifests)["kind"] == "Deployment" and workload(manifests)["spec"]["replicas"] == PODS
    with ExitStack() as stack:
        nodes = [Node(manifests, tmp_path / f"pod-{number}", secrets) for number in range(PODS)]
        yield [stack.enter_context(node.gateway()) for node in nodes]


def test_one_key_works_on_both_faces_of_all_pods(pods: list[Process], database: Guarded) -> None:
    """Each request of the chart's own test goes to another pod. Then one pod is killed, and the others go
    on."""
    with relay([pod.node.port("https") for pod in pods]) as service:
        through = {"CARDEA_CONNECT": f"127.0.0.1:{service.port}"}
        for _ in range(2):
            pods[0].node.passes(through)
        lost, *left = pods
        assert lost.process is not None
        lost.process.kill()
        lost.process.wait()
        service.ports = [pod.node.port("https") for pod in left]
        left[0].node.passes(through)
    for pod in left:
        assert pod.stop() == 0
    for pod in pods:
        pod.assert_wrote_only("/var/lib/cardea")
        assert not list(Path(pod.path("/var/lib/cardea")).rglob("*.db"))
        assert not (Path(pod.path("/var/lib/cardea")) / "keyring.toml").exists()
        assert database.password.encode() not in pod.log.read_bytes()


def test_a_new_pod_needs_no_files_of_the_old_ones(pods: list[Process]) -> None:
    """A pod that starts with an empty folder serves like the others."""
    old = pods[0]
    assert old.stop() == 0
    fresh = Node(old.node.manifests, old.node.folder.with_name("fresh"), old.node.secrets)
    with fresh.gateway() as gateway:
        fresh.passes()
        assert gateway.stop() == 0


def test_a_database_with_another_certificate_is_not_trusted(pods: list[Process], tmp_path: Path) -> None:
    node = pods[0].node
    secrets = {**node.secrets, "store-database-ca": {"ca.crt": Pair.new().certificate}}
    done = Node(node.manifests, tmp_path / "stranger", secrets).gateway().run()
    assert done.returncode in (1, 2) and b"certificate" in done.stderr.lower(), done.stderr.decode()

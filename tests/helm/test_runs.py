"""The rendered pods run: the gateway starts, and the script of `helm test` passes against it over TLS."""

from __future__ import annotations

import ast
import http.server
import json
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from helm.chart import CHART, Helm, workload
from helm.pod import Node, Secrets
from support.server import ANSWER_SECONDS, STOP_SECONDS
from support.waiting import wait_until


def test_defaults(helm: Helm, tmp_path: Path) -> None:
    """Without any values: account and certificate are generated, and the key ring is made on the volume."""
    node = Node(helm.template({}), tmp_path)
    with node.gateway() as gateway:
        assert gateway.probe("startupProbe") == gateway.probe("livenessProbe") == 200
        connect(node).close()
        node.passes()
        assert gateway.stop() == 0
    gateway.assert_wrote_only("/var/lib/cardea")
    assert (Path(gateway.path("/var/lib/cardea")) / "keyring.toml").is_file()
    secret = node.secrets["cardea-accounts"]["secret-key"]
    assert secret not in gateway.log.read_bytes()


def test_a_new_pod_on_the_old_volume(helm: Helm, tmp_path: Path) -> None:
    """After an upgrade the pod finds the same volume and Secrets."""
    node = Node(helm.template({}), tmp_path)
    for _ in range(2):
        with node.gateway() as gateway:
            node.passes()
            assert gateway.stop() == 0


def test_maintenance(helm: Helm, tmp_path: Path, prepared: Secrets) -> None:
    """Commands run instead of the gateway: an index is lost, restored and accepted. Then the gateway goes
    on."""
    values = {"keyring": {"existingSecret": "store-keyring"}}

    def run(*words: str) -> str:
        manifests = helm.template({**values, "maintenance": {"command": list(words)}})
        assert workload(manifests)["spec"]["replicas"] == 0
        done = Node(manifests, tmp_path, prepared).maintenance().run()
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
        return (done.stdout + done.stderr).decode()

    node = Node(helm.template(values), tmp_path, prepared)
    with node.gateway() as gateway:
        node.passes()
        assert gateway.stop() == 0
    run("backup")
    index = Path(gateway.path("/var/lib/cardea")) / "index.db"
    index.unlink()
    for left in index.parent.glob("index.db-*"):
        left.unlink()
    run("restore")
    run("fsck", "--accept")
    with node.gateway() as gateway:
        assert gateway.stop() == 0


def test_prepared_secrets(helm: Helm, tmp_path: Path, prepared: Secrets) -> None:
    """Every Secret exists beforehand, and the public name is not that of the Service."""
    made = Node(helm.template({"tls": {"names": ["objects.example.com"]}}), tmp_path / "made").secrets["cardea-tls"]
    values = {
        "endpoint": "https://objects.example.com",
        "accounts": {"existingSecret": "store-accounts", "generate": False},
        "keyring": {"existingSecret": "store-keyring"},
        "tls": {"existingSecret": "store-tls"},
        "settings": {"region": "eu-central-1", "log_format": "text"},
    }
    node = Node(helm.template(values), tmp_path, {**prepared, "store-tls": made})
    with node.gateway() as gateway:
        node.passes()
        assert gateway.stop() == 0
    gateway.assert_wrote_only("/var/lib/cardea")
    assert not (Path(gateway.path("/var/lib/cardea")) / "keyring.toml").exists()


def test_every_setting_is_known(helm: Helm, tmp_path: Path, case: str, values: dict) -> None:
    """The gateway reads every setting that the values files set. A command that needs a key ring reads all
    settings first."""
    manifests = helm.template(values)
    pod = workload(manifests)["spec"]["template"]["spec"]
    sources = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
    secrets = {source["secretName"]: {item["key"]: b"" for item in source["items"]} for source in sources}
    for each in pod["containers"][0].get("env", []):
        if source := each.get("valueFrom", {}).get("secretKeyRef"):
            secrets.setdefault(source["name"], {})[source["key"]] = b"something"
    gateway = Node(manifests, tmp_path, secrets).gateway()
    done = gateway.run(gateway.line()[0], "keyring", "export", stdin=b"passphrase\n")
    assert done.returncode == 2 and b"cardea: keyring: found " in done.stderr, done.stderr.decode()


def test_behind_a_proxy(helm: Helm, tmp_path: Path) -> None:
    """Without TLS of its own: a proxy ends TLS, and reports it in a header."""
    certificate = Node(helm.template({}), tmp_path / "certificate").secrets["cardea-tls"]
    for name, content in certificate.items():
        (tmp_path / name).write_bytes(content)
    with proxy(tmp_path) as front:
        values = {
            "endpoint": f"https://localhost:{front.server_port}",
            "tls": {"enabled": False},
            "trustedProxies": ["127.0.0.0/8"],
        }
        node = Node(helm.template(values), tmp_path)
        with node.gateway() as gateway:
            front.upstream = node.port("http")
            node.passes({"SSL_CERT_FILE": str(tmp_path / "ca.crt")})
            assert gateway.stop() == 0


def test_a_renewed_certificate_is_served(helm: Helm, tmp_path: Path) -> None:
    """As cert-manager renews it: the Secret changes, the kubelet swaps the links, and the pod serves the new
    certificate."""
    values = {"tls": {"certManager": {"enabled": True, "issuer": {"name": "ours"}}}}
    old, new = (Node(helm.template({}), tmp_path / name).secrets["cardea-tls"] for name in ("old", "new"))
    node = Node(helm.template(values), tmp_path / "node", {"cardea-tls": old})
    with node.gateway() as gateway:
        node.passes()
        node.secrets["cardea-tls"] = new
        refused = node.test().run()
        assert refused.returncode == 1 and b"CERTIFICATE_VERIFY_FAILED" in refused.stderr, "the old certificate is still served"
        gateway.refresh()
        wait_until(lambda: "the certificate has changed and was replaced" in gateway.log.read_text())
        node.passes()
        assert gateway.stop() == 0
    gateway.assert_wrote_only("/var/lib/cardea")


def test_a_failing_round_trip_is_reported(helm: Helm, tmp_path: Path) -> None:
    """The script fails, and names the step, when the gateway does not know the account."""
    node = Node(helm.template({}), tmp_path)
    with node.gateway():
        stranger = Node(helm.template({}), tmp_path / "stranger")
        node.secrets["cardea-accounts"] = stranger.secrets["cardea-accounts"]
        done = node.test().run()
    assert done.returncode == 1 and done.stderr.startswith(b"S3: make a bucket: found 403, expected 200\n")
    assert b"<Code>InvalidAccessKeyId</Code>" in done.stderr


def test_the_tests_image_needs_nothing_but_python() -> None:
    """The script uses the standard library of Python 3.11 alone."""
    tree = ast.parse((CHART / "files" / "round_trip.py").read_text(), feature_version=(3, 11))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_drain(helm: Helm, tmp_path: Path) -> None:
    """A pod that is asked to end finishes its requests, and meanwhile is not ready."""
    node = Node(helm.template({"shutdown": {"drainSeconds": 180}}), tmp_path)
    with node.gateway() as gateway, slow_request(node) as finish:
        assert gateway.process is not None
        gateway.process.terminate()
        wait_until(lambda: gateway.probe("readinessProbe") == 503)
        assert gateway.probe("livenessProbe") == 200 and gateway.process.poll() is None
        assert finish() == 401
        assert gateway.process.wait(STOP_SECONDS) == 0


def connect(node: Node) -> ssl.SSLSocket:
    """A connection that checks the certificate as strictly as Python 3.13, which is in the test's image."""
    context = ssl.create_default_context(cadata=node.secrets["cardea-tls"]["ca.crt"].decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    plain = socket.create_connection(("127.0.0.1", node.port("https")), ANSWER_SECONDS)
    return context.wrap_socket(plain, server_hostname="localhost")


@contextmanager
def slow_request(node: Node) -> Iterator[Callable[[], int]]:
    """A stranger's login. The gateway has read its head and waits for the body. A call of the result sends
    the body and returns the status."""
    user = {"name": "stranger", "domain": {"name": "Default"}, "password": "wrong"}
    body = json.dumps({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}).encode()
    with connect(node) as connection:
        head = f"POST /v3/auth/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        asked = connection.recv(4096)
        assert asked == b"HTTP/1.1 100 Continue\r\n\r\n", asked

        def finish() -> int:
            connection.sendall(body)
            return int(connection.recv(4096).split()[1])

        yield finish


class Proxy(http.server.BaseHTTPRequestHandler):
    """Passes requests on over plain HTTP, with its own header for the scheme."""

    def relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() != "x-forwarded-proto"}
        upstream = HTTPConnection("127.0.0.1", self.server.upstream, timeout=ANSWER_SECONDS)
        upstream.request(self.command, self.path, body, {**headers, "X-Forwarded-Proto": "https"})
        answer = upstream.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        upstream.close()

    do_GET = do_PUT = do_DELETE = relay

    def log_message(self, *_: object) -> None:
        """Nothing: a proxy must not log the requests."""


@contextmanager
def proxy(folder: Path) -> Iterator[http.server.ThreadingHTTPServer]:
    """A TLS proxy whose `upstream` is a port of this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()

"""The rendered pods run over a store in a cloud: S3 (moto) and Azure (azurite), started by the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from helm.cases import shapes
from helm.chart import Helm, Values
from helm.pod import Node, Secrets
from helm.relay import relay
from stores.backends import Backend, Prefix
from support.certificates import Pair

import yaml

ROOT_CA = "store-ca"


def test_s3(helm: Helm, tmp_path: Path, stores: Callable[[str], Backend], prepared: Secrets) -> None:
    """As in the README, with credentials from a Secret. The blobs are in the bucket, and no credential is in
    the log."""
    place = stores("s3").place()
    values = readme("blobs-in-a-cloud")
    values["store"] |= {"url": place.url, "endpoint": f"http://127.0.0.1:{place.port}"}
    credentials = {name: value.encode() for name, value in place.environment.items()}
    secrets = {**prepared, "store-credentials": credentials, "store-tls": certificate(helm, tmp_path)}
    goes_round(Node(helm.template(with_tls(values)), tmp_path / "node", secrets), place)


def test_s3_behind_a_private_ca(helm: Helm, tmp_path: Path, stores: Callable[[str], Backend]) -> None:
    """TLS to a store whose CA is only in the Secret. With this CA the gateway starts, with another one it
    does not."""
    place, own, other = stores("s3").place(), Pair.new(), Pair.new()
    own.write(tmp_path)
    with relay([place.port], tmp_path) as front:
        values: Values = {
            "store": {
                "url": place.url,
                "endpoint": f"https://localhost:{front.port}",
                "region": "us-east-1",
                "ca": {"existingSecret": ROOT_CA},
                "existingSecret": "store-credentials",
            },
            "settings": {"inline_bytes": 0, "store_retry_timeout": "1s"},
        }
        secrets = {"store-credentials": {name: value.encode() for name, value in place.environment.items()}}
        manifests = helm.template(values)
        stranger = Node(manifests, tmp_path / "stranger", {**secrets, ROOT_CA: {"ca.crt": other.certificate}}).gateway()
        done = stranger.run()
        assert done.returncode in (1, 2) and b"certificate" in done.stdout + done.stderr, done.stderr.decode()
        goes_round(Node(manifests, tmp_path / "node", {**secrets, ROOT_CA: {"ca.crt": own.certificate}}), place)


@pytest.mark.parametrize("by", ["values", "secret"])
def test_azure(helm: Helm, tmp_path: Path, stores: Callable[[str], Backend], by: str) -> None:
    """None of the emulator's variables is secret. A value in a Secret is not read from the values."""
    place = stores("az").place()
    values: Values = {
        "store": {"url": place.url, "environment": place.environment},
        "settings": {"inline_bytes": 0},
    }
    secrets: Secrets = {}
    if by == "secret":
        values["store"]["existingSecret"] = "azure"
        secrets["azure"] = {"AZURE_STORAGE_ACCOUNT_KEY": stores("az").key.encode()}
    node = Node(helm.template(values), tmp_path, secrets)
    goes_round(node, place)
    variables = node.gateway().environment()
    assert ("AZURE_STORAGE_ACCOUNT_KEY" in variables) == (by == "secret")


def test_a_secret_without_the_keys_of_the_store_starts_no_pod(helm: Helm, tmp_path: Path) -> None:
    node = Node(
        helm.template({"store": {"url": "s3://blobs", "existingSecret": "half"}}),
        tmp_path,
        {"half": {"AWS_ACCESS_KEY_ID": b"id"}},
    )
    with pytest.raises(AssertionError, match="half has no AWS_SECRET_ACCESS_KEY"):
        node.gateway().environment()


def goes_round(node: Node, place: Prefix) -> None:
    """The chart's own test passes, and its objects are in the store. Neither volume nor log has a blob or a
    credential."""
    with node.gateway() as gateway:
        node.passes()
        assert gateway.stop() == 0
    assert [name for name in place.names() if name.endswith("/cardea.json")]
    assert not (Path(gateway.path("/var/lib/cardea")) / "blobs").exists()
    gateway.assert_wrote_only("/var/lib/cardea")
    for secret in place.environment.values():
        assert secret.encode() not in gateway.log.read_bytes() or secret.startswith(("http", "true", "store"))


def readme(shape: str) -> Values:
    """The README's values of one form of release."""
    return yaml.safe_load(shapes()[f"readme-{shape}"])


def certificate(helm: Helm, folder: Path) -> dict[str, bytes]:
    """A certificate for the README's endpoint, as cert-manager would make it."""
    return Node(helm.template({"tls": {"names": ["objects.example.com"]}}), folder / "made").secrets["cardea-tls"]


def with_tls(values: Values) -> Values:
    """The same, with the certificate in a Secret. cert-manager does not run here."""
    return {**values, "tls": {"existingSecret": "store-tls"}}

"""The chart over several releases: generated objects stay, and the objects of the cluster are checked."""

from __future__ import annotations

import base64

import pytest

from helm.chart import Helm, Values, find, workload
from helm.cluster import Cluster

GENERATED = ("cardea-accounts", "cardea-tls")


@pytest.fixture
def world(helm: Helm, world: Cluster) -> Cluster:
    if helm.is_old:
        pytest.skip("helm before 3.13, which npm has, looks nothing up in a dry run; with Go on the machine this runs")
    return world


def put(world: Cluster, name: str, texts: dict[str, str]) -> None:
    data = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    world.add([{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}])


def test_generated_objects_survive_upgrades(helm: Helm, world: Cluster) -> None:
    first = helm.template({}, world.address)
    again = helm.template({}, world.address)
    assert not any(find(first, "Secret", name)["data"] == find(again, "Secret", name)["data"] for name in GENERATED)
    world.add(first)
    assert helm.template({}, world.address) == first, "an upgrade without changes changes something"
    other = {"shutdown": {"preStopSeconds": 9}, "service": {"annotations": {"example.com/a": "b"}}}
    later = helm.template(other, world.address)
    assert all(find(later, "Secret", name) == find(first, "Secret", name) for name in GENERATED)


def test_generated_objects_cannot_be_replaced(helm: Helm) -> None:
    """If the cluster cannot be asked, new values meet a Secret that does not change."""
    assert all(find(helm.template({}), "Secret", name)["immutable"] is True for name in GENERATED)


def test_the_account_outlives_the_release(helm: Helm) -> None:
    account = find(helm.template({}), "Secret", "cardea-accounts")
    assert account["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_the_certificate_must_have_the_host_names(helm: Helm, world: Cluster) -> None:
    world.add(helm.template({}, world.address))
    elsewhere = {"endpoint": "https://objects.example.com"}
    names = "cardea cardea.store.svc cardea.store.svc.cluster.local localhost"
    assert helm.refusal(elsewhere, world.address) == (
        f'tls: found the certificate cardea-tls for "{names}", expected one for "{names} objects.example.com": '
        "delete that Secret and upgrade again"
    )
    old = world.secrets.pop("cardea-tls")
    again = helm.template(elsewhere, world.address)
    assert find(again, "Secret", "cardea-tls")["data"] != old["data"]
    assert find(again, "Secret", "cardea-accounts")["data"] == world.secrets["cardea-accounts"]["data"]


ALL_OF_THEM = {
    "accounts": {"existingSecret": "one"},
    "keyring": {"existingSecret": "one"},
    "tls": {"existingSecret": "certificate"},
    "store": {"url": "s3://blobs", "existingSecret": "store", "ca": {"existingSecret": "one"}},
    "database": {
        "url": "postgres://cardea@db/cardea?sslmode=require",
        "existingSecret": "one",
        "ca": {"existingSecret": "one"},
    },
}
"""Values that name every possible Secret."""


def checksums(helm: Helm, world: Cluster, values: Values) -> dict[str, str]:
    annotations = workload(helm.template(values, world.address))["spec"]["template"]["metadata"]["annotations"]
    return {name.removeprefix("checksum/"): each for name, each in annotations.items() if name.startswith("checksum/")}


def put_secrets(world: Cluster, text: str) -> None:
    accounts = f'[[accounts]]\nname = "a"\n[[accounts.users]]\npassword = "{text}"\n'
    put(world, "one", {"accounts.toml": accounts, "keyring.toml": text, "PGPASSWORD": text, "ca.crt": text})
    put(world, "store", {"AWS_ACCESS_KEY_ID": text, "AWS_SECRET_ACCESS_KEY": text})
    put(world, "certificate", {"tls.crt": text, "tls.key": text})


def test_a_changed_secret_restarts_the_pods(helm: Helm, world: Cluster) -> None:
    """Every Secret except the certificate, which the gateway reads again without a restart."""
    put_secrets(world, "Zm9vYmFy")
    before = checksums(helm, world, ALL_OF_THEM)
    assert set(before) == {"settings", "accounts", "keyring", "store", "store-ca", "database", "database-ca"}
    assert checksums(helm, world, ALL_OF_THEM) == before
    put_secrets(world, "YmFyZm9v")
    after = checksums(helm, world, ALL_OF_THEM)
    assert {name for name in before if before[name] != after[name]} == set(before) - {"settings"}


def test_a_changed_setting_restarts_the_pods(helm: Helm, world: Cluster) -> None:
    put_secrets(world, "Zm9vYmFy")
    before = checksums(helm, world, ALL_OF_THEM)
    after = checksums(helm, world, ALL_OF_THEM | {"settings": {"region": "eu-central-1"}})
    assert {name for name in before if before[name] != after[name]} == {"settings"}
    # A setting of another object restarts no pod.
    assert checksums(helm, world, ALL_OF_THEM | {"service": {"type": "LoadBalancer"}}) == before


def test_a_new_account_restarts_the_pod(helm: Helm, world: Cluster) -> None:
    world.add(helm.template({}, world.address))
    before = checksums(helm, world, {})
    assert checksums(helm, world, {}) == before
    del world.secrets["cardea-accounts"]
    manifests = helm.template({}, world.address)
    made = workload(manifests)["spec"]["template"]["metadata"]["annotations"]["checksum/accounts"]
    assert made != before["accounts"]
    world.add(manifests)
    assert checksums(helm, world, {})["accounts"] == made, "the installation and the first upgrade differ"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "no user in ours, expected the key accounts.toml with one at least"),
        ('[[accounts]]\nname = "a"\n', "no user in ours, expected the key accounts.toml with one at least"),
        ('[[accounts.users]]\npassword = ""\n', "a default or empty password in ours, expected random ones"),
        ('[[accounts.users]]\npassword = "changeme"\n', "a default or empty password in ours, expected random ones"),
        ("[[accounts.users]]\nPassword='Change-Me'\n", "a default or empty password in ours, expected random ones"),
        (
            '[[accounts.users]]\naccess_keys = [{ access = "A", secret = "…" }]\n',
            "a default or empty password in ours, expected random ones",
        ),
    ],
)
def test_empty_and_default_credentials_are_refused(helm: Helm, world: Cluster, text: str, found: str) -> None:
    put(world, "ours", {"accounts.toml": text})
    refusal = helm.refusal({"accounts": {"existingSecret": "ours"}}, world.address)
    assert refusal == f"accounts.existingSecret: found {found}"


GOOD = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "e5f3a8b1c2"}


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (
            {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE"},
            "store.existingSecret: found no AWS_SECRET_ACCESS_KEY in ours, expected the names of docs/stores.md",
        ),
        (
            GOOD | {"CARDEA_LISTEN": "0.0.0.0:80"},
            "store.existingSecret: found the key CARDEA_LISTEN in ours, expected none but AWS_ACCESS_KEY_ID, "
            "AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN",
        ),
        (
            GOOD | {"AWS_SECRET_ACCESS_KEY": "minioadmin"},
            "store.existingSecret: found a default or empty AWS_SECRET_ACCESS_KEY in ours, expected credentials of the "
            "store's own",
        ),
    ],
)
def test_the_credentials_of_a_store_are_checked(helm: Helm, world: Cluster, keys: dict[str, str], found: str) -> None:
    put(world, "ours", keys)
    values = {"store": {"url": "s3://blobs", "existingSecret": "ours"}}
    assert helm.refusal(values, world.address) == found
    put(world, "ours", GOOD)
    assert workload(helm.template(values, world.address))


@pytest.mark.parametrize("password", ["postgres", "Password", "changeme", ""])
def test_the_password_of_a_database_is_checked(helm: Helm, world: Cluster, password: str) -> None:
    values = {"database": {"url": "postgres://cardea@db/cardea?sslmode=require", "existingSecret": "ours"}}
    put(world, "ours", {"PGPASSWORD": password})
    assert helm.refusal(values, world.address) == (
        "database.existingSecret: found a default or empty PGPASSWORD in ours, expected a random one"
    )
    put(world, "ours", {"PGPASSWORD": "4be1cf0d"})
    assert workload(helm.template(values, world.address))

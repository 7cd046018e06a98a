"""The chart over its releases: what is made once stays, and what stands in the cluster is looked at."""

from __future__ import annotations

import base64

import pytest

from helm.chart import Helm, find, workload
from helm.cluster import Cluster

GENERATED = ("cardea-accounts", "cardea-tls")


@pytest.fixture
def world(helm: Helm, world: Cluster) -> Cluster:
    if helm.is_old:
        pytest.skip("helm before 3.13, which npm has, looks nothing up in a dry run; with Go on the machine this runs")
    return world


def put_accounts(world: Cluster, name: str, text: str) -> None:
    data = {"accounts.toml": base64.b64encode(text.encode()).decode()}
    world.add([{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}])


def test_what_is_made_once_survives_upgrades(helm: Helm, world: Cluster) -> None:
    first = helm.template({}, world.address)
    again = helm.template({}, world.address)
    assert not any(find(first, "Secret", name)["data"] == find(again, "Secret", name)["data"] for name in GENERATED)
    world.add(first)
    assert helm.template({}, world.address) == first, "an upgrade without a change changes something"
    other = {"shutdown": {"preStopSeconds": 9}, "service": {"annotations": {"example.com/a": "b"}}}
    later = helm.template(other, world.address)
    assert all(find(later, "Secret", name) == find(first, "Secret", name) for name in GENERATED)


def test_what_is_made_once_cannot_be_replaced(helm: Helm) -> None:
    """Where the cluster cannot be asked, new values meet a Secret that does not change."""
    assert all(find(helm.template({}), "Secret", name)["immutable"] is True for name in GENERATED)


def test_the_account_outlives_the_release(helm: Helm) -> None:
    account = find(helm.template({}), "Secret", "cardea-accounts")
    assert account["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_the_certificate_must_have_the_names(helm: Helm, world: Cluster) -> None:
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


def test_a_changed_secret_restarts_the_pod(helm: Helm, world: Cluster) -> None:
    seen = []
    for password in ("Zm9vYmFy", "Zm9vYmFy", "YmFyZm9v"):
        put_accounts(world, "ours", f'[[accounts]]\nname = "a"\n[[accounts.users]]\npassword = "{password}"\n')
        manifests = helm.template({"accounts": {"existingSecret": "ours"}}, world.address)
        pod = workload(manifests)["spec"]["template"]
        seen.append(pod["metadata"]["annotations"]["checksum/accounts"])
    assert seen[0] == seen[1] != seen[2]


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
    put_accounts(world, "ours", text)
    refusal = helm.refusal({"accounts": {"existingSecret": "ours"}}, world.address)
    assert refusal == f"accounts.existingSecret: found {found}"

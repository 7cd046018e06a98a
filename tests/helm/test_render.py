"""The rendered manifests: without warnings, equal to the snapshots, valid, and restricted."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

from helm.cases import cases
from helm.chart import CHART, KUBERNETES, Helm, Manifest, Values, find, workload

HERE = Path(__file__).parent


@functools.cache
def custom_schemas() -> dict[str, dict]:
    """Schemas of kinds that Kubernetes itself does not know."""
    return yaml.safe_load((HERE / "custom_schemas.yaml").read_text())


def test_lint_has_no_warnings(helm: Helm, case: str, values: Values) -> None:
    found = helm.lint(values)
    assert "[WARNING]" not in found and "0 chart(s) failed" in found


def test_manifests_equal_the_snapshots(helm: Helm, case: str, values: Values, pytestconfig: pytest.Config) -> None:
    rendered = yaml.safe_dump_all(map(without_chance, helm.template(values)), sort_keys=False, width=120)
    snapshot = HERE / "snapshots" / f"{case}.yaml"
    if pytestconfig.getoption("--update", default=False):
        snapshot.write_text(rendered)
    assert rendered == snapshot.read_text(), "differs from the snapshot: run tests/helm/run --update, and read the changes"


def without_chance(manifest: Manifest) -> Manifest:
    """A manifest without the parts that differ each time, and without the test's script, which has a file of
    its own."""
    data = manifest.get("data", {})
    hidden = dict.fromkeys(data, "made by chance") if manifest["kind"] == "Secret" else {}
    if "round_trip.py" in data:
        assert data["round_trip.py"].rstrip() == (CHART / "files" / "round_trip.py").read_text().rstrip()
        hidden = {"round_trip.py": "files/round_trip.py"}
    if hidden:
        return {**manifest, "data": {**data, **hidden}}
    if manifest["kind"] in ("StatefulSet", "Deployment"):
        pod = manifest["spec"]["template"]
        mounted = {volume.get("secret", {}).get("secretName") for volume in pod["spec"]["volumes"]}
        if f"{manifest['metadata']['name']}-accounts" in mounted:
            pod["metadata"]["annotations"]["checksum/accounts"] = "of what is made by chance"
    return manifest


def oldest_kubernetes() -> str:
    """The lowest version that Chart.yaml allows."""
    wanted = yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"]
    return re.fullmatch(r">=(\d+\.\d+)\.0-0", wanted)[1]


def test_manifests_are_valid(helm: Helm, case: str, values: Values) -> None:
    """By the schemas of the newest Kubernetes available, and of the oldest that the chart supports."""
    for manifest in helm.template(values):
        schema = custom_schemas().get(f"{manifest['apiVersion']}/{manifest['kind']}")
        if schema:
            jsonschema.Draft202012Validator(schema).validate(manifest)
        else:
            for version in (KUBERNETES, oldest_kubernetes()):
                kubernetes_validate.validate(manifest, version, strict=True)


def test_pods_are_restricted(helm: Helm, case: str, values: Values) -> None:
    """Both pods obey the Pod Security Standard "restricted", and a few more rules."""
    manifests = helm.template(values)
    pods = [workload(manifests)["spec"]["template"]["spec"], find(manifests, "Pod")["spec"]]
    for pod in pods:
        assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers", "initContainers"} & pod.keys()
        assert pod["automountServiceAccountToken"] is False and pod["enableServiceLinks"] is False
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True and security["runAsUser"] > 0 and security["runAsGroup"] > 0
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert all(volume.keys() & {"secret", "configMap", "emptyDir"} for volume in pod["volumes"])
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert all("hostPort" not in port for port in container.get("ports", []))


def test_references_between_manifests_are_right(helm: Helm, case: str, values: Values) -> None:
    """Every name that a manifest refers to exists in another one."""
    manifests = helm.template(values)
    names = {(m["kind"], m["metadata"]["name"]) for m in manifests}
    owner = workload(manifests)
    pod = owner["spec"]["template"]
    assert ("Service", owner["spec"].get("serviceName", "cardea-headless")) in names
    account = pod["spec"]["serviceAccountName"]
    assert ("ServiceAccount", account) in names or account == values["serviceAccount"]["existing"]
    for budget in (m for m in manifests if m["kind"] == "PodDisruptionBudget"):
        assert budget["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    for scaler in (m for m in manifests if m["kind"] == "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        assert (target["kind"], target["name"]) == (owner["kind"], owner["metadata"]["name"])
        assert target["apiVersion"] == owner["apiVersion"] and "replicas" not in owner["spec"]
    assert ("ConfigMap", pod["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"]) in names
    ports = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
    test_labels = find(manifests, "Pod")["metadata"]["labels"]
    for service in (m for m in manifests if m["kind"] == "Service"):
        selector = service["spec"]["selector"].items()
        assert selector <= pod["metadata"]["labels"].items() and not selector <= test_labels.items()
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    for kind, path in (("Ingress", "service"), ("HTTPRoute", None)):
        for front in (m for m in manifests if m["kind"] == kind):
            for backend in backends(front):
                service = find(manifests, "Service", backend["name"])
                key = "name" if path else "port"
                wanted = backend["port"]["name"] if path else backend["port"]
                assert wanted in [port[key] for port in service["spec"]["ports"]]


def backends(front: Manifest) -> list[dict]:
    if front["kind"] == "Ingress":
        return [path["backend"]["service"] for rule in front["spec"]["rules"] for path in rule["http"]["paths"]]
    return [backend for rule in front["spec"]["rules"] for backend in rule["backendRefs"]]


def test_drain_fits_into_the_grace_period(helm: Helm, case: str, values: Values) -> None:
    manifests = helm.template(values)
    pod = workload(manifests)["spec"]["template"]["spec"]
    container = pod["containers"][0]
    pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    settings = find(manifests, "ConfigMap", container["envFrom"][0]["configMapRef"]["name"])["data"]
    drain = int(settings["CARDEA_DRAIN_TIMEOUT"].removesuffix("s"))
    last_words = 5
    assert pause + drain + last_words < pod["terminationGracePeriodSeconds"]


def test_upgrades_do_not_touch_immutable_fields(helm: Helm) -> None:
    """Only values on the volume and the names reach fields that the API server refuses to change."""
    fields = ("serviceName", "selector", "volumeClaimTemplates", "podManagementPolicy")
    fixed: dict[str, list[dict]] = {"StatefulSet": [], "Deployment": []}
    for values in cases().values():
        kept = {k: v for k, v in values.items() if k not in ("persistence", "nameOverride", "fullnameOverride")}
        owner = workload(helm.template(kept))
        fixed[owner["kind"]].append({field: owner["spec"].get(field) for field in fields})
    for found in fixed.values():
        assert len(found) > 1 and all(each == found[0] for each in found)
    assert "0.1.0" not in yaml.safe_dump(fixed)

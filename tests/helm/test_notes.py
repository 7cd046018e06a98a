"""The last lines of an installation work unchanged, with the real clients."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from helm.cases import shapes
from helm.chart import Helm, Values, workload
from helm.cluster import Cluster
from helm.pod import Node, Process
from support.places import VENV_BIN, binary
from support.server import clean_environment

KUBECTL = """#!{python}
import base64, json, os, subprocess, sys
words = sys.argv[1:]
assert words[:2] == ["-n", "store"], words
match words[2:]:
    case ["rollout", "status", "{workload}"] | ["port-forward", "service/cardea", "8443:443"]:
        pass
    case ["scale", "deployment/cardea", "--replicas=4"] | ["get", "horizontalpodautoscaler", "cardea"]:
        pass
    case ["get", "secret", name, "-o", path]:
        key = path.removeprefix("jsonpath={{.data.").removesuffix("}}").replace("\\\\", "")
        print(json.load(open("{secrets}"))[name][key], end="")
    case ["exec", "-i", "cardea-0", "--", "cardea", *rest]:
        sys.exit(subprocess.run(["{binary}", *rest], env=json.load(open("{environment}"))).returncode)
    case _:
        sys.exit(f"kubectl: {{words}}")
"""


def commands(helm: Helm, world: Cluster, values: Values) -> str:
    """The indented lines of the notes, which people paste."""
    notes = helm.notes(values, world.address).splitlines()
    return "\n".join(line[2:] for line in notes if line.startswith("  "))


def tool(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def stand_in(node: Node, gateway: Process, folder: Path) -> None:
    """Programs that stand in for the cluster, from the rendered manifests."""
    data = {m["metadata"]["name"]: m["data"] for m in node.manifests if m["kind"] == "Secret"}
    (folder / "secrets.json").write_text(json.dumps(data))
    (folder / "environment.json").write_text(json.dumps(gateway.environment()))
    owner = workload(node.manifests)
    places = {
        "secrets": folder / "secrets.json",
        "environment": folder / "environment.json",
        "workload": f"{owner['kind'].lower()}/{owner['metadata']['name']}",
    }
    tool(folder / "bin", "kubectl", KUBECTL.format(python=sys.executable, binary=binary(), **places))
    tool(folder / "bin", "helm", '#!/bin/sh\n[ "$*" = "-n store test cardea" ]\n')


def test_pasted_lines(helm: Helm, world: Cluster, tmp_path: Path) -> None:
    node = Node(helm.template({}), tmp_path)
    with node.gateway() as gateway:
        stand_in(node, gateway, tmp_path)
        script = commands(helm, world, {}).replace("https://localhost:8443", f"https://localhost:{node.port('https')}")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env={**clean_environment(), "HOME": str(tmp_path), "PATH": f"{tmp_path / 'bin'}:{VENV_BIN}:/usr/bin:/bin"},
            input="a passphrase\n",
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "one key, both faces\n" in done.stdout
    read_back(tmp_path / "keyring.export", Path(gateway.path("/var/lib/cardea")) / "keyring.toml")


def read_back(export: Path, ring: Path) -> None:
    """The exported key ring, as docs/kubernetes.md makes a Secret of it."""
    copy = export.with_name("keyring.toml")
    line = [binary(), "keyring", "import", export, "--keyring", copy]
    done = subprocess.run(line, env={}, input="a passphrase\n", capture_output=True, text=True)
    assert done.returncode == 0 and copy.read_text() == ring.read_text(), done.stderr


def test_with_an_endpoint_nothing_is_forwarded(helm: Helm, world: Cluster) -> None:
    values = {
        "endpoint": "https://objects.example.com",
        "accounts": {"existingSecret": "ours"},
        "keyring": {"existingSecret": "ours"},
        "tls": {"existingSecret": "ours"},
    }
    lines = commands(helm, world, values)
    assert "port-forward" not in lines and "keyring export" not in lines and "ca.crt" not in lines
    assert "AWS_ENDPOINT_URL=https://objects.example.com" in lines and "OS_AUTH_URL=https://objects.example.com/v3" in lines


@pytest.mark.parametrize("shape", sorted(shapes()))
def test_each_shape_has_its_own_lines(helm: Helm, world: Cluster, shape: str) -> None:
    """The notes wait for objects that exist, and describe actions that are possible."""
    values = yaml.safe_load(shapes()[shape])
    owner = workload(helm.template(values))
    lines = commands(helm, world, values).splitlines()
    assert f"kubectl -n store rollout status {owner['kind'].lower()}/cardea" in lines
    notes = helm.notes(values, world.address)
    first = " ".join(notes.partition("Wait until it does:")[0].split())
    index = "PostgreSQL" if "database" in values else "SQLite on the volume"
    blobs = values.get("store", {}).get("url", "the volume")
    assert first.endswith(f"with its index in {index} and its blobs on {blobs}.")
    assert any("aws s3 cp hello.txt" in line for line in lines) and any("swift download" in line for line in lines)
    assert "helm -n store test cardea" in lines
    assert not any("exec" in line for line in lines), "the key ring is in a Secret"
    scaled = [line for line in lines if " scale " in line or "horizontalpodautoscaler" in line]
    assert len(scaled) == (owner["kind"] == "Deployment")


def test_lines_of_replicas_can_be_pasted(helm: Helm, world: Cluster) -> None:
    """The lines for a Deployment are correct shell. None of them names a StatefulSet or a volume."""
    script = commands(helm, world, yaml.safe_load(shapes()["readme-replicas"]))
    assert subprocess.run(["bash", "-n", "-c", script]).returncode == 0
    assert "statefulset" not in script and "cardea-0" not in script
    assert "kubectl -n store scale deployment/cardea --replicas=4" in script.splitlines()

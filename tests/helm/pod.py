"""Runs a container of a rendered pod on this machine: its command with its environment and its files.

Paths of mounts become folders under a temporary one, and container ports become free ports of this machine.
Addresses of Services become those of the ports behind them. All else is as in the manifests.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helm.chart import NAMESPACE, Manifest, find, secret_files, workload
from support.places import ROOT, binary
from support.ports import free_ports
from support.server import ANSWER_SECONDS, START_SECONDS, STOP_SECONDS

Secrets = dict[str, dict[str, bytes]]
LAST_STEP = "One key opens both faces, and no other does."
"""The last line of the script of `helm test`."""


@dataclass
class Node:
    """The surroundings of pods: the rendered manifests, Secrets that existed before, and the assigned
    ports."""

    manifests: list[Manifest]
    folder: Path
    secrets: Secrets = field(default_factory=dict)
    ports: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rendered = {m["metadata"]["name"]: secret_files(m) for m in self.manifests if m["kind"] == "Secret"}
        self.secrets = {**self.secrets, **rendered}
        container = self.gateway_spec["containers"][0]
        numbers = [port["containerPort"] for port in container["ports"]]
        self.ports = dict(zip(numbers, free_ports(len(numbers)), strict=True))

    @property
    def gateway_spec(self) -> dict[str, Any]:
        return workload(self.manifests)["spec"]["template"]["spec"]

    def port(self, name: str) -> int:
        """The port of this machine for a named container port."""
        named = {port["name"]: port["containerPort"] for port in self.gateway_spec["containers"][0]["ports"]}
        return self.ports[named[name]]

    def service_port(self, host: str, number: int) -> int:
        """The port of this machine behind the address of a Service."""
        service = find(self.manifests, "Service", host.removesuffix(f".{NAMESPACE}.svc"))
        [port] = [port for port in service["spec"]["ports"] if port["port"] == number]
        return self.port(port["targetPort"])

    def gateway(self) -> "Process":
        """The gateway's container, on its volume."""
        return Process(self, self.gateway_spec, self.folder / "gateway")

    def maintenance(self) -> "Process":
        """A container that runs instead of the gateway, on its volume."""
        spec = find(self.manifests, "Job")["spec"]["template"]["spec"]
        return Process(self, spec, self.folder / "gateway")

    def test(self) -> "Process":
        """The container of `helm test`."""
        return Process(self, find(self.manifests, "Pod")["spec"], self.folder / "test")

    def passes(self, environment: dict[str, str] | None = None) -> None:
        """`helm test` passes."""
        done = self.test().run(environment=environment)
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == 0 and done.stdout.decode().splitlines()[-1] == LAST_STEP, said


class Process:
    """One container of a pod."""

    def __init__(self, node: Node, spec: dict[str, Any], root: Path) -> None:
        self.node, self.spec, self.root = node, spec, root
        [self.container] = spec["containers"]
        self.volumes = {volume["name"]: volume for volume in spec["volumes"]}
        self.written: dict[Path, bytes] = {}
        for mount in self.container["volumeMounts"]:
            self._mount(mount)
        self.log = root.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    def _mount(self, mount: dict[str, Any]) -> None:
        """Puts a volume's files below the mount, as the kubelet does: links into `..data`, which is itself a
        link. A volume without a manifest is the claim: an empty folder."""
        target = Path(self.path(mount["mountPath"]))
        target.mkdir(parents=True, exist_ok=True)
        files = self._files(self.volumes.get(mount["name"]))
        if not files:
            return
        version = target / f"..{len(list(target.glob('..[0-9]*')))}"
        version.mkdir()
        for name, content in files.items():
            (version / name).write_bytes(content)
            self.written[version / name] = self.written[target / name] = content
            if not (target / name).is_symlink():
                (target / name).symlink_to(f"..data/{name}")
        (target / "..data_tmp").symlink_to(version.name)
        (target / "..data_tmp").rename(target / "..data")

    def refresh(self) -> None:
        """Updates the mounted Secrets in the running pod, as the kubelet does after a while."""
        for mount in self.container["volumeMounts"]:
            self._mount(mount)

    def _files(self, volume: dict[str, Any] | None) -> dict[str, bytes]:
        if volume is None:
            claims = find(self.node.manifests, "StatefulSet")["spec"]["volumeClaimTemplates"]
            assert [claim["metadata"]["name"] for claim in claims] == ["data"]
            return {}
        if "emptyDir" in volume or "persistentVolumeClaim" in volume:
            return {}
        if "configMap" in volume:
            data = find(self.node.manifests, "ConfigMap", volume["configMap"]["name"])["data"]
            return {name: text.encode() for name, text in data.items()}
        source = volume["secret"]
        secret = self.node.secrets[source["secretName"]]
        items = {item["path"]: item["key"] for item in source["items"]}
        missing = set(items.values()) - secret.keys()
        assert not missing or source.get("optional"), f"{source['secretName']} has no {missing}"
        return {path: secret[key] for path, key in items.items() if key in secret}

    def path(self, path: str) -> str:
        """A path in the container, on this machine."""
        return str(self.root / path.lstrip("/"))

    def environment(self) -> dict[str, str]:
        """The container's environment, without this machine's."""
        variables = {}
        for source in self.container.get("envFrom", []):
            variables |= find(self.node.manifests, "ConfigMap", source["configMapRef"]["name"])["data"]
        mapped = {name: self.mapped(value) for name, value in variables.items()}
        for each in self.container.get("env", []):
            value = self._secret_value(each["valueFrom"]["secretKeyRef"]) if "valueFrom" in each else self.mapped(each["value"])
            if value is not None:
                mapped[each["name"]] = value
        return mapped

    def _secret_value(self, source: dict[str, Any]) -> str | None:
        """The value of a variable from a Secret, or none if it is missing and optional."""
        secret = self.node.secrets[source["name"]]
        assert source["key"] in secret or source.get("optional"), f"{source['name']} has no {source['key']}"
        return secret[source["key"]].decode() if source["key"] in secret else None

    def mapped(self, text: str) -> str:
        """A word of the command or the environment, with paths and addresses of this machine."""
        if text.startswith("/"):
            assert any(text.startswith(mount["mountPath"]) for mount in self.container["volumeMounts"]), text
            return self.path(text)
        if address := re.fullmatch(r"(?:0\.0\.0\.0|\[::\]):(\d+)", text):
            return f"127.0.0.1:{self.node.ports[int(address[1])]}"
        if address := re.fullmatch(rf"([-a-z0-9]+\.{NAMESPACE}\.svc):(\d+)", text):
            return f"127.0.0.1:{self.node.service_port(address[1], int(address[2]))}"
        return text

    def line(self) -> list[str]:
        """Command and arguments. Without a command, those of the image."""
        if command := self.container.get("command"):
            # As in the test's image, without any package.
            python = [sys.executable, "-I", "-S"]
            return [part for word in command for part in (python if word == "python3" else [self.mapped(word)])]
        assert entrypoint() == ["/usr/bin/cardea"]
        return [str(binary()), *(self.mapped(word) for word in self.container["args"])]

    # Starting and stopping.

    def run(self, *words: str, stdin: bytes = b"", environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
        """Runs its command, or other words instead, to the end."""
        variables = {**self.environment(), **(environment or {})}
        return subprocess.run(
            [*words] or self.line(), cwd=self.root, env=variables, input=stdin, capture_output=True, timeout=STOP_SECONDS
        )

    def start(self) -> "Process":
        """Starts it and waits until its readiness probe succeeds."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.line(), cwd=self.root, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while self.probe("readinessProbe") != 200:
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"not ready after {START_SECONDS} s:\n{self.log.read_text()}"
            time.sleep(0.05)
        return self

    def probe(self, name: str) -> int:
        """The status that a probe receives, or 0 if nobody answers."""
        get = self.container[name]["httpGet"]
        url = f"http://127.0.0.1:{self.node.port(get['port'])}{get['path']}"
        try:
            with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def stop(self) -> int:
        """Ends it as the kubelet does."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)

    def __enter__(self) -> "Process":
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def assert_wrote_only(self, *folders: str) -> None:
        """Nothing outside these folders was written."""
        allowed = [Path(self.path(folder)) for folder in folders]
        for path in self.root.rglob("*"):
            if path.is_file() and not any(path.is_relative_to(folder) for folder in allowed):
                assert path.read_bytes() == self.written.get(path), f"{path} was written"


def entrypoint() -> list[str]:
    """The program of the image."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    [words] = [line.removeprefix("ENTRYPOINT ") for line in lines if line.startswith("ENTRYPOINT ")]
    return json.loads(words)

"""Runs helm on the chart."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from support.places import ROOT

CHART = ROOT / "helm" / "cardea"
RELEASE, NAMESPACE = "cardea", "store"
KUBERNETES = "1.37"
"""The Kubernetes version of the rendered manifests, and of their validation."""
SECONDS = 120

Manifest = dict[str, Any]
Values = dict[str, Any]


@dataclass(frozen=True)
class Helm:
    """The helm program, with a home of its own and no cluster."""

    program: Path
    home: Path

    def __post_init__(self) -> None:
        config = self.home / "kubeconfig"
        config.touch(mode=0o600)
        config.write_text("{apiVersion: v1, kind: Config}\n")

    @cached_property
    def is_old(self) -> bool:
        """Whether it is older than 3.13, as the one from npm is. Such a helm looks nothing up in a dry
        run."""
        version = self.run("version", "--template", "{{.Version}}").stdout
        return int(version.split(".")[1]) < 13

    def run(self, *words: str | Path, values: Values | None = None) -> subprocess.CompletedProcess[str]:
        """One command line. Its standard input is the values."""
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.home),
            "KUBECONFIG": str(self.home / "kubeconfig"),
            "HELM_CACHE_HOME": str(self.home / "cache"),
            "HELM_CONFIG_HOME": str(self.home / "config"),
            "HELM_DATA_HOME": str(self.home / "data"),
        }
        line = [self.program, *words] + (["--values", "-"] if values is not None else [])
        text = None if values is None else json.dumps(values)
        return subprocess.run(line, env=environment, input=text, capture_output=True, text=True, timeout=SECONDS)

    def lint(self, values: Values) -> str:
        """The warnings of `helm lint`."""
        version = () if self.is_old else ("--kube-version", KUBERNETES)
        return checked(self.run("lint", "--strict", CHART, *version, values=values)).stdout

    def template(self, values: Values, server: str | None = None) -> list[Manifest]:
        """The rendered manifests, without a cluster or for the one at a URL."""
        return documents(checked(self._template(values, server)).stdout)

    def refusal(self, values: Values, server: str | None = None) -> str:
        """The reason why the chart does not render: its own message, without helm's words around it."""
        done = self._template(values, server)
        assert done.returncode != 0, "the chart rendered"
        [text] = re.findall(r"^Error: (?:execution error at \(.*?\): )?(.*?)(?:\n\nUse --debug.*)?\Z", done.stderr, re.M | re.S)
        return text.strip()

    def notes(self, values: Values, server: str) -> str:
        """The notes at the end of an installation."""
        dry = "--dry-run" if self.is_old else "--dry-run=server"
        words = ("install", RELEASE, CHART, "--namespace", NAMESPACE, dry, *at(server))
        return checked(self.run(*words, values=values)).stdout.partition("\nNOTES:\n")[2]

    def _template(self, values: Values, server: str | None) -> subprocess.CompletedProcess[str]:
        cluster = ("--dry-run=server", *at(server)) if server else ()
        words = ("template", RELEASE, CHART, "--namespace", NAMESPACE, "--kube-version", KUBERNETES)
        return self.run(*words, *cluster, values=values)


def at(server: str) -> tuple[str, ...]:
    return ("--kube-apiserver", server, "--disable-openapi-validation")


def checked(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    assert done.returncode == 0, done.stderr
    return done


def documents(text: str) -> list[Manifest]:
    return [document for document in yaml.safe_load_all(text) if document]


def find(manifests: list[Manifest], kind: str, name: str | None = None) -> Manifest:
    """The one manifest of a kind, or of a kind and a name."""
    found = [m for m in manifests if m["kind"] == kind and name in (None, m["metadata"]["name"])]
    assert len(found) == 1, f"{len(found)} of {kind} {name or ''}"
    return found[0]


def workload(manifests: list[Manifest]) -> Manifest:
    """The StatefulSet or the Deployment of the release."""
    [found] = [m for m in manifests if m["kind"] in ("StatefulSet", "Deployment")]
    return found


def secret_files(secret: Manifest) -> dict[str, bytes]:
    """The data of a Secret."""
    return {key: base64.b64decode(value) for key, value in secret["data"].items()}

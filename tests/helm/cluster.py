"""A small API server, sufficient for helm to render for a cluster: discovery, and Secrets to look up."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from helm.chart import KUBERNETES, Manifest

RESOURCES = {
    "v1": {"secrets": "Secret", "configmaps": "ConfigMap", "services": "Service", "serviceaccounts": "ServiceAccount"},
    "apps/v1": {"statefulsets": "StatefulSet", "deployments": "Deployment"},
    "autoscaling/v2": {"horizontalpodautoscalers": "HorizontalPodAutoscaler"},
    "networking.k8s.io/v1": {"networkpolicies": "NetworkPolicy", "ingresses": "Ingress"},
    "policy/v1": {"poddisruptionbudgets": "PodDisruptionBudget"},
    "cert-manager.io/v1": {"certificates": "Certificate"},
}
VERBS = ["create", "get", "list", "patch", "update"]


def discovery(path: str) -> dict[str, Any] | None:
    """The server's version and resources."""
    groups = [version.split("/") for version in RESOURCES if "/" in version]
    if path == "/version":
        major, minor = KUBERNETES.split(".")
        return {"major": major, "minor": minor, "gitVersion": f"v{KUBERNETES}.0"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        versions = [(group, {"groupVersion": f"{group}/{version}", "version": version}) for group, version in groups]
        listed = [{"name": group, "versions": [each], "preferredVersion": each} for group, each in versions]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}
    version = path.removeprefix("/apis/").removeprefix("/api/")
    if version not in RESOURCES:
        return None
    kinds = RESOURCES[version].items()
    rows = [{"name": n, "singularName": "", "namespaced": True, "kind": k, "verbs": VERBS} for n, k in kinds]
    return {"kind": "APIResourceList", "groupVersion": version, "resources": rows}


class Cluster:
    """The contents of the cluster: Secrets by name, in any namespace."""

    def __init__(self) -> None:
        self.secrets: dict[str, Manifest] = {}
        self.address = ""

    def add(self, manifests: list[Manifest]) -> None:
        """Adds the Secrets among these manifests."""
        self.secrets |= {m["metadata"]["name"]: m for m in manifests if m["kind"] == "Secret"}


class Handler(BaseHTTPRequestHandler):
    """Answers requests of helm."""

    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        words = path.split("/")
        if found := discovery(path):
            self.answer(200, found)
        elif words[-1] == "secrets":
            # Helm's own records: there are none.
            self.answer(200, {"kind": "SecretList", "apiVersion": "v1", "metadata": {}, "items": []})
        elif words[-2] == "secrets" and words[-1] in self.cluster.secrets:
            self.answer(200, self.cluster.secrets[words[-1]])
        else:
            status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
            self.answer(404, status)

    def answer(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


@contextmanager
def cluster() -> Iterator[Cluster]:
    """An empty cluster."""
    state = Cluster()
    handler = type("Bound", (Handler,), {"cluster": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    state.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()

"""The stores behind the gateway: S3 (moto) and Azure (azurite), each a process of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import os
import ssl
import subprocess
import sys
import urllib.request
import xml.etree.ElementTree as ElementTree
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import boto3
from botocore.config import Config

from support.certificates import Authority
from support.places import ROOT
from support.ports import free_ports
from support.server import clean_environment
from support.waiting import wait_until
from support.wire import Address

CONTAINER = "blobs"
"""The bucket or container of all gateways of a session. Each gateway has a prefix in it."""


class Backend(ABC):
    """A running store."""

    scheme: str
    hosts: tuple[str, ...]
    """The names in its certificate: its own here, and those of the service that it replaces."""
    ca: Path | None = None
    """The CA of its certificate, if it speaks TLS."""

    def __init__(self, folder: Path, authority: Authority | None = None) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        if authority:
            authority.issue(*self.hosts).write(folder)
            self.ca = folder / "ca.crt"
            self.ca.write_bytes(authority.certificate)
        (self.port,) = free_ports(1)
        self._numbers = itertools.count(1)
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(folder), cwd=folder, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_until(self._answers)
        self.create_container()

    def _answers(self) -> bool:
        assert self.process.poll() is None, f"the {self.scheme} store ended with {self.process.returncode}"
        try:
            Address(self.port).connect(5).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def url(self, port: int) -> str:
        """Its URL, through a port."""
        return f"{'https' if self.ca else 'http'}://127.0.0.1:{port}"

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def place(self, port: int | None = None) -> "Prefix":
        """A prefix for one gateway, which reaches the store through a port."""
        return Prefix(self, f"{self.scheme}://{CONTAINER}/g{next(self._numbers)}", port or self.port)

    @abstractmethod
    def command(self, folder: Path) -> list[str | Path]: ...

    @abstractmethod
    def settings(self, port: int) -> dict[str, Any]:
        """The settings with which a gateway reaches it."""

    @abstractmethod
    def environment(self, port: int) -> dict[str, str]:
        """The gateway's credentials."""

    @abstractmethod
    def create_container(self) -> None: ...

    @abstractmethod
    def names(self, prefix: str) -> list[str]: ...

    @abstractmethod
    def read(self, name: str) -> bytes: ...

    @abstractmethod
    def unfinished(self, prefix: str = "") -> int:
        """Uploads in parts under a prefix that are neither completed nor aborted."""


@dataclass(frozen=True)
class Prefix:
    """A prefix in a store, and the way to it."""

    backend: Backend
    url: str
    port: int

    @property
    def settings(self) -> dict[str, Any]:
        return {"store": self.url, **self.backend.settings(self.port)}

    @property
    def environment(self) -> dict[str, str]:
        return self.backend.environment(self.port)

    def names(self) -> list[str]:
        """The names of all objects there."""
        return self.backend.names(self._prefix)

    def unfinished(self) -> int:
        """Uploads in parts there that are neither completed nor aborted."""
        return self.backend.unfinished(self._prefix)

    @property
    def _prefix(self) -> str:
        return self.url.partition(f"{CONTAINER}/")[2] + "/"

    def blobs(self) -> list[str]:
        return [name for name in self.names() if not name.endswith("/cardea.json")]

    def save(self, folder: Path) -> list[Path]:
        """Writes all objects there into a folder, to be searched."""
        folder.mkdir()
        saved = []
        for name in self.names():
            saved.append(folder / name.replace("/", "_"))
            saved[-1].write_bytes(self.backend.read(name))
        return saved


class Moto(Backend):
    """S3."""

    scheme = "s3"
    hosts = ("127.0.0.1", *(f"{name}.amazonaws.com" for name in ("s3.us-east-1", "*.s3.us-east-1", "sts.us-east-1", "sts.eu-west-1")))

    def command(self, folder: Path) -> list[str | Path]:
        secure: list[str | Path] = ["-s", "-c", folder / "tls.crt", "-k", folder / "tls.key"] if self.ca else []
        return [sys.executable, ROOT / "tests/stores/moto_by_name.py", "-H", "127.0.0.1", "-p", str(self.port), *secure]

    def settings(self, port: int) -> dict[str, Any]:
        trusted = {"store_ca": str(self.ca)} if self.ca else {}
        return {"store_endpoint": self.url(port), "store_region": "us-east-1", **trusted}

    def environment(self, port: int) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": "store", "AWS_SECRET_ACCESS_KEY": "store-secret"}

    @property
    def client(self) -> Any:
        return self.service("s3")

    def service(self, name: str) -> Any:
        """A client of one of its services."""
        return boto3.client(
            name,
            endpoint_url=self.url(self.port),
            verify=str(self.ca) if self.ca else None,
            region_name="us-east-1",
            aws_access_key_id="store",
            aws_secret_access_key="store-secret",
            config=Config(s3={"addressing_style": "path"}, proxies={}),
        )

    def ask(self, path: str, body: bytes) -> None:
        """A request to moto itself."""
        request = urllib.request.Request(f"{self.url(self.port)}/moto-api/{path}", body, {"Content-Type": "text/plain"})
        _opener(self.ca).open(request, timeout=120).close()

    @contextmanager
    def checking(self, free: int = 0) -> Iterator[None]:
        """Turns on the check of signatures and permissions, except for the first requests."""
        self.ask("reset-auth", str(free).encode())
        try:
            yield
        finally:
            self.ask("reset-auth", b"inf")

    @contextmanager
    def recording(self) -> Iterator[list[dict[str, Any]]]:
        """The requests meanwhile, complete at the end."""
        found: list[dict[str, Any]] = []
        self.ask("recorder/reset-recording", b"")
        self.ask("recorder/start-recording", b"")
        yield found
        self.ask("recorder/stop-recording", b"")
        found += map(json.loads, (self.folder / "moto_recording").read_text().splitlines())

    def create_container(self) -> None:
        self.client.create_bucket(Bucket=CONTAINER)

    def names(self, prefix: str) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=CONTAINER, Prefix=prefix)
        return [row["Key"] for page in pages for row in page.get("Contents", [])]

    def read(self, name: str) -> bytes:
        return self.client.get_object(Bucket=CONTAINER, Key=name)["Body"].read()

    def unfinished(self, prefix: str = "") -> int:
        uploads = self.client.list_multipart_uploads(Bucket=CONTAINER).get("Uploads", [])
        return sum(upload["Key"].startswith(prefix) for upload in uploads)


class Azurite(Backend):
    """Azure."""

    scheme = "az"
    account = "devstoreaccount1"
    hosts = ("127.0.0.1", f"{account}.blob.core.windows.net")
    # The emulator's own account and key, from its documentation.
    key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

    def command(self, folder: Path) -> list[str | Path]:
        installed = subprocess.run([ROOT / "tests/stores/install_azurite"], stdout=subprocess.PIPE, text=True)
        assert installed.returncode == 0, "azurite cannot be installed"
        where = ["--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--location", folder]
        quiet = ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
        secure: list[str | Path] = ["--cert", folder / "tls.crt", "--key", folder / "tls.key"] if self.ca else []
        return ["node", installed.stdout.strip(), *where, *quiet, *secure]

    def settings(self, port: int) -> dict[str, Any]:
        return {"store_ca": str(self.ca)} if self.ca else {}

    def environment(self, port: int) -> dict[str, str]:
        return {"AZURE_STORAGE_USE_EMULATOR": "true", "AZURITE_BLOB_STORAGE_URL": self.url(port)}

    def create_container(self) -> None:
        self._request("PUT", "", restype="container")

    def names(self, prefix: str) -> list[str]:
        page = ElementTree.fromstring(self._request("GET", "", restype="container", comp="list", prefix=prefix))
        assert not page.findtext("NextMarker"), "more than one page"
        return [row.findtext("Name", "") for row in page.iter("Blob")]

    def read(self, name: str) -> bytes:
        return self._request("GET", f"/{quote(name)}")

    def unfinished(self, prefix: str = "") -> int:
        return 0  # Uncommitted blocks disappear without help, and cannot be aborted.

    def sas(self, permissions: str, lasts: timedelta = timedelta(hours=1)) -> str:
        """A shared access signature for the container."""
        ends = (datetime.now(UTC) + lasts).strftime("%Y-%m-%dT%H:%M:%SZ")
        fields = {"sp": permissions, "se": ends, "spr": "https,http", "sv": "2021-08-06", "sr": "c"}
        place = f"/blob/{self.account}/{CONTAINER}"
        signed = [permissions, "", ends, place, "", "", fields["spr"], fields["sv"], fields["sr"], *[""] * 7]
        return urlencode({**fields, "sig": self._signature(signed)})

    def _signature(self, lines: list[str]) -> str:
        digest = hmac.digest(base64.b64decode(self.key), "\n".join(lines).encode(), hashlib.sha256)
        return base64.b64encode(digest).decode()

    def _request(self, method: str, path: str, **query: str) -> bytes:
        """A request, signed with the account's key."""
        path = f"/{self.account}/{CONTAINER}{path}"
        headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
        signed = [method, *[""] * 11, *(f"{name}:{value}" for name, value in sorted(headers.items()))]
        signed += [f"/{self.account}{path}", *(f"{name}:{value}" for name, value in sorted(query.items()))]
        headers["Authorization"] = f"SharedKey {self.account}:{self._signature(signed)}"
        url = self.url(self.port) + path + (f"?{urlencode(query)}" if query else "")
        with _opener(self.ca).open(urllib.request.Request(url, method=method, headers=headers), timeout=120) as answer:
            return answer.read()


def _opener(ca: Path | None) -> urllib.request.OpenerDirector:
    trust = ssl.create_default_context(cafile=ca)
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))


BACKENDS: dict[str, type[Backend]] = {"s3": Moto, "az": Azurite}


@contextmanager
def on_demand(folder: Path) -> Iterator[Callable[[str], Backend]]:
    """Gives each store by its scheme. A store starts when it is asked for first, and all end with the
    context."""
    running: dict[str, Backend] = {}

    def store(scheme: str) -> Backend:
        if scheme not in running:
            running[scheme] = BACKENDS[scheme](folder / scheme)
        return running[scheme]

    try:
        yield store
    finally:
        for each in running.values():
            each.stop()


def rust_environment(s3: Backend, azure: Backend) -> dict[str, str]:
    """The variables of the Rust suite."""
    return {
        **os.environ,
        **s3.environment(s3.port),
        **azure.environment(azure.port),
        "CARDEA_TEST_S3": f"s3://{CONTAINER}/rust",
        "CARDEA_TEST_S3_ENDPOINT": f"http://127.0.0.1:{s3.port}",
        "CARDEA_TEST_AZ": f"az://{CONTAINER}/rust",
    }

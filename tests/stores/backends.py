"""The stores behind the gateway: S3 (moto) and Azure (azurite), each a process of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import os
import subprocess
import sys
import urllib.request
import xml.etree.ElementTree as ElementTree
from abc import ABC, abstractmethod
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import boto3
from botocore.config import Config

from support.places import ROOT
from support.server import clean_environment, free_ports
from support.waiting import wait_until
from support.wire import Address

CONTAINER = "blobs"
"""The bucket or container that all gateways of a session share, each with a prefix of its own."""


class Backend(ABC):
    """A store that runs."""

    scheme: str

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
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

    def place(self, port: int | None = None) -> "Place":
        """A place for one gateway, which reaches it through a port."""
        return Place(self, f"{self.scheme}://{CONTAINER}/g{next(self._numbers)}", port or self.port)

    @abstractmethod
    def command(self, folder: Path) -> list[str | Path]: ...

    @abstractmethod
    def settings(self, port: int) -> dict[str, Any]:
        """The gateway's settings that lead here."""

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
        """Uploads in parts under a prefix that were neither completed nor aborted."""


@dataclass(frozen=True)
class Place:
    """A prefix in a store, and how a gateway gets there."""

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
        """All that lies there."""
        return self.backend.names(self._prefix)

    def unfinished(self) -> int:
        """Uploads in parts that were begun there, and neither completed nor aborted."""
        return self.backend.unfinished(self._prefix)

    @property
    def _prefix(self) -> str:
        return self.url.partition(f"{CONTAINER}/")[2] + "/"

    def blobs(self) -> list[str]:
        return [name for name in self.names() if not name.endswith("/cardea.json")]

    def save(self, folder: Path) -> list[Path]:
        """Writes all that lies there into a folder, to be searched."""
        folder.mkdir()
        saved = []
        for name in self.names():
            saved.append(folder / name.replace("/", "_"))
            saved[-1].write_bytes(self.backend.read(name))
        return saved


class Moto(Backend):
    """S3."""

    scheme = "s3"

    def command(self, folder: Path) -> list[str | Path]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def settings(self, port: int) -> dict[str, Any]:
        return {"store_endpoint": f"http://127.0.0.1:{port}", "store_region": "us-east-1"}

    def environment(self, port: int) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": "store", "AWS_SECRET_ACCESS_KEY": "store-secret"}

    @property
    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id="store",
            aws_secret_access_key="store-secret",
            config=Config(s3={"addressing_style": "path"}, proxies={}),
        )

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
    # The emulator's own, which its documentation gives.
    key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

    def command(self, folder: Path) -> list[str | Path]:
        installed = subprocess.run([ROOT / "tests/stores/install_azurite"], stdout=subprocess.PIPE, text=True)
        assert installed.returncode == 0, "azurite cannot be had"
        where = ["--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--location", folder]
        quiet = ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
        return ["node", installed.stdout.strip(), *where, *quiet]

    def settings(self, port: int) -> dict[str, Any]:
        return {}

    def environment(self, port: int) -> dict[str, str]:
        return {"AZURE_STORAGE_USE_EMULATOR": "true", "AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{port}"}

    def create_container(self) -> None:
        self._request("PUT", "", restype="container")

    def names(self, prefix: str) -> list[str]:
        page = ElementTree.fromstring(self._request("GET", "", restype="container", comp="list", prefix=prefix))
        assert not page.findtext("NextMarker"), "more than a page"
        return [row.findtext("Name", "") for row in page.iter("Blob")]

    def read(self, name: str) -> bytes:
        return self._request("GET", f"/{quote(name)}")

    def unfinished(self, prefix: str = "") -> int:
        return 0  # Blocks that nobody committed go by themselves, and cannot be aborted.

    def _request(self, method: str, path: str, **query: str) -> bytes:
        """A request, signed with the account's key."""
        path = f"/{self.account}/{CONTAINER}{path}"
        headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
        signed = [method, *[""] * 11, *(f"{name}:{value}" for name, value in sorted(headers.items()))]
        signed += [f"/{self.account}{path}", *(f"{name}:{value}" for name, value in sorted(query.items()))]
        digest = hmac.digest(base64.b64decode(self.key), "\n".join(signed).encode(), hashlib.sha256)
        headers["Authorization"] = f"SharedKey {self.account}:{base64.b64encode(digest).decode()}"
        url = f"http://127.0.0.1:{self.port}{path}" + (f"?{urlencode(query)}" if query else "")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(url, method=method, headers=headers), timeout=30) as answer:
            return answer.read()


BACKENDS: dict[str, type[Backend]] = {"s3": Moto, "az": Azurite}


def rust_environment(s3: Backend, azure: Backend) -> dict[str, str]:
    """What the Rust suite wants to know."""
    return {
        **os.environ,
        **s3.environment(s3.port),
        **azure.environment(azure.port),
        "CARDEA_TEST_S3": f"s3://{CONTAINER}/rust",
        "CARDEA_TEST_S3_ENDPOINT": f"http://127.0.0.1:{s3.port}",
        "CARDEA_TEST_AZ": f"az://{CONTAINER}/rust",
    }

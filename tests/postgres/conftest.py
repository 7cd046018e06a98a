"""Gateways over databases that stop and start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support import below
from support.postgres import Postgres
from support.server import Server

Gateway = Callable[..., Server]


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A server for one test. It is not started yet."""
    server = Postgres()
    yield server
    server.remove()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """Makes gateways that share a store and a key ring. Each has a data folder of its own."""
    servers: list[Server] = []

    def make(index: str, **given: Any) -> Server:
        settings = {
            "index": index,
            "index_connections": 8,
            "store": f"file://{tmp_path}/blobs",
            "keyring": str(below.keyring(tmp_path)),
            "log_level": "info",
            **given,
        }
        servers.append(Server(tmp_path / f"server-{len(servers)}", **settings))
        return servers[-1]

    yield make
    for each in servers:
        each.kill()

"""Running stores, and gateways over each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cross.conftest import faces, reader, sealed, writer  # noqa: F401
from stores.backends import BACKENDS, Backend, Prefix, on_demand
from stores.proxy import Proxy

from support import leaks
from support.keys import made
from support.server import Server


@pytest.fixture(scope="session")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Backend]]:
    """The stores, started when they are asked for."""
    with on_demand(tmp_path_factory.mktemp("stores")) as backend:
        yield backend


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request: pytest.FixtureRequest, backends: Callable[[str], Backend]) -> Backend:
    """Each store."""
    return backends(request.param)


@pytest.fixture(scope="session")
def server(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gateway over each store instead of over a folder. At its end its data is searched for keys and
    bodies."""
    place = backend.place()
    folder = tmp_path_factory.mktemp(f"over-{backend.scheme}")
    with Server(folder, environment=place.environment, **place.settings) as running:
        yield running
        metrics = running.metrics()
        assert running.stop() == 0, "the server did not end well"
        place.save(running.folder / "store")
        leaks.assert_none(made(), running.folder, {"metrics": metrics.encode()})


@pytest.fixture
def proxy(backend: Backend) -> Iterator[Proxy]:
    """A proxy in front of the store, which can disturb requests."""
    with Proxy(backend.port) as running:
        yield running


Gateway = Callable[..., Server]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """Makes gateways over prefixes of a store."""
    servers: list[Server] = []

    def make(place: Prefix, **settings: Any) -> Server:
        folder = tmp_path / f"server-{len(servers)}"
        servers.append(Server(folder, environment=place.environment, **place.settings, **settings))
        return servers[-1]

    yield make
    for each in servers:
        each.kill()

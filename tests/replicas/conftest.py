"""Three replicas over PostgreSQL and an S3 store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from replicas.cluster import Cluster
from stores.backends import Backend, Moto

from support import below, leaks
from support.keys import made


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    running = Moto(tmp_path_factory.mktemp("store") / "s3")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def cluster(store: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The replicas of a session. At the end, neither they nor their database and store have kept a customer's
    key."""
    replicas = Cluster(tmp_path_factory.mktemp("cluster"), below.postgres(), store.place())
    try:
        yield replicas.start()
        metrics = {f"metrics-{number}": each.metrics().encode() for number, each in enumerate(replicas)}
        for each in replicas:
            assert each.stop() == 0, "a replica did not end well"
        metrics["database"] = below.postgres().dump(replicas.name)
        replicas.place.save(replicas.folder / "store")
        leaks.assert_none(made(), replicas.folder, metrics)
    finally:
        replicas.kill()


@pytest.fixture
def new_cluster(store: Backend, tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Makes clusters for one test."""
    clusters: list[Cluster] = []

    def make(**settings: Any) -> Cluster:
        folder = tmp_path / f"cluster-{len(clusters)}"
        clusters.append(Cluster(folder, below.postgres(), store.place(), **settings))
        return clusters[-1]

    yield make
    for each in clusters:
        each.kill()


@pytest.fixture
def bucket(cluster: Cluster, name: str) -> str:
    """A bucket that all replicas know."""
    assert cluster.s3(0).create_bucket(name).status == 200
    return name

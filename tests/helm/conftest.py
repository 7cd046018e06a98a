"""Fixtures of the chart's tests."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from helm.cases import cases
from helm.chart import Helm
from helm.cluster import Cluster, cluster

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write snapshots and the README's table anew")


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """The pinned helm. Where it cannot be had, every test says so."""
    done = subprocess.run([HERE / "install_helm"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Helm(Path(done.stdout.strip()), tmp_path_factory.mktemp("helm"))


@pytest.fixture
def world() -> Iterator[Cluster]:
    """A cluster without anything in it."""
    with cluster() as state:
        yield state


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `case` runs for each values file; `values` is what it holds."""
    if "case" in metafunc.fixturenames:
        found = cases()
        metafunc.parametrize(("case", "values"), found.items(), ids=found.keys())

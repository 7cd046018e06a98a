"""Fixtures of the chart's tests."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helm.cases import cases
from helm.chart import CHART, Helm
from helm.cluster import Cluster, cluster
from helm.pod import Secrets
from stores.backends import Backend, on_demand

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write snapshots and the README's table anew")


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """The pinned helm. If it cannot be installed, every test fails with the reason."""
    done = subprocess.run([HERE / "install_helm"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Helm(Path(done.stdout.strip()), tmp_path_factory.mktemp("helm"))


@pytest.fixture
def world() -> Iterator[Cluster]:
    """An empty cluster."""
    with cluster() as state:
        yield state


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Backend]]:
    """The stores by their schemes. A store starts when a test asks for it first."""
    with on_demand(tmp_path_factory.mktemp("stores")) as store:
        yield store


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Secrets:
    """The Secrets of README.md, made by its own lines."""
    folder = tmp_path_factory.mktemp("prepared")
    text = (CHART / "README.md").read_text()
    [lines] = re.findall(r"```bash\n(# Secrets\n.*?)```", text, re.DOTALL)
    before, found = lines.partition("kubectl ")[0], set(re.findall(r"--from-file=(\S+)", lines))
    assert found == {"accounts.toml", "keyring.toml"}
    subprocess.run(["bash", "-euo", "pipefail", "-c", before], cwd=folder, check=True)
    return {
        "store-accounts": {"accounts.toml": (folder / "accounts.toml").read_bytes()},
        "store-keyring": {"keyring.toml": (folder / "keyring.toml").read_bytes()},
    }


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with the parameter `case` runs for each values file; `values` has its contents."""
    if "case" in metafunc.fixturenames:
        found = cases()
        metafunc.parametrize(("case", "values"), found.items(), ids=found.keys())

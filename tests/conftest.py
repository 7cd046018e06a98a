"""Fixtures that all suites share: one server for the session, a fresh bucket for each test."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support import below, leaks, people, tally
from support.boto import boto3_client
from support.cli import Cli
from support.keys import CustomerKey, made
from support.s3 import S3
from support.server import Server
from support.swift import Swift

pytest_plugins = ["runner.reports"]

_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the long tests too")
    parser.addoption("--index", choices=below.INDEXES, default="sqlite", help="what index the gateways are over")
    parser.addoption("--store", choices=below.STORES, default="local", help="what store the gateways are over")


def pytest_configure(config: pytest.Config) -> None:
    below.choose(config.getoption("--index"), config.getoption("--store"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    for line in tally.lines(reports):
        terminalreporter.write_line(line)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without `--full` long tests are left out, not skipped."""
    if not config.getoption("--full"):
        left_out = [item for item in items if item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("full")]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that the tests of a session share. At its end it must have kept none of their keys."""
    with Server(tmp_path_factory.mktemp("session")) as running:
        yield running
        metrics = running.metrics()
        assert running.stop() == 0, "the server did not end well"
        leaks.assert_none(made(), running.folder, {"metrics": metrics.encode()})


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Makes servers for one test. The arguments are settings of the configuration file."""
    servers: list[Server] = []

    def make(**settings: object) -> Server:
        servers.append(Server(tmp_path / f"server-{len(servers)}", **settings))
        return servers[-1]

    yield make
    for each in servers:
        each.kill()


@pytest.fixture(scope="session")
def s3(server: Server) -> Iterator[S3]:
    client = S3(server.tls, people.OWNER)
    yield client
    client.close()


@pytest.fixture(scope="session")
def swift(server: Server) -> Iterator[Swift]:
    client = Swift(server.tls, people.OWNER)
    yield client
    client.close()


@pytest.fixture
def boto(server: Server) -> Any:
    """boto3's client of the owner."""
    return boto3_client(server.tls, people.OWNER)


@pytest.fixture
def cli(server: Server, tmp_path: Path) -> Cli:
    return Cli(server, people.OWNER, tmp_path)


@pytest.fixture
def name() -> str:
    """The name of a bucket that no other test uses."""
    return f"t{os.getpid()}-{next(_numbers)}"


@pytest.fixture
def bucket(s3: S3, name: str) -> str:
    """A bucket, and so a container too."""
    assert s3.create_bucket(name).status == 200
    return name


@pytest.fixture
def key() -> CustomerKey:
    return CustomerKey.new()

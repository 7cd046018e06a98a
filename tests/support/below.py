"""The index and the store under the gateways of a session, chosen by `--index` and `--store`.

If both are embedded, a gateway keeps everything in its own folder, and no server is started.
"""

from __future__ import annotations

import atexit
import functools
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

INDEXES = ("sqlite", "postgres")
STORES = ("local", "s3", "az")

_chosen = {"index": "sqlite", "store": "local"}


def choose(index: str, store: str) -> None:
    """Chooses the index and the store of the gateways that are made from now on."""
    assert index in INDEXES and store in STORES, (index, store)
    _chosen.update(index=index, store=store)


def chosen() -> str:
    """The current choice, as text."""
    return f"{_chosen['index']}+{_chosen['store']}"


@contextmanager
def over(index: str, store: str) -> Iterator[str]:
    """Another choice for a while, which it returns as text."""
    before = dict(_chosen)
    choose(index, store)
    try:
        yield chosen()
    finally:
        _chosen.update(before)


@dataclass(frozen=True)
class Below:
    """The settings and the environment of one gateway."""

    settings: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


def place(folder: Path, given: dict[str, Any]) -> Below:
    """An index and a store for a gateway in this folder, except where its test gives its own."""
    settings: dict[str, Any] = {}
    environment: dict[str, str] = {}
    if _chosen["store"] != "local" and "store" not in given:
        there = _store(_chosen["store"]).place()
        settings |= there.settings
        if "inline_bytes" not in given:
            # All objects go to the store: those of the tests are mostly small.
            settings["inline_bytes"] = 0
        environment |= there.environment
    if _chosen["index"] == "postgres" and "index" not in given:
        server = postgres()
        settings["index"] = server.url(server.database())
        settings["index_connections"] = 8
        if "keyring" not in given:
            settings["keyring"] = str(keyring(folder))
    return Below(settings, environment)


def keyring(folder: Path) -> Path:
    """A key ring in a folder: over a shared index the gateway makes none by itself."""
    from .places import binary

    ring = folder / "keyring.toml"
    if not ring.exists():
        subprocess.run([binary(), "keyring", "generate", "--keyring", ring], check=True, stdout=subprocess.DEVNULL)
    return ring


@functools.cache
def postgres() -> Any:
    """The session's PostgreSQL."""
    from .postgres import Postgres

    server = Postgres().start()
    atexit.register(server.remove)
    return server


@functools.cache
def _store(kind: str) -> Any:
    from stores.backends import BACKENDS

    store = BACKENDS[kind](Path(tempfile.mkdtemp(prefix=f"cardea-{kind}-")) / kind)
    atexit.register(store.stop)
    return store

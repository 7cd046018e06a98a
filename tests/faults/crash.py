"""Kills the server under load, again and again. After each kill every acknowledged write must be there."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from support import below
from support.fsck import assert_clean, assert_sound
from support.s3 import S3
from support.server import Server
from support.swift import Swift
from support.tally import Tally
from support.versions import set_state
from support.waiting import wait_until

from faults.actors import (
    KEYS,
    OBJECTS,
    SOURCE,
    SOURCE_SIZE,
    VERSIONS,
    Actor,
    Assembler,
    Clients,
    Held,
    Historian,
    Uploader,
    Writer,
)

EVERY = 10
"""After so many kills the server is stopped and checked by `fsck`."""


@dataclass(frozen=True)
class Root:
    """The user of the root account. A start need not hash its password, as it does for declared users."""

    access_key: str
    secret_key: str
    tempauth: str
    password: str

    @classmethod
    def of(cls, server: Server) -> "Root":
        said = server.credentials()
        tempauth = f"{said['OS_PROJECT_NAME']}:{said['OS_USERNAME']}"
        return cls(said["AWS_ACCESS_KEY_ID"], said["AWS_SECRET_ACCESS_KEY"], tempauth, said["OS_PASSWORD"])


class Crashes:
    """A server, and the clients that put load on it."""

    def __init__(self, fresh: Callable[..., Server], seed: int) -> None:
        self.chance, self.tally = random.Random(seed), Tally(below.chosen())
        # Keys may go over plain HTTP here: this test is not about a thousand handshakes.
        self.server = fresh(accounts=False, log_level="warn", require_tls_for_customer_keys=False).start()
        self.root = Root.of(self.server)
        self.token: Swift | None = None
        clients = self.clients()
        for bucket in (OBJECTS, VERSIONS):
            assert clients.s3.create_bucket(bucket).status == 200
        assert set_state(clients.s3, VERSIONS, "Enabled").status == 200
        self.source = Held(self.chance.randbytes(SOURCE_SIZE), KEYS[1])
        assert clients.s3.put(OBJECTS, SOURCE, self.source.body, KEYS[1].s3()).status == 200
        first = seed * 100
        self.actors: list[Actor] = [
            Writer(first, swift=False),
            Writer(first + 1, swift=True),
            Writer(first + 2, swift=False),
            Uploader(first + 3, self.source),
            Historian(first + 4),
            Assembler(first + 5),
        ]

    def clients(self) -> Clients:
        """New connections. The token is valid beyond the end of the server."""
        swift = Swift(self.server.plain, self.root) if self.token is None else self.token.again()
        self.token = swift
        return Clients(S3(self.server.plain, self.root), swift)

    def run(self, kills: int) -> None:
        for number in range(1, kills + 1):
            self.kill()
            self.recover()
            self.check()
            if number % EVERY == 0 or number == kills:
                self.stop_and_check()
        assert self.tally.acknowledged > kills, "hardly anything was written: this would prove little"

    def kill(self) -> None:
        """Puts load on the server for a moment, and kills it meanwhile."""
        each = [(actor, self.clients()) for actor in self.actors]
        threads = [threading.Thread(target=actor.run, args=(clients,)) for actor, clients in each]
        for thread in threads:
            thread.start()
        time.sleep(self.chance.uniform(0.15, 0.6))
        self.server.kill()
        for thread in threads:
            thread.join()
        for actor, clients in each:
            clients.close()
            if actor.failure:
                raise actor.failure
        self.tally.kills += 1
        self.tally.acknowledged = sum(actor.acknowledged for actor in self.actors)

    def recover(self) -> None:
        """Starts the next process, at once."""
        killed = self.sql("SELECT clock_timestamp()") if self.database else ""
        begun = time.monotonic()
        self.server.start()
        self.tally.recoveries.append(time.monotonic() - begun)
        if self.database:
            # The database finishes the requests of the dead process, and among them may be a commit.
            left = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{self.database}' AND backend_start < '{killed}'"
            wait_until(lambda: self.sql(left) == "0")

    def check(self) -> None:
        """Every acknowledged write is whole. Every other write is whole or absent. Both listings show the
        same."""
        clients = self.clients()
        try:
            for actor in self.actors:
                actor.settle(clients)
            expected = {SOURCE: SOURCE_SIZE}
            for actor in self.actors:
                expected |= actor.sizes()
            for face in clients.faces:
                assert face.sizes(OBJECTS) == expected, f"{face.name} lists something else"
        except AssertionError:
            self.tally.losses += 1
            raise
        finally:
            clients.close()

    def stop_and_check(self) -> None:
        """No reference is wrong, and after the sweep no leftovers exist. Over a shared index the sweep comes
        later."""
        if self.server.settings.get("store"):
            # After the sweep the store may still have finished requests of the dead process. The next start
            # sweeps again.
            assert self.server.stop() == 0
            self.server.start()
        if not self.database:
            wait_until(lambda: has_swept(self.server))
        assert self.server.stop() == 0
        (assert_sound if self.database else assert_clean)(self.server, "--deep")
        self.server.start()

    def unswept(self) -> int:
        """Writers that may have leftovers: the living one, and every one that is not swept yet."""
        with sqlite3.connect(f"file:{self.server.data / 'index.db'}?mode=ro", uri=True) as index:
            return index.execute("SELECT count(*) FROM writers WHERE swept IS NULL").fetchone()[0]

    @property
    def database(self) -> str:
        """The PostgreSQL database of the index, or none if the index is embedded."""
        url = urlsplit(str(self.server.settings.get("index", "")))
        return url.path[1:] if url.scheme == "postgres" else ""

    def sql(self, question: str) -> str:
        """The answer of the index's database."""
        return below.postgres().psql(question, self.database)


def has_swept(server: Server) -> bool:
    """Whether this process has swept the leftovers of others."""
    return server.metric('cardea_care_last_success_timestamp_seconds{task="sweeper"}') > 0


def crash(fresh: Callable[..., Server], request: pytest.FixtureRequest, seed: int, kills: int) -> None:
    """Kills a server under load, and keeps the tally."""
    crashes = Crashes(fresh, seed)
    try:
        crashes.run(kills)
    finally:
        crashes.tally.keep(request)

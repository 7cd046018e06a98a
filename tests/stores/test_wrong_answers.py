"""Stores that answer wrongly, late or not at all, operation by operation. The caller gets a right answer or a
clean error in bounded time. No acknowledged write is lost, no leftovers exist, and the metrics show the
fault."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from stores.backends import BACKENDS, Backend, Prefix
from stores.faulty import ERRORS, Faulty
from stores.test_faults import read

from support import people
from support.faces import WRITTEN, Face, S3Face, SwiftFace
from support.keys import CustomerKey
from support.s3 import S3
from support.server import Server
from support.swift import Swift
from support.waiting import wait_until

QUICK = {"store_read_timeout": "4s", "store_retry_timeout": "1s", "log_level": "info"}
"""A store that stalls is given up soon, but later than a slow one answers. A permanent fault is reported
soon."""
PATIENT = {**QUICK, "store_retry_timeout": "30s"}
"""A first failure is tried again, however long the first attempt took."""
BOUND = 120
"""The longest time in seconds of any request. It is far more than needed, for busy machines."""
ONE_REQUEST, IN_PARTS = 300_000, 7_000_000
KEY = CustomerKey.new()


@dataclass
class World:
    """A gateway over a store that can be made to fail."""

    backend: Backend
    place: Prefix
    store: Faulty
    server: Server
    faces: list[Face]
    numbers: Iterator[int]

    def name(self) -> str:
        return f"object-{next(self.numbers)}"

    def count(self, family: str, **labels: str) -> float:
        """The sum of a family's series with these labels."""
        found = 0.0
        for line in self.server.metrics().splitlines():
            name, _, value = line.rpartition(" ")
            if name.startswith(f"{family}_total{{") and all(f'{key}="{label}"' in name for key, label in labels.items()):
                found += float(value)
        return found

    def is_tidy(self) -> bool:
        """Whether the store has exactly the blobs of the index."""
        return len(self.place.blobs()) == len(self.faces[0].sizes("bucket")) and self.place.unfinished() == 0


@contextmanager
def behind_faults(backend: Backend, folder: Path, settings: dict[str, str]) -> Iterator[World]:
    store = Faulty(backend.port)
    place = backend.place(store.port)
    with Server(folder, environment=place.environment, **place.settings, **settings) as server:
        s3 = S3(server.tls, people.OWNER)
        assert s3.create_bucket("bucket").status == 200
        yield World(backend, place, store, server, [S3Face(s3), SwiftFace(Swift(server.tls, people.OWNER))], iter(range(10**6)))
    store.close()


@pytest.fixture(scope="module", params=BACKENDS)
def over(request: pytest.FixtureRequest, backends: Callable[[str], Backend]) -> Backend:
    """Each store."""
    return backends(request.param)


@pytest.fixture(scope="module")
def world(over: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The settings for permanent faults."""
    with behind_faults(over, tmp_path_factory.mktemp(f"wrong-{over.scheme}"), QUICK) as running:
        yield running


@pytest.fixture(scope="module")
def patient(over: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The settings for temporary faults."""
    with behind_faults(over, tmp_path_factory.mktemp(f"patient-{over.scheme}"), PATIENT) as running:
        yield running


@pytest.fixture(autouse=True)
def healed(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    for name in {"world", "patient"} & set(request.fixturenames):
        request.getfixturevalue(name).store.heal()


SEEN = {"500": "5xx", "503": "slow-down", "429": "slow-down", "403": "denied", "stall": "timeout"}
"""The name of an operation in the metrics."""


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        *(("put", kind) for kind in (*ERRORS, "lost", "reset", "stall")),
        ("begin", "503"),
        *(("part", kind) for kind in ("500", "lost", "stall")),
        *(("complete", kind) for kind in ("500", "403", "lost", "reset")),
    ],
)
def test_a_write(world: World, patient: World, operation: str, kind: str) -> None:
    if operation == "begin" and world.backend.scheme == "az":
        # Azure's blocks need no beginning.
        fault = world.store.disturb(operation, kind)
        assert world.faces[0].put("bucket", world.name(), os.urandom(IN_PARTS)).status in WRITTEN
        assert fault.met == 0
        return
    size = ONE_REQUEST if operation == "put" else IN_PARTS
    for times, its, face in ((1, patient, 0), (1_000_000, world, 1), (1, patient, 1)):
        writes(its, its.faces[face], times, operation, kind, size)
    for its in (world, patient):
        wait_until(its.is_tidy)


def writes(world: World, face: Face, times: int, operation: str, kind: str, size: int) -> None:
    """One write during a fault that strikes so often."""
    name, body = world.name(), os.urandom(size)
    fault, before, began = world.store.disturb(operation, kind, times), attempts(world, kind), time.monotonic()
    put = face.put("bucket", name, body, face.keyed(KEY))
    assert time.monotonic() - began < BOUND
    assert fault.met > 0, "the fault struck no request: this would prove nothing"
    assert attempts(world, kind) > before
    world.store.heal()
    # If the completion of an upload in parts was not answered, the gateway finds that it was done.
    found = (operation, kind) == ("complete", "lost")
    if times > 1 and not found:
        assert (put.status, "Retry-After" in put) == (503, True), put.text
        assert world.count("cardea_store_requests", operation=operation, outcome="denied" if kind == "403" else "failed") > 0
    if put.status in WRITTEN:
        assert face.get("bucket", name, face.keyed(KEY)).body == body
    else:
        assert put.status == 503, put.text
        assert face.get("bucket", name, face.keyed(KEY)).status == 404
    if found or (times == 1 and kind in ("500", "503", "429", "lost", "reset")):
        assert put.status in WRITTEN, "no client notices a temporary fault"


def attempts(world: World, kind: str) -> float:
    return world.count("cardea_store_attempts", outcome=SEEN.get(kind, "broken"))


def test_a_failed_overwrite_leaves_the_old_object(world: World) -> None:
    for face in world.faces:
        name, body = world.name(), os.urandom(ONE_REQUEST)
        assert face.put("bucket", name, body, face.keyed(KEY)).status in WRITTEN
        for kind in ("500", "lost"):
            world.store.disturb("put", kind)
            assert face.put("bucket", name, os.urandom(ONE_REQUEST)).status == 503
            world.store.heal()
            assert face.get("bucket", name, face.keyed(KEY)).body == body
    wait_until(world.is_tidy)


@pytest.mark.parametrize("kind", [*ERRORS, "reset", "stall", "truncated", "shorter"])
def test_a_read(world: World, patient: World, kind: str) -> None:
    for times, its in ((1, patient), (1_000_000, world)):
        reads(its, times, kind)
    if kind == "shorter":
        # The store did answer, and its own length says that the body is complete.
        return
    assert world.count("cardea_store_requests", operation="get") > world.count("cardea_store_requests", operation="get", outcome="done")


def reads(world: World, times: int, kind: str) -> None:
    """One read of an object during a fault that strikes so often."""
    face, name, body = world.faces[len(kind) % 2], world.name(), os.urandom(3_000_000)
    assert face.put("bucket", name, body, face.keyed(KEY)).status in WRITTEN
    fault, began = world.store.disturb("get", kind, times), time.monotonic()
    got = read(face, name, face.keyed(KEY))
    assert time.monotonic() - began < BOUND
    assert fault.met > 0
    world.store.heal()
    if got is None or got.status == 200:
        whole = got is not None and got.complete
        assert whole == (got is not None and got.body == body), "bytes are missing from a complete answer"
        assert got is None or body.startswith(got.body)
        assert times == 1 or not whole
    elif kind == "shorter":
        assert got.status in (500, 503), "a body of another length may be damage"
    else:
        assert (got.status, "Retry-After" in got) == (503, True), got.text
    if times == 1 and kind in ("500", "503", "429", "reset", "truncated"):
        assert got is not None and got.body == body, "no client notices a temporary fault"
    assert face.get("bucket", name, face.keyed(KEY)).body == body


@pytest.mark.parametrize("kind", ["500", "403", "lost", "stall"])
def test_a_delete(world: World, kind: str) -> None:
    """A delete is done in the index. The blob is deleted when the store allows it."""
    face, name = world.faces[len(kind) % 2], world.name()
    assert face.put("bucket", name, os.urandom(ONE_REQUEST), face.keyed(KEY)).status in WRITTEN
    wait_until(world.is_tidy)
    fault = world.store.disturb("delete", kind)
    before = world.count("cardea_store_requests", operation="delete") - world.count(
        "cardea_store_requests", operation="delete", outcome="done"
    )
    assert face.delete("bucket", name).status == 204
    assert face.get("bucket", name, face.keyed(KEY)).status == 404
    wait_until(lambda: fault.met > 0)
    wait_until(
        lambda: world.count("cardea_store_requests", operation="delete")
        - world.count("cardea_store_requests", operation="delete", outcome="done")
        > before
    )
    world.store.heal()
    wait_until(world.is_tidy)


@pytest.mark.parametrize("kind", ["500", "403", "stall"])
def test_readiness(world: World, kind: str) -> None:
    world.store.disturb("head", kind)
    assert world.server.is_unready("the blob store cannot be read")
    world.store.heal()
    wait_until(lambda: world.server.readiness() == (200, "ready\n"))


@pytest.mark.parametrize("kind", ["500", "403", "reset", "stall"])
def test_a_start(world: World, tmp_path: Path, kind: str) -> None:
    """A store that cannot name its installation ends the start, with one line. Later the start succeeds."""
    place = world.backend.place(world.store.port)
    server = Server(tmp_path / "server", environment=place.environment, **place.settings, **QUICK)
    for _ in range(2):
        world.store.disturb("all", kind)
        server.spawn()
        began = time.monotonic()
        assert server.wait() == 1
        assert time.monotonic() - began < BOUND
        last = server.log().splitlines()[-1]
        assert re.match(r"cardea: (store|storage): ", last), last
        world.store.heal()
        server.start()
        assert S3(server.tls, people.OWNER).create_bucket("bucket").status == 200
        assert server.stop() == 0
        server.log_file.unlink()


def test_latencies_are_shown(world: World) -> None:
    face, name = world.faces[0], world.name()
    assert face.put("bucket", name, os.urandom(ONE_REQUEST)).status in WRITTEN
    assert len(face.get("bucket", name).body) == ONE_REQUEST
    for operation in ("put", "get"):
        assert world.server.metric(f'cardea_store_request_duration_seconds_count{{operation="{operation}"}}') > 0
        assert world.server.metric(f'cardea_store_request_duration_seconds_sum{{operation="{operation}"}}') > 0
    assert world.count("cardea_store_attempts", method="PUT", outcome="2xx") > 0

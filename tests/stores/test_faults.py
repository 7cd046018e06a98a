"""Stores that stop, cut connections and stall: a right answer or a clean error, and afterwards everything
goes on."""

from __future__ import annotations

import os
import time

import pytest
from stores.backends import Backend, Prefix
from stores.conftest import Gateway
from stores.proxy import Proxy
from stores.test_gateway import faces_of

from support.faces import WRITTEN, Face
from support.keys import CustomerKey
from support.server import Server
from support.waiting import wait_until
from support.wire import Disconnected, Headers, Response

SIZE = 3_000_000
PARTS = 14_000_000
QUICK = {"store_read_timeout": "4s", "store_retry_timeout": "1s", "log_level": "info"}
"""A store that stalls is given up soon, but later than a slow one answers. A permanent fault is reported
soon."""
PATIENT = {**QUICK, "store_retry_timeout": "30s"}
"""A first failure is tried again, however long the first attempt took."""
BOUND = 120
"""The longest time in seconds of any request. It is far more than needed, for busy machines."""


def read(face: Face, name: str, headers: Headers) -> Response | None:
    """An answer, or none if the connection ended before it."""
    try:
        return face.get("bucket", name, headers)
    except Disconnected:
        return None


def test_a_store_that_is_stopped(backend: Backend, proxy: Proxy, gateway: Gateway) -> None:
    place, key = backend.place(proxy.port), CustomerKey.new()
    server = gateway(place, **QUICK).start()
    faces, body = faces_of(server), os.urandom(100_000)
    for face in faces:
        assert face.put("bucket", face.name, body, face.keyed(key)).status in WRITTEN
    proxy.refuse()
    assert not server.is_ready()
    for face in faces:
        for answer in (
            face.put("bucket", "new", body, face.keyed(key)),
            face.get("bucket", "s3", face.keyed(key)),
            face.get("bucket", "swift", [("Range", "bytes=5-9"), *face.keyed(key)]),
        ):
            assert answer.status == 503, answer.text
            assert int(answer["Retry-After"]) > 0
        # The index answers as before.
        assert face.head("bucket", "s3", face.keyed(key)).status == 200
        assert set(face.sizes("bucket")) == {"s3", "swift"}
    assert faces[0].delete("bucket", "s3").status == 204, "a delete needs the index only"
    proxy.accept()
    wait_until(server.is_ready)
    for face in faces:
        assert face.get("bucket", "swift", face.keyed(key)).body == body
        assert face.put("bucket", f"new-{face.name}", body, face.keyed(key)).status in WRITTEN
    wait_until(lambda: len(place.blobs()) == 3)


@pytest.mark.parametrize("kind", ["cut", "stall"])
def test_a_download_that_breaks_once_goes_on(backend: Backend, proxy: Proxy, gateway: Gateway, kind: str) -> None:
    server, body, key = gateway(backend.place(proxy.port), **PATIENT).start(), os.urandom(SIZE), CustomerKey.new()
    for face in faces_of(server):
        assert face.put("bucket", "object", body, face.keyed(key)).status in WRITTEN
        fault = proxy.disturb(kind, "down", after=300_000, times=1)
        got = face.get("bucket", "object", face.keyed(key))
        assert fault.met == 1
        assert (got.status, got.complete) == (200, True) and got.body == body


@pytest.mark.parametrize("kind", ["cut", "stall"])
def test_a_download_that_breaks_for_good_is_not_complete(
    backend: Backend, proxy: Proxy, gateway: Gateway, kind: str
) -> None:
    server, body, key = gateway(backend.place(proxy.port), **QUICK).start(), os.urandom(SIZE), CustomerKey.new()
    for face in faces_of(server):
        assert face.put("bucket", "object", body, face.keyed(key)).status in WRITTEN
        proxy.disturb(kind, "down", after=50_000)
        got = read(face, "object", face.keyed(key))
        if got is not None and got.status == 200:
            assert not got.complete and body.startswith(got.body)
        elif got is not None:
            assert (got.status, "Retry-After" in got) == (503, True)
        proxy.heal()
        assert face.get("bucket", "object", face.keyed(key)).body == body


UPLOADS = pytest.mark.parametrize(
    ("kind", "way", "size"),
    [("cut", "up", SIZE), ("stall", "down", SIZE), ("stall", "up", PARTS), ("cut", "down", PARTS)],
    ids=["request-cut", "answer-stalls", "part-stalls", "answer-to-part-cut"],
)


@UPLOADS
def test_an_upload_that_breaks_once(
    backend: Backend, proxy: Proxy, gateway: Gateway, kind: str, way: str, size: int
) -> None:
    """It may fail cleanly, and mostly the gateway repeats it without an error."""
    place = backend.place(proxy.port)
    server, body, key = gateway(place, **PATIENT).start(), os.urandom(size), CustomerKey.new()
    for face in faces_of(server):
        fault = proxy.disturb(kind, way, after=1_000_000 if way == "up" else 0, times=1)
        put = face.put("bucket", face.name, body, face.keyed(key))
        proxy.heal()
        assert fault.met == 1
        right(face, face.name, put, body, key)
    leaves_nothing(server, place)


@UPLOADS
def test_an_upload_that_breaks_for_good(
    backend: Backend, proxy: Proxy, gateway: Gateway, kind: str, way: str, size: int
) -> None:
    """The answer is 503, and no leftovers exist."""
    place = backend.place(proxy.port)
    server, body, key = gateway(place, **QUICK).start(), os.urandom(size), CustomerKey.new()
    for face in faces_of(server):
        fault, began = proxy.disturb(kind, way, after=1_000_000 if way == "up" else 0), time.monotonic()
        put = face.put("bucket", face.name, body, face.keyed(key))
        proxy.heal()
        assert fault.met > 0
        assert (put.status, "Retry-After" in put) == (503, True), put.text
        assert time.monotonic() - began < BOUND
        assert face.get("bucket", face.name, face.keyed(key)).status == 404
    leaves_nothing(server, place)


def leaves_nothing(server: Server, place: Prefix) -> None:
    """In the end the store has exactly the blobs of the index."""
    wait_until(server.is_ready)
    objects = len(faces_of_again(server))
    wait_until(lambda: len(place.blobs()) == objects)


def right(face: Face, name: str, put: Response, body: bytes, key: CustomerKey) -> None:
    """Every acknowledged object is there, whole. No refused object is there."""
    if put.status in WRITTEN:
        assert face.get("bucket", name, face.keyed(key)).body == body
    else:
        assert (put.status, "Retry-After" in put) == (503, True), put.text
        assert face.get("bucket", name, face.keyed(key)).status == 404


def faces_of_again(server: Server) -> dict[str, int]:
    """The objects of the bucket."""
    return faces_of(server)[0].sizes("bucket")

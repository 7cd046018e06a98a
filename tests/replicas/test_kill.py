"""A replica dies under load. Every acknowledged write is there, and clients that retry notice nothing."""

from __future__ import annotations

import hashlib
import io
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import swiftclient.client
import urllib3.exceptions
from botocore.exceptions import HTTPClientError, IncompleteReadError, ResponseStreamingError
from replicas.balancer import Balancer
from replicas.cluster import REPLICAS, Cluster

from support import people
from support.boto import boto3_client
from support.fsck import assert_sound
from support.keys import CustomerKey
from support.tally import Tally
from support.wire import Address

BUCKET = "load"
PAUSE = 0.8
"""Seconds of load before and after each kill."""


CUT = (HTTPClientError, IncompleteReadError, ResponseStreamingError, urllib3.exceptions.HTTPError)


def whole(get: Callable[[], bytes]) -> bytes:
    """Reads a body again when it was cut. The libraries retry a request only until its answer begins."""
    for _ in range(7):
        try:
            return get()
        except CUT:
            time.sleep(0.1)
    return get()


class Client(threading.Thread):
    """Writes and reads back as fast as possible, through the balancer, and remembers every acknowledged
    write."""

    def __init__(self, number: int) -> None:
        super().__init__(daemon=True)
        self.number, self.chance = number, random.Random(number)
        self.written: dict[str, tuple[str, CustomerKey | None]] = {}
        self.acknowledged, self.ended, self.failure = 0, threading.Event(), None

    def run(self) -> None:
        try:
            while not self.ended.is_set():
                name = f"c{self.number}-{self.chance.randrange(50)}"
                body = self.chance.randbytes(self.chance.choice((0, 200, 30_000, 300_000)))
                key = self.chance.choice((None, CustomerKey.new()))
                self.put(name, body, key)
                self.acknowledged += 1
                self.written[name] = (hashlib.sha256(body).hexdigest(), key)
                known = self.chance.choice(sorted(self.written))
                self.check(known, self.get(known, self.written[known][1]))
        except BaseException as failure:  # noqa: BLE001
            self.failure = failure

    def check(self, name: str, body: bytes) -> None:
        assert hashlib.sha256(body).hexdigest() == self.written[name][0], f"{name} is another"

    def put(self, name: str, body: bytes, key: CustomerKey | None) -> None:
        raise NotImplementedError

    def get(self, name: str, key: CustomerKey | None) -> bytes:
        raise NotImplementedError


class Boto(Client):
    """boto3, with its own retries."""

    def __init__(self, number: int, address: Address) -> None:
        super().__init__(number)
        retries = {"mode": "standard", "max_attempts": 8}
        self.client = boto3_client(address, people.OWNER, retries=retries, proxies={})

    @staticmethod
    def keyed(key: CustomerKey | None) -> dict[str, Any]:
        return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key.raw} if key else {}

    def put(self, name: str, body: bytes, key: CustomerKey | None) -> None:
        self.client.put_object(Bucket=BUCKET, Key=name, Body=body, **self.keyed(key))

    def get(self, name: str, key: CustomerKey | None) -> bytes:
        return whole(lambda: self.client.get_object(Bucket=BUCKET, Key=name, **self.keyed(key))["Body"].read())


class SwiftClient(Client):
    """python-swiftclient, with its own retries."""

    def __init__(self, number: int, address: Address) -> None:
        super().__init__(number)
        self.connection = swiftclient.client.Connection(
            authurl=f"{address.url}/auth/v1.0",
            user=people.OWNER.tempauth,
            key=people.OWNER.password,
            cacert=str(address.ca),
            retries=8,
            starting_backoff=0.1,
            max_backoff=2,
        )

    def put(self, name: str, body: bytes, key: CustomerKey | None) -> None:
        # The library sends only a body that it can rewind again.
        headers = dict(key.swift()) if key else None
        self.connection.put_object(BUCKET, name, io.BytesIO(body), content_length=len(body), headers=headers)

    def get(self, name: str, key: CustomerKey | None) -> bytes:
        return whole(lambda: self.connection.get_object(BUCKET, name, headers=dict(key.swift()) if key else None)[1])


def kill_under_load(cluster: Cluster, kills: int, request: pytest.FixtureRequest) -> None:
    balancer = Balancer([each.tls for each in cluster])
    address = Address(balancer.port, ca=cluster.replicas[0].ca)
    assert cluster.s3(0).create_bucket(BUCKET).status == 200
    clients: list[Client] = [Boto(n, address) if n % 2 == 0 else SwiftClient(n, address) for n in range(6)]
    tally = Tally("one of three replicas")
    for client in clients:
        client.start()
    try:
        for number in range(kills):
            time.sleep(PAUSE)
            victim = cluster.replicas[number % REPLICAS]
            victim.kill()
            tally.kills += 1
            time.sleep(PAUSE)
            begun = time.monotonic()
            victim.start()
            tally.recoveries.append(time.monotonic() - begun)
        for client in clients:
            client.ended.set()
            client.join(120)
            assert not client.is_alive(), "a client hangs"
            if client.failure:
                tally.losses += isinstance(client.failure, AssertionError)
                raise client.failure
        for client in clients:
            for name, (_, key) in client.written.items():
                client.check(name, client.get(name, key))
    finally:
        tally.acknowledged = sum(client.acknowledged for client in clients)
        tally.keep(request)
        for client in clients:
            client.ended.set()
        balancer.close()
    assert tally.acknowledged > 10 * kills, "hardly anything was written: this would prove little"
    for each in cluster:
        assert each.stop() == 0
    assert_sound(cluster.replicas[0], "--deep")


def test_a_replica_dies_under_load(new_cluster: Callable[..., Cluster], request: pytest.FixtureRequest) -> None:
    kill_under_load(new_cluster(log_level="warn").start(), 6, request)


@pytest.mark.full
def test_replicas_die_under_load_many_times(new_cluster: Callable[..., Cluster], request: pytest.FixtureRequest) -> None:
    kill_under_load(new_cluster(log_level="warn").start(), 100, request)

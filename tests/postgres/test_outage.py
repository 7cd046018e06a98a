"""The database stops under running gateways and starts again. Meanwhile errors are clean. Nothing is lost,
and no restart is needed."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
import urllib.request

import pytest
from postgres.conftest import Gateway

from support import people
from support.faces import WRITTEN, Face, S3Face, SwiftFace
from support.fsck import fsck
from support.keys import CustomerKey
from support.postgres import Postgres
from support.s3 import S3, error
from support.server import ANSWER_SECONDS, Server
from support.swift import Swift
from support.waiting import wait_until
from support.wire import Disconnected

TIMEOUT = 1.5
"""The longest time that a command waits for the database."""
SLACK = 60
"""The additional time that a busy machine may need."""


def faces_of(server: Server) -> list[Face]:
    """Both faces, with a bucket."""
    s3, swift = S3(server.plain, people.OWNER), Swift(server.plain, people.OWNER)
    assert s3.create_bucket("bucket").status == 200
    return [S3Face(s3), SwiftFace(swift)]


def assert_sound(server: Server) -> None:
    """The installation has no errors. A write with the answer 503 may leave a blob, which the next start
    sweeps."""
    checked = fsck(server, "--deep")
    assert (checked.code, checked.report["findings"]) == (0, []), checked.stderr


def is_alive(server: Server) -> bool:
    with urllib.request.urlopen(f"{server.management.url}/livez", timeout=ANSWER_SECONDS) as answer:
        return bool(answer.status == 200)


def test_a_database_that_is_stopped(postgres: Postgres, gateway: Gateway) -> None:
    postgres.start()
    server = gateway(
        postgres.url(postgres.database()), index_timeout=f"{int(TIMEOUT * 1000)}ms", require_tls_for_customer_keys=False
    ).start()
    faces, key, body = faces_of(server), CustomerKey.new(), os.urandom(100_000)
    for face in faces:
        assert face.put("bucket", face.name, body, face.keyed(key)).status in WRITTEN
    postgres.stop()
    assert is_alive(server)
    assert server.is_unready("the index cannot be written")
    for face in faces:
        keyed = face.keyed(key)
        for ask in (
            lambda: face.put("bucket", "new", body, keyed),
            lambda: face.put("bucket", "small", b"small"),
            lambda: face.get("bucket", face.name, keyed),
            lambda: face.head("bucket", face.name, keyed),
            lambda: face.delete("bucket", face.name),
        ):
            begun = time.monotonic()
            answer = ask()
            assert answer.status == 503, answer.text
            assert int(answer["Retry-After"]) > 0
            assert time.monotonic() - begun < TIMEOUT + SLACK
            if face.name == "s3" and answer.body:
                assert error(answer)["Code"] in ("ServiceUnavailable", "SlowDown")
    for answer in (faces[0].client.request("GET", "/bucket"), faces[1].client.request("GET", "bucket")):
        assert answer.status == 503 and int(answer["Retry-After"]) > 0
    # A request for a token has the same answer.
    login = [("X-Auth-User", people.OTHER.tempauth), ("X-Auth-Key", people.OTHER.password)]
    answer = faces[1].client.absolute("GET", "/auth/v1.0", headers=login, token=None)
    assert answer.status == 503 and int(answer["Retry-After"]) > 0
    # A failed heartbeat does not end the gateway.
    wait_until(lambda: "could not renew its heartbeat" in server.log())
    assert is_alive(server) and server.process is not None and server.process.poll() is None
    postgres.start()
    wait_until(server.is_ready)
    for face in faces:
        assert face.get("bucket", face.name, face.keyed(key)).body == body
        assert face.put("bucket", "new", body, face.keyed(key)).status in WRITTEN
    assert server.metric("cardea_index_retries_total") > 0
    assert server.metric('cardea_index_connections{state="idle"}') > 0
    assert server.stop() == 0
    assert_sound(server)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["restart", "crash"])
def test_a_database_that_restarts_under_load(postgres: Postgres, gateway: Gateway, how: signal.Signals) -> None:
    """Every acknowledged write is there. Beyond these, only the last request for each key may have been
    done."""
    postgres.start()
    server = gateway(postgres.url(postgres.database()), index_timeout="20s").start()
    faces_of(server)
    stop = threading.Event()
    acknowledged: dict[str, bytes] = {}
    answers: list[int] = []

    def write(worker: int) -> None:
        face = [S3Face(S3(server.plain, people.OWNER)), SwiftFace(Swift(server.plain, people.OWNER))][worker % 2]
        for number in itertools.count():
            if stop.is_set():
                return
            name, body = f"{worker}/{number}", os.urandom(1000 + 40_000 * (number % 2))
            try:
                status = face.put("bucket", name, body).status
            except Disconnected:
                continue
            answers.append(status)
            if status in WRITTEN:
                acknowledged[name] = body

    workers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for each in workers:
        each.start()
    for _ in range(3):
        before = len(acknowledged)
        wait_until(lambda: len(acknowledged) > before + 20)  # noqa: B023
        postgres.stop(how)
        time.sleep(0.3)
        postgres.start()
    before = len(acknowledged)
    wait_until(lambda: len(acknowledged) > before + 20)
    stop.set()
    for each in workers:
        each.join()
    assert set(answers) <= {*WRITTEN, 503}, set(answers)
    if how == signal.SIGINT:
        assert 503 not in answers, "no client noticed a restart"
    face = S3Face(S3(server.plain, people.OWNER))
    for name, body in acknowledged.items():
        assert face.get("bucket", name).body == body, name
    print(f"restarts: {len(acknowledged)} acknowledged, 0 lost, {answers.count(503)} refused")
    wait_until(server.is_ready)
    assert server.stop() == 0
    assert_sound(server)


def test_connections_that_are_killed(postgres: Postgres, gateway: Gateway) -> None:
    postgres.start()
    server = gateway(postgres.url(postgres.database())).start()
    faces = faces_of(server)
    kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'cardea'"
    killed = 0
    for number in range(20):
        killed += int(postgres.psql(kill))
        for face in faces:
            assert face.put("bucket", f"{face.name}-{number}", b"x" * 20_000).status in WRITTEN
            assert face.get("bucket", f"{face.name}-{number}").status == 200
    assert killed >= 20
    assert len(faces[0].sizes("bucket")) == 40


def test_a_database_that_turns_read_only(postgres: Postgres, gateway: Gateway) -> None:
    """As after a failover to another server. A read-only database is an outage; once it is writable, writes
    go on."""
    postgres.start()
    name = postgres.database()
    server = gateway(postgres.url(name), index_timeout="1500ms").start()
    faces = faces_of(server)
    postgres.psql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    postgres.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cardea'")
    wait_until(lambda: not server.is_ready())
    for face in faces:
        answer = face.put("bucket", "object", b"x")
        assert answer.status == 503 and int(answer["Retry-After"]) > 0
    postgres.psql(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    wait_until(server.is_ready)
    for face in faces:
        assert face.put("bucket", "object", b"x").status in WRITTEN

"""A client disconnects while its change waits for the database. The change is done, and the logs have it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from postgres.conftest import Gateway

from support import below, people
from support.postgres import Postgres
from support.s3 import S3
from support.waiting import wait_until
from support.wire import Connection

@contextmanager
def nobody_writes(postgres: Postgres, database: str) -> Iterator[None]:
    """Holds a lock that every change of an object needs."""
    session = postgres.session(database)
    assert session.stdin is not None and session.stdout is not None
    session.stdin.write("BEGIN; LOCK TABLE versions IN SHARE ROW EXCLUSIVE MODE; SELECT 'held';\n")
    session.stdin.flush()
    assert session.stdout.readline().strip() == "held"
    try:
        yield
    finally:
        session.communicate("ROLLBACK;\n", timeout=60)


def test_a_delete_without_its_client_is_done(gateway: Gateway) -> None:
    postgres = below.postgres()
    database = postgres.database()
    server = gateway(postgres.url(database), index_timeout="60s").start()
    s3 = S3(server.plain, people.OWNER)
    assert s3.create_bucket("bucket").status == 200
    assert s3.put("bucket", "gone", b"x").status == 200
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with nobody_writes(postgres, database):
        request = s3.sign("DELETE", "/bucket/gone")
        with Connection(server.plain) as client:
            client.head("DELETE", "/bucket/gone", [("Host", server.plain.authority), *request.headers])
            wait_until(lambda: postgres.psql(waiting, database) != "0")
        wait_until(lambda: "status=499" in server.log())
    wait_until(lambda: s3.get("bucket", "gone").status == 404)
    events = [line for line in server.log().splitlines() if "cardea::audit" in line and "DeleteObject" in line]
    assert len(events) == 1 and "abandoned" in events[0], events
    assert server.metric("cardea_http_requests_in_flight") == 0
    assert server.metric('cardea_operations_total{operation="DeleteObject",outcome="abandoned"}') == 1

"""One replica at a time does the work beside requests. If it dies, another takes the work over."""

from __future__ import annotations

import os
from collections.abc import Callable

from replicas.cluster import Cluster

from support.waiting import wait_until


def test_freed_blobs_are_kept_for_readers_on_other_replicas(cluster: Cluster, bucket: str) -> None:
    """A download on one replica survives an overwrite on another: freed blobs stay for longer than the
    longest request."""
    body = os.urandom(300_000)
    assert cluster.s3(0).put(bucket, "object", body).status == 200
    before = set(cluster.place.blobs())
    assert cluster.s3(1).put(bucket, "object", b"small").status == 200
    assert cluster.s3(2).delete(bucket, "object").status == 204
    wait_until(lambda: int(cluster.sql("SELECT count(*) FROM blobs WHERE freed IS NOT NULL")) > 0)
    assert before <= set(cluster.place.blobs()), "the blob was deleted too early"


def test_each_lease_has_one_holder(cluster: Cluster) -> None:
    held = "SELECT count(*), count(DISTINCT name) FROM leases"
    wait_until(lambda: cluster.sql(held) not in ("", "0|0"))
    rows, names = cluster.sql(held).split("|")
    assert rows == names, "a lease has one holder"


def test_the_lease_of_a_dead_replica_is_taken_over(new_cluster: Callable[..., Cluster]) -> None:
    cluster = new_cluster().start()
    holders = "SELECT DISTINCT encode(holder, 'hex') FROM leases"
    wait_until(lambda: cluster.sql(holders) != "")
    holder = cluster.sql(holders).splitlines()[0]
    dead = [each for each in cluster if f"writer={holder}" in each.log()]
    assert len(dead) == 1, "no replica holds the lease"
    dead[0].kill()
    wait_until(lambda: holder not in cluster.sql(holders).splitlines(), seconds=180)
    # It is declared dead after the time of silence, and not before.
    wait_until(lambda: cluster.sql(f"SELECT fenced IS NOT NULL FROM writers WHERE id = '\\x{holder}'") == "t", seconds=180)
    assert cluster.sql("SELECT count(*) FROM writers WHERE fenced IS NULL") == "2"

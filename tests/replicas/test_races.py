"""Replicas that race: if something can happen once, it happens once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from replicas.cluster import REPLICAS, Cluster

from support.s3 import S3, document
from support.versions import set_state

T = TypeVar("T")
RACERS = 4 * REPLICAS


def race(cluster: Cluster, run: Callable[[S3, int], T]) -> list[T]:
    """Runs something on all replicas at once, several times on each."""
    results: list[T | BaseException] = [AssertionError("no result yet")] * RACERS
    start = threading.Barrier(RACERS)

    def racer(number: int) -> None:
        client = cluster.s3(number)
        try:
            start.wait()
            results[number] = run(client, number)
        except BaseException as failure:  # noqa: BLE001
            results[number] = failure
        finally:
            client.close()

    threads = [threading.Thread(target=racer, args=(number,)) for number in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in results:
        if isinstance(each, BaseException):
            raise each
    return results  # type: ignore[return-value]


def test_one_of_many_creations_wins(cluster: Cluster, bucket: str) -> None:
    for round in range(5):
        put = lambda s3, number: s3.put(bucket, f"once-{round}", b"%d" % number, [("If-None-Match", "*")]).status  # noqa: B023, E731
        statuses = race(cluster, put)
        assert sorted(statuses) == [200, *[412] * (RACERS - 1)]


def test_each_version_is_replaced_once(cluster: Cluster, bucket: str) -> None:
    assert cluster.s3(0).put(bucket, "counter", b"0").status == 200

    def count(s3: S3, _: int) -> int:
        done = 0
        while done < 5:
            now = s3.get(bucket, "counter")
            new = b"%d" % (int(now.body) + 1)
            answer = s3.put(bucket, "counter", new, [("If-Match", now["ETag"])])
            assert answer.status in (200, 412, 409), answer.text
            done += answer.status == 200
        return done

    total = sum(race(cluster, count))
    assert int(cluster.s3(0).get(bucket, "counter").body) == total == 5 * RACERS


def test_one_of_many_makes_the_bucket(cluster: Cluster, name: str) -> None:
    statuses = race(cluster, lambda s3, _: s3.create_bucket(f"{name}-raced").status)
    assert set(statuses) <= {200, 409} and statuses.count(200) >= 1
    assert cluster.s3(0).put(f"{name}-raced", "object", b"x").status == 200


def test_all_replicas_order_versions_alike(cluster: Cluster, bucket: str) -> None:
    assert set_state(cluster.s3(0), bucket, "Enabled").status == 200

    def write(s3: S3, number: int) -> list[str]:
        return [s3.put(bucket, "object", b"%d" % number)["x-amz-version-id"] for _ in range(5)]

    ids = [id for each in race(cluster, write) for id in each]
    assert len(set(ids)) == 5 * RACERS
    orders = []
    for number in range(REPLICAS):
        rows = document(cluster.s3(number).request("GET", f"/{bucket}", query="versions"))
        orders.append([row.findtext("VersionId", "") for row in rows.iter("Version")])
    assert orders[0] == orders[1] == orders[2] and sorted(orders[0]) == sorted(ids)


def test_complete_abort_and_parts_of_one_upload(cluster: Cluster, bucket: str) -> None:
    """One Complete or Abort wins. The others answer that there is no such upload, or that it is already
    completed."""
    for round in range(5):
        path = f"/{bucket}/upload-{round}"
        upload = document(cluster.s3(0).request("POST", path, query="uploads")).findtext("UploadId", "")
        where = f"partNumber=1&uploadId={upload}"
        etag = cluster.s3(1).request("PUT", path, query=where, body=b"part")["ETag"]
        body = f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"

        def end(s3: S3, number: int) -> tuple[str, int]:
            if number % 3 == 0:
                return "abort", s3.request("DELETE", path, query=f"uploadId={upload}").status
            if number % 3 == 1:
                return "part", s3.request("PUT", path, query=where, body=b"part").status
            answer = s3.request("POST", path, query=f"uploadId={upload}", body=body.encode())
            return "complete", 404 if b"<Code>NoSuchUpload" in answer.body else answer.status

        outcomes = race(cluster, end)
        assert all(status in (200, 204, 404) for _, status in outcomes), outcomes
        aborted = ("abort", 204) in outcomes
        completed = ("complete", 200) in outcomes
        assert aborted != completed, outcomes
        found = cluster.s3(2).get(bucket, f"upload-{round}")
        assert (found.status, found.body) == (200, b"part") if completed else found.status == 404


def test_copies_race_with_the_deletion_of_their_source(cluster: Cluster, bucket: str) -> None:
    """Each copy is whole, or does not exist."""
    for round in range(5):
        source, body = f"source-{round}", bytes([round]) * 50_000
        assert cluster.s3(0).put(bucket, source, body).status == 200

        def act(s3: S3, number: int) -> tuple[int, int]:
            if number % 4 == 0:
                return number, s3.delete(bucket, source).status
            headers = [("x-amz-copy-source", f"/{bucket}/{source}")]
            return number, s3.request("PUT", f"/{bucket}/copy-{round}-{number}", headers=headers).status

        for number, status in race(cluster, act):
            if number % 4 == 0:
                assert status == 204
                continue
            found = cluster.s3(number + 1).get(bucket, f"copy-{round}-{number}")
            assert status in (200, 404), status
            assert (found.status, found.body) == (200, body) if status == 200 else found.status == 404

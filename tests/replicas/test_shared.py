"""A request may go to any replica."""

from __future__ import annotations

import itertools
import os

from replicas.cluster import REPLICAS, Cluster

from support.faces import WRITTEN
from support.keys import CustomerKey
from support.s3 import document
from support.versions import set_state
from support.waiting import wait_until


def test_all_replicas_read_an_object_of_one(cluster: Cluster, bucket: str) -> None:
    key = CustomerKey.new()
    for number in range(REPLICAS):
        for writer in cluster.faces(number):
            for size in (100, 100_000):
                body, name = os.urandom(size), f"{writer.name}-{number}-{size}"
                assert writer.put(bucket, name, body, writer.keyed(key)).status in WRITTEN
                for reader in itertools.chain(*(cluster.faces(other) for other in range(REPLICAS))):
                    assert reader.get(bucket, name, reader.keyed(key)).body == body
                    assert reader.get(bucket, name, reader.keyed(CustomerKey.new())).status == 403


def test_all_replicas_list_alike_at_once(cluster: Cluster, bucket: str) -> None:
    expected = {}
    for number in range(12):
        face = cluster.faces(number)[number % 2]
        assert face.put(bucket, f"object-{number}", b"x" * number).status in WRITTEN
        expected[f"object-{number}"] = number
        for other in range(REPLICAS):
            for face in cluster.faces(other):
                assert face.sizes(bucket) == expected


def test_parts_go_to_different_replicas(cluster: Cluster, bucket: str) -> None:
    key, part = CustomerKey.new(), 5 << 20
    begun = cluster.s3(0).request("POST", f"/{bucket}/large", query="uploads", headers=key.s3())
    upload = document(begun).findtext("UploadId", "")
    bodies = [os.urandom(part), os.urandom(part), os.urandom(1000)]
    rows = ""
    for number, body in enumerate(bodies, 1):
        where = f"partNumber={number}&uploadId={upload}"
        answer = cluster.s3(number).request("PUT", f"/{bucket}/large", query=where, headers=key.s3(), body=body)
        assert answer.status == 200, answer.text
        rows += f"<Part><PartNumber>{number}</PartNumber><ETag>{answer['ETag']}</ETag></Part>"
    body = f"<CompleteMultipartUpload>{rows}</CompleteMultipartUpload>".encode()
    done = cluster.s3(1).request("POST", f"/{bucket}/large", query=f"uploadId={upload}", headers=key.s3(), body=body)
    assert done.status == 200 and b"<Error>" not in done.body, done.text
    for number in range(REPLICAS):
        for face in cluster.faces(number):
            assert face.get(bucket, "large", face.keyed(key)).body == b"".join(bodies)


def test_all_replicas_accept_a_token(cluster: Cluster, bucket: str) -> None:
    issued = cluster.swift(0)
    assert issued.put(bucket, "object", b"body").status == 201
    for number in range(1, REPLICAS):
        other = cluster.swift(number)
        other.token = issued.token
        assert other.get(bucket, "object").body == b"body"


def test_no_replica_accepts_a_revoked_token(cluster: Cluster, bucket: str) -> None:
    revoked, others = cluster.swift(0), [cluster.swift(number) for number in range(1, REPLICAS)]
    for other in others:
        other.token = revoked.token
        assert other.request("HEAD", bucket).status == 204
    subject = [("X-Subject-Token", revoked.token)]
    assert revoked.absolute("DELETE", "/v3/auth/tokens", headers=subject).status == 204
    assert revoked.request("HEAD", bucket).status == 401
    for other in others:
        # The time limit is the lifetime of a replica's cache.
        wait_until(lambda: other.request("HEAD", bucket).status == 401)
    assert cluster.swift(0).token != revoked.token
    assert cluster.replicas[0].stop() == 0
    cluster.replicas[0].start()
    revoked.wire = cluster.swift(0).wire
    assert revoked.request("HEAD", bucket).status == 401


def test_all_replicas_see_a_change_of_a_bucket_in_time(cluster: Cluster, bucket: str) -> None:
    assert set_state(cluster.s3(0), bucket, "Enabled").status == 200
    # A write asks the index itself. It makes a version at once, even if the replica's cache of the bucket is
    # older.
    ids = {cluster.s3(number).put(bucket, "object", b"x")["x-amz-version-id"] for number in range(REPLICAS)}
    assert len(ids) == REPLICAS and "null" not in ids
    told = [("X-Container-Meta-Colour", "blue")]
    clients = [cluster.swift(number) for number in range(REPLICAS)]
    for swift in clients:
        assert "X-Container-Meta-Colour" not in swift.request("HEAD", bucket), "each cache has the state from before"
    assert clients[1].request("POST", bucket, headers=told).status in (202, 204)
    for swift in clients:
        wait_until(lambda: swift.request("HEAD", bucket).get("X-Container-Meta-Colour") == "blue")


def test_a_deleted_bucket_is_gone_on_all_replicas(cluster: Cluster, bucket: str) -> None:
    for number in range(REPLICAS):
        assert cluster.s3(number).put(bucket, "object", b"x").status == 200
    assert cluster.s3(0).delete(bucket, "object").status == 204
    assert cluster.s3(1).request("DELETE", f"/{bucket}").status == 204
    for number in range(REPLICAS):
        assert cluster.s3(number).put(bucket, "object", b"x").status == 404
        assert cluster.swift(number).put(bucket, "object", b"x").status == 404


def test_a_bucket_made_again_is_on_all_replicas_at_once(cluster: Cluster, bucket: str) -> None:
    def remembered() -> None:
        for number in range(REPLICAS):
            for face in cluster.faces(number):
                assert face.put(bucket, face.name, b"x").status in WRITTEN
                assert face.get(bucket, face.name).body == b"x"

    def made_again() -> None:
        remembered()
        for name in cluster.faces(0)[0].sizes(bucket):
            assert cluster.s3(0).delete(bucket, name).status == 204
        assert cluster.s3(0).request("DELETE", f"/{bucket}").status == 204
        assert cluster.s3(0).create_bucket(bucket).status == 200
        assert cluster.s3(0).put(bucket, "new", b"new").status == 200

    made_again()
    assert cluster.s3(1).put(bucket, "object", b"x").status == 200
    assert cluster.swift(2).get(bucket, "new").body == b"new"
    made_again()
    assert cluster.swift(1).put(bucket, "object", b"x").status == 201
    assert cluster.s3(2).request("GET", f"/{bucket}").status == 200
    made_again()
    copied = [("x-amz-copy-source", f"/{bucket}/new")]
    assert cluster.s3(1).request("PUT", f"/{bucket}/copy", headers=copied).status == 200
    assert cluster.s3(2).get(bucket, "new").body == b"new"


def test_all_replicas_see_a_setting_of_one(cluster: Cluster, bucket: str) -> None:
    tagging = b"<Tagging><TagSet><Tag><Key>writer</Key><Value>%d</Value></Tag></TagSet></Tagging>"

    def seen(number: int) -> bytes:
        return cluster.s3(number).request("GET", f"/{bucket}", query="tagging").body

    # Each replica keeps what it has parsed. The bucket's row says that another has changed it.
    for writer in itertools.islice(itertools.cycle(range(REPLICAS)), 2 * REPLICAS):
        put = cluster.s3(writer).request("PUT", f"/{bucket}", query="tagging", body=tagging % writer)
        assert put.status == 204, put.text
        for reader in range(REPLICAS):
            assert b"<Value>%d</Value>" % writer in seen(reader), (writer, reader)
    assert cluster.s3(1).request("DELETE", f"/{bucket}", query="tagging").status == 204
    for reader in range(REPLICAS):
        assert b"NoSuchTagSet" in seen(reader)

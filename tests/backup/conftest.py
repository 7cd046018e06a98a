"""An installation with objects of all kinds, and a check that all of them are there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support import people
from support.faces import Face, S3Face, SwiftFace
from support.keys import CustomerKey
from support.multipart import Upload, piece
from support.s3 import S3
from support.server import Server
from support.swift import Swift
from support.versions import by_s3, set_state

KEY = CustomerKey.new()
SIZES = (0, 100, 200_000)


@dataclass
class Contents:
    """The acknowledged objects: bodies by bucket, name, and key, and the versions of one object."""

    objects: dict[tuple[str, str], tuple[bytes, CustomerKey | None]] = field(default_factory=dict)
    versions: dict[str, bytes] = field(default_factory=dict)

    def fill(self, server: Server) -> "Contents":
        s3, swift = S3(server.tls, people.OWNER), Swift(server.tls, people.OWNER)
        faces: list[Face] = [S3Face(s3), SwiftFace(swift)]
        for bucket in ("bucket", "parts", "versions"):
            assert s3.create_bucket(bucket).status == 200
        for face in faces:
            for size in SIZES:
                for kind, key in (("plain", None), ("sealed", KEY)):
                    self.put(face, "bucket", f"{face.name}-{kind}-{size}", os.urandom(size), key)
        for key in (None, KEY):
            bodies = [piece(f"one {key is None}"), piece("two", 1000)]
            upload = Upload.begin(s3, "parts", f"multipart-{key is None}", customer=key)
            for number, body in enumerate(bodies, 1):
                upload.part(number, body)
            assert upload.complete().status == 200
            self.objects["parts", f"multipart-{key is None}"] = (b"".join(bodies), key)
        for index, body in enumerate([b"a" * 70_000, b"b" * 100]):
            self.put(faces[1], "parts", f"segments/{index}", body, None)
        manifest = json.dumps([{"path": f"/parts/segments/{index}"} for index in range(2)]).encode()
        made = swift.request("PUT", "parts/large", query="multipart-manifest=put", body=manifest)
        assert made.status == 201, made.text
        self.objects["parts", "large"] = (b"a" * 70_000 + b"b" * 100, None)
        assert set_state(s3, "versions", "Enabled").status == 200
        for body in (b"first", b"second" * 10_000, b"third"):
            answer = s3.put("versions", "object", body)
            assert answer.status == 200
            self.versions[answer["x-amz-version-id"]] = body
        assert s3.delete("versions", "object").status == 204
        s3.close()
        swift.close()
        return self

    def put(self, face: Face, bucket: str, name: str, body: bytes, key: CustomerKey | None) -> None:
        assert face.put(bucket, name, body, face.keyed(key)).status in (200, 201)
        self.objects[bucket, name] = (body, key)

    def assert_there(self, server: Server) -> None:
        """Everything reads back through both protocols, and an object under a key reads back with that key
        alone."""
        s3, swift = S3(server.tls, people.OWNER), Swift(server.tls, people.OWNER)
        faces: list[Face] = [S3Face(s3), SwiftFace(swift)]
        for (bucket, name), (body, key) in self.objects.items():
            for face in faces:
                got = face.get(bucket, name, face.keyed(key))
                assert (got.status, got.body == body) == (200, True), (face.name, bucket, name, got.status)
                if key is not None:
                    assert face.get(bucket, name).status == 400, "the object reads without its key"
        for version, body in self.versions.items():
            assert s3.get("versions", "object", query=f"versionId={version}").body == body
        assert s3.get("versions", "object").status == 404
        assert len(by_s3(s3, "versions")) == len(self.versions) + 1
        s3.close()
        swift.close()


@dataclass
class Filled:
    """A stopped installation."""

    data: Path
    contents: Contents


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    with Server(tmp_path_factory.mktemp("filled"), log_level="info") as server:
        contents = Contents().fill(server)
        assert server.stop() == 0
        return Filled(server.data, contents)


@pytest.fixture
def stopped(fresh: Callable[..., Server], filled: Filled) -> Server:
    """A stopped server with a copy of that installation."""
    server = fresh(log_level="info")
    shutil.copytree(filled.data, server.data)
    return server

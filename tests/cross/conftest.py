"""The faces, as writers and as readers."""

from __future__ import annotations

import pytest

from support.faces import Face, S3Face, SwiftFace
from support.s3 import S3
from support.swift import Swift

FACES = ("s3", "swift")


@pytest.fixture(scope="session")
def faces(s3: S3, swift: Swift) -> dict[str, Face]:
    return {"s3": S3Face(s3), "swift": SwiftFace(swift)}


@pytest.fixture(params=FACES, ids=lambda face: f"by-{face}")
def writer(request: pytest.FixtureRequest, faces: dict[str, Face]) -> Face:
    """The face that writes."""
    return faces[request.param]


@pytest.fixture(params=FACES, ids=lambda face: f"from-{face}")
def reader(request: pytest.FixtureRequest, faces: dict[str, Face]) -> Face:
    """The face that reads."""
    return faces[request.param]


@pytest.fixture(params=[False, True], ids=["plain", "sse-c"])
def sealed(request: pytest.FixtureRequest) -> bool:
    """Whether the object is written with a customer's key."""
    return bool(request.param)

"""Replicas: gateways that share only a database, a store, a key ring and a CA."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stores.backends import Prefix
from support import below, people
from support.faces import Face, S3Face, SwiftFace
from support.postgres import Postgres
from support.s3 import S3
from support.server import Server
from support.swift import Swift

REPLICAS = 3


class Cluster:
    """Several gateways, all of them ready."""

    def __init__(self, folder: Path, database: Postgres, place: Prefix, **settings: Any) -> None:
        self.folder, self.place = folder, place
        self.database, self.name = database, database.database()
        folder.mkdir(parents=True, exist_ok=True)
        shared = {
            "index": database.url(self.name),
            "index_connections": 8,
            "keyring": str(below.keyring(folder)),
            **place.settings,
            **settings,
        }
        self.replicas = [
            Server(folder / f"replica-{number}", environment=place.environment, **shared) for number in range(REPLICAS)
        ]

    def start(self) -> "Cluster":
        """Starts one gateway first. All share its CA. Then the others start."""
        first, *others = self.replicas
        first.start()
        for other in others:
            shutil.copytree(first.data / "tls", other.data / "tls")
            other.spawn()
        for other in others:
            other.wait_until_ready()
        return self

    def __iter__(self) -> Iterator[Server]:
        return iter(self.replicas)

    def s3(self, number: int, user: people.User = people.OWNER) -> S3:
        return S3(self.replicas[number % REPLICAS].tls, user)

    def swift(self, number: int, user: people.User = people.OWNER) -> Swift:
        return Swift(self.replicas[number % REPLICAS].tls, user)

    def faces(self, number: int) -> list[Face]:
        """Both faces of one replica."""
        return [S3Face(self.s3(number)), SwiftFace(self.swift(number))]

    def sql(self, question: str) -> str:
        return self.database.psql(question, self.name)

    def kill(self) -> None:
        for each in self.replicas:
            each.kill()

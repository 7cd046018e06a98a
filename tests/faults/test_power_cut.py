"""Power cuts at any moment: acknowledged writes are whole, no write is there in part, and the gateway starts.

A gateway runs under `strace`, which records its writes and syncs. From the record the test makes the disk as
it would be after a cut at some call: once without any byte that was not synced, once with a random part of
those bytes.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from faults.actors import Clients, Held
from faults.crash import Root
from faults.power import Disk
from faults.recording import Call, calls, command
from faults.strace import strace

from support import places
from support.faces import WRITTEN, Face
from support.fsck import assert_clean, fsck
from support.keys import CustomerKey
from support.s3 import S3, document
from support.server import Server, clean_environment, files_below
from support.swift import Swift
from support.waiting import wait_until

SETTINGS = {"accounts": False, "log_level": "warn", "require_tls_for_customer_keys": False}
SIZES = (0, 300, 15_000, 20_000, 200_000, 1_500_000)
KEYS = [None, CustomerKey.new(), CustomerKey.new()]
PART = 5 << 20


class OnDisk(Server):
    """A server whose data folder contains the whole disk."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, **SETTINGS)
        self.disk = folder / "disk"
        self.data = self.disk / "data"


class Recorded(OnDisk):
    """A server under strace. Each run has a log of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.disk.mkdir()
        self.logs: list[Path] = []

    def spawn(self) -> subprocess.Popen[bytes]:
        self.logs.append(self.folder / f"calls-{len(self.logs)}")
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [*command(strace(), self.logs[-1]), places.binary(), "serve", "--config", self.config, "--data", self.data],
                cwd=self.folder,
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self.process

    def _signal(self, number: int) -> None:
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for child in children.read_text().split() if children.exists() else []:
            os.kill(int(child), number)

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self._signal(signal.SIGKILL)
            self.process.wait()


@dataclass
class Change:
    """A change of one object: the time of the request, and the time of its acknowledgement."""

    held: Held | None
    asked: float
    acknowledged: float


@dataclass
class Client:
    """Works on its own names, one change after another."""

    number: int
    chance: random.Random
    history: dict[str, list[Change]] = field(default_factory=dict)
    failure: BaseException | None = None

    def run(self, clients: Clients, steps: int) -> None:
        try:
            for _ in range(steps):
                self.step(clients)
        except BaseException as failure:  # noqa: BLE001
            self.failure = failure

    def step(self, clients: Clients) -> None:
        name = f"c{self.number}-{self.chance.randrange(5)}"
        changes = self.history.setdefault(name, [])
        held, kind, face = changes[-1].held if changes else None, self.chance.random(), self.chance.choice(clients.faces)
        key = self.chance.choice(KEYS)
        asked = time.time()
        if held and kind < 0.2:
            assert face.delete("bucket", name).status == 204
            new = None
        elif held and kind < 0.35:
            # Resealed in its place: no byte of it moves.
            new = Held(held.body, self.chance.choice([other for other in KEYS if other != held.key]))
            opens = [(header.replace("x-amz-", "x-amz-copy-source-"), value) for header, value in held.key.s3()] if held.key else []
            sealed = new.key.s3() if new.key else [("x-amz-server-side-encryption", "AES256")]
            headers = [("x-amz-copy-source", f"/bucket/{name}"), *opens, *sealed]
            answer = clients.s3.request("PUT", f"/bucket/{name}", headers=headers)
            assert answer.status == 200 and b"<Error>" not in answer.body, answer.text
        elif kind < 0.45:
            new = Held(self.in_parts(clients.s3, name, key), key)
        else:
            new = Held(f"{name} {len(changes)} ".encode() + self.chance.randbytes(self.chance.choice(SIZES)), key)
            answer = face.put("bucket", name, new.body, face.keyed(key))
            assert answer.status in WRITTEN, answer.text
        changes.append(Change(new, asked, time.time()))

    def in_parts(self, s3: S3, name: str, key: CustomerKey | None) -> bytes:
        headers, path = key.s3() if key else [], f"/bucket/{name}"
        id = document(s3.request("POST", path, query="uploads", headers=headers)).findtext("UploadId", "")
        rows, parts = "", [self.chance.randbytes(PART), self.chance.randbytes(100)]
        for number, part in enumerate(parts, 1):
            where = f"partNumber={number}&uploadId={id}"
            answer = s3.request("PUT", path, query=where, headers=headers, body=part, sha256=False)
            assert answer.status == 200, answer.text
            rows += f"<Part><PartNumber>{number}</PartNumber><ETag>{answer['ETag']}</ETag></Part>"
        body = f"<CompleteMultipartUpload>{rows}</CompleteMultipartUpload>".encode()
        answer = s3.request("POST", path, query=f"uploadId={id}", headers=headers, body=body, sha256=False)
        assert answer.status == 200 and b"<Error>" not in answer.body, answer.text
        return b"".join(parts)

    def holds(self, name: str, when: float) -> list[Held | None]:
        """The allowed contents of an object at a moment: those of the last acknowledged change, and of
        requests since then."""
        changes = self.history[name]
        known = [number for number, change in enumerate(changes) if change.acknowledged <= when]
        asked = [change.held for number, change in enumerate(changes) if change.asked <= when and number > max(known, default=-1)]
        return [changes[max(known)].held if known else None, *asked]


@dataclass
class Recording:
    """The calls of a gateway, and the acknowledgements of its clients."""

    root: Path
    calls: list[Call]
    clients: list[Client]
    user: Root
    bucket: float
    """The time at which the bucket was acknowledged."""

    @classmethod
    def make(cls, folder: Path, seed: int, steps: int) -> "Recording":
        server, chance = Recorded(folder), random.Random(seed)
        workers = [Client(number, random.Random(seed * 10 + number)) for number in range(3)]
        try:
            user, bucket, swift = None, 0.0, None
            # One run ends well, and one is killed: the next run has to sweep its leftovers.
            for end in ("stop", "kill", "wait"):
                server.start()
                user = user or Root.of(server)
                swift = Swift(server.plain, user) if swift is None else swift.again()
                if not bucket:
                    assert S3(server.plain, user).create_bucket("bucket").status == 200
                    bucket = time.time()
                each = [(worker, Clients(S3(server.plain, user), swift.again())) for worker in workers]
                threads = [threading.Thread(target=worker.run, args=(clients, steps)) for worker, clients in each]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                for worker in workers:
                    if worker.failure:
                        raise worker.failure
                if end == "stop":
                    assert server.stop() == 0
                elif end == "kill":
                    server.kill()
                else:
                    # The freed blobs are deleted.
                    live = sum(len(h.body) > 16_000 for w in workers for c in w.history.values() if (h := c[-1].held))
                    wait_until(lambda: len(server.blob_files()) <= live * 2)
                    time.sleep(chance.uniform(0, 1))
                    server.kill()
            found = [call for log in server.logs for call in calls(log, server.disk)]
        finally:
            server.kill()
        assert user and len(found) > 500, "strace saw hardly anything: run this as root"
        return cls(server.disk, found, workers, user, bucket)

    def acknowledgements(self) -> list[float]:
        return sorted(change.acknowledged for client in self.clients for each in client.history.values() for change in each)

    def cuts(self, chance: random.Random, count: int) -> list[int]:
        """Numbers of calls after which the power goes: half of them anywhere, half just after an
        acknowledgement."""
        anywhere = chance.sample(range(1, len(self.calls)), count - count // 2)
        told = chance.sample(self.acknowledgements(), count // 2)
        after = [next((n for n, call in enumerate(self.calls) if call.at >= when), len(self.calls) - 1) for when in told]
        return sorted(set(anywhere + after))


class Cut:
    """A gateway on a disk after a cut."""

    def __init__(self, folder: Path, recording: Recording, disk: Disk, when: float, chance: random.Random | None) -> None:
        self.recording, self.when = recording, when
        self.server = OnDisk(folder)
        self.existed = recording.bucket <= when
        disk.after(self.server.disk, chance)
        # The files are as old as the cut. Orphans much younger than the last heartbeat would be taken for
        # proof of an index that was set back.
        for path in files_below(self.server.disk):
            os.utime(path, (when, when))

    def check(self) -> None:
        if self.existed:
            checked = fsck(self.server)
            assert (checked.code, checked.report.get("findings")) == (0, []), checked.stderr
        self.server.start()
        try:
            if self.existed:
                self.compare()
            wait_until(lambda: self.unswept() == 1)
            assert self.server.stop() == 0
        finally:
            self.server.kill()
        assert_clean(self.server, "--deep")

    def compare(self) -> None:
        s3, swift = S3(self.server.plain, self.recording.user), Swift(self.server.plain, self.recording.user)
        clients = Clients(s3, swift)
        sizes: dict[str, int] = {}
        for client in self.recording.clients:
            for number, name in enumerate(sorted(client.history)):
                face = clients.faces[number % 2]
                held = self.observe(face, name, client.holds(name, self.when))
                if held:
                    sizes[name] = len(held.body)
        for face in clients.faces:
            assert face.sizes("bucket") == sizes
        for face in clients.faces:
            assert face.put("bucket", f"{face.name}-after", b"a" * 50_000).status in WRITTEN
        clients.close()

    @staticmethod
    def observe(face: Face, name: str, candidates: list[Held | None]) -> Held | None:
        said = []
        for held in candidates:
            answer = face.get("bucket", name, face.keyed(held.key) if held else [])
            if held is None and answer.status == 404:
                return None
            if held is not None and answer.status == 200 and answer.complete and answer.body == held.body:
                return held
            said.append(f"wanted {len(held.body) if held else None}, got {answer.status}, {len(answer.body)} bytes")
        raise AssertionError(f"{name} on {face.name} is lost or there in part: {said}")

    def unswept(self) -> int:
        with sqlite3.connect(f"file:{self.server.data / 'index.db'}?mode=ro", uri=True) as index:
            return index.execute("SELECT count(*) FROM writers WHERE swept IS NULL").fetchone()[0]


def cut(folder: Path, seed: int, count: int, steps: int) -> None:
    recording = Recording.make(folder / "recorded", seed, steps)
    chance, disk, done = random.Random(seed), Disk(recording.root), 0
    cuts = recording.cuts(chance, count)
    for number, call in enumerate(recording.calls):
        disk.apply(call)
        if number not in cuts:
            continue
        where = folder / f"cut-{number}"
        leaves = chance.choice([None, random.Random(number)])
        try:
            Cut(where, recording, disk, call.at, leaves).check()
        except AssertionError as failure:
            kind = "with what chance left" if leaves else "without what was not synced"
            raise AssertionError(f"after call {number}, {kind}: {call.name}({call.arguments[:150]}\n{failure}") from failure
        shutil.rmtree(where)
        done += 1
    assert done == len(cuts)


@pytest.mark.parametrize("seed", range(1, 5))
def test_a_power_cut(tmp_path: Path, seed: int) -> None:
    cut(tmp_path, seed, count=12, steps=10)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(11, 19))
def test_a_power_cut_many_times(tmp_path: Path, seed: int) -> None:
    cut(tmp_path, seed, count=60, steps=25)


def first_start(folder: Path, count: int | None) -> None:
    server = Recorded(folder / "recorded")
    server.start()
    server.kill()
    recorded, disk, chance = list(calls(server.logs[0], server.disk)), Disk(server.disk), random.Random(1)
    syncs = [number for number, call in enumerate(recorded) if call.name == "fsync" and not call.started]
    cuts = sorted({near for number in syncs for near in (number - 1, number)})
    if count:
        cuts = sorted(chance.sample(cuts, count))
    for number, call in enumerate(recorded):
        disk.apply(call)
        if number not in cuts:
            continue
        after = OnDisk(folder / f"cut-{number}")
        disk.after(after.disk, chance.choice([None, random.Random(number)]))
        after.start()
        assert S3(after.plain, Root.of(after)).create_bucket("bucket").status == 200, f"after call {number}"
        assert after.stop() == 0
        assert_clean(after, "--deep")


def test_a_power_cut_at_the_first_start(tmp_path: Path) -> None:
    """Whatever an interrupted first start has lost, the next start makes it."""
    first_start(tmp_path, 12)


@pytest.mark.full
def test_a_power_cut_at_every_sync_of_the_first_start(tmp_path: Path) -> None:
    first_start(tmp_path, None)

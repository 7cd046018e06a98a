"""The certificate is that of its files. A new pair is served without a restart, half a pair never."""

from __future__ import annotations

import signal
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.certificates import Pair, shown
from support.server import Server
from support.waiting import wait_until
from support.wire import Address

LOOKS = 3.0
"""Seconds between two looks at the files."""
REPLACED, STAYS, READ = "has changed and was replaced", "stays as it was", "was read again"


class Serving:
    """A gateway, the folder of its certificate, and its log lines about it."""

    def __init__(self, fresh: Callable[..., Server], folder: Path) -> None:
        self.folder, self.first = folder, Pair.new()
        folder.mkdir(exist_ok=True)
        if not (folder / "tls.crt").exists():
            self.first.write(folder)
        self.server = fresh(tls_certificate=folder / "tls.crt", tls_key=folder / "tls.key", log_level="info", header_timeout="10m").start()

    @property
    def shown(self) -> bytes:
        return shown(self.server.ports["tls"])

    def said(self, words: str) -> int:
        return self.server.log().count(f"the certificate {words}")

    def has_said_once_that_it_was_replaced(self) -> None:
        """The listener shows it shortly before it writes this line."""
        wait_until(lambda: (self.said(REPLACED), self.said(STAYS)) == (1, 0))


@pytest.fixture
def serving(fresh: Callable[..., Server], tmp_path: Path) -> Serving:
    return Serving(fresh, tmp_path / "tls")


def test_a_new_pair_is_served(serving: Serving) -> None:
    assert serving.shown == serving.first.der
    context = ssl.create_default_context(cafile=str(serving.folder / "tls.crt"))
    context.check_hostname = False
    second = Pair.new()
    with context.wrap_socket(Address(serving.server.ports["tls"]).connect(60), server_hostname="localhost") as old:
        second.write(serving.folder)
        wait_until(lambda: serving.shown == second.der)
        # Open connections go on.
        old.sendall(b"GET /healthcheck HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert old.recv(4096).startswith(b"HTTP/1.1 200 ")
    serving.has_said_once_that_it_was_replaced()


def test_unchanged_files_are_not_logged(serving: Serving) -> None:
    serving.first.write(serving.folder)
    time.sleep(2 * LOOKS)
    assert "the certificate" not in serving.server.log()
    assert serving.shown == serving.first.der


def test_the_kubelet_swaps_a_link(fresh: Callable[..., Server], tmp_path: Path) -> None:
    """In a mounted Secret, files are links into `..data/`. That is a link to a folder, and is replaced in one
    step."""
    folder, first, second = tmp_path / "mounted", Pair.new(), Pair.new()
    for name, pair in (("..one", first), ("..two", second)):
        (folder / name).mkdir(parents=True)
        pair.write(folder / name)
    (folder / "..data").symlink_to("..one")
    for name in ("tls.crt", "tls.key"):
        (folder / name).symlink_to(f"..data/{name}")
    serving = Serving(fresh, folder)
    assert serving.shown == first.der
    (folder / "..data_tmp").symlink_to("..two")
    (folder / "..data_tmp").rename(folder / "..data")
    wait_until(lambda: serving.shown == second.der)
    serving.has_said_once_that_it_was_replaced()


def certificate_alone(folder: Path, new: Pair) -> None:
    (folder / "tls.crt").write_bytes(new.certificate)


def key_alone(folder: Path, new: Pair) -> None:
    (folder / "tls.key").write_bytes(new.key)


def half_a_certificate(folder: Path, new: Pair) -> None:
    (folder / "tls.key").write_bytes(new.key)
    (folder / "tls.crt").write_bytes(new.certificate[: len(new.certificate) // 2])


def half_a_key(folder: Path, new: Pair) -> None:
    (folder / "tls.crt").write_bytes(new.certificate)
    (folder / "tls.key").write_bytes(new.key[: len(new.key) // 2])


def neither(folder: Path, new: Pair) -> None:
    (folder / "tls.crt").unlink()
    (folder / "tls.key").unlink()


BROKEN = (certificate_alone, key_alone, half_a_certificate, half_a_key, neither)


def test_half_a_pair_changes_nothing(fresh: Callable[..., Server], tmp_path: Path) -> None:
    """The old certificate is served further, and one line says so. The second half of the pair completes
    it."""
    all_of_them = [(Serving(fresh, tmp_path / broken.__name__), broken, Pair.new()) for broken in BROKEN]
    for serving, broken, second in all_of_them:
        broken(serving.folder, second)
    for serving, *_ in all_of_them:
        wait_until(lambda serving=serving: serving.said(STAYS) == 1)
    time.sleep(2 * LOOKS)
    for serving, broken, second in all_of_them:
        assert (serving.said(STAYS), serving.said(REPLACED)) == (1, 0), broken.__name__
        assert serving.shown == serving.first.der and serving.server.is_ready()
        assert second.key.decode().splitlines()[1] not in serving.server.log()
        second.write(serving.folder)
    for serving, broken, second in all_of_them:
        wait_until(lambda serving=serving, second=second: serving.shown == second.der)
        wait_until(lambda serving=serving: serving.said(REPLACED) == 1)


def test_a_hang_up_reads_the_files_at_once(serving: Serving) -> None:
    second, process = Pair.new(), serving.server.process
    assert process is not None
    second.write(serving.folder)
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: serving.said(READ) == 1)
    assert serving.shown == second.der
    (serving.folder / "tls.key").write_bytes(b"")
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: serving.said(STAYS) >= 1)
    assert serving.shown == second.der


def test_a_hang_up_makes_a_generated_certificate_again(fresh: Callable[..., Server]) -> None:
    server = fresh(log_level="info").start()
    port, process = server.ports["tls"], server.process
    first = shown(port)
    assert process is not None and shown(port) == first
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: "the certificate was read again" in server.log())
    assert shown(port) != first
    with server.tls.connect(60):
        pass

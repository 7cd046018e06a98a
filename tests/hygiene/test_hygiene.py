"""Key hygiene: after all kinds of requests with keys, at TRACE, no form of a key is anywhere."""

from __future__ import annotations

import random
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from support import below, leaks, people
from support.keys import S3 as S3_PREFIX
from support.keys import SWIFT as SWIFT_PREFIX
from support.keys import CustomerKey, b64
from support.s3 import S3
from support.server import Server
from support.swift import Swift
from support.wire import Connection

SIZES = (0, 5, 16000, 70000, 2_000_000)


def use_keys(server: Server) -> list[CustomerKey]:
    """Uses keys in every way, right and wrong, and returns all keys that were sent."""
    s3, swift = S3(server.tls, people.OWNER), Swift(server.tls, people.OWNER)
    right, wrong, short = CustomerKey.new(), CustomerKey.new(), CustomerKey(random.Random(1).randbytes(24))
    assert s3.create_bucket("bucket").status == 200
    for face, headers in ((s3, right.s3()), (swift, right.swift(md5=True))):
        for size in SIZES:
            name = f"{type(face).__name__}-{size}"
            assert face.put("bucket", name, b"x" * size, headers).status in (200, 201)
            assert face.get("bucket", name, headers).status == 200
            assert face.head("bucket", name, headers).status == 200
            part = face.get("bucket", name, [("Range", "bytes=1-3"), *headers]).status
            assert part == (206 if size else 416)
        assert face.get("bucket", "none", headers).status == 404
        assert face.put("none", "none", b"", headers).status == 404
    for verb in (s3.get, s3.head):
        assert verb("bucket", "Swift-5", wrong.s3()).status == 403
        assert verb("bucket", "Swift-5", short.s3()).status == 403
        assert verb("bucket", "Swift-5", CustomerKey(right.base64.encode()).s3()).status == 403
    assert swift.get("bucket", "S3-5", wrong.swift()).status == 403
    assert swift.post("bucket", "S3-5", [("X-Object-Meta-A", "b"), *right.swift()]).status == 202
    assert swift.post("bucket", "S3-5", wrong.swift()).status == 403
    for key in (right, wrong, short):
        misuse(server, s3, swift, key)
    s3.close(), swift.close()
    return [right, wrong, short]


def misuse(server: Server, s3: S3, swift: Swift, key: CustomerKey) -> None:
    """Sends a key in places where no key may be."""
    quoted = quote(key.base64, safe="")
    base64 = key.base64
    # In queries, in both spellings, signed, presigned and unsigned.
    for name in (S3_PREFIX + "key", S3_PREFIX + "key-MD5", SWIFT_PREFIX + "Key", SWIFT_PREFIX.lower() + "key"):
        for value in (quoted, base64.replace("+", "%2b"), key.raw.hex()):
            assert s3.request("GET", "/bucket/S3-5", query=f"{name}={value}").status in (400, 403)
            assert swift.request("GET", "bucket/S3-5", query=f"{name}={value}").status == 400
            assert s3.wire.request("PUT", f"/bucket/x?{name}={value}", []).status == 400
    # In the name of a parameter: the padding of the key is then the parameter's equals sign.
    for query in (f"{SWIFT_PREFIX}Key%3D{base64}", f"{SWIFT_PREFIX}Key:{base64}"):
        assert swift.request("GET", "bucket/S3-5", query=query).status == 400
    # As metadata with reserved names, on both faces.
    for header in ("x-amz-meta-encryption-key", "X-Object-Meta-Encryption_Key", "X-Object-Meta-Encryption-Secret"):
        s3.put("bucket", "meta", b"", [(header, base64)])
        swift.put("bucket", "meta", b"", [(header, base64)])
    for path in ("", "bucket"):
        for header in ("X-Account-Meta-Encryption-Key", "X-Container-Meta-Encryption-Key", SWIFT_PREFIX + "Key"):
            swift.request("POST", path, headers=[(header, base64)])
    # Twice, in part, malformed, or in the header of the other protocol.
    for headers in (
        [*key.s3(), *key.s3()],
        [(S3_PREFIX + "key", base64)],
        [(S3_PREFIX + "algorithm", base64)],
        [(S3_PREFIX + "algorithm", "AES256"), (S3_PREFIX + "key", base64[:-1]), (S3_PREFIX + "key-MD5", key.md5)],
        [("x-amz-copy-source-server-side-encryption-customer-key", base64), ("x-amz-copy-source", "/bucket/S3-5")],
    ):
        s3.put("bucket", "bad", b"", headers)
        swift.put("bucket", "bad", b"", headers)
    for headers in (
        [*key.swift(), *key.swift()],
        [(SWIFT_PREFIX + "Key", b64(base64.encode()))],
        [(SWIFT_PREFIX + "Algorithm", base64)],
        [(SWIFT_PREFIX + "Key-MD5", base64)],
        [("X-Copy-From-Encryption-Key", base64), ("X-Copy-From", "/bucket/S3-5")],
        [("X_Object_Meta_Encryption_Key", base64)],
    ):
        swift.put("bucket", "bad", b"", headers)
        s3.put("bucket", "bad", b"", headers)
    # To the faces without TLS, without credentials, and to identity.
    plain = S3(server.plain, people.OWNER)
    assert plain.put("bucket", "plain", b"", key.s3()).status == 400
    for target in ("/bucket/S3-5", "/v1/AUTH_test/bucket/S3-5", "/v3/auth/tokens", "/info", "/none"):
        for headers in (key.s3(), key.swift()):
            s3.wire.request("GET", target, headers)
    # With a signature that fails, and with a signature that names missing headers.
    forged = s3.sign("GET", "/bucket/S3-5", headers=key.s3())
    forged.target += "?x-evil"
    assert forged.send(s3.wire).status == 403
    # In an interrupted body, and in requests that HTTP itself refuses.
    for data in (
        f"PUT {swift.path}/bucket/cut HTTP/1.1\r\nHost: a\r\nX-Auth-Token: {swift.token}\r\n"
        f"Content-Length: 100\r\n{SWIFT_PREFIX}Key: {base64}\r\n\r\nshort",
        f"GET /bucket/x HTTP/1.1\r\n{S3_PREFIX}key: {base64}\r\nbroken header\r\n\r\n",
        f"GET /bucket/x HTTP/1.1\r\nHost: a\r\n{S3_PREFIX}key: {base64}",
    ):
        with Connection(server.tls) as connection:
            connection.send(data.encode())


def database(server: Server) -> dict[str, bytes]:
    """The index, when it is not in a file of the gateway."""
    index = urlsplit(str(server.settings.get("index", "")))
    return {"database": below.postgres().dump(index.path.strip("/"))} if index.scheme == "postgres" else {}


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> tuple[Server, list[CustomerKey], dict[str, bytes]]:
    """A server that has received keys, and has ended."""
    server = Server(tmp_path_factory.mktemp("hygiene"))
    with server:
        keys = use_keys(server)
        texts = {"metrics": server.metrics().encode()}
        assert server.stop() == 0
        texts |= database(server)
    return server, keys, texts


def test_no_key_is_anywhere(used: tuple[Server, list[CustomerKey], dict[str, bytes]]) -> None:
    server, keys, texts = used
    log = server.log()
    assert "DEBUG" in log and log.count("/bucket/S3-5") > 20, "the log is short: the search would prove little"
    assert server.blob_files(), "there are no blobs: the search would prove little"
    leaks.assert_none(keys, server.folder, texts)


def test_no_key_is_in_the_files_of_a_running_gateway(tmp_path: Path) -> None:
    """The server merges the index's write-ahead log when it ends. This test looks before that."""
    with Server(tmp_path) as server:
        keys = use_keys(server)
        texts = {"metrics": server.metrics().encode(), **database(server)}
        assert len(texts) == 2 or list(server.data.glob("*-wal")), "there is no write-ahead log: the search would prove little"
        leaks.assert_none(keys, server.folder, texts)


def test_no_crash_would_write_a_key_to_the_disk(tmp_path: Path) -> None:
    """The process is not dumpable: no core dump is written, and no debugger of another user can attach."""
    with Server(tmp_path) as server:
        assert server.process is not None
        limits = Path(f"/proc/{server.process.pid}/limits").read_text()
        (core,) = [line.split() for line in limits.splitlines() if line.startswith("Max core file size")]
        assert core[4] == "0", core
        # If a process is not dumpable, the files below /proc/PID belong to root. Under root they show it
        # otherwise.
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        dumpable = [line for line in status.splitlines() if line.startswith("CoreDumping")]
        assert dumpable == ["CoreDumping:\t0"]


def test_the_search_finds_every_form(used: tuple[Server, list[CustomerKey], dict[str, bytes]], tmp_path: Path) -> None:
    """A decoy in each form, in the middle of a copy of the searched data. Without this the tests above could
    not fail."""
    server, keys, _ = used
    folder = tmp_path / "copy"
    folder.mkdir()
    log = server.log_file.read_bytes()
    for number, (name, form) in enumerate(keys[0].leaks().items()):
        (folder / str(number)).write_bytes(log[:100_000] + b"x=" + form + b"\n" + log[-100_000:])
    found = {leak.where for leak in leaks.Search(keys).in_folder(folder)}
    assert found == {str(folder / str(number)) for number in range(len(keys[0].leaks()))}
    empty = tmp_path / "empty"
    empty.mkdir()
    for name, form in keys[1].leaks().items():
        with pytest.raises(AssertionError, match="traces of customer keys"):
            leaks.assert_none(keys, empty, {name: b"text " + form})

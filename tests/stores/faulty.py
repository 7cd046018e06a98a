"""An HTTP proxy in front of a store. It gives wrong answers instead of the store: errors, lost and damaged
answers, silence."""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from support.listener import Listener

ERRORS = {
    "500": (500, "Internal Server Error", "InternalError"),
    "503": (503, "Slow Down", "SlowDown"),
    "429": (429, "Too Many Requests", "TooManyRequests"),
    "403": (403, "Forbidden", "ExpiredToken"),
}
"""Errors of a store, as status, reason and code."""


@dataclass
class Fault:
    """A fault in requests of one kind."""

    operation: str
    """`put`, `begin`, `part`, `complete`, `abort`, `get`, `head`, `delete`, `list`, or `all`."""
    kind: str
    """One of `ERRORS`, or: `reset` before the store gets the request; `late` when the store gets it only once
    it is `due`; `lost` after the store's answer; `stall`; `truncated` for a body shorter than its
    Content-Length; `shorter` for a short body with its own Content-Length."""
    times: int = 1_000_000
    met: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    due: threading.Event = field(default_factory=threading.Event)

    def strikes(self, operation: str) -> bool:
        with self.lock:
            if self.operation not in (operation, "all") or self.met >= self.times:
                return False
            self.met += 1
            return True


def operation_of(method: str, target: str) -> str:
    """The operation of a request, in S3's protocol or Azure's."""
    parts = urlsplit(target)
    query = parse_qs(parts.query, keep_blank_values=True)
    comp = query.get("comp", [""])[0]
    if "delete" in query or comp == "batch":
        return "delete"
    if "list-type" in query or comp == "list":
        return "list"
    if comp in ("block", "blocklist"):
        return {"block": "part", "blocklist": "complete"}[comp]
    if "uploads" in query:
        return "begin"
    if "uploadId" in query:
        return {"PUT": "part", "POST": "complete", "DELETE": "abort"}.get(method, "list")
    return {"PUT": "put", "GET": "get", "HEAD": "head", "DELETE": "delete"}[method]


class Peer:
    """One end of a connection, read message by message."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.buffer = sock, b""

    def _more(self) -> None:
        data = self.sock.recv(1 << 16)
        if not data:
            raise ConnectionError
        self.buffer += data

    def _take(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def head(self) -> bytes:
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        return self._take(self.buffer.index(b"\r\n\r\n") + 4)

    def body(self, head: bytes) -> bytes:
        """The body in its form on the wire."""
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])}
        if headers.get(b"transfer-encoding", b"").lower() != b"chunked":
            return self._take(int(headers.get(b"content-length", 0)))
        found = b""
        while True:
            while b"\r\n" not in self.buffer:
                self._more()
            line = self._take(self.buffer.index(b"\r\n") + 2)
            chunk = self._take(int(line.split(b";")[0], 16) + 2)
            found += line + chunk
            if len(chunk) == 2:
                return found


class Faulty:
    """Passes requests on to a port of this machine, except those with a fault."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.fault: Fault | None = None
        self._closing = threading.Event()
        self._listener = Listener(self._converse)
        self.port = self._listener.port

    def disturb(self, operation: str, kind: str, times: int = 1_000_000) -> Fault:
        self.fault = Fault(operation, kind, times)
        return self.fault

    def heal(self) -> None:
        self.fault = None

    def close(self) -> None:
        self._closing.set()
        self._listener.close()

    def _converse(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        asking, store = Peer(client), None
        try:
            while True:
                head = asking.head()
                body = asking.body(head)
                method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
                operation, fault = operation_of(method, target), self.fault
                struck = fault.kind if fault and fault.strikes(operation) else ""
                if struck in ERRORS:
                    client.sendall(_refusal(struck, method))
                    continue
                if struck == "reset":
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                if struck == "late" and fault:
                    fault.due.wait()
                    if store:
                        # Meanwhile the store may have closed it.
                        store.sock.close()
                    store = None
                if store is None:
                    store = Peer(socket.create_connection(("127.0.0.1", self.target)))
                    store.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                store.sock.sendall(head + body)
                answer = store.head()
                has_body = method != "HEAD" and answer.split(b" ")[1] not in (b"204", b"304")
                content = store.body(answer) if has_body else b""
                if struck == "lost":
                    return
                if struck == "stall":
                    self._closing.wait()
                    return
                if struck == "truncated":
                    client.sendall(answer + content[: len(content) // 2])
                    return
                if struck == "shorter":
                    content = content[: len(content) // 2]
                    answer = _with_length(answer, len(content))
                client.sendall(answer + content)
                if b"\r\nconnection: close" in answer.lower():
                    return
        except OSError:
            pass
        finally:
            for each in (client, store.sock if store else None):
                if each:
                    each.close()


def _refusal(kind: str, method: str) -> bytes:
    status, reason, code = ERRORS[kind]
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{reason}</Message></Error>'.encode()
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/xml\r\nx-ms-error-code: {code}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + (b"" if method == "HEAD" else body)


def _with_length(head: bytes, length: int) -> bytes:
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"content-length:", b"transfer-encoding:"))]
    return b"\r\n".join([lines[0], f"Content-Length: {length}".encode(), *lines[1:]])

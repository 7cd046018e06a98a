"""A small HTTP/1.1 client. It sends exactly the given bytes: names of headers, duplicates, odd bytes."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Address:
    """The address of a listener and, if it speaks TLS, the CA that signed its certificate."""

    port: int
    ca: Path | None = None
    host: str = "127.0.0.1"

    @property
    def authority(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.ca else 'http'}://{self.authority}"

    def connect(self, timeout: float = 60) -> socket.socket:
        """An open connection."""
        plain = socket.create_connection((self.host, self.port), timeout=timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.ca is None:
            return plain
        context = ssl.create_default_context(cafile=str(self.ca))
        return context.wrap_socket(plain, server_hostname=self.host)


@dataclass
class Response:
    """An answer."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    complete: bool = True
    """False when the connection ended before the body did."""
    interim: list[int] = field(default_factory=list)
    """The 1xx statuses before the answer."""

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(f"{name} is not among {[n for n, _ in self.headers]}")
        return value

    def get(self, name: str) -> str | None:
        """The one value of a header. A repeated header is an error: no answer may repeat one."""
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None

    def __contains__(self, name: str) -> bool:
        return any(n.lower() == name.lower() for n, _ in self.headers)

    @property
    def text(self) -> str:
        return self.body.decode()

    def starting(self, prefix: str) -> dict[str, str]:
        """The headers with this prefix, by the rest of their names in lower case."""
        return {n.lower()[len(prefix) :]: v for n, v in self.headers if n.lower().startswith(prefix.lower())}


class Disconnected(Exception):
    """The server closed the connection before the head of an answer was complete."""


class _Reader:
    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.buffer = sock, b""

    def _more(self) -> bool:
        try:
            data = self.sock.recv(1 << 18)
        except (ConnectionError, ssl.SSLError):
            data = b""
        self.buffer += data
        return bool(data)

    def begins(self) -> None:
        if not self.buffer and not self._more():
            raise Disconnected("before anything came")

    def until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            if not self._more():
                raise Disconnected(f"after {self.buffer[:200]!r}")
        head, _, self.buffer = self.buffer.partition(mark)
        return head

    def exactly(self, count: int) -> bytes:
        parts, have = [self.buffer], len(self.buffer)
        while have < count:
            self.buffer = b""
            if not self._more():
                break
            parts.append(self.buffer)
            have += len(self.buffer)
        data = b"".join(parts)
        self.buffer = data[count:]
        return data[:count]

    def rest(self) -> bytes:
        parts = [self.buffer]
        self.buffer = b""
        while self._more():
            parts.append(self.buffer)
            self.buffer = b""
        return b"".join(parts)


class Connection:
    """One connection, for one request after another."""

    def __init__(self, address: Address, timeout: float = 60) -> None:
        self.sock = address.connect(timeout)
        self._reader = _Reader(self.sock)

    def send(self, data: bytes) -> None:
        """Sends bytes as they are."""
        self.sock.sendall(data)

    def head(self, method: str, target: str, headers: Headers) -> None:
        """Sends a request's head."""
        lines = [f"{method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape"))

    def answer(self, method: str = "GET") -> Response:
        """Reads one answer, after any 1xx."""
        interim = []
        while True:
            lines = self._reader.until(b"\r\n\r\n").decode("utf-8", "surrogateescape").split("\r\n")
            _, status, *reason = lines[0].split(" ", 2)
            headers = [(n, v.strip()) for n, _, v in (line.partition(":") for line in lines[1:])]
            response = Response(int(status), "".join(reason), headers, b"", interim=interim)
            if response.status >= 200:
                break
            interim.append(response.status)
        if method == "HEAD" or response.status in (204, 304):
            return response
        if (response.get("transfer-encoding") or "").lower() == "chunked":
            self._chunked(response)
        elif (length := response.get("content-length")) is not None:
            response.body = self._reader.exactly(int(length))
            response.complete = len(response.body) == int(length)
        else:
            response.body = self._reader.rest()
        return response

    def _chunked(self, response: Response) -> None:
        parts: list[bytes] = []
        try:
            while size := int(self._reader.until(b"\r\n").split(b";")[0], 16):
                parts.append(self._reader.exactly(size))
                self._reader.until(b"\r\n")
            while self._reader.until(b"\r\n"):
                pass
        except (Disconnected, ValueError):
            response.complete = False
        response.body = b"".join(parts)

    def begins(self) -> None:
        """Waits until an answer or a 1xx has begun. `answer` then reads it."""
        self._reader.begins()

    def closed_by_peer(self) -> bool:
        """Waits until the server closes the connection, and returns whether that was in time."""
        try:
            self._reader.rest()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        self.sock.close()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def answer_to(address: Address, data: bytes) -> Response | None:
    """The answer to bytes as they are, or None when the connection is closed without an answer."""
    with Connection(address) as connection:
        try:
            connection.send(data)
            return connection.answer()
        except (Disconnected, ConnectionError):
            return None


class Wire:
    """Sends requests to one address, over one connection as long as the server keeps it open."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._connection: Connection | None = None

    def request(self, method: str, target: str, headers: Headers, body: bytes = b"") -> Response:
        """One request. If `Host` is missing it is added, and nothing more."""
        if not any(name.lower() == "host" for name, _ in headers):
            headers = [("Host", self.address.authority), *headers]
        fresh = self._connection is None
        try:
            return self._once(method, target, headers, body)
        except (Disconnected, ConnectionError, ssl.SSLError):
            self.close()
            if fresh:
                raise
            # The server had closed the idle connection.
            return self._once(method, target, headers, body)

    def _once(self, method: str, target: str, headers: Headers, body: bytes) -> Response:
        connection = self._connection or Connection(self.address, timeout=180)
        self._connection = connection
        connection.head(method, target, headers)
        try:
            connection.send(body)
        except (ConnectionError, ssl.SSLError):
            pass  # The answer may have come before the whole body was sent.
        response = connection.answer(method)
        if not response.complete or (response.get("connection") or "").lower() == "close":
            self.close()
        return response

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

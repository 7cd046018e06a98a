"""A simple load balancer: each connection goes to the next replica that takes it."""

from __future__ import annotations

import itertools
import socket
import threading

from support.listener import Listener, join
from support.wire import Address


class Balancer:
    """Passes TCP connections on in turn. TLS is between client and replica: the balancer cannot read it."""

    def __init__(self, backends: list[Address]) -> None:
        self._turns = itertools.cycle(backends)
        self._count = len(backends)
        self._lock = threading.Lock()
        self._listener = Listener(self._serve)
        self.port = self._listener.port

    def _serve(self, client: socket.socket) -> None:
        with client:
            if server := self._connect():
                with server:
                    server.settimeout(None)
                    join(client, server)

    def _connect(self) -> socket.socket | None:
        for _ in range(self._count):
            with self._lock:
                backend = next(self._turns)
            try:
                return socket.create_connection((backend.host, backend.port), timeout=10)
            except OSError:
                continue
        return None

    def close(self) -> None:
        self._listener.close()

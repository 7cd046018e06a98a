"""A load balancer as simple as they come: each connection goes to the next replica that takes it."""

from __future__ import annotations

import itertools
import socket
import threading

from support.wire import Address


class Balancer:
    """Passes TCP connections on in turn. TLS is between client and replica: it sees nothing."""

    def __init__(self, backends: list[Address]) -> None:
        self._turns = itertools.cycle(backends)
        self._count = len(backends)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server = self._connect()
        if server is None:
            client.close()
            return
        back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
        back.start()
        _pass_on(client, server)
        back.join()
        client.close()
        server.close()

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
        # Not closed alone: whoever waits in `accept` would go on with what has its number next.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    """Passes bytes on until their end; one side's end is the other's."""
    source.settimeout(None)
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

"""A stand-in for a Service, which spreads connections over pods, or for TLS in front of a server."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.listener import Listener, join


class Relay:
    """Passes bytes on: each connection to the next of `ports`, which may change."""

    def __init__(self, ports: list[int], certificate: Path | None = None) -> None:
        self.ports = ports
        self._turns, self._lock = itertools.count(), threading.Lock()
        self._context = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate / "tls.crt", certificate / "tls.key")
        self._listener = Listener(self._serve)
        self.port = self._listener.port

    def _serve(self, client: socket.socket) -> None:
        try:
            if self._context is not None:
                client = self._context.wrap_socket(client, server_side=True)
            with self._lock:
                port = self.ports[next(self._turns) % len(self.ports)]
            with client, socket.create_connection(("127.0.0.1", port), 20) as server:
                server.settimeout(None)
                join(client, server)
        except OSError:
            client.close()  # The client reports a connection that breaks.

    def close(self) -> None:
        self._listener.close()


@contextmanager
def relay(ports: list[int], certificate: Path | None = None) -> Iterator[Relay]:
    """A relay that runs."""
    running = Relay(ports, certificate)
    yield running
    running.close()

"""What stands between a client and what it reaches: a Service that spreads connections over pods, or TLS before a server."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Relay(socketserver.ThreadingTCPServer):
    """Passes bytes on: each connection to the next of the ports."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, ports: list[int], certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Passage)
        self.ports, self.turn, self.lock = ports, 0, threading.Lock()
        self.context = None
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate / "tls.crt", certificate / "tls.key")

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def next_port(self) -> int:
        with self.lock:
            self.turn += 1
            return self.ports[self.turn % len(self.ports)]

    def handle_error(self, *_: object) -> None:
        """A connection that breaks is its clients' to tell of."""


class Passage(socketserver.BaseRequestHandler):
    """One connection."""

    server: Relay

    def handle(self) -> None:
        client = self.request
        if self.server.context is not None:
            client = self.server.context.wrap_socket(client, server_side=True)
        with client, socket.create_connection(("127.0.0.1", self.server.next_port()), 20) as upstream:
            upstream.settimeout(None)
            back = threading.Thread(target=copy, args=(upstream, client), daemon=True)
            back.start()
            copy(client, upstream)
            back.join()


def copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()


@contextmanager
def relay(ports: list[int], certificate: Path | None = None) -> Iterator[Relay]:
    """A relay that runs."""
    with Relay(ports, certificate) as standing:
        threading.Thread(target=standing.serve_forever, daemon=True).start()
        yield standing
        standing.shutdown()

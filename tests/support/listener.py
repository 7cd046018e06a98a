"""TCP servers of the tests' own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable


class Listener:
    """Takes connections on a port of this machine, and serves each in a thread of its own."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def close(self) -> None:
        # A close alone would let the thread in `accept` go on with the next socket of the same number.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def join(one: socket.socket, other: socket.socket) -> None:
    """Passes bytes on both ways, until both sides have ended or the connection breaks."""
    back = threading.Thread(target=_pass_on, args=[other, one], daemon=True)
    back.start()
    _pass_on(one, other)
    back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    """Passes bytes on until their end: the end of one side is the end of the other."""
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

"""A TCP proxy that refuses, cuts and stalls."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field

from support.ports import free_ports


@dataclass
class Fault:
    """A fault of connections, after so many bytes in one direction of one of them."""

    kind: str
    """`cut` or `stall`."""
    way: str
    """`up`, to the store, or `down`."""
    after: int = 0
    times: int = 1_000_000
    """The number of connections that it hits."""
    met: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def strikes(self) -> bool:
        with self.lock:
            if self.met >= self.times:
                return False
            self.met += 1
            return True


class Proxy:
    """Passes on to a port of this machine."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.fault: Fault | None = None
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._closing = threading.Event()
        # While the proxy refuses, nobody else has the port: it listens there again.
        (self.port,) = free_ports(1)
        self.accept()

    def accept(self) -> None:
        """Accepts connections (again)."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self._listener = listener
        threading.Thread(target=self._serve, args=[listener], daemon=True).start()

    def refuse(self) -> None:
        """Ends all connections and accepts no more."""
        assert self._listener is not None
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listener = None
        for each in list(self._open):
            _end(each)

    def disturb(self, kind: str, way: str, after: int = 0, times: int = 1_000_000) -> Fault:
        """Makes connections fail from now on."""
        self.fault = Fault(kind, way, after, times)
        return self.fault

    def heal(self) -> None:
        self.fault = None

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
                store = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            pair = (client, store)
            self._open.update(pair)
            if self._listener is not listener:  # Refused meanwhile.
                for each in pair:
                    _end(each)
                return
            for way, source, sink in (("up", client, store), ("down", store, client)):
                threading.Thread(target=self._pump, args=[way, source, sink], daemon=True).start()

    def _pump(self, way: str, source: socket.socket, sink: socket.socket) -> None:
        fault, passed = self.fault, 0
        try:
            while data := source.recv(1 << 16):
                if self.fault is not fault:
                    fault, passed = self.fault, 0
                passed += len(data)
                if fault and fault.way == way and passed > fault.after and fault.strikes():
                    if fault.kind == "stall":
                        self._closing.wait()
                    else:
                        sink.sendall(data[: max(0, len(data) - (passed - fault.after))])
                    break
                sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            self._open.discard(each)
            _end(each)

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        if self._listener is not None:
            self.refuse()


def _end(each: socket.socket) -> None:
    try:
        each.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    each.close()

"""A forward proxy (CONNECT) that leads to ports of this machine, whatever a host is called: so a cloud's own names can be used."""

from __future__ import annotations

import socket
import threading


class Tunnel:
    """Leads names that end so to these ports, and all others nowhere."""

    def __init__(self, ways: dict[str, int]) -> None:
        self._ways = ways
        self.asked: list[str] = []
        """The names that were asked for, with their ports."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._lead, args=[client], daemon=True).start()

    def _lead(self, client: socket.socket) -> None:
        with client:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                if not (byte := client.recv(1)):
                    return
                head += byte
            method, name = head.decode("latin-1").split(" ")[:2]
            self.asked.append(name)
            ports = [port for end, port in self._ways.items() if name.endswith(f"{end}:443")]
            if method != "CONNECT" or not ports:
                client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", ports[0])) as store:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=_pump, args=[store, client], daemon=True)
                back.start()
                _pump(client, store)
                back.join()

    def __enter__(self) -> "Tunnel":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass

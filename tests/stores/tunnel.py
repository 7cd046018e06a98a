"""A forward proxy (CONNECT) to ports of this machine. With it a cloud's own host names can be used."""

from __future__ import annotations

import socket

from support.listener import Listener, join


class Tunnel:
    """Leads host names with these endings to these ports, and refuses all others."""

    def __init__(self, ways: dict[str, int]) -> None:
        self._ways = ways
        self.asked: list[str] = []
        """The names that clients asked for, with their ports."""
        self._listener = Listener(self._lead)
        self.url = f"http://127.0.0.1:{self._listener.port}"

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
                join(client, store)

    def __enter__(self) -> "Tunnel":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

"""Opens many TLS connections, prints `open`, and holds them until its input ends. `pressure.Crowd` runs
it."""

from __future__ import annotations

import os
import resource
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor


def connect(port: int, context: ssl.SSLContext) -> int:
    """One connection after its handshake: its descriptor alone, without the memory of TLS on this side."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=120)
    return context.wrap_socket(plain, server_hostname="localhost").detach()


def main() -> None:
    port, ca, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    context = ssl.create_default_context(cafile=ca)
    with ThreadPoolExecutor(8) as pool:
        held = list(pool.map(lambda _: connect(port, context), range(count)))
    print("open", flush=True)
    sys.stdin.read()
    for each in held:
        os.close(each)


if __name__ == "__main__":
    main()

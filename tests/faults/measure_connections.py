#!/usr/bin/env python3
"""Prints the memory of a gateway with idle TLS connections: `measure_connections.py [COUNT]`, 10,000 by
default.

It needs the program under test (`CARDEA_BINARY`, or the release build) and the environment of `tests/run`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faults.pressure import Crowd, memory, open_files, settles  # noqa: E402
from support.server import Server  # noqa: E402


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    patient = {f"{name}_timeout": "1h" for name in ("handshake", "header", "idle")}
    with tempfile.TemporaryDirectory() as folder, Server(
        Path(folder) / "server", log_level="info", max_connections=count + 100, **patient
    ) as server:
        print(f"before: {memory(server) >> 20} MiB, {open_files(server)} files")
        alone = memory(server)
        with Crowd(server.tls, count):
            settles(server, count)
            held = memory(server)
            print(f"with {count} idle TLS connections: {held >> 20} MiB, {open_files(server)} files")
            print(f"for each: {(held - alone) / count / 1024:.1f} KiB; at most: {memory(server, 'VmHWM') >> 20} MiB")
        settles(server, 0)
        print(f"after: {memory(server) >> 20} MiB, {open_files(server)} files")


if __name__ == "__main__":
    main()

"""Free ports. They stay free until the program that gets them listens there."""

from __future__ import annotations

import functools
import itertools
import socket
from collections.abc import Iterator
from pathlib import Path

FIRST, BLOCK = 10_500, 500


def free_ports(count: int) -> list[int]:
    """Ports on which nobody listens, and which were not given out shortly before."""
    ports = _ports()
    return [next(ports) for _ in range(count)]


@functools.cache
def _ports() -> Iterator[int]:
    return _free_among(itertools.cycle(_own_block()))


def _free_among(ports: Iterator[int]) -> Iterator[int]:
    for port in ports:
        if tried := _bound(port):
            tried.close()
            yield port


_held: list[socket.socket] = []


def _own_block() -> range:
    """A block of ports for this process alone, below the ports that the kernel gives to clients.

    The process that holds the first port of a block has the whole block. So no other worker and no other run
    takes a port from it. The process releases the block when it ends.
    """
    for first in range(FIRST, _first_of_the_kernels() - BLOCK, BLOCK):
        if claim := _bound(first):
            _held.append(claim)
            return range(first + 1, first + BLOCK)
    raise AssertionError("no block of ports is free")


def _first_of_the_kernels() -> int:
    try:
        first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        first = 32_768
    # If the kernel's range begins very low, no block is safe, and the usual range is as good as any.
    return first if first >= 20_000 else 32_768


def _bound(port: int) -> socket.socket | None:
    tried = socket.socket()
    try:
        tried.bind(("127.0.0.1", port))
    except OSError:
        tried.close()
        return None
    return tried

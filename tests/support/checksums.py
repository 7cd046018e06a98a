"""The checksums of S3, for small inputs."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable


def _reflected(polynomial: int, width: int) -> Callable[[bytes], bytes]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (polynomial if byte & 1 else 0)
        table.append(byte)
    ones = (1 << width) - 1

    def checksum(data: bytes) -> bytes:
        value = ones
        for byte in data:
            value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
        return (value ^ ones).to_bytes(width // 8, "big")

    return checksum


_ALGORITHMS: dict[str, Callable[[bytes], bytes]] = {
    "CRC32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "CRC32C": _reflected(0x82F63B78, 32),
    "CRC64NVME": _reflected(0x9A6C9329AC4BC9B5, 64),
    "SHA1": lambda data: hashlib.sha1(data).digest(),
    "SHA256": lambda data: hashlib.sha256(data).digest(),
}

NAMES = tuple(_ALGORITHMS)


def checksum(algorithm: str, data: bytes) -> str:
    """A checksum as S3 writes it."""
    return base64.b64encode(_ALGORITHMS[algorithm](data)).decode()


def header(algorithm: str) -> str:
    """The header with the checksum."""
    return f"x-amz-checksum-{algorithm.lower()}"


# The check values of the CRC catalogue. Without them a test could trust a wrong implementation of ours.
assert _ALGORITHMS["CRC32C"](b"123456789").hex() == "e3069283"
assert _ALGORITHMS["CRC64NVME"](b"123456789").hex() == "ae8b14860a799888"

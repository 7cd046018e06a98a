"""Customer keys, and every form in which one could leak."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

Headers = list[tuple[str, str]]

S3 = "x-amz-server-side-encryption-customer-"
SWIFT = "X-Object-Meta-Encryption-"
_made: list["CustomerKey"] = []


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass(frozen=True)
class CustomerKey:
    """A customer's 256-bit key."""

    raw: bytes

    @classmethod
    def new(cls) -> "CustomerKey":
        """A new key, recorded so that the end of a session can search for it."""
        key = cls(os.urandom(32))
        _made.append(key)
        return key

    @property
    def base64(self) -> str:
        return b64(self.raw)

    @property
    def md5(self) -> str:
        """The key's MD5, in the form of S3's header."""
        return b64(hashlib.md5(self.raw).digest())

    def s3(self) -> Headers:
        """The headers for S3."""
        return [(S3 + "algorithm", "AES256"), (S3 + "key", self.base64), (S3 + "key-MD5", self.md5)]

    def swift(self, *, md5: bool = False) -> Headers:
        """The headers for Swift."""
        headers = [(SWIFT + "Key", self.base64), (SWIFT + "Algorithm", "AES256")]
        return headers + [(SWIFT + "Key-MD5", self.md5)] if md5 else headers

    def s3_parameters(self) -> dict[str, str]:
        """boto3's parameters. botocore encodes the key, so it needs the bytes."""
        return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": self.raw}

    def file(self, folder: Path) -> Path:
        """A file with the raw key, for `aws s3 cp --sse-c-key fileb://…`."""
        path = folder / f"{hashlib.sha256(self.raw).hexdigest()[:12]}.key"
        path.write_bytes(self.raw)
        return path

    def leaks(self) -> dict[str, bytes]:
        """Every form in which the key could be found, by name."""
        digest = hashlib.md5(self.raw).digest()
        forms = {
            "raw": self.raw,
            "base64": self.base64.encode(),
            "base64 of base64": b64(self.base64.encode()).encode(),
            "URL-safe base64": base64.urlsafe_b64encode(self.raw),
            "hex": self.raw.hex().encode(),
            "upper-case hex": self.raw.hex().upper().encode(),
            "URL-encoded base64": quote(self.base64, safe="").encode(),
            "URL-encoded base64, lower case": re.sub("%..", lambda m: m[0].lower(), quote(self.base64, safe="")).encode(),
            "URL-encoded bytes": "".join(f"%{byte:02X}" for byte in self.raw).encode(),
            "decimal list": ", ".join(str(byte) for byte in self.raw).encode(),
            "MD5, base64": b64(digest).encode(),
            "MD5, hex": digest.hex().encode(),
            "MD5, raw": digest,
        }
        # A base64 text without its padding also finds the text with it.
        return {name: form.rstrip(b"=") if "base64" in name else form for name, form in forms.items()}


def made() -> list[CustomerKey]:
    """Every key that this process has made."""
    return list(_made)

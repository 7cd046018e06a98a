"""The `aws-chunked` bodies of S3's streaming payload modes, good and damaged."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from .s3 import HeaderSigner, Signed

STREAMING = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
STREAMING_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
MODES = (STREAMING, STREAMING_TRAILER, UNSIGNED_TRAILER)

_EMPTY = hashlib.sha256(b"").hexdigest()


@dataclass
class Chunked:
    """A body to be framed. The fields after the first three make it wrong in some way."""

    mode: str
    chunks: list[bytes]
    trailers: list[tuple[str, str]] = field(default_factory=list)
    damage_signature_of: int | None = None
    """The chunk whose signature is changed; the empty chunk at the end counts too."""
    damage_trailer_signature: bool = False
    leave_out_last_chunk: bool = False
    leave_out_trailers: bool = False

    @property
    def signed(self) -> bool:
        return self.mode != UNSIGNED_TRAILER

    @property
    def decoded_length(self) -> int:
        return sum(map(len, self.chunks))

    def headers(self) -> list[tuple[str, str]]:
        """The headers that announce the body."""
        headers = [("Content-Encoding", "aws-chunked"), ("x-amz-decoded-content-length", str(self.decoded_length))]
        if self.mode != STREAMING:
            headers.append(("x-amz-trailer", ",".join(name for name, _ in self.trailers)))
        return headers

    def encode(self, signed: Signed) -> bytes:
        """The body, signed as a continuation of the request's signature."""
        assert isinstance(signed.signer, HeaderSigner)
        chain = _Chain(signed.signer, signed)
        out = []
        chunks = self.chunks if self.leave_out_last_chunk else [*self.chunks, b""]
        for number, chunk in enumerate(chunks):
            extension = ""
            if self.signed:
                signature = chain.chunk(chunk)
                extension = f";chunk-signature={_spoil(signature, self.damage_signature_of == number)}"
            out.append(f"{len(chunk):x}{extension}\r\n".encode())
            if chunk:
                out.append(chunk + b"\r\n")
        if self.leave_out_last_chunk:
            return b"".join(out)
        if self.mode != STREAMING and not self.leave_out_trailers:
            out += [f"{name}:{value}\r\n".encode() for name, value in self.trailers]
            if self.signed:
                signature = chain.trailer(self.trailers)
                spoilt = _spoil(signature, self.damage_trailer_signature)
                out.append(f"x-amz-trailer-signature:{spoilt}\r\n".encode())
        out.append(b"\r\n")
        return b"".join(out)


def _spoil(signature: str, really: bool) -> str:
    return signature if not really else signature[:-1] + ("0" if signature[-1] != "0" else "1")


class _Chain:
    """Each signature covers the one before it."""

    def __init__(self, signer: HeaderSigner, signed: Signed) -> None:
        self.signer, self.request = signer, signed.request
        self.previous = signed.request.context["signature"]

    def chunk(self, chunk: bytes) -> str:
        return self._next("AWS4-HMAC-SHA256-PAYLOAD", _EMPTY, hashlib.sha256(chunk).hexdigest())

    def trailer(self, trailers: list[tuple[str, str]]) -> str:
        text = "".join(f"{name}:{value}\n" for name, value in trailers)
        return self._next("AWS4-HMAC-SHA256-TRAILER", hashlib.sha256(text.encode()).hexdigest())

    def _next(self, kind: str, *hashes: str) -> str:
        stamp, scope = self.request.context["timestamp"], self.signer.credential_scope(self.request)
        text = "\n".join([kind, stamp, scope, self.previous, *hashes])
        self.previous = self.signer.signature(text, self.request)
        return self.previous

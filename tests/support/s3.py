"""A raw S3 client: hand-made requests, signed with botocore's own signers."""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import quote, urlsplit

from botocore.auth import SIGV4_TIMESTAMP, S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .people import User
from .wire import Address, Headers, Response, Wire

REGION = "us-east-1"
UNSIGNED = "UNSIGNED-PAYLOAD"

NEEDS_KEY = (
    "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve "
    "the object."
)
WRONG_KEY = (
    "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key."
)


def escape(key: str) -> str:
    """A key or bucket in the form of a path."""
    return quote(key, safe="/~")


class _Clocked:
    """Signs at a time that the test chooses."""

    when: datetime

    def add_auth(self, request: AWSRequest) -> None:
        request.context["timestamp"] = self.when.strftime(SIGV4_TIMESTAMP)
        self._modify_request_before_signing(request)
        canonical = self.canonical_request(request)
        request.context["signature"] = self.signature(self.string_to_sign(request, canonical), request)
        self._inject_signature_to_request(request, request.context["signature"])


class HeaderSigner(_Clocked, S3SigV4Auth):
    """Signs in a header. The test chooses the payload hash."""

    def __init__(self, user: User, payload_hash: str, when: datetime) -> None:
        super().__init__(Credentials(user.access_key, user.secret_key), "s3", REGION)
        self.payload_hash, self.when = payload_hash, when

    def payload(self, request: AWSRequest) -> str:
        return self.payload_hash


class QuerySigner(_Clocked, S3SigV4QueryAuth):
    """Signs in the query."""

    def __init__(self, user: User, when: datetime, expires: int) -> None:
        super().__init__(Credentials(user.access_key, user.secret_key), "s3", REGION, expires=expires)
        self.when = when


@dataclass
class Signed:
    """A signed request, not yet sent."""

    method: str
    target: str
    headers: Headers
    request: AWSRequest
    signer: HeaderSigner | QuerySigner

    def send(self, wire: Wire, body: bytes = b"", *, unsigned: Headers = ()) -> Response:
        """Sends the request, with headers that the signature does not cover."""
        length: Headers = []
        if body or self.method in ("PUT", "POST"):
            length = [("Content-Length", str(len(body)))]
        names = {name.lower() for name, _ in [*self.headers, *unsigned]}
        if names & {"content-length", "transfer-encoding"}:
            length = []
        return wire.request(self.method, self.target, [*self.headers, *length, *unsigned], body)


def error(response: Response) -> dict[str, str]:
    """The fields of an S3 error document."""
    root = ElementTree.fromstring(response.body)
    assert root.tag == "Error", root.tag
    return {child.tag: child.text or "" for child in root}


def document(response: Response) -> ElementTree.Element:
    """An S3 document, without its namespace."""
    root = ElementTree.fromstring(response.body)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


class S3:
    """Requests of one user to one listener."""

    def __init__(self, address: Address, user: User) -> None:
        self.address, self.user, self.wire = address, user, Wire(address)

    def sign(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Headers = (),
        payload_hash: str = UNSIGNED,
        when: datetime | None = None,
    ) -> Signed:
        """Signs a request in a header. The path and the query are sent and signed without changes."""
        signer = HeaderSigner(self.user, payload_hash, when or datetime.now(timezone.utc))
        return self._signed(signer, method, path, query, headers)

    def presign(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Headers = (),
        when: datetime | None = None,
        expires: int = 600,
    ) -> Signed:
        """Signs a request in the query."""
        signer = QuerySigner(self.user, when or datetime.now(timezone.utc), expires)
        return self._signed(signer, method, path, query, headers)

    def _signed(
        self, signer: HeaderSigner | QuerySigner, method: str, path: str, query: str, headers: Headers
    ) -> Signed:
        request = AWSRequest(method=method, url=self.address.url + path + (f"?{query}" if query else ""))
        for name, value in headers:
            request.headers.add_header(name, value)
        signer.add_auth(request)
        parts = urlsplit(request.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        return Signed(method, target, list(request.headers.items()), request, signer)

    def request(
        self, method: str, path: str, *, query: str = "", headers: Headers = (), body: bytes = b"", sha256: bool = True
    ) -> Response:
        """Signs and sends a request, with the hash of its body."""
        payload_hash = hashlib.sha256(body).hexdigest() if sha256 else UNSIGNED
        signed = self.sign(method, path, query=query, headers=headers, payload_hash=payload_hash)
        return signed.send(self.wire, body)

    # The operations that most tests need.

    def create_bucket(self, bucket: str) -> Response:
        return self.request("PUT", f"/{escape(bucket)}")

    def put(self, bucket: str, key: str, body: bytes = b"", headers: Headers = ()) -> Response:
        return self.request("PUT", f"/{escape(bucket)}/{escape(key)}", headers=headers, body=body, sha256=False)

    def get(self, bucket: str, key: str, headers: Headers = (), query: str = "") -> Response:
        return self.request("GET", f"/{escape(bucket)}/{escape(key)}", headers=headers, query=query)

    def head(self, bucket: str, key: str, headers: Headers = (), query: str = "") -> Response:
        return self.request("HEAD", f"/{escape(bucket)}/{escape(key)}", headers=headers, query=query)

    def delete(self, bucket: str, key: str, headers: Headers = ()) -> Response:
        return self.request("DELETE", f"/{escape(bucket)}/{escape(key)}", headers=headers)

    def list(self, bucket: str, query: str = "") -> ElementTree.Element:
        """A ListObjectsV2 page."""
        response = self.request("GET", f"/{escape(bucket)}", query="list-type=2" + (f"&{query}" if query else ""))
        assert response.status == 200, response.text
        return document(response)

    def close(self) -> None:
        self.wire.close()

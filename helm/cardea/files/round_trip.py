"""Writes an object with a customer's key through each protocol and reads it through the other.

Needs Python 3.11 and nothing else. The first user of accounts.toml with a password and an S3 key does it, in a bucket of
its own that is gone at the end.
"""

import base64
import datetime
import hashlib
import hmac
import http.client
import os
import secrets
import socket
import ssl
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

URL = urlsplit(os.environ["CARDEA_URL"])
CONNECT = os.environ.get("CARDEA_CONNECT") or URL.netloc
REGION = os.environ["CARDEA_REGION"]
ACCOUNTS = Path(os.environ["CARDEA_ACCOUNTS"])
CA = Path(os.environ.get("CARDEA_CA", "ca.crt"))
SECONDS = 30


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Connection(http.client.HTTPSConnection):
    """Goes to CONNECT and expects there the certificate of the URL's host."""

    def connect(self):
        address = urlsplit(f"//{CONNECT}")
        plain = socket.create_connection((address.hostname, address.port or 443), SECONDS)
        context = ssl.create_default_context(cafile=str(CA) if CA.is_file() else None)
        self.sock = context.wrap_socket(plain, server_hostname=URL.hostname)


def send(method, path, headers, body=b""):
    """One request on a connection of its own."""
    connection = Connection(URL.netloc)
    connection.request(method, path, body, {"host": URL.netloc, **headers})
    answer = connection.getresponse()
    result = Answer(answer.status, answer.headers, answer.read())
    connection.close()
    return result


def credentials():
    """The first user that has what both protocols need: TempAuth name, password, S3 key and its secret."""
    for account in tomllib.loads(ACCOUNTS.read_text()).get("accounts", []):
        for user in account.get("users", []):
            if user.get("tempauth") and user.get("password") and user.get("access_keys"):
                key = user["access_keys"][0]
                return user["tempauth"], user["password"], key["access"], key["secret"]
    sys.exit("accounts.toml: found no user with tempauth, password and access_keys, expected one for this test")


def s3(user, method, path, headers=(), body=b""):
    """A request signed with AWS signature version 4."""
    _, _, access, secret = user
    now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    signed = dict(headers) | {"host": URL.netloc, "x-amz-date": now, "x-amz-content-sha256": digest}
    signed = {name.lower(): value for name, value in signed.items()}
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    scope = f"{now[:8]}/{REGION}/s3/aws4_request"
    request = "\n".join([method, path, "", lines, names, digest])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for word in [*scope.split("/"), to_sign]:
        key = hmac.digest(key, word.encode(), "sha256")
    signed["authorization"] = f"AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
    return send(method, path, signed, body)


def login(user):
    """A token and the account's path."""
    answer = send("GET", "/auth/v1.0", {"X-Auth-User": user[0], "X-Auth-Key": user[1]})
    expect("Swift: log in", 200, answer)
    return answer.headers["X-Auth-Token"], urlsplit(answer.headers["X-Storage-Url"]).path


def s3_key(key):
    prefix = "x-amz-server-side-encryption-customer-"
    return {
        f"{prefix}algorithm": "AES256",
        f"{prefix}key": base64.b64encode(key).decode(),
        f"{prefix}key-md5": base64.b64encode(hashlib.md5(key, usedforsecurity=False).digest()).decode(),
    }


def swift_key(key):
    prefix = "X-Object-Meta-Encryption-"
    return {f"{prefix}Key": base64.b64encode(key).decode(), f"{prefix}Algorithm": "AES256"}


def expect(step, status, answer, body=None):
    """Says how a step went, and ends the test where it went wrong."""
    print(f"{step}: {answer.status}", flush=True)
    if answer.status != status:
        sys.exit(f"{step}: found {answer.status}, expected {status}\n{answer.body[:500].decode(errors='replace')}")
    if body is not None and answer.body != body:
        sys.exit(f"{step}: found other bytes than those that were written")


def round_trip(user, bucket):
    key, other = secrets.token_bytes(32), secrets.token_bytes(32)
    body = secrets.token_bytes(200_000)
    token, account = login(user)

    def swift(method, name, headers=(), body=b""):
        return send(method, f"{account}/{bucket}/{name}", {"X-Auth-Token": token} | dict(headers), body)

    try:
        expect("S3: put with a key", 200, s3(user, "PUT", f"/{bucket}/s3", s3_key(key), body))
        expect("Swift: get it with the key", 200, swift("GET", "s3", swift_key(key)), body)
        expect("Swift: get it with another key", 403, swift("GET", "s3", swift_key(other)))
        expect("Swift: get it without a key", 400, swift("GET", "s3"))

        expect("Swift: put with a key", 201, swift("PUT", "swift", swift_key(key), body))
        expect("S3: get it with the key", 200, s3(user, "GET", f"/{bucket}/swift", s3_key(key)), body)
        expect("S3: get it with another key", 403, s3(user, "GET", f"/{bucket}/swift", s3_key(other)))
        expect("S3: get it without a key", 400, s3(user, "GET", f"/{bucket}/swift"))
    finally:
        for name in ("s3", "swift"):
            s3(user, "DELETE", f"/{bucket}/{name}")


def main():
    user = credentials()
    bucket = f"helm-test-{secrets.token_hex(8)}"
    expect("S3: make a bucket", 200, s3(user, "PUT", f"/{bucket}"))
    try:
        round_trip(user, bucket)
    finally:
        gone = s3(user, "DELETE", f"/{bucket}")
    expect("S3: delete the bucket", 204, gone)
    print("One key opens both faces, and no other does.")


if __name__ == "__main__":
    main()

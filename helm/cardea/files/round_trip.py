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
from urllib.parse import urlsplit

URL = urlsplit(os.environ["CARDEA_URL"])
CONNECT = os.environ.get("CARDEA_CONNECT") or URL.netloc
REGION = os.environ["CARDEA_REGION"]
ACCOUNTS = Path(os.environ.get("CARDEA_ACCOUNTS", "/accounts/accounts.toml"))
CA = Path(os.environ.get("CARDEA_CA", "/ca/ca.crt"))
SECONDS = 30


class Connection(http.client.HTTPSConnection):
    """Goes to CONNECT and expects there the certificate of the URL's host."""

    def connect(self):
        host, _, port = CONNECT.rpartition(":") if CONNECT[-1].isdigit() and ":" in CONNECT else (CONNECT, "", "443")
        plain = socket.create_connection((host.strip("[]"), int(port)), SECONDS)
        context = ssl.create_default_context(cafile=str(CA) if CA.is_file() else None)
        self.sock = context.wrap_socket(plain, server_hostname=URL.hostname)


def send(method, path, headers, body=b""):
    """One request on a connection of its own: status, headers, body."""
    connection = Connection(URL.netloc)
    connection.request(method, path, body, {"Host": URL.netloc, **headers})
    answer = connection.getresponse()
    result = answer.status, answer.headers, answer.read()
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
    status, headers, _ = send("GET", "/auth/v1.0", {"X-Auth-User": user[0], "X-Auth-Key": user[1]})
    expect("Swift: log in", status, 200)
    return headers["X-Auth-Token"], urlsplit(headers["X-Storage-Url"]).path


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


def expect(step, status, *wanted):
    """Says how a step went, and ends the test where it went wrong."""
    print(f"{step}: {status}", flush=True)
    if status not in wanted:
        sys.exit(f"{step}: found {status}, expected {' or '.join(map(str, wanted))}")


def same(step, found, wanted):
    if found != wanted:
        sys.exit(f"{step}: found other bytes than those that were written")


def round_trip(user, bucket):
    key, other = secrets.token_bytes(32), secrets.token_bytes(32)
    body = secrets.token_bytes(200_000)
    token, account = login(user)

    def swift(method, name, headers=(), body=b""):
        return send(method, f"{account}/{bucket}/{name}", {"X-Auth-Token": token} | dict(headers), body)

    try:
        expect("S3: put with a key", s3(user, "PUT", f"/{bucket}/s3", s3_key(key), body)[0], 200)
        status, _, found = swift("GET", "s3", swift_key(key))
        expect("Swift: get it with the key", status, 200)
        same("Swift: get it with the key", found, body)
        expect("Swift: get it with another key", swift("GET", "s3", swift_key(other))[0], 403)
        expect("Swift: get it without a key", swift("GET", "s3")[0], 400)

        expect("Swift: put with a key", swift("PUT", "swift", swift_key(key), body)[0], 201)
        status, _, found = s3(user, "GET", f"/{bucket}/swift", s3_key(key))
        expect("S3: get it with the key", status, 200)
        same("S3: get it with the key", found, body)
        expect("S3: get it with another key", s3(user, "GET", f"/{bucket}/swift", s3_key(other))[0], 403)
        expect("S3: get it without a key", s3(user, "GET", f"/{bucket}/swift")[0], 400)
    finally:
        for name in ("s3", "swift"):
            s3(user, "DELETE", f"/{bucket}/{name}")


def main():
    user = credentials()
    bucket = f"helm-test-{secrets.token_hex(8)}"
    expect("S3: make a bucket", s3(user, "PUT", f"/{bucket}")[0], 200)
    try:
        round_trip(user, bucket)
    finally:
        status = s3(user, "DELETE", f"/{bucket}")[0]
    expect("S3: delete the bucket", status, 204)
    print("One key opens both doors, and no other does.")


if __name__ == "__main__":
    main()

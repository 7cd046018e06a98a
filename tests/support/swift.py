"""A raw Swift client."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlsplit

from .people import User
from .wire import Address, Headers, Response, Wire


def escape(name: str) -> str:
    """The name of an object or container in the form of a path."""
    return quote(name, safe="/~")


class Swift:
    """Requests of one user to one listener, with a token from TempAuth."""

    def __init__(self, address: Address, user: User) -> None:
        self.address, self.user, self.wire = address, user, Wire(address)
        login = self.wire.request(
            "GET", "/auth/v1.0", [("X-Auth-User", user.tempauth), ("X-Auth-Key", user.password)]
        )
        assert login.status == 200, f"{login.status} {login.text}"
        self.token, self.storage_url = login["X-Auth-Token"], login["X-Storage-Url"]
        self.path = urlsplit(self.storage_url).path

    def again(self) -> "Swift":
        """The same caller over another connection, without another login."""
        other = object.__new__(Swift)
        other.__dict__.update(self.__dict__, wire=Wire(self.address))
        return other

    def request(
        self,
        method: str,
        path: str = "",
        *,
        query: str = "",
        headers: Headers = (),
        body: bytes = b"",
        token: str | None = "",
    ) -> Response:
        """A request below the account. `token=None` sends none."""
        target = self.path + (f"/{path}" if path else "") + (f"?{query}" if query else "")
        return self.absolute(method, target, headers=headers, body=body, token=token)

    def absolute(
        self, method: str, target: str, *, headers: Headers = (), body: bytes = b"", token: str | None = ""
    ) -> Response:
        """A request to anywhere."""
        sent = list(headers)
        if token is not None:
            sent.append(("X-Auth-Token", token or self.token))
        names = {name.lower() for name, _ in sent}
        if (body or method in ("PUT", "POST")) and not names & {"content-length", "transfer-encoding"}:
            sent.append(("Content-Length", str(len(body))))
        return self.wire.request(method, target, sent, body)

    # The operations that most tests need.

    def create(self, container: str, headers: Headers = ()) -> Response:
        return self.request("PUT", escape(container), headers=headers)

    def put(self, container: str, name: str, body: bytes = b"", headers: Headers = ()) -> Response:
        return self.request("PUT", f"{escape(container)}/{escape(name)}", headers=headers, body=body)

    def get(self, container: str, name: str, headers: Headers = ()) -> Response:
        return self.request("GET", f"{escape(container)}/{escape(name)}", headers=headers)

    def head(self, container: str, name: str, headers: Headers = ()) -> Response:
        return self.request("HEAD", f"{escape(container)}/{escape(name)}", headers=headers)

    def post(self, container: str, name: str, headers: Headers = ()) -> Response:
        return self.request("POST", f"{escape(container)}/{escape(name)}", headers=headers)

    def delete(self, container: str, name: str, headers: Headers = ()) -> Response:
        return self.request("DELETE", f"{escape(container)}/{escape(name)}", headers=headers)

    def list(self, container: str = "", query: str = "") -> list[dict[str, Any]]:
        """A listing in JSON."""
        response = self.request("GET", escape(container), query="format=json" + (f"&{query}" if query else ""))
        assert response.status == 200, f"{response.status} {response.text}"
        return json.loads(response.body)

    def close(self) -> None:
        self.wire.close()

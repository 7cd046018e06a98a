"""The specifications of identity and management name exactly the methods that the program accepts."""

from __future__ import annotations

import re

import pytest

from support import places
from support.server import Server
from support.wire import Wire

PATH = re.compile(r"^  \"?(/[^\s:\"]*)\"?:$")
METHOD = re.compile(r"^    (get|head|put|post|delete|options|patch):$")


def specified(face: str) -> dict[str, set[str]]:
    """Paths and their methods. The files are our own, with an indentation of two."""
    paths: dict[str, set[str]] = {}
    path = ""
    for line in (places.ROOT / "api-specs" / f"{face}.yaml").read_text().splitlines():
        if match := PATH.match(line):
            path = match[1]
            paths[path] = set()
        elif path and (match := METHOD.match(line)):
            paths[path].add(match[1].upper())
        elif line == "components:":
            break
    return paths


@pytest.mark.parametrize("face", ["identity", "admin"])
def test_the_specification_names_the_methods(server: Server, face: str) -> None:
    wire = Wire(server.management if face == "admin" else server.tls)
    paths = specified(face)
    assert len(paths) >= 3
    for path, methods in paths.items():
        if face == "identity" and path == "/":
            continue  # The other methods of `/` belong to S3.
        refused = wire.request("PATCH", path, [])
        assert refused.status == 405, path
        assert set(re.split(r",\s*", refused["Allow"])) == methods, path
        for method in methods:
            assert wire.request(method, path, [("Content-Length", "0")]).status != 405, (method, path)

"""moto's server with host names of services, as clients of the real ones expect.

`python -m moto.server` looks at signatures and bodies only. An AssumeRoleWithWebIdentity is not signed; if
its action is in the query, as STS allows, moto takes it for a request to S3.
"""

from __future__ import annotations

from typing import Any

from moto import server


class ByName(server.DomainDispatcherApplication):
    """Uses the host name when nothing else in the request names a service."""

    def infer_service_region_host(self, environ: dict[str, Any], path: str) -> str | None:
        host = environ.get("HTTP_HOST")
        return super().infer_service_region_host(environ, path) or (host if self.get_backend_for_host(host) else None)


if __name__ == "__main__":
    server.DomainDispatcherApplication = ByName
    server.main()

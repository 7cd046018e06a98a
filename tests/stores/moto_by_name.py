"""moto's server, which tells its services apart by the host's name too, as clients of the real ones expect.

`python -m moto.server` looks at signatures and bodies only: an AssumeRoleWithWebIdentity is not signed, and where its action is in the
query, as STS allows, it is taken for a request to S3.
"""

from __future__ import annotations

from typing import Any

from moto import server


class ByName(server.DomainDispatcherApplication):
    """Looks at the host's name where a request says nothing else."""

    def infer_service_region_host(self, environ: dict[str, Any], path: str) -> str | None:
        host = environ.get("HTTP_HOST")
        return super().infer_service_region_host(environ, path) or (host if self.get_backend_for_host(host) else None)


if __name__ == "__main__":
    server.DomainDispatcherApplication = ByName
    server.main()

"""rclone's remotes: each face, with a customer's key and without."""

from __future__ import annotations

from dataclasses import dataclass

from support.cli import Cli
from support.keys import CustomerKey


@dataclass
class Remote:
    """rclone, set up for one face."""

    cli: Cli
    name: str
    face: str
    key: CustomerKey | None
    flags: list[str]
    """The options with which a command seals objects with the key and opens them."""
    always: list[str]
    """The same for commands that read without an option for downloads."""

    def run(self, *words: str) -> str:
        """Runs rclone and returns its output. It fails when rclone logged an error, even if rclone only tried
        again."""
        done = self.cli.run("rclone", "--ca-cert", self.cli.server.ca, "--low-level-retries", "1", *self.flags, *words)
        assert "ERROR" not in done.stderr, done.stderr
        return done.stdout

    def at(self, bucket: str, path: str = "") -> str:
        return f"{self.name}:{bucket}/{path}" if path else f"{self.name}:{bucket}"


def remote(cli: Cli, face: str, key: CustomerKey | None) -> Remote:
    """Sets rclone up, in the environment of its command lines."""
    name = face + ("c" if key else "")
    settings: dict[str, str] = {}
    flags: list[str] = []
    always: list[str] = []
    if face == "s3":
        settings = {
            "type": "s3",
            "provider": "Other",
            "endpoint": cli.server.tls.url,
            "region": "us-east-1",
            "access_key_id": cli.user.access_key,
            "secret_access_key": cli.user.secret_key,
        }
        if key:
            settings |= {"sse_customer_algorithm": "AES256", "sse_customer_key_base64": key.base64}
    else:
        settings = {
            "type": "swift",
            "auth": f"{cli.server.tls.url}/v3",
            "auth_version": "3",
            "user": cli.user.name,
            "key": cli.user.password,
            "tenant": cli.user.account,
            "domain": "Default",
            "tenant_domain": "Default",
        }
        if key:
            header = f"X-Object-Meta-Encryption-Key: {key.base64}"
            flags = ["--header-upload", header, "--header-download", header]
            always = ["--header", header]
    # rclone does not start with the variable of the AWS library.
    cli.environment.pop("AWS_CA_BUNDLE", None)
    cli.environment["RCLONE_CONFIG"] = str(cli.folder / "rclone.conf")
    for setting, value in settings.items():
        cli.environment[f"RCLONE_CONFIG_{name}_{setting}".upper()] = value
    (cli.folder / "rclone.conf").touch()
    return Remote(cli, name, face, key, flags, always)

"""The real command lines: `aws`, `swift` and `openstack`."""

from __future__ import annotations

import json
import random
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .people import User
from .server import Server, clean_environment

SECONDS = 180


@dataclass
class Cli:
    """Runs command lines as one user of one server, in a folder of their own."""

    server: Server
    user: User
    folder: Path
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        address, user = self.server.tls, self.user
        self.environment = clean_environment() | {
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": address.url,
            "AWS_ACCESS_KEY_ID": user.access_key,
            "AWS_SECRET_ACCESS_KEY": user.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CA_BUNDLE": str(self.server.ca),
            "AWS_EC2_METADATA_DISABLED": "true",
            "OS_AUTH_URL": f"{address.url}/v3",
            "OS_IDENTITY_API_VERSION": "3",
            "OS_USERNAME": user.name,
            "OS_PASSWORD": user.password,
            "OS_PROJECT_NAME": user.account,
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_CACERT": str(self.server.ca),
        }

    def file(self, name: str, size: int) -> Path:
        """A file in the folder. Its bytes are arbitrary, and the same in every run."""
        path = self.folder / name
        path.write_bytes(random.Random(size).randbytes(size))
        return path

    def run(self, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a command. If the command fails, the test fails."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=SECONDS,
        )
        if check:
            assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done

    def fails(self, *command: str | Path) -> str:
        """Runs a command that must fail, and returns its output."""
        done = self.run(*command, check=False)
        assert done.returncode != 0, f"{command} succeeded:\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    def json(self, *command: str | Path) -> Any:
        """Runs a command and reads its JSON."""
        text = self.run(*command).stdout
        return json.loads(text) if text.strip() else {}

    def without(self, *names: str) -> "Cli":
        """The same without some environment variables."""
        other = Cli(self.server, self.user, self.folder)
        other.environment = {n: v for n, v in self.environment.items() if n not in names}
        return other

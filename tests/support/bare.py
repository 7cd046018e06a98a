"""A program without configuration, in an empty folder."""

from __future__ import annotations

import subprocess

from . import places
from .server import Server, clean_environment


class Bare(Server):
    """`cardea serve` in a folder, with no settings but its ports, so that tests can run side by side."""

    def spawn(self) -> subprocess.Popen[bytes]:
        self.data = self.folder / "cardea-data"
        ports = [f"--listen=127.0.0.1:{self.ports['tls']}", f"--management-listen=127.0.0.1:{self.ports['management']}"]
        with self.log_file.open("ab") as out:
            self.process = subprocess.Popen(
                [places.binary(), "serve", *ports],
                cwd=self.folder,
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        return self.process

    def bash(self, script: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a script as a user would, in a shell with the tests' command lines."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=clean_environment() | {"HOME": str(self.folder)},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=300,
        )
        if check:
            assert done.returncode == 0, f"{script}\nended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done

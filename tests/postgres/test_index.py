"""The index suite, in Rust, over PostgreSQL."""

from __future__ import annotations

import os
import re
import subprocess

from support import below
from support.places import ROOT, binary


def test_the_index_suite() -> None:
    server = below.postgres()
    release = ["--release"] if binary().parent.name == "release" else []
    done = subprocess.run(
        ["cargo", "test", *release, "--quiet", "--test", "storage_postgres"],
        cwd=ROOT,
        env={**os.environ, "CARDEA_TEST_POSTGRES": server.url("postgres")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed and int(passed[1]) > 100, done.stdout[-2000:]

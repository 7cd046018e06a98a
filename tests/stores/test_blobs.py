"""The blob suite, in Rust, over each store."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from stores.backends import CONTAINER, Backend, rust_environment

from support.places import ROOT, binary


def test_the_blob_suite(backends: Callable[[str], Backend]) -> None:
    s3, azure = backends("s3"), backends("az")
    release = ["--release"] if binary().parent.name == "release" else []
    done = subprocess.run(
        ["cargo", "test", *release, "--quiet", "--test", "storage_stores"],
        cwd=ROOT,
        env=rust_environment(s3, azure),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " 30 passed" in done.stdout, done.stdout[-2000:]
    assert s3.unfinished() == 0, f"unfinished uploads are left in {CONTAINER}"

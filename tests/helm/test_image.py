"""Properties of the image that need no build: its context, its libraries, its user, and that the chart
fits."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from helm.chart import Helm, find, workload
from support.places import ROOT, binary

DOCKERFILE = (ROOT / "Dockerfile").read_text()
LIBRARIES = {"linux-vdso", "ld-linux", "ld-linux-x86-64", "ld-linux-aarch64", "libc", "libm", "libgcc_s"}
"""Libraries in distroless/cc that a Rust program may need."""


@pytest.fixture(scope="session")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the build can read. .dockerignore names them, and leaves out all others."""
    folder = tmp_path_factory.mktemp("context")
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*" and all(re.fullmatch(r"![\w./-]+", line) for line in lines[1:])
    for name in (line[1:] for line in lines[1:]):
        source = ROOT / name
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    return folder


def test_the_bases_are_pinned() -> None:
    """By tag, for people, and by digest, for the build."""
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 2
    assert all(re.fullmatch(r"[a-z.]+/[a-z/-]+[a-z0-9]*:[\w.-]+@sha256:[0-9a-f]{64}", base) for base in bases), bases


@pytest.mark.full
def test_the_commands_of_the_build(context: Path, tmp_path: Path) -> None:
    """In a copy of the context they make everything that the image copies. Cargo's files are kept for the
    next run."""
    kept = ROOT / ".test-env" / "image-target"
    kept.mkdir(parents=True, exist_ok=True)
    (context / "target").symlink_to(kept)
    stage = DOCKERFILE[DOCKERFILE.index("\nWORKDIR") : DOCKERFILE.rindex("\nFROM ")].replace("\\\n", " ")
    words = [word for line in re.findall(r"^ENV (.*)$", stage, re.MULTILINE) for word in line.split()]
    environment = {"CARGO_NET_OFFLINE": "true", **dict(word.split("=") for word in words), **os.environ}
    for line in re.findall(r"^RUN (.*)$", stage, re.MULTILINE):
        command = re.sub(r"--mount=\S+", "", line).replace(" /image/", f" {tmp_path}/image/")
        assert " /" not in command.replace(f" {tmp_path}/", ""), "a path outside the image"
        subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=context, env=environment, check=True)
    for source in [words.split()[-2] for words in instruction("COPY")]:
        assert (tmp_path / source.lstrip("/")).exists(), source
    program = tmp_path / "image/usr/bin/cardea"
    assert program.stat().st_size < 40 << 20 and libraries(program) <= LIBRARIES
    said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    [version] = re.findall(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[:1]
    assert version in said
    assert (tmp_path / "image/var/lib/cardea").stat().st_mode & 0o777 == 0o700


def instruction(name: str) -> list[str]:
    """The arguments of each instruction of this name, in the last stage."""
    last = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    return re.findall(rf"^{name} (.*)$", last, re.MULTILINE)


def test_the_context_is_complete(context: Path) -> None:
    """Cargo finds every target in it, and every included file."""
    line = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--locked", "--offline"]
    found = json.loads(subprocess.run(line, cwd=context, check=True, capture_output=True).stdout)
    targets = [target["src_path"] for package in found["packages"] for target in package["targets"]]
    assert all(Path(path).is_file() for path in targets)
    for source in context.rglob("*.rs"):
        for name in re.findall(r'include_(?:str|bytes)!\("([^"]+)"\)', source.read_text()):
            assert (source.parent / name).is_file(), f"{source.relative_to(context)} wants {name}"


def test_the_compiler_is_that_of_the_project() -> None:
    [wanted] = re.findall(r'^rust-version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    assert re.findall(r"^FROM \S+/rust:([\d.]+)-", DOCKERFILE, re.MULTILINE) == [wanted]


def test_the_base_has_every_library() -> None:
    assert libraries(binary()) <= LIBRARIES


def libraries(program: Path) -> set[str]:
    """The libraries that a program is linked with, without versions."""
    found = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return {Path(line.split()[0]).name.partition(".so")[0] for line in found.splitlines()}


def test_no_shell_and_no_root(helm: Helm) -> None:
    [user] = instruction("USER")
    security = workload(helm.template({}))["spec"]["template"]["spec"]["securityContext"]
    assert user == f"{security['runAsUser']}:{security['runAsGroup']}" and security["runAsUser"] > 0
    assert not instruction("RUN") and not re.search(r"^FROM \S+:latest", DOCKERFILE, re.MULTILINE)
    assert all(json.loads(words) for name in ("ENTRYPOINT", "CMD") for words in instruction(name))


def test_the_image_sets_what_the_chart_sets(helm: Helm) -> None:
    variables = dict(pair.split("=") for line in instruction("ENV") for pair in line.split())
    manifests = helm.template({})
    assert variables.items() <= find(manifests, "ConfigMap", "cardea")["data"].items()
    container = workload(manifests)["spec"]["template"]["spec"]["containers"][0]
    assert instruction("EXPOSE") == [" ".join(str(port["containerPort"]) for port in container["ports"])]
    assert container["args"] == json.loads(instruction("CMD")[0])

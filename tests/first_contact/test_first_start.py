"""The first minute: start the program, paste the printed lines, and have an object under a key, through both
faces."""

from __future__ import annotations

import base64
import stat
import subprocess
import urllib.request
from pathlib import Path

from support import places
from support.bare import Bare
from support.keys import CustomerKey
from support.server import ANSWER_SECONDS, clean_environment, read_env

VARIABLES = {
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "AWS_CA_BUNDLE",
    "OS_AUTH_URL",
    "OS_IDENTITY_API_VERSION",
    "OS_USERNAME",
    "OS_PASSWORD",
    "OS_PROJECT_NAME",
    "OS_USER_DOMAIN_NAME",
    "OS_PROJECT_DOMAIN_NAME",
    "OS_CACERT",
}


def printed_commands(output: str) -> str:
    """The commands that the program printed: its indented lines."""
    return "\n".join(line[2:] for line in output.splitlines() if line.startswith("  "))


def test_the_printed_lines_work_unchanged(bare: Bare) -> None:
    bare.start()
    script = printed_commands(bare.log())
    for word in ("source ", "aws s3 cp", "swift download", "swift upload", "--sse-c-key", "Encryption-Key"):
        assert word in script, bare.log()
    output = bare.bash(script).stdout
    hello = (bare.folder / "hello.txt").read_text()
    assert output.count(hello) >= 2, f"both round trips show the file:\n{output}"
    blobs = b"".join(path.read_bytes() for path in bare.data.rglob("*") if path.is_file())
    assert hello.strip().encode() not in blobs, "only sealed bytes are on disk"


def test_the_credentials_work_without_a_flag(bare: Bare) -> None:
    bare.start()
    assert VARIABLES <= set(bare.credentials())
    assert bare.credentials()["OS_IDENTITY_API_VERSION"] == "3"
    bare.bash(
        """
        source cardea-data/credentials.env
        aws s3 mb s3://bucket
        swift list | grep -qx bucket
        openstack container list -f value | grep -qx bucket
        """
    )


def test_secrets_are_in_one_file_that_only_its_owner_can_read(bare: Bare) -> None:
    bare.start()
    env = bare.data / "credentials.env"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    for path in [bare.data, *bare.data.rglob("*")]:
        open_to = stat.S_IMODE(path.stat().st_mode) & 0o077
        assert not open_to or path.suffix == ".crt" or (path.parent != bare.data and path.is_file()), path
    secrets = [bare.credentials()[name].encode() for name in ("AWS_SECRET_ACCESS_KEY", "OS_PASSWORD")]
    assert all(len(secret) >= 16 for secret in secrets)
    for path in [p for p in bare.folder.rglob("*") if p.is_file() and p != env]:
        content = path.read_bytes()
        assert not any(secret in content for secret in secrets), path


def test_two_installations_share_nothing(bare: Bare, tmp_path: Path) -> None:
    bare.start()
    other = type(bare)(tmp_path / "other").start()
    try:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "OS_PASSWORD"):
            assert bare.credentials()[name] != other.credentials()[name]
        assert bare.ca.read_bytes() != other.ca.read_bytes()
    finally:
        other.kill()


def test_a_second_start_prints_no_secrets(bare: Bare) -> None:
    bare.start()
    env = (bare.data / "credentials.env").read_bytes()
    assert bare.stop() == 0
    bare.log_file.unlink()
    bare.start()
    said = bare.log()
    assert (bare.data / "credentials.env").read_bytes() == env
    assert "source" not in said and "aws s3" not in said
    for secret in read_env(bare.data / "credentials.env").values():
        assert len(secret) < 16 or secret not in said or secret.startswith(("http", "/"))
    bare.bash("source cardea-data/credentials.env; aws s3 ls; swift list")


def test_data_and_keys_outlive_a_restart(bare: Bare) -> None:
    bare.start()
    bare.bash(
        """
        source cardea-data/credentials.env
        head -c 32 /dev/urandom > my.key
        head -c 100000 /dev/urandom > file
        aws s3 mb s3://bucket
        aws s3 cp file s3://bucket/file --sse-c AES256 --sse-c-key fileb://my.key
        """
    )
    assert bare.stop() == 0
    bare.start()
    bare.bash(
        """
        source cardea-data/credentials.env
        swift download bucket file -o back --header "X-Object-Meta-Encryption-Key: $(base64 < my.key)"
        cmp file back
        """
    )


def test_lost_credentials_are_reset(bare: Bare) -> None:
    bare.start()
    old = bare.credentials()
    bare.bash("source cardea-data/credentials.env; aws s3 mb s3://bucket")
    assert bare.stop() == 0
    (bare.data / "credentials.env").rename(bare.folder / "old.env")
    done = run(bare, "credentials", "reset")
    assert done.returncode == 0, done.stderr
    new = read_env(bare.data / "credentials.env")
    assert new["OS_PASSWORD"] != old["OS_PASSWORD"] and new["AWS_SECRET_ACCESS_KEY"] != old["AWS_SECRET_ACCESS_KEY"]
    assert new["OS_PASSWORD"] not in done.stdout + done.stderr
    bare.start()
    # The ports are those of the first start. The reset did not know them, and wrote the default ones.
    port = f"127.0.0.1:{bare.ports['tls']}"
    fix = f"export AWS_ENDPOINT_URL=https://{port} OS_AUTH_URL=https://{port}/v3"
    bare.bash(f"source cardea-data/credentials.env; {fix}; aws s3 ls | grep -q bucket; swift list | grep -qx bucket")
    assert bare.bash("source old.env; aws s3 ls", check=False).returncode != 0
    assert bare.bash("source old.env; swift list", check=False).returncode != 0


def run(bare: Bare, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the program in the folder, with another command than `serve`."""
    return subprocess.run(
        [places.binary(), *words], cwd=bare.folder, env=clean_environment(), capture_output=True, text=True, timeout=120
    )


def test_keygen_makes_keys_that_both_command_lines_take(bare: Bare) -> None:
    bare.start()
    printed = run(bare, "keygen").stdout
    lines = printed.splitlines()
    make_file = next(line for line in lines if "my.key" in line and line.startswith(("(", "printf", "echo")))

    def line(*words: str) -> str:
        found = next(each for each in lines if all(word in each for word in words))
        for blank, filled in (("BUCKET", "bucket"), ("CONTAINER", "bucket"), ("KEY", "file"), ("FILE", "file")):
            found = found.replace(f" {blank} ", f" {filled} ").replace(f"{blank}/", f"{filled}/").replace(f"/{blank} ", f"/{filled} ")
        return found

    bare.bash(f"source cardea-data/credentials.env; echo body > file; aws s3 mb s3://bucket; {make_file}")
    for command in (
        line("aws s3 cp FILE"),
        line("swift download"),
        line("swift upload"),
        line("aws s3 cp s3://"),
        line("aws s3api put-object"),
        line("swift download"),
    ):
        bare.bash(f"source cardea-data/credentials.env; {command}")
        assert (bare.folder / "file").read_text() == "body\n"


def test_keygen_never_repeats_a_key(bare: Bare) -> None:
    keys = {run(bare, "keygen", "--base64").stdout.strip() for _ in range(5)}
    assert len(keys) == 5
    assert all(len(base64.b64decode(key, validate=True)) == 32 for key in keys)


def test_management(bare: Bare) -> None:
    bare.start()
    for path, text in (("/livez", ""), ("/readyz", ""), ("/metrics", "# TYPE")):
        with urllib.request.urlopen(bare.management.url + path, timeout=ANSWER_SECONDS) as answer:
            assert answer.status == 200 and text in answer.read().decode()


def test_an_object_under_a_customers_key(bare: Bare) -> None:
    """Without the key the file on disk cannot be decrypted, whatever the credentials."""
    bare.start()
    key = CustomerKey.new()
    bare.bash(
        f"""
        source cardea-data/credentials.env
        echo body > file
        swift upload bucket file --header 'X-Object-Meta-Encryption-Key: {key.base64}'
        ! swift download bucket file -o back
        ! aws s3 cp s3://bucket/file back
        """
    )

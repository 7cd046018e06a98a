"""Large objects through clients that split them: boto3's transfer manager and `aws s3 cp`."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from support.cli import Cli
from support.keys import CustomerKey
from support.s3 import S3

SIZE = (17 << 20) + 12345
SEALED = pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sse-c"])


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large"
    path.write_bytes(os.urandom(SIZE))
    return path


@SEALED
def test_boto3_uploads_and_downloads(boto: Any, bucket: str, key: CustomerKey, large: Path, tmp_path: Path, sealed: bool) -> None:
    extra = key.s3_parameters() if sealed else {}
    config = TransferConfig(max_concurrency=4)
    boto.upload_file(str(large), bucket, "large", ExtraArgs=extra, Config=config)
    head = boto.head_object(Bucket=bucket, Key="large", **extra)
    assert (head["ContentLength"], head["ETag"][-3:]) == (SIZE, '-3"')
    boto.download_file(bucket, "large", str(tmp_path / "back"), ExtraArgs=extra, Config=config)
    assert (tmp_path / "back").read_bytes() == large.read_bytes()
    third = boto.get_object(Bucket=bucket, Key="large", PartNumber=3, **extra)
    assert third["PartsCount"] == 3
    assert third["Body"].read() == large.read_bytes()[16 << 20 :]
    # For this operation botocore does not encode the key.
    asked = extra and {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key.base64, "SSECustomerKeyMD5": key.md5}
    told = boto.get_object_attributes(Bucket=bucket, Key="large", ObjectAttributes=["ObjectParts", "ObjectSize"], **asked)
    assert (told["ObjectSize"], told["ObjectParts"]["TotalPartsCount"]) == (SIZE, 3)


@SEALED
def test_boto3_copies_in_parts(boto: Any, bucket: str, key: CustomerKey, large: Path, sealed: bool) -> None:
    boto.upload_file(str(large), bucket, "large")
    config = TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=8 << 20)
    extra = key.s3_parameters() if sealed else {}
    boto.copy({"Bucket": bucket, "Key": "large"}, bucket, "copy", ExtraArgs=extra, Config=config)
    got = boto.get_object(Bucket=bucket, Key="copy", **extra)
    assert hashlib.sha256(got["Body"].read()).digest() == hashlib.sha256(large.read_bytes()).digest()


@SEALED
def test_aws_s3_cp_uploads_and_downloads(cli: Cli, bucket: str, key: CustomerKey, large: Path, sealed: bool) -> None:
    sse = ["--sse-c", "AES256", "--sse-c-key", f"fileb://{key.file(cli.folder)}"] if sealed else []
    cli.run("aws", "s3", "cp", large, f"s3://{bucket}/large", *sse)
    cli.run("aws", "s3", "cp", f"s3://{bucket}/large", "back", *sse)
    assert (cli.folder / "back").read_bytes() == large.read_bytes()
    if sealed:
        cli.fails("aws", "s3", "cp", f"s3://{bucket}/large", "none")
    listed = cli.json("aws", "s3api", "list-objects-v2", "--bucket", bucket)
    assert [(row["Size"], row["ETag"][-3:]) for row in listed["Contents"]] == [(SIZE, '-3"')]


def test_a_presigned_part(s3: S3, bucket: str, cli: Cli) -> None:
    """A service gives such a URL to a browser. It uploads one part without credentials."""
    from support.multipart import Upload

    upload = Upload.begin(s3, bucket)
    signed = s3.presign("PUT", upload.path, query=f"partNumber=1&uploadId={upload.id}")
    answer = signed.send(s3.wire, b"body")
    assert answer.status == 200, answer.text
    upload.parts[1] = answer["ETag"]
    assert upload.complete().status == 200


def test_aws_presigns_after_sourcing_the_credentials(cli: Cli) -> None:
    """`credentials.env` makes every version of the command line sign with SigV4, whatever its user has
    configured."""
    (cli.folder / ".aws").mkdir()
    (cli.folder / ".aws" / "config").write_text("[profile other]\nregion = eu-west-3\n")
    script = """
        set -e
        source "$1"
        aws s3 mb s3://presigned-bucket > /dev/null
        echo body > file
        aws s3 cp --quiet file s3://presigned-bucket/file
        url=$(aws s3 presign s3://presigned-bucket/file)
        case "$url" in *X-Amz-Algorithm=AWS4-HMAC-SHA256*) ;; *) echo "$url"; exit 1 ;; esac
        curl -sSf --cacert "$AWS_CA_BUNDLE" "$url"
    """
    environment = {n: v for n, v in cli.environment.items() if not n.startswith("AWS_")}
    environment |= {"AWS_PROFILE": "other", "AWS_EC2_METADATA_DISABLED": "true"}
    credentials = cli.server.data / "credentials.env"
    done = subprocess.run(
        ["bash", "-c", script, "-", str(credentials)],
        cwd=cli.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (0, "body\n"), done.stdout + done.stderr

"""boto3's client of a gateway."""

from __future__ import annotations

from typing import Any

from .people import User
from .wire import Address


def boto3_client(address: Address, user: User, **settings: Any) -> Any:
    """The client of a user. By default it does not retry, so that a test sees the first answer."""
    # Most processes of the tests do not need boto3, and its import takes longer than all others.
    import boto3
    from botocore.config import Config

    config = {"s3": {"addressing_style": "path"}, "retries": {"max_attempts": 1}, **settings}
    return boto3.client(
        "s3",
        endpoint_url=address.url,
        aws_access_key_id=user.access_key,
        aws_secret_access_key=user.secret_key,
        region_name="us-east-1",
        verify=str(address.ca),
        config=Config(**config),
    )

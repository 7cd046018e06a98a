"""Small disks for tests."""

from __future__ import annotations

from faults.disks import mount  # noqa: F401

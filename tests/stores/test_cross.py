"""The tests of the cross-protocol suite on bytes and versions, unchanged, over each store: `server` is
another fixture here."""

from __future__ import annotations

from cross.test_round_trip import *  # noqa: F403
from cross.test_versions import *  # noqa: F403

"""The cross-protocol suite, unchanged, over each store: `server` is another here."""

from __future__ import annotations

from cross.test_copy import *  # noqa: F403
from cross.test_metadata import *  # noqa: F403
from cross.test_round_trip import *  # noqa: F403
from cross.test_versions import *  # noqa: F403

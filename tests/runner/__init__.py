"""Runs the suites of `tests/run`: two lanes at once, failed tests once more alone, and one closing table."""

"""The values files for the tests: those in `cases`, and those that README.md shows for an installation."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import yaml

from helm.chart import CHART, Values

HERE = Path(__file__).parent


@functools.cache
def cases() -> dict[str, Values]:
    """Values by name."""
    files = {path.stem: path.read_text() for path in sorted((HERE / "cases").glob("*.yaml"))}
    return {name: yaml.safe_load(text) or {} for name, text in {**files, **shapes()}.items()}


def shapes() -> dict[str, str]:
    """The README's values, by the heading above them, which names the form of the release."""
    found = {}
    for section in re.split(r"^### ", (CHART / "README.md").read_text(), flags=re.MULTILINE)[1:]:
        for number, text in enumerate(re.findall(r"^helm install [^\n]* -f - <<END\n(.*?)^END$", section, re.DOTALL | re.MULTILINE)):
            name = re.sub(r"[^a-z0-9]+", "-", section.partition("\n")[0].lower()).strip("-")
            found[f"readme-{name}" + (f"-{number + 1}" if number else "")] = text
    return found

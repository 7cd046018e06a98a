"""values.yaml, its schema, the README's table and the gateway's settings agree."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from helm.cases import shapes
from helm.chart import CHART
from support.places import ROOT

VALUES = (CHART / "values.yaml").read_text()
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
README = CHART / "README.md"
SETTINGS_OF_THE_CHART = {
    "data", "listen", "plain_listen", "management_listen", "endpoint", "tls_certificate", "tls_key", "keyring",
    "trusted_proxies", "drain_timeout", "store", "store_ca", "store_endpoint", "store_path_style", "store_region", "index",
    "index_ca",
}
"""Settings that follow from other values."""
AGREED = {"index_ca", "index_connections", "index_timeout", "request_timeout", "scrub_rate"}
"""Settings that the chart had before the gateway."""
SETTINGS_WITHOUT_A_USE = {
    "disk_reserve": "the default fits every volume",
    "tls_names": "only for certificates that the gateway makes",
    "require_tls_for_customer_keys": "only for tests",
}

MAPS = ("resources", "ingress.annotations", "topologySpread")
"""Values that are maps or lists with entries by default."""


def leaves() -> list[tuple[str, str, str]]:
    """Each value of values.yaml with a comment above it: its name, its default, the comment."""
    found, comment, parents = [], [], []
    for line in VALUES.splitlines():
        text = line.lstrip()
        if text.startswith("# "):
            comment.append(text[2:])
            continue
        if match := re.match(r"([A-Za-z_]+):(?: (.*))?$", text):
            parents[(len(line) - len(text)) // 2 :] = [match[1]]
            name = ".".join(parents)
            if comment and (match[2] or name in MAPS):
                found.append((name, json.dumps(at(name)), " ".join(comment)))
            else:
                assert not match[2] or name.startswith(MAPS), f"{name} has no comment"
        comment = []
    return found


def at(name: str) -> object:
    value = yaml.safe_load(VALUES)
    for word in name.split("."):
        value = value[word]
    return value


def table() -> str:
    """The README's table of values."""
    rows = [f"| `{name}` | {cell(default)} | {comment} |" for name, default, comment in leaves()]
    others = ", ".join(f"`{name}`" for name in sorted(settings() - {"log_format"}))
    last = f"| `settings` | | The gateway's own, as docs/configuration.md has them: {others}. |"
    return "\n".join(["| value | default | what it is |", "|---|---|---|", *rows, last])


def cell(default: str) -> str:
    return f"`{default}`" if len(default) <= 60 else "see values.yaml"


def settings() -> set[str]:
    return set(SCHEMA["properties"]["settings"]["properties"])


def test_the_readme_has_the_table_of_values(pytestconfig: pytest.Config) -> None:
    text = README.read_text()
    wanted = re.sub(r"(<!-- values: .*? -->\n).*?(<!-- end -->)", lambda m: m[1] + table() + "\n" + m[2], text, flags=re.DOTALL)
    if pytestconfig.getoption("--update", default=False):
        README.write_text(wanted)
    assert wanted == README.read_text(), "the table differs from values.yaml: run tests/helm/run --update"


def test_settings_are_those_of_the_gateway() -> None:
    """Each of the gateway's settings is a value of the chart, follows from another value, or has no use
    here."""
    known = set(re.findall(r"^### `(\w+)`$", (ROOT / "docs" / "configuration.md").read_text(), re.MULTILINE))
    groups = [settings(), SETTINGS_OF_THE_CHART, set(SETTINGS_WITHOUT_A_USE)]
    assert set().union(*groups) == known | AGREED
    assert sum(map(len, groups)) == len(known | AGREED)


def test_every_default_is_in_the_schema() -> None:
    def walk(values: dict, schema: dict, path: str) -> None:
        schema = resolved(schema)
        for name, value in values.items():
            assert name in schema["properties"], f"{path}{name}"
            if isinstance(value, dict) and "properties" in resolved(schema["properties"][name]):
                walk(value, schema["properties"][name], f"{path}{name}.")

    walk(yaml.safe_load(VALUES), SCHEMA, "")


def test_the_schema_is_strict() -> None:
    """Every object names its properties, or at least the type of its values, except those that others
    define."""
    free = {"global", "nodeAffinity", "podAffinity", "podAntiAffinity"}

    def walk(schema: object, name: str) -> None:
        if isinstance(schema, dict):
            if schema.get("type") == "object" and name not in free:
                assert "additionalProperties" in schema, name
            for key, each in schema.items():
                walk(each, key)
        elif isinstance(schema, list):
            for each in schema:
                walk(each, name)

    walk(SCHEMA, "")


def resolved(schema: dict) -> dict:
    return SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def test_the_readme_makes_the_secrets_that_it_names() -> None:
    text = README.read_text()
    made = set(re.findall(r"create secret generic (\S+)", text))
    named = set(re.findall(r"existingSecret: ([\w-]+)", "".join(shapes().values())))
    assert made == named


def test_the_version_of_the_chart_is_that_of_the_program() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    [version] = re.findall(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[:1]
    assert chart["appVersion"] == version

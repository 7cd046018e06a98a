"""Values that must not render: unsafe choices, each with one sentence that gives the reason, and unknown
values."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml

from helm.cases import cases
from helm.chart import CHART, Helm, Values

HERE = Path(__file__).parent
SCHEMA = json.loads((CHART / "values.schema.json").read_text())


def rows(name: str) -> list[dict]:
    return yaml.safe_load((HERE / name).read_text())


@pytest.mark.parametrize("row", rows("refused.yaml"), ids=lambda row: row["message"].partition(":")[0])
def test_unsafe_values_are_refused(helm: Helm, row: dict) -> None:
    assert helm.refusal(row["values"]) == row["message"] and "s3cr3t" not in row["message"]


@pytest.mark.parametrize("row", rows("malformed.yaml"), ids=lambda row: json.dumps(row["values"]))
def test_malformed_values_are_refused(helm: Helm, row: dict) -> None:
    refusal = helm.refusal(row["values"])
    assert "values don't meet the specifications of the schema" in refusal and row["where"] in refusal


def folders(values: object, path: tuple = ()) -> Iterator[tuple]:
    """The paths to objects in the values whose names belong to the chart."""
    if isinstance(values, dict):
        yield path
        for name, value in values.items():
            yield from folders(value, (*path, name))
    elif isinstance(values, list):
        for number, value in enumerate(values):
            yield from folders(value, (*path, number))


def test_every_unknown_name_is_refused() -> None:
    """In every object with names of the chart, in the values of any case and in the defaults, another name is
    refused."""
    validator = jsonschema.Draft7Validator(SCHEMA)
    free = {"annotations", "podAnnotations", "podLabels", "labels", "nodeSelector", "matchLabels", "requests", "limits",
            "environment", "nodeAffinity", "podAffinity", "podAntiAffinity"}
    """Objects whose names belong to somebody else."""
    seen = set()
    for values in [yaml.safe_load((CHART / "values.yaml").read_text()), *cases().values()]:
        validator.validate(values)
        for path in folders(values):
            if free & set(path):
                continue
            changed: Values = copy.deepcopy(values)
            place = changed
            for step in path:
                place = place[step]
            place["nope"] = "nope"
            errors = [error.message for error in validator.iter_errors(changed)]
            assert any("'nope' was unexpected" in error for error in errors), path
            seen.add(".".join(str(step) for step in path if not isinstance(step, int)))
    properties = SCHEMA["properties"]
    assert {name for name in properties if properties[name].get("type") == "object"} - free - {"global"} <= seen

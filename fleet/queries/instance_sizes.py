"""vCPUs of instance types, as fleet/operations/instance_types.csv records them (its source stands in observe)."""

import csv
from functools import lru_cache
from importlib import resources


def vcpus(instance_type: str) -> int | None:
    """vCPUs of one instance of this type, None when not known."""
    return _table().get(instance_type)


@lru_cache(maxsize=1)
def _table() -> dict[str, int]:
    text = resources.files("fleet.operations").joinpath("instance_types.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["instance_type"]: int(row["vcpus"]) for row in rows if row["vcpus"]}

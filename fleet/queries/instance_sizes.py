"""What instance types have, as fleet/operations/instance_types.csv records it (its source stands in observe)."""

import csv
from functools import lru_cache
from importlib import resources


def vcpus(instance_type: str) -> int | None:
    """vCPUs of one instance of this type, None when not known."""
    return _table().get(instance_type, (None, None))[0]


def memory_mib(instance_type: str) -> int | None:
    """Memory of one instance of this type in MiB, None when not known."""
    return _table().get(instance_type, (None, None))[1]


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[int | None, int | None]]:
    text = resources.files("fleet.operations").joinpath("instance_types.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["instance_type"]: (_number(row["vcpus"]), _number(row["memory_mib"])) for row in rows}


def _number(text: str) -> int | None:
    return int(text) if text else None

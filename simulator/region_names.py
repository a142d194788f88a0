"""The regions of each AWS partition, from botocore's endpoint data, and which of them an account must choose."""

from __future__ import annotations

from functools import lru_cache

from botocore.loaders import Loader

# Disabled until an account chooses them: the regions launched after 20 March 2019 (Account Management reference
# guide, "Enable or disable AWS Regions in your account", copy read 2026-11-21).
OPT_IN = frozenset({
    "af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4",
    "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1",
    "eu-south-2", "il-central-1", "me-central-1", "me-south-1", "mx-central-1",
})  # fmt: skip


@lru_cache
def names_of(partition: str) -> tuple[str, ...]:
    """Region names of a partition (aws, aws-cn, aws-us-gov), sorted."""
    for entry in Loader().load_data("endpoints")["partitions"]:
        if entry["partition"] == partition:
            return tuple(sorted(entry["regions"]))
    raise ValueError(f"botocore knows no partition {partition!r}")

"""What the simulator knows about instance types: vCPUs, GPUs, memory, local disks.

Figures are those of the EC2 instance types of the same name; unlisted types follow their size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

VCPUS = {"medium": 2, "large": 2, "xlarge": 4}
GB_PER_VCPU = {"c": 2.0, "m": 4.0, "r": 8.0, "t": 2.0, "g": 4.0, "p": 7.6, "i": 2.0}
SEVERAL_GPUS = {
    "ml.g4dn.12xlarge": 4,
    "ml.g5.12xlarge": 4,
    "ml.g5.24xlarge": 4,
    "ml.g5.48xlarge": 8,
    "ml.p3.8xlarge": 4,
    "ml.p3.16xlarge": 8,
    "ml.p4d.24xlarge": 8,
    "ml.p5.48xlarge": 8,
}


@dataclass(frozen=True)
class InstanceType:
    """One type: vCPUs, GPUs, memory in GB, and whether it brings a local disk instead of a volume."""

    vcpus: int
    gpus: int
    memory_gb: float
    local_disk: bool


@lru_cache
def instance_type(name: str) -> InstanceType:
    """The figures of `ml.<family>.<size>`."""
    _, family, size = name.split(".")
    multiple = size.removesuffix("xlarge")
    vcpus = VCPUS.get(size) or 4 * int(multiple)
    gpus = SEVERAL_GPUS.get(name, 1 if family[0] in "gp" else 0)
    memory_gb = vcpus * GB_PER_VCPU.get(family[0], 4.0)
    return InstanceType(vcpus, gpus, memory_gb, "d" in family[1:] or family.startswith("g5"))

"""What each way to host takes: payload, time, features. As the public pages say, docs/advisor.md#limits. Pure."""

from dataclasses import dataclass

from fleet.advisor import sources
from fleet.advisor.evidence import HostingOption
from fleet.types import Kind

MB = 1_000_000
GB = 1_000 * MB
MAX_IMAGE_BYTES = 10 * GB
"""Of a container image on serverless."""
MAX_CONTAINERS = 15
SERVERLESS_DISK_GB = 5


@dataclass(frozen=True)
class Limit:
    """The largest request in bytes and the longest answer in seconds; None = the pages name none."""

    payload_bytes: int | None
    seconds: int | None
    source: str


_ONLINE = Limit(6 * MB, 60, sources.GUIDE_HOSTING_FAQ)
LIMITS = {
    HostingOption.SERVERLESS: Limit(4 * MB, 60, sources.GUIDE_SERVERLESS_INVOKE),
    HostingOption.REAL_TIME: _ONLINE,
    HostingOption.MULTI_MODEL: _ONLINE,
    HostingOption.MULTI_CONTAINER: _ONLINE,
    HostingOption.PIPELINE: _ONLINE,
    HostingOption.ASYNCHRONOUS: Limit(GB, 3600, sources.GUIDE_ASYNC_INVOKE),
    HostingOption.BATCH: Limit(100 * MB, 3600, sources.GUIDE_HOSTING_FAQ),
}
OPTION_OF = {
    Kind.SERVERLESS: HostingOption.SERVERLESS,
    Kind.REAL_TIME: HostingOption.REAL_TIME,
    Kind.ASYNCHRONOUS: HostingOption.ASYNCHRONOUS,
    Kind.MULTI_MODEL: HostingOption.MULTI_MODEL,
    Kind.MULTI_CONTAINER: HostingOption.MULTI_CONTAINER,
}
"""The way that an endpoint's kind is; inference components and unknown kinds are none of the flow's."""

"""How advice says figures, and the phrases for figures that are missing. Pure."""

from fleet.advisor.advice import Line, Missing
from fleet.advisor.evidence import Evidence
from fleet.advisor.wording import duration as duration
from fleet.advisor.wording import number as number
from fleet.advisor.wording import percent as percent
from fleet.advisor.wording import share as share
from fleet.advisor.wording import usd as usd
from fleet.advisor.wording import way as way

OPTIONS = "priced as on the Options tab"
COSTED = "cost lines of today, a month of 730 h"
CALLS = ("calls of the window", "CloudWatch has to report Invocations (asynchronous: InvocationsProcessed)")
SHAPE = ("the shape of the traffic", "a day of hourly calls at least, better two weeks")
COSTS = ("what it costs a month", "a price for everything it holds, and its use of the window")
WAYS = ("what other ways to host it would cost", "prices of the region and the execution time of the window")
MEMORY = ("memory in use", "CloudWatch has to report MemoryUtilization")
CPU = ("CPU in use", "CloudWatch has to report CPUUtilization and the type's vCPUs must be known")
TARGETS = ("scalable targets", "the role has to allow application-autoscaling:DescribeScalableTargets")
WARM_METRIC = "ServerlessProvisionedConcurrencyUtilization"
WARM_USE = ("use of the provisioned concurrency", f"CloudWatch has to report {WARM_METRIC}")
LATENCY = ("how long calls take", "CloudWatch has to report p99 of ModelLatency")


def window(evidence: Evidence, what: str) -> str:
    """Source of a figure read over the window: "Invocations, last 14 days"."""
    return f"{what}, last {evidence.window_days:g} days"


def calls(evidence: Evidence) -> Line:
    """The calls of the window as evidence."""
    return Line("Calls", number(evidence.calls.count), window(evidence, "Invocations"))


def shape(evidence: Evidence) -> Line:
    """The traffic's shape as evidence."""
    found = evidence.shape
    name = found.pattern.value if found and found.pattern else "not known"
    text = f"{name}: {found.words}" if found else name
    return Line("Traffic", text, window(evidence, "hourly calls"))


def month(evidence: Evidence) -> Line:
    """What it costs as it is, as evidence."""
    return Line("Cost a month today", usd(evidence.month.total), COSTED)


def unknown(*phrases: tuple[str, str]) -> tuple[Missing, ...]:
    """Missing figures that would make advice surer."""
    return tuple(Missing(*each) for each in phrases)

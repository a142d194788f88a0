"""How advice says figures, and the phrases for figures that are missing. Pure."""

from decimal import ROUND_HALF_UP, Decimal

from fleet.advisor.advice import Line, Missing
from fleet.advisor.evidence import Evidence, PricedWay
from fleet.costs.break_even import Family

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


def usd(amount: Decimal | None) -> str:
    """ "$1,234.50", "−$3.00"; "—" when not known."""
    if amount is None:
        return "—"
    cents = abs(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{'−' if amount < 0 and cents else ''}${cents:,}"


def share(part: float | None) -> str:
    """A part of one as a percentage: "12 %"; "—" when not known."""
    return "—" if part is None else f"{part * 100:.3g} %"


def percent(value: float | None) -> str:
    """A percentage that comes as one: "12 %"; "—" when not known."""
    return "—" if value is None else f"{value:.3g} %"


def number(value: float | None) -> str:
    """ "1,234", "0.5"; "—" when not known."""
    if value is None:
        return "—"
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2g}"


def duration(ms: float | None) -> str:
    """ "230 ms", "4.2 s"; "—" when not known."""
    if ms is None:
        return "—"
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.3g} s"


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


def way(found: PricedWay | None) -> str:
    """ "2 GB serverless", "3 × ml.c5.large", "ml.c5.large"; "—" for none."""
    if found is None:
        return "—"
    if found.family in (Family.SERVERLESS, Family.PROVISIONED):
        return f"{int(found.item) // 1024} GB serverless" + (f", {found.level} warm" if found.level else "")
    return f"{found.count} × {found.item}" if found.count else found.item


def unknown(*phrases: tuple[str, str]) -> tuple[Missing, ...]:
    """Missing figures that would make advice surer."""
    return tuple(Missing(*each) for each in phrases)

"""What the Advisor pages say: labels of its scales and ways, ranges of savings, sentences. Plain text."""

from decimal import Decimal

from dashboards import wording
from fleet.advisor.advice import Decision, Effort, Risk, Severity
from fleet.advisor.catalogue import ALL_RULES
from fleet.advisor.evidence import HostingOption
from fleet.advisor.fitness import Function
from fleet.models import Advice

OPTIONS: dict[HostingOption, str] = {
    HostingOption.BATCH: "Batch transform",
    HostingOption.ASYNCHRONOUS: "Asynchronous",
    HostingOption.SERVERLESS: "Serverless",
    HostingOption.REAL_TIME: "Real-time",
    HostingOption.MULTI_MODEL: "Multi-model",
    HostingOption.MULTI_CONTAINER: "Multi-container",
    HostingOption.PIPELINE: "Serial pipeline",
}
DOTS: dict[HostingOption, str] = {
    HostingOption.BATCH: "batch",
    HostingOption.ASYNCHRONOUS: "asynchronous",
    HostingOption.SERVERLESS: "serverless",
    HostingOption.REAL_TIME: "real-time",
    HostingOption.MULTI_MODEL: "multi-model",
    HostingOption.MULTI_CONTAINER: "multi-container",
    HostingOption.PIPELINE: "multi-container",
}
FUNCTIONS: dict[Function, str] = {
    Function.COST: "Cost",
    Function.LATENCY: "Latency",
    Function.THROUGHPUT: "Throughput",
    Function.SCALING: "Simple scaling",
    Function.TRAFFIC: "Traffic fit",
}
RISKS: dict[int, str] = {Risk.LOW: "Low", Risk.MEDIUM: "Medium", Risk.HIGH: "High"}
EFFORTS: dict[int, str] = {Effort.SMALL: "A form", Effort.MEDIUM: "Hours", Effort.LARGE: "Days"}
SEVERITIES: dict[int, str] = {
    Severity.CRITICAL: "critical",
    Severity.WARNING: "warning",
    Severity.ADVICE: "advice",
    Severity.NOTE: "note",
}
"""Severity → the state that draws it (dashboards.status)."""
STATES: dict[str, str] = {
    Advice.State.OPEN: "Open",
    Advice.State.ASSIGNED: "Assigned",
    Advice.State.DISMISSED: "Dismissed",
    Advice.State.DONE: "Done",
}
DECISIONS: dict[str, str] = {
    Decision.EXISTENCE: "whether it is needed",
    Decision.HOSTING: "how it is hosted",
    Decision.SHARING: "what it shares",
    Decision.SIZE: "its size",
    Decision.COUNT: "its number of instances",
    Decision.WARMTH: "what is kept warm",
    Decision.LIMIT: "its limits",
    Decision.CACHE: "its model cache",
    Decision.QUEUE: "its queue",
    Decision.POLICY: "its scaling",
    Decision.COMMITMENT: "a commitment",
    Decision.CARE: "its care",
}


def rule_labels() -> dict[str, str]:
    """Slug of every rule to its words."""
    return {rule.slug: rule.label for rule in ALL_RULES}


def rule_label(slug: str) -> str:
    """A rule's words; a rule that is no more is named by its slug."""
    return rule_labels().get(slug, slug)


def saving_range(low: Decimal | None, high: Decimal | None) -> str:
    """What it does to a month, from the least to the most; "" where no saving is claimed. "a month" may follow.

    "$12.40 – $18.10", "up to $18.10", "costs $81.91 more", "saves up to $18.10 or costs up to $5.00 more".
    """
    if low is None or high is None:
        return ""
    if low < 0 < high:
        return f"saves up to {wording.usd(high)} or costs up to {wording.usd(-low)} more"
    if low < 0:
        return f"costs {_between(-high, -low)} more" if high else f"costs up to {wording.usd(-low)} more"
    if not low:
        return f"up to {wording.usd(high)}" if high else "costs the same"
    return _between(low, high)


def set_saving(low: Decimal | None, high: Decimal | None) -> str:
    """The same as the predicate of a set that shares: "saves up to $18.10 a month", "saves up to $18.10 or costs …"."""
    if low is None or high is None:
        return "has no figure"
    said = saving_range(low, high)
    return f"{said} a month" if low < 0 or not high else f"saves {said} a month"


def together(low: Decimal | None, high: Decimal | None) -> str:
    """What several pieces of advice save together, each of which may save: "$50.00 – $70.00", "up to $70.00"."""
    return saving_range(None if low is None else max(low, Decimal(0)), high)


def promise(usd: Decimal) -> str:
    """What changes promised together: "promised $30.00 a month for sure", "were to cost $41.00 a month more"."""
    if usd < 0:
        return f"were to cost {wording.usd(-usd)} a month more"
    return f"promised {wording.usd(usd)} a month for sure"


def saves(high: Decimal | None) -> bool:
    """Whether an advice with this highest saving can save anything; without a figure it does not."""
    return high is not None and high > 0


def _between(low: Decimal, high: Decimal) -> str:
    one, other = wording.usd(low), wording.usd(high)
    return one if one == other else f"{one} – {other}"

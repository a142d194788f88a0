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
    """ "$12.40 – $18.10", "$12.40" where both are the same to the cent, "" where no saving is claimed."""
    if low is None or high is None:
        return ""
    one, other = wording.usd(low), wording.usd(high)
    return one if one == other else f"{one} – {other}"

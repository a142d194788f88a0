"""The chart that an advice rests on: what its endpoint did around the 14 days that the rules looked at."""

from typing import Any

from django.urls import reverse
from django.utils import timezone

from dashboards import scope
from dashboards.endpoint import figures
from fleet.advisor.advice import Decision
from fleet.models import Advice
from fleet.queries import endpoint as queries
from fleet.types import Kind

RANGE = "30d"
"""The shortest range of the page's charts that holds all that the rules looked at."""
_OF_DECISION = {
    Decision.SIZE: "resources",
    Decision.COUNT: "resources",
    Decision.LIMIT: "resources",
    Decision.WARMTH: "cold-starts",
    Decision.CACHE: "cache",
    Decision.QUEUE: "async",
}


def name_of(decision: str, kind: str) -> str:
    """Which of the endpoint's charts shows what an advice decides on; calls and latency where no other does."""
    found = next((chart for key, chart in _OF_DECISION.items() if key == decision), "summary")
    return "async" if found == "summary" and kind == Kind.ASYNCHRONOUS else found


def drawn(row: Advice) -> dict[str, Any] | None:
    """The inputs of components/chart.html; None where nothing was reported that it could draw. Six queries."""
    name = name_of(row.decision, row.endpoint.kind)
    head = queries.head(row.endpoint)
    activity = queries.activity(head, scope.time_range(RANGE, timezone.now()))
    chart = figures.figure(activity, name, "")
    if not chart["has_any"]:
        return None
    address = reverse("endpoints:chart", args=[row.endpoint_id, name])
    return {**chart, "src": f"{address}?range={RANGE}", "explain": figures.explain(chart, activity, head)}

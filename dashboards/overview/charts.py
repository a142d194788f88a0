"""Cost per day by hosting kind, as a figure, its legend and its table."""

from datetime import UTC, date, datetime, time, timedelta

from dashboards import charts, status, wording
from dashboards.charts import Mark, Payload, Series
from dashboards.tables import Column, PlainTable
from fleet.models import Incident
from fleet.queries.overview import DayCosts
from fleet.queries.scope import ScopeFilter
from fleet.types import Kind

STACK: tuple[Kind, ...] = (
    Kind.INFERENCE_COMPONENT,
    Kind.REAL_TIME,
    Kind.SERVERLESS,
    Kind.ASYNCHRONOUS,
    Kind.MULTI_MODEL,
    Kind.MULTI_CONTAINER,
    Kind.UNKNOWN,
)
"""Bottom to top; the legend has the same order."""
MOST_MARKS = 3


def _kinds(costs: DayCosts) -> list[str]:
    return [kind.value for kind in STACK if kind.value in costs.by_kind]


def legend(costs: DayCosts) -> list[tuple[str, str]]:
    """(dot class, words) of the kinds that cost anything."""
    return [(kind, status.KIND_LABELS[kind]) for kind in _kinds(costs)]


def cost_per_day(costs: DayCosts, marks: list[Mark]) -> Payload:
    """Stacked bars, one per UTC day; a day without cost lines is a gap."""
    series = [
        Series(status.KIND_LABELS[kind], f"kind-{kind}", [costs.by_kind[kind].get(day) for day in costs.days])
        for kind in _kinds(costs)
    ]
    return charts.stacked_bars(costs.days, series, marks=marks)


def cost_table(costs: DayCosts) -> PlainTable:
    """The same figures, newest day first."""
    kinds = _kinds(costs)
    head = [Column("Day (UTC)")] + [Column(f"{status.KIND_LABELS[kind]}, $", True) for kind in kinds]
    rows = [
        [f"{day:%a} {day.day} {day:%b}"]
        + [wording.amount(costs.by_kind[kind].get(day)) for kind in kinds]
        + [wording.amount(costs.total(day))]
        for day in reversed(costs.days)
    ]
    return PlainTable("Cost per day by hosting kind, USD", [*head, Column("All, $", True)], rows)


def incident_marks(scope: ScopeFilter, costs: DayCosts) -> list[Mark]:
    """The gravest incidents that opened on the chart's days, at most three and one per day, above their bar."""
    start = datetime.combine(costs.days[0], time(), UTC)
    found = (
        Incident.objects.filter(scope.q("endpoint__shard"), endpoint__isnull=False)
        .filter(opened_at__gte=start, opened_at__lt=start + timedelta(days=len(costs.days)))
        .order_by("severity", "-opened_at")
        .values_list("opened_at", "severity", "endpoint__name")[:30]
    )
    marks: dict[date, Mark] = {}
    for opened_at, severity, name in found:
        day = opened_at.astimezone(UTC).date()
        near = any(abs((day - other).days) < 3 for other in marks)
        total = costs.total(day)
        if near or total is None or len(marks) == MOST_MARKS:
            continue
        marks[day] = Mark(day, name, "failed" if severity == "critical" else "attention", float(total))
    return list(marks.values())

"""The Cost tab: the month so far with its formula lines, and cost per day by component."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone

from dashboards import charts, wording
from dashboards.costs import explain
from dashboards.costs.rows import line_table
from dashboards.endpoint import tiles
from dashboards.status import COMPONENT_LABELS
from dashboards.tables import Column, PlainTable
from dashboards.tiles import Explain, Tile
from fleet import data_sizes
from fleet.models import Endpoint
from fleet.queries import cost_lines, costs, endpoint_cost, usage
from fleet.queries.cost_scope import Span
from fleet.queries.endpoint import Activity, Head
from fleet.queries.scope import TimeRange
from fleet.types import CostComponent

Layers = dict[str, list[Decimal | None]]
"""Cost by component and day."""
FORMULA = "Σ quantity × list price − discount"


def context(head: Head, activity: Activity) -> dict[str, object]:
    """Tiles, chart and formula lines."""
    today = timezone.now().date()
    days = activity.window.days
    words = f"{days[0]:%-d %b} – {days[-1]:%-d %b}, UTC days"
    layers = ordered(endpoint_cost.by_day(head.endpoint, days))
    month = endpoint_cost.month(head.endpoint, today)
    sizes = data_sizes.assumed(head.endpoint)
    lines = cost_lines.endpoint_lines(head.endpoint.pk, today.replace(day=1), today)
    gaps = cost_lines.data_gaps(1, *(int(kb is not None) for kb in (sizes.request_kb, sizes.response_kb)))
    return {
        "tiles": [month_tile(head, month), *window_tiles(head, layers, activity, month.data_until)],
        "charts": [_figure(head, layers, days, words, month.data_until)],
        "lines": line_table([*lines, *gaps] if lines else []),
        "month_words": f"{today.replace(day=1):%-d %b} – {today:%-d %b}, UTC",
        "computed_at": month.computed_at,
        "sizes": sizes,
        "lines_explain": _explain(
            "Each line is a quantity times a price; its last column but one says how sure it is.",
            month.data_until,
            "quantity × list price − discount",
            "since the first of the month, UTC",
        ),
    }


def _figure(
    head: Head, layers: Layers, days: Sequence[date], words: str, as_of: datetime | None
) -> dict[str, object]:
    """Cost per day by component, as the chart's component takes it."""
    lines_url = explain.endpoint_lines_url(head.endpoint.pk, Span(days[0], days[-1]))
    return {
        "name": "cost",
        "id": "chart-cost",
        "title": "Cost per day by component",
        "caption": f"USD, estimated from usage · {words}",
        "size": "",
        "has_any": bool(layers),
        "explain": _explain("Sum of the day's cost lines by component.", as_of, FORMULA, words, lines_url),
        "legend": [(component, COMPONENT_LABELS.get(component, component)) for component in layers],
        "table": table(layers, days),
    }


def month_tile(head: Head, found: endpoint_cost.MonthCost | None = None) -> Tile:
    """Cost of the month so far with the address of its lines; one query unless `found` is given."""
    today = timezone.now().date()
    month = found or endpoint_cost.month(head.endpoint, today)
    return tiles.cost(
        month, lines_url=explain.endpoint_lines_url(head.endpoint.pk, costs.month_to_date(today))
    )


def ordered(found: Layers) -> Layers:
    """Components in the order they are stacked everywhere."""
    order = [str(component) for component in CostComponent]
    return {
        key: found[key] for key in sorted(found, key=lambda k: order.index(k) if k in order else len(order))
    }


def _explain(text: str, as_of: datetime | None, formula: str, window: str, lines_url: str = "") -> Explain:
    """A figure of cost lines: worked out from metrics, observed capacity and the price list."""
    return Explain(
        text, formula=formula, source="The lines below name each price's source", basis="estimated", as_of=as_of,
        window=window, call="cloudwatch:GetMetricData, sagemaker:DescribeEndpoint, pricing:GetProducts",
        lines_url=lines_url,
    )  # fmt: skip


def window_tiles(head: Head, layers: Layers, activity: Activity, as_of: datetime | None) -> list[Tile]:
    """Cost of the last whole day in the window, and per 1,000 calls over the window's days."""
    known = [amount for amounts in layers.values() for amount in amounts if amount is not None]
    window_sum = sum(known, Decimal(0)) if known else None
    days = activity.window.days
    calls = usage.total(activity.rows, activity.calls_column)
    per_1000 = window_sum / Decimal(str(calls)) * 1000 if window_sum is not None and calls else None
    words = f"{days[0]:%-d %b} – {days[-1]:%-d %b}"
    lines_url = explain.endpoint_lines_url(head.endpoint.pk, Span(days[0], days[-1]))
    return [
        _yesterday(head, layers, days, as_of),
        Tile(
            "Days of the window",
            wording.usd(window_sum) if window_sum is not None else None,
            note=words,
            reason="No cost was computed for these days",
            explain=_explain(
                "Sum of the cost lines of every UTC day the window touches, whole days.", as_of, FORMULA,
                f"{words}, UTC days", lines_url,
            ),
        ),
        Tile(
            "Per 1,000 calls",
            wording.usd(per_1000) if per_1000 is not None else None,
            note=f"{wording.count(calls)} calls in the {activity.window.label}" if calls else "",
            reason="Needs calls and a cost",
            explain=_explain(
                "Cost of the window's UTC days over the calls of the window; the first day counts whole.", as_of,
                f"{wording.usd(window_sum)} ÷ {wording.count(calls)} × 1,000", f"{words}, UTC days", lines_url,
            ),
        ),
    ]  # fmt: skip


def _yesterday(head: Head, layers: Layers, days: Sequence[date], as_of: datetime | None) -> Tile:
    amounts = [each[-2] for each in layers.values() if len(each) > 1 and each[-2] is not None]
    day = days[-2] if len(days) > 1 else days[-1]
    return Tile(
        "Yesterday",
        wording.usd(sum(amounts, Decimal(0))) if amounts else None,
        note=f"{day:%a %-d %b}, UTC" if len(days) > 1 else "",
        reason="The window holds no whole day" if len(days) < 2 else "No cost was computed for it",
        explain=_explain(
            "Sum of the day's cost lines.", as_of, FORMULA, "yesterday, UTC",
            explain.endpoint_lines_url(head.endpoint.pk, Span(day, day)),
        ),
    )  # fmt: skip


def chart(endpoint: Endpoint, window: TimeRange) -> charts.Payload:
    """Cost per UTC day, stacked by component."""
    layers = ordered(endpoint_cost.by_day(endpoint, window.days))
    if not layers:
        return charts.empty("No cost has been worked out for these days yet.")
    series = [
        charts.Series(COMPONENT_LABELS.get(component, component), f"cost-{component}", amounts)
        for component, amounts in layers.items()
    ]
    payload = charts.stacked_bars(window.days, series)
    if "layout" in payload:
        payload["layout"]["xaxis"] = {"hoverformat": "%a %-d %b, UTC day", "tickformat": "%-d %b"}
    return payload


def table(layers: Layers, days: Sequence[date]) -> PlainTable:
    """The chart's figures by day."""
    columns = [Column("Day (UTC)")]
    columns += [Column(f"{COMPONENT_LABELS.get(key, key)}, $", is_number=True) for key in layers]
    rows = [
        (f"{day:%a %-d %b}", *(wording.amount(amounts[n]) for amounts in layers.values()))
        for n, day in enumerate(days)
    ]
    return PlainTable("Cost per day by component", columns, rows)

"""Invented values for the pattern page; hostile names among them, so that escaping shows."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.http import QueryDict

from dashboards import charts, status
from dashboards.charts import Mark, Panel, Payload, Series, Threshold
from dashboards.forms import style
from dashboards.tables import Column, Facet, FacetOption, Page, PlainTable, Sort
from dashboards.tiles import Explain, Tile
from fleet.queries.ownership import BlastRadius

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOSTILE = '<script>alert(1)</script>"quoted"'
COLUMNS = (Column("Day"), Column("USD", is_number=True))
KINDS = ("inference-component", "real-time", "serverless", "asynchronous", "multi-model", "multi-container")


class SampleForm(forms.Form):
    """Fields of every sort, bound to a refused submission."""

    max_concurrency = forms.IntegerField(
        max_value=200, min_value=1, help_text="AWS allows 1 to 200 for one endpoint."
    )
    instance_type = forms.ChoiceField(
        choices=[("ml.m5.xlarge", "ml.m5.xlarge"), ("ml.c5.large", "ml.c5.large")]
    )
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), label="Reason, kept in the audit log")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        style(self)


class SampleConfirm(forms.Form):
    """A typed confirmation."""

    typed_name = forms.CharField(label="Type fraud-score to confirm", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        style(self)


def _tiles() -> list[Tile]:
    explain = Explain(
        text="Sum of the daily cost of every variant.",
        formula="10,398,667 s × $0.0000600",
        inputs=[("Endpoints", "61"), ("Unpriced", "1")],
        source="Price List, 1 Nov 2026",
        basis="estimated",
        as_of=NOON - timedelta(minutes=4),
    )
    wave = [3.0, 4, 3.5, None, 4, 4.5, 6, 5, 5.5]
    return [
        Tile("Need attention", "4", unit="of 61", note="2 critical · 2 warnings", tone="failed", explain=explain),
        Tile("Cost yesterday", "$1,068", note="8.3 % vs last Thu", tone="failed", direction="up", spark=wave,
             spark_label="Cost per day", explain=explain),
        Tile("Cold starts", "2.1", unit="% of calls", note="0.3 pt vs last week", tone="ok", direction="down"),
        Tile("Server errors (5xx)", "0.08", unit="%", note="unchanged vs last week"),
        Tile("Cache hit ratio", None, reason="No multi-model endpoint in this scope"),
    ]  # fmt: skip


def _cost() -> Payload:
    days = [date(2026, 10, 22) + timedelta(days=n) for n in range(30)]
    layers = [
        Series(
            status.KIND_LABELS[kind],
            f"kind-{kind}",
            [40 * (6 - k) * (0.85 if d.weekday() > 4 else 1) for d in days],
        )
        for k, kind in enumerate(KINDS)
    ]
    return charts.stacked_bars(days, layers, marks=[Mark(days[13], HOSTILE[:20], "failed", 850.0)])


def _panels() -> Payload:
    hours = [NOON - timedelta(hours=47 - n) for n in range(48)]
    calls = [float(max(0, 50 - abs(12 - n % 24) * 6)) for n in range(48)]
    p99 = [None if n in {20, 21, 22} else 380.0 + (n * 37) % 90 for n in range(48)]
    stack = [
        Panel(bars=[Series("Calls", "kind-serverless", calls)], weight=0.8),
        Panel(unit="ms", lines=[Series("Latency p99", "accent", p99, label="p99")],
              thresholds=[Threshold(450, "alert above 450 ms for 10 min")]),
    ]  # fmt: skip
    return charts.panels(hours, stack, marks=[Mark(hours[30], "Max 10 → 20")])


CHARTS: dict[str, Callable[[], Payload]] = {
    "cost": _cost,
    "panels": _panels,
    "empty": lambda: charts.empty("No calls in the last 24 hours, so there is nothing to draw."),
}


def _grid() -> list[dict[str, Any]]:
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    return [
        {"label": day, "cells": [
            _cell(day, h, (h * (d + 3)) % 5 if 6 <= h <= 20 else None) for h in range(24)]}
        for d, day in enumerate(days)
    ]  # fmt: skip


def _cell(day: str, hour: int, cold: int | None) -> dict[str, Any]:
    words = "no calls" if cold is None else f"{cold} cold starts"
    return {"level": cold, "text": str(cold or ""), "title": f"{day} {hour:02}:00, {words}"}


def _facet() -> Facet:
    options = [
        FacetOption("critical", "Critical", 2, True, icon="alert-octagon", tone="failed"),
        FacetOption("ok", "In service", 53, False, icon="circle-check", tone="ok"),
        FacetOption("serverless", "Serverless", 14, False, dot="serverless"),
        FacetOption("x", HOSTILE, 1, False),
    ]
    return Facet("state", "State", options, shown=3)


def _operation() -> dict[str, Any]:
    return {
        "steps": [
            {"state": "done", "title": "Read the live state", "text": "Version as previewed", "time": "10:03:50"},
            {"state": "running", "title": "Wait for InService", "text": "AWS says: Updating", "time": "6 min"},
            {"state": "failed", "title": "Prove the live config", "text": HOSTILE, "time": "10:04:11"},
            {"state": "skipped", "title": "Register scaling", "text": "No policy was asked for", "time": ""},
            {"state": "pending", "title": "Watch errors and latency", "text": "", "time": ""},
        ],
        "diff": [{"field": "Memory", "before": "6,144 MB", "after": "16,384 MB"},
                 {"field": "Config", "before": HOSTILE, "after": "fraud-score-op-8f21c"}],
        "calls": [
            {"service": "sagemaker", "action": "DescribeEndpoint", "parameters": "EndpointName=fraud-score"},
            {"service": "sagemaker", "action": "UpdateEndpoint",
             "parameters": "EndpointName=fraud-score EndpointConfigName=fraud-score-op-8f21c"},
        ],
    }  # fmt: skip


def context(query: QueryDict) -> dict[str, Any]:
    """Everything the pattern page draws."""
    form = SampleForm({"max_concurrency": "250", "instance_type": "ml.m5.xlarge", "reason": ""})
    return {
        "states": list(status.all_looks()),
        "kinds": list(status.KIND_LABELS),
        "components": list(status.COMPONENT_LABELS),
        "since": NOON,
        "tiles": _tiles(),
        "hostile": HOSTILE,
        "long_name": "a-very-long-endpoint-name-that-somebody-generated-by-script-eu",
        "values": {"zero": 0, "small": 0.0152, "money": 1068.4312, "ratio": 0.0213, "ms": 412.3,
                   "slow": 38200, "none": None},
        "series": [1.0, 2, 3, None, 5, 4, 6],
        "flat": [0.0, 0, 0],
        "no_values": [None, None],
        "table": PlainTable("Cost per day", COLUMNS, [("19 Nov", "1,068.00"), (HOSTILE, "—")]),
        "legend": [(kind, status.KIND_LABELS[kind]) for kind in KINDS],
        "sort": Sort.read(query, {"name", "cost"}, "-cost"),
        "page": Page.read(query, 161),
        "facets": [_facet()],
        "chips": [("State: critical", ""), ("Region: eu-west-1", "")],
        "form": form,
        "confirm": SampleConfirm(),
        "grid": _grid(),
        **_operation(),
        "blast": BlastRadius("checkout", 1, []),
        "facts": [("Now / limit", "20 / Max 20"), ("Calls a minute", "640")],
        "crumbs": [{"label": "Endpoints", "url": "/endpoints/"}, {"label": "prod · eu-west-1", "url": "/endpoints/"},
                   {"label": HOSTILE}],
        "tabs": [{"label": "Summary", "url": "?tab=summary", "is_current": True},
                 {"label": "Cold starts", "url": "?tab=cold", "count": 23}],
    }  # fmt: skip

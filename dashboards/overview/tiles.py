"""The overview's tiles."""

from urllib.parse import urlencode

from django.urls import reverse

from dashboards import wording
from dashboards.costs import explain as cost_explain
from dashboards.costs.forecast_tile import forecast_tile
from dashboards.measured import compared_points, explain
from dashboards.overview.figures import Figures
from dashboards.tiles import Explain, Tile
from fleet.queries.cost_scope import Span


def tiles(figures: Figures, query: str) -> list[Tile]:
    """Who needs somebody, yesterday's cost, what the month will have cost, cold starts, server errors."""
    return [
        _attention(figures, query),
        _cost(figures, query),
        forecast_tile(figures.outlook, lines_url=cost_explain.url(figures.outlook.so_far, query)),
        _cold(figures),
        _errors(figures),
    ]


def _attention(figures: Figures, query: str) -> Tile:
    url = reverse("endpoints:page") + "?" + urlencode({"state": ["critical", "warning"]}, doseq=True)
    notes = [
        f"{figures.critical} critical" if figures.critical else "",
        wording.plural(figures.warnings, "warning") if figures.warnings else "",
        f"{len(figures.unreadable)} unreadable" if figures.unreadable else "",
    ]
    return Tile(
        "Need attention",
        f"{figures.needing:,}",
        unit=f"of {figures.fleet.total:,}",
        note=" · ".join(note for note in notes if note) or "no open incident",
        tone="failed" if figures.critical else ("attention" if figures.troubles else ""),
        url=f"{url}&{query}" if query else url,
        explain=Explain(
            text="Endpoints with an open incident, or whose status is Failed, OutOfService or UpdateRollbackFailed.",
            basis="measured",
        ),
    )


def _cost(figures: Figures, query: str) -> Tile:
    change = figures.cost_change
    weekday = f"{figures.yesterday:%a}"
    unpriced = figures.costs.unpriced_endpoints
    note = (
        "nothing to compare with yet"
        if change is None
        else f"{wording.percent(abs(change))} vs last {weekday}"
    )
    if change is not None and abs(change) < 0.005:
        note = f"unchanged vs last {weekday}"
    is_notable = change is not None and abs(change) >= 0.05
    return Tile(
        "Cost yesterday",
        wording.usd(figures.yesterday_usd) if figures.yesterday_usd is not None else None,
        note=note,
        direction=("up" if change > 0 else "down") if change is not None and abs(change) >= 0.005 else "",
        tone=("failed" if (change or 0) > 0 else "ok") if is_notable else "",
        title=wording.usd_exact(figures.yesterday_usd),
        reason="No cost has been worked out for yesterday",
        spark=[_float(figures.costs.total(day)) for day in figures.costs.days if day <= figures.yesterday],
        spark_label="Cost per day, USD",
        explain=Explain(
            text="Sum of the cost lines of every variant on that UTC day.",
            formula="Σ quantity × unit price",
            inputs=[("Day", f"{figures.yesterday:%-d %b %Y}"), ("Endpoints without a price", f"{unpriced:,}")],
            source="price sources stand on the Costs page, line by line",
            basis="estimated",
            as_of=figures.costs.data_until,
            lines_url=cost_explain.url(Span(figures.yesterday, figures.yesterday), query),
        ),
    )  # fmt: skip


def _cold(figures: Figures) -> Tile:
    share = figures.cold
    return Tile(
        "Cold starts",
        wording.percent(share.value, unit=False) if share.value is not None else None,
        unit="% of calls",
        reason="No serverless calls in this window",
        spark=share.daily,
        spark_label="Cold start share per day",
        explain=explain(
            "Set-up samples of serverless endpoints as a share of their calls. AWS does not say that the metric is "
            "emitted on cold starts only, so this is an estimate.",
            figures.window,
            formula="SampleCount(ModelSetupTime) ÷ Sum(Invocations)",
            inputs=[
                ("Cold starts", wording.count(share.part)),
                ("Serverless calls", wording.count(share.whole)),
            ],
            basis="estimated",
        ),
        **compared_points(share.value, share.before, figures.window, bad="up"),
    )


def _errors(figures: Figures) -> Tile:
    share = figures.errors
    return Tile(
        "Server errors (5xx)",
        wording.percent(share.value, unit=False) if share.value is not None else None,
        unit="% of calls",
        reason="No calls in this window",
        spark=share.daily,
        spark_label="5xx share per day",
        explain=explain(
            "Calls that the model or the endpoint answered with a 5xx status.",
            figures.window,
            formula="Sum(Invocation5XXErrors) ÷ calls",
            inputs=[("5xx answers", wording.count(share.part)), ("Calls", wording.count(share.whole))],
        ),
        **compared_points(share.value, share.before, figures.window, bad="up"),
    )


def _float(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]

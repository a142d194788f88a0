"""Tiles of the Costs page: month to date, its forecast, today, per 1,000 calls, idle and spare, gaps, the budget."""

from datetime import date
from decimal import Decimal

from dashboards import wording
from dashboards.costs import explain
from dashboards.costs.charts import days_in_month
from dashboards.costs.figures import DAY, Figures
from dashboards.costs.forecast_tile import forecast_tile
from dashboards.costs.groups import unused_usd
from dashboards.costs.wanted import span_words
from dashboards.tiles import Explain, Tile
from fleet.queries.cost_scope import Span, month_to_date
from fleet.types import CostComponent

_IDLE_OR_SPARE = (CostComponent.INSTANCE_TIME.value, CostComponent.KEPT_WARM.value)
"""The components that something is paid for in vain in."""
NOT_YET = "No cost has been worked out yet"


def tiles(figures: Figures) -> list[Tile]:
    """Six or seven tiles; the budget has one only where there is a budget."""
    found = [
        _month(figures),
        forecast_tile(
            figures.outlook,
            lines_url=explain.url(figures.outlook.so_far, figures.wanted.query.urlencode()),
        ),
        _today(figures),
        _per_1000(figures),
        _unused(figures),
        _left_out(figures),
    ]
    return [*found, _budget(figures)] if figures.budget else found


def change_words(now: Decimal | None, before: Decimal | None, day: date) -> tuple[str, str]:
    """("4 % over Fri 13 Nov", "up"); ("", "") when one of the two is not known."""
    named = f"{day:%a} {day.day} {day:%b}"
    if now is None or before is None:
        return (f"no figure for {named}", "") if now is not None else ("", "")
    if before == 0:
        return ("as on " if now == 0 else "nothing on ") + named, ""
    change = (now - before) / before
    if abs(change) < Decimal("0.005"):
        return f"as on {named}", ""
    return f"{wording.percent(abs(change))} {'over' if change > 0 else 'under'} {named}", (
        "up" if change > 0 else "down"
    )


def _month(figures: Figures) -> Tile:
    span = month_to_date(figures.today)
    amount = figures.month.amount
    return Tile(
        "This month",
        None if amount is None else wording.usd(amount),
        note=f"{span_words(span, figures.today)}, estimated",
        title=wording.usd_exact(amount),
        reason=NOT_YET,
        explain=Explain(
            "Sum of all cost lines of this month, by UTC day. Data in and out is in it where an endpoint has an "
            "assumption about its calls: AWS publishes no metric of bytes.",
            formula="Σ quantity × list price − discount",
            inputs=[("Days", span_words(span, figures.today))],
            source="AWS Price List over the built-in price snapshot",
            basis="estimated",
            as_of=figures.data_until,
            lines_url=explain.url(span, figures.wanted.query.urlencode()),
        ),
    )


def _today(figures: Figures) -> Tile:
    day = figures.today - DAY
    amount = figures.so_far.amount
    return Tile(
        "Today so far",
        None if amount is None else wording.usd(amount),
        note=f"yesterday {wording.usd(figures.yesterday.amount)}",
        title=wording.usd_exact(amount),
        reason="No hour of today has been worked out yet",
        explain=Explain(
            "The hours of this UTC day whose metrics have been read. Yesterday, the last complete day, is compared "
            "with the same weekday of the week before.",
            inputs=[
                (f"{day:%a} {day.day} {day:%b}", wording.usd(figures.yesterday.amount)),
                ("A week before", wording.usd(figures.week_before.amount)),
            ],
            basis="estimated",
            as_of=figures.data_until,
            lines_url=explain.url(Span(figures.today, figures.today), figures.wanted.query.urlencode()),
        ),
    )


def _per_1000(figures: Figures) -> Tile:
    value, words = figures.usd_per_1000, span_words(figures.wanted.span, figures.today)
    return Tile(
        "Per 1,000 calls",
        None if value is None else wording.usd(value),
        note=words,
        title=wording.usd_exact(value),
        reason="No call was reported",
        explain=Explain(
            "Cost of all endpoints in view over all of their calls; asynchronous requests count when processed.",
            formula=f"{wording.usd(figures.window.amount)} ÷ {wording.count(figures.use.calls)} calls × 1,000",
            inputs=[("Days", words)],
            source="CloudWatch Invocations, InvocationsProcessed (Sum)",
            basis="estimated",
            lines_url=explain.url(figures.wanted.span, figures.wanted.query.urlencode(), per_calls=True),
        ),
    )


def _unused(figures: Figures) -> Tile:
    share, usd = figures.unused, unused_usd(figures.use)
    return Tile(
        "Idle and spare",
        None if usd is None else wording.usd(usd),
        note=""
        if share is None
        else f"{wording.percent(share)} of {span_words(figures.wanted.span, figures.today)}",
        title=wording.usd_exact(usd),
        reason="For none of these endpoints can it be told",
        explain=Explain(
            "Paid for in vain: instance time of hours without a call, and kept-warm time that served no call. Not told "
            "for asynchronous endpoints and inference components, whose calls do not show when an instance was idle. "
            "The lines are those it is a share of.",
            formula="instance time × minutes of hours without a call ÷ minutes; "
            "kept-warm cost × (1 − seconds executed on it ÷ unit-seconds)",
            inputs=[
                ("Idle instances", wording.usd(figures.use.idle_usd)),
                ("Spare warm units", wording.usd(figures.use.spare_usd)),
            ],
            source="CloudWatch Invocations, CPUUtilization (SampleCount), ModelLatency",
            basis="estimated",
            lines_url=explain.url(figures.wanted.span, _components(figures, _IDLE_OR_SPARE)),
        ),
    )


def _components(figures: Figures, components: tuple[str, ...]) -> str:
    """The page's query string narrowed to these components, or to those of them that it has."""
    chosen = [each for each in figures.wanted.where.components if each in components]
    return figures.wanted.link(component=chosen or list(components))


def _left_out(figures: Figures) -> Tile:
    unpriced = len({each.endpoint_id for each in figures.unpriced})
    silent = len({each.endpoint_id for each in figures.without_data})
    return Tile(
        "Unpriced",
        str(unpriced),
        unit="endpoint" if unpriced == 1 else "endpoints",
        note=f"{silent:,} more with a part unknown" if silent else "no part unknown",
        tone="attention" if unpriced else "",
        url="#cost-missing" if figures.missing else "",
        explain=Explain(
            "Endpoints with a line that is in no figure: no price is known for the type or size in its region. A part "
            "is unknown where the usage was not reported or the size of a volume is not in the config.",
            inputs=[
                ("Unpriced lines", str(len(figures.unpriced))),
                ("Unknown", str(len(figures.without_data))),
            ],
        ),
    )


def _budget(figures: Figures) -> Tile:
    budget, spent = figures.budget, figures.month.amount
    assert budget is not None
    share = None if spent is None else spent / budget.amount_usd
    length = days_in_month(figures.today)
    passed = Decimal(figures.today.day) / length
    tone = "" if share is None or share <= passed else "attention"
    used = NOT_YET if share is None else f"{wording.percent(share)} used, day {figures.today.day} of {length}"
    return Tile(
        "Budget",
        wording.usd(budget.amount_usd),
        unit="a month",
        note=used,
        tone="failed" if share is not None and share > 1 else tone,
        title=wording.usd_exact(budget.amount_usd),
        explain=Explain(
            f"Monthly budget “{budget.name}”. It is a mark to compare with; nothing is switched off.",
            formula=f"{wording.usd(spent)} ÷ {wording.usd(budget.amount_usd)}",
            lines_url=explain.url(month_to_date(figures.today), figures.wanted.query.urlencode()),
        ),
    )

"""Tiles of one budget: amount, spent, forecast, left a day."""

from decimal import Decimal

from dashboards import wording
from dashboards.budgets.standing import Standing
from dashboards.costs.forecast_tile import forecast_explain
from dashboards.tiles import Explain, Tile
from fleet.queries.forecast import Outlook

NOT_YET = "No cost has been worked out yet"


def tiles(row: Standing, seen: Outlook) -> list[Tile]:
    """Four tiles; spent and forecast are worked out now, not when the list was."""
    return [_amount(row), _spent(row, seen), _forecast(row, seen), _pace(row, seen)]


def _amount(row: Standing) -> Tile:
    return Tile(
        "Budget",
        wording.usd(row.budget.amount_usd),
        unit=row.every,
        note=f"{row.period_words}, {wording.percent(row.passed_share)} over",
        title=wording.usd_exact(row.budget.amount_usd),
    )


def _spent(row: Standing, seen: Outlook) -> Tile:
    spent, amount = seen.forecast.spent, row.budget.amount_usd
    tone = "" if spent is None or spent <= amount * row.passed_share else "attention"
    left = f"; {seen.unpriced} lines without a price are not in it" if seen.unpriced else ""
    return Tile(
        "Spent so far",
        None if spent is None else wording.usd(spent),
        note="" if spent is None else f"{wording.percent(spent / amount)} used{left}",
        tone="failed" if spent is not None and spent >= amount else tone,
        title=wording.usd_exact(spent),
        reason=NOT_YET,
        explain=Explain(
            "Sum of the cost lines of the scope in the period so far, by UTC day, today included.",
            formula="Σ quantity × unit price",
            inputs=[("Scope", row.scope), ("Days", row.span_words)],
            source="AWS Price List over the built-in price snapshot",
            basis="estimated",
            as_of=seen.data_until,
            window=row.period_words,
        ),
    )


def _forecast(row: Standing, seen: Outlook) -> Tile:
    ahead, amount = seen.forecast, row.budget.amount_usd
    if ahead.total is None or ahead.low is None or ahead.high is None:
        return Tile("Forecast", None, reason=ahead.reason, explain=forecast_explain(seen))
    is_over = ahead.total >= amount
    return Tile(
        "Forecast",
        wording.usd(ahead.total),
        note=f"{wording.percent(ahead.total / amount)} of it; {wording.usd(ahead.low)} – {wording.usd(ahead.high)}",
        tone="attention" if is_over else "",
        title=wording.usd_exact(ahead.total),
        explain=forecast_explain(seen),
    )


def _pace(row: Standing, seen: Outlook) -> Tile:
    """What may still be spent a day, against what is."""
    left = row.budget.amount_usd - (seen.forecast.spent or Decimal(0))
    days = (row.period.last - row.today).days
    if seen.forecast.spent is None or days <= 0 or left <= 0:
        why = "Nothing is left" if left <= 0 else "The period ends today" if days <= 0 else NOT_YET
        return Tile("Left a day", None, reason=why, note=why)
    return Tile(
        "Left a day",
        wording.usd(left / days),
        note=f"for {wording.plural(days, 'day')} after today",
        title=wording.usd_exact(left / days),
        explain=Explain(
            "What each day left may cost so that the budget is just met.",
            formula=f"({wording.usd(row.budget.amount_usd)} − {wording.usd(seen.forecast.spent)}) ÷ {days} days",
            basis="estimated",
            as_of=seen.data_until,
            window=row.period_words,
        ),
    )

"""Budgets that are spent, or are going to be: conditions, words and owners. The figures are those of fleet.budgets."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from fleet import budgets
from fleet.alerts.conditions import Measure
from fleet.alerts.context import Place
from fleet.alerts.figures import usd
from fleet.alerts.wording import Words
from fleet.models import Budget, BudgetStand, Incident
from fleet.queries import budgets as queries

PASSED, FORECAST = "budget-passed", "budget-forecast"


def passed(values: Mapping[str, float], now: datetime) -> list[Measure]:
    """The thresholds of each budget that its period's cost so far has reached.

    A budget that reaches several at once is one incident: those below count only where they are open already.
    """
    found = budgets.stands(now=now)
    words = queries.all_words(budget for budget, _ in found)
    ongoing = _ongoing(PASSED)
    measures = []
    for budget, stand in found:
        if stand.spent is None:
            continue
        reached = [pct for pct in sorted(budget.thresholds) if stand.spent >= budget.amount_usd * pct / 100]
        measures += [
            _measure(subject, budget, stand, now, threshold=pct, scope=words[budget.pk])
            for pct in reached
            if (subject := _subject(budget, stand, f"{pct}")) in ongoing or pct == reached[-1]
        ]
    return measures


def forecast(values: Mapping[str, float], now: datetime) -> list[Measure]:
    """Budgets whose period is forecast to end at their forecast threshold or above.

    What has been spent already is the other rule's: a budget that has passed the threshold is not forecast to.
    """
    found = budgets.stands(now=now)
    words = queries.all_words(budget for budget, _ in found)
    ongoing = _ongoing(FORECAST)
    measures = []
    for budget, stand in found:
        if budget.forecast_pct is None or stand.total is None:
            continue
        limit = budget.amount_usd * budget.forecast_pct / 100
        subject = _subject(budget, stand, "forecast")
        is_spent = stand.spent is not None and stand.spent >= limit
        # Below the line by less than the margin an open incident stays, so that a forecast at the line does not flap.
        margin = limit * Decimal(str(values["margin_pct"])) / 100 if subject in ongoing else Decimal(0)
        if stand.total >= limit - margin and not is_spent:
            measures.append(
                _measure(subject, budget, stand, now, threshold=budget.forecast_pct, scope=words[budget.pk])
            )
    return measures


def owners(incidents: Iterable[Incident]) -> dict[int, list[tuple[str, str]]]:
    """(name, address) of the owner of each incident's budget, by incident id; those about something else are absent."""
    ids = {
        incident.pk: int(incident.subject.split(":")[1])
        for incident in incidents
        if incident.subject.startswith(queries.SUBJECT)
    }
    if not ids:
        return {}
    rows = Budget.objects.select_related("owner").in_bulk(set(ids.values()))
    return {incident: _addresses(rows[budget]) for incident, budget in ids.items() if budget in rows}


def _addresses(budget: Budget) -> list[tuple[str, str]]:
    found = []
    if budget.owner and budget.owner.is_active and budget.owner.email:
        found.append((budget.owner.get_username(), budget.owner.email))
    if budget.owner_email:
        found.append((budget.owner_email, budget.owner_email))
    return found


def _ongoing(key: str) -> set[str]:
    return set(Incident.objects.filter(rule__key=key, resolved_at=None).values_list("subject", flat=True))


def _subject(budget: Budget, stand: BudgetStand, what: str) -> str:
    # The period belongs to the subject: a budget passed again in the next one is another episode.
    return f"{queries.SUBJECT}{budget.pk}:{stand.period_first:%Y-%m}:{what}"


def _measure(subject: str, budget: Budget, stand: BudgetStand, now: datetime, **values: Any) -> Measure:
    return Measure.holding(
        subject=subject,
        now=now,
        values={
            "budget": budget.name,
            "limit": budget.amount_usd,
            "spent": stand.spent,
            "unpriced": stand.unpriced,
            "total": stand.total,
            "low": stand.low,
            "high": stand.high,
            "period": queries.period_words(budget, stand.period_first),
            "owner": budget.owner.get_username() if budget.owner else budget.owner_email,
            **values,
        },
    )


def passed_words(measure: Measure, place: Place) -> Words:
    """The words of a budget of which a threshold is spent."""
    values = measure.values
    share, name = values["spent"] / values["limit"] * 100, values["budget"]
    title = f"Budget {name} is passed" if share >= 100 else f"Budget {name} is {values['threshold']} % used"
    return Words(
        title=title,
        cause=f"budget {name}: {usd(values['spent'])} of {usd(values['limit'])} in {values['period']}",
        summary=(
            f"The estimated cost of {values['scope']} in {values['period']} is {usd(values['spent'])} so far, "
            f"{share:.0f} % of the budget. {_forecast_sentence(values)}"
        ),
        advice="The Budgets page shows the pace; the Costs page shows which endpoints grew, and why.",
        facts=_facts(values, share),
    )


def forecast_words(measure: Measure, place: Place) -> Words:
    """The words of a budget that is going to be spent."""
    values = measure.values
    name, total = values["budget"], values["total"]
    share = total / values["limit"] * 100
    spent = f"{usd(values['spent'])} so far" if values["spent"] is not None else "nothing known so far"
    return Words(
        title=f"Budget {name} is forecast to reach {share:.0f} %",
        cause=f"budget {name}: forecast {usd(total)} of {usd(values['limit'])} in {values['period']}",
        summary=(
            f"{values['scope'][0].upper()}{values['scope'][1:]}: {spent} in {values['period']}. "
            f"{_forecast_sentence(values)}"
        ),
        advice="The Budgets page shows the pace; the Costs page shows which endpoints grew, and why.",
        facts=_facts(values, None if values["spent"] is None else values["spent"] / values["limit"] * 100),
    )


def _forecast_sentence(values: Mapping[str, Any]) -> str:
    if values["total"] is None:
        return "There is no forecast yet."
    return (
        f"At its present pace it ends at {usd(values['total'])}; four in five outcomes lie between "
        f"{usd(values['low'])} and {usd(values['high'])}."
    )


def _facts(values: Mapping[str, Any], share: Decimal | None) -> tuple[tuple[str, str], ...]:
    spent = "not known" if values["spent"] is None else usd(values["spent"])
    return (
        ("Spent so far", spent if share is None else f"{spent}, {share:.0f} %"),
        ("Budget", usd(values["limit"])),
        ("Forecast", "not known" if values["total"] is None else usd(values["total"])),
        ("Scope", values["scope"]),
        ("Owner", values["owner"] or "nobody"),
        ("Lines without a price, not in the sum", str(values["unpriced"])),
    )

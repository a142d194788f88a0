"""Costs → Savings Plans: what a commitment could cover, which one would have cost least, and what it risks."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import htmx, scope, wording
from dashboards.costs import plan_charts, plan_tiles
from dashboards.costs.plan_forms import PlanForm
from dashboards.costs.wanted import span_words
from dashboards.htmx import HtmxHttpRequest
from dashboards.scope import PageScope
from dashboards.status import COMPONENT_LABELS
from fleet.costs.savings_plans import Advice, Outcome, Regret, Use, advise, outcome
from fleet.models import Account
from fleet.queries import savings_plans
from fleet.queries.savings_plans import Eligible, Usage

RANGE = "30d"
ENTERED = "entered"
TERMS = {"one_year": "1 year", "three_year": "3 years"}


@dataclass(frozen=True)
class Scenario:
    """One set of rates: the commitment that would have cost least at them. history empty = no rate is known.

    why_not: which rate is missing. excluded: on-demand USD of types that this set has no rate for.
    """

    key: str
    label: str
    history: Sequence[Use]
    advice: Advice | None
    why_not: str = ""
    excluded: Decimal = Decimal(0)

    @property
    def falls(self) -> list[tuple[str, Regret]]:
        """ "10 %" and what the commitment does when use falls by so much."""
        return [(wording.percent(each.fall), each) for each in self.advice.regrets] if self.advice else []

    @property
    def is_worth_it(self) -> bool:
        return self.advice is not None and self.advice.outcome.hourly > 0


@dataclass(frozen=True)
class UsageRow:
    """One instance type of one account and region. kept: what the rate leaves of the on-demand price, 0 to 1."""

    item: str
    component: str
    account: str
    region: str
    hours: Decimal
    usd: Decimal
    rate: Decimal | None
    discount: Decimal | None


@dataclass(frozen=True)
class Asked:
    """What the address asks: the scope's eligible spend, and the commitments at the rates that were entered."""

    scoped: PageScope
    form: PlanForm
    found: Eligible
    scenarios: Sequence[Scenario]

    @classmethod
    def read(cls, request: HtmxHttpRequest) -> "Asked":
        """At most eight queries."""
        scoped, form = scope.read(request, default=RANGE), PlanForm(request.GET)
        found = savings_plans.eligible(scoped.filter, scoped.range.days, timezone.now().date())
        terms = form.discounts() if form.is_valid() else {}
        return cls(scoped, form, found, _scenarios(found, terms))

    @property
    def rated(self) -> Scenario | None:
        """The first rates that are known."""
        return next((each for each in self.scenarios if each.history), None)

    @property
    def best(self) -> Scenario | None:
        """The first rates at which a commitment would have paid."""
        return next((each for each in self.scenarios if each.is_worth_it), None)

    @property
    def held(self) -> Outcome | None:
        """What the commitment that is held made of the history; None without one or without a rate."""
        commitment = self.form.commitment_held() if self.form.is_valid() else None
        return None if commitment is None or self.rated is None else outcome(self.rated.history, commitment)


@require_GET
def page(request: HtmxHttpRequest) -> HttpResponse:
    """Sentence, tiles, the rates that are asked for, commitments with their risk, the hourly curve, what it covers."""
    asked = Asked.read(request)
    found, best, held = asked.found, asked.best, asked.held
    context = {
        "crumbs": [
            {"label": "Costs", "url": f"{reverse('costs:page')}?{asked.scoped.query}"},
            {"label": "Savings Plans", "url": ""},
        ],
        "asked": asked,
        "form": asked.form,
        "found": found,
        "span": span_words(found.span, found.span.last) if found.span else "",
        "tiles": plan_tiles.tiles(found, best.advice if best else None, held),
        "best": best,
        "held": held,
        "held_lost": -held.saved if held else None,
        "usages": _rows(found),
        "other": [(COMPONENT_LABELS.get(key, key), key, usd) for key, usd in sorted(found.other.items())],
        "carried": [(name, values) for name, values in request.GET.lists() if name not in asked.form.fields],
        "chart_url": f"{reverse('costs:savings-plans-chart')}?{request.GET.urlencode()}",
        "chart_table": plan_charts.by_day(found),
    }
    return htmx.page(request, "pages/costs/savings_plans.html", context)


@require_GET
def chart(request: HtmxHttpRequest) -> HttpResponse:
    """Eligible spend by hour, with the levels that the commitments cover."""
    asked = Asked.read(request)
    return htmx.figure(plan_charts.hourly(asked.found, _levels(asked.scenarios)))


def _scenarios(found: Eligible, terms: dict[str, Decimal]) -> list[Scenario]:
    """Rates that were entered for types, then a discount for each term; a term without one says so."""
    if not found.usages:
        return []
    scenarios = []
    history = found.at_entered_rates()
    if history:
        excluded = sum((usage.usd for usage in found.unrated), Decimal(0))
        scenarios.append(Scenario(ENTERED, "Entered rates", history, advise(history), excluded=excluded))
    for key, label in TERMS.items():
        if key not in terms:
            scenarios.append(
                Scenario(key, label, (), None, f"The discount for {label} is not known: enter it above.")
            )
            continue
        history = found.at_discount(terms[key])
        named = f"{label}, {(terms[key] * 100).normalize():f} % off"
        scenarios.append(Scenario(key, named, history, advise(history)))
    return scenarios


def _levels(scenarios: Sequence[Scenario]) -> list[tuple[str, Decimal]]:
    """Each advised commitment at on-demand prices, as it stands against the curve: its words, USD an hour."""
    found = []
    for each in scenarios:
        if each.advice is not None and each.is_worth_it:
            kept = _kept(each.history)
            found.append(
                (
                    f"{each.label}: {wording.usd(each.advice.outcome.hourly)} an hour",
                    each.advice.outcome.hourly / kept,
                )
            )
    return found


def _kept(history: Sequence[Use]) -> Decimal:
    """What the rates leave of the on-demand price, over the whole history."""
    on_demand = sum((hour.on_demand for hour in history), Decimal(0))
    return sum((hour.at_plan for hour in history), Decimal(0)) / on_demand if on_demand else Decimal(1)


def _rows(found: Eligible) -> list[UsageRow]:
    aliases = dict(Account.objects.values_list("pk", "alias")) if found.usages else {}
    return [_row(usage, aliases) for usage in found.usages]


def _row(usage: Usage, aliases: dict[int, str]) -> UsageRow:
    group, kept = usage.group, usage.kept
    return UsageRow(
        item=group.item,
        component=group.component.value,
        account=aliases.get(group.account, ""),
        region=group.region,
        hours=usage.hours,
        usd=usage.usd,
        rate=usage.rate,
        discount=None if kept is None else 1 - kept,
    )

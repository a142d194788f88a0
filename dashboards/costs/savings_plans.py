"""Costs → Savings Plans: what a commitment could cover, which one would have cost least, and what it risks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import htmx, scope, wording
from dashboards.costs import plan_charts, plan_tiles, plan_told
from dashboards.costs.plan_forms import PlanForm
from dashboards.costs.wanted import span_words
from dashboards.htmx import HtmxHttpRequest
from dashboards.scope import PageScope
from dashboards.status import COMPONENT_LABELS
from fleet.costs.hour_curve import HOURS_PER_DAY
from fleet.costs.savings_plans import Advice, Outcome, Regret, Use, advise, beyond, outcome, outcome_of
from fleet.models import Account
from fleet.queries import plan_commitments, plan_use, savings_plans
from fleet.queries.plan_commitments import Held
from fleet.queries.savings_plans import Eligible, Usage

RANGE = "30d"
ENTERED = "entered"
TERMS = {"one_year": "1 year", "three_year": "3 years"}


@dataclass(frozen=True)
class Scenario:
    """One set of rates: the commitment that would have cost least at them. history empty = no rate is known.

    rest: what the commitments that are held today leave of the history; the advice is on top of them. why_not: which
    rate is missing. excluded: on-demand USD of types that this set has no rate for.
    """

    key: str
    label: str
    history: Sequence[Use]
    rest: Sequence[Use]
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
    commitments: Held
    scenarios: Sequence[Scenario]
    today: date

    @classmethod
    def read(cls, request: HtmxHttpRequest) -> "Asked":
        """At most nine queries."""
        scoped, form = scope.read(request, default=RANGE), PlanForm(request.GET)
        today = timezone.now().date()
        found = savings_plans.eligible(scoped.filter, scoped.range.days, today)
        terms = form.discounts() if form.is_valid() else {}
        commitments = plan_commitments.held(scoped.filter)
        return cls(scoped, form, found, commitments, _scenarios(found, terms, commitments.on(today)), today)

    @property
    def rated(self) -> Scenario | None:
        """The first rates that are known."""
        return next((each for each in self.scenarios if each.history), None)

    @property
    def best(self) -> Scenario | None:
        """The first rates at which a commitment would have paid."""
        return next((each for each in self.scenarios if each.is_worth_it), None)

    @property
    def committed(self) -> Decimal:
        """USD an hour that is committed today."""
        return self.commitments.on(self.today)

    @property
    def held(self) -> Outcome | None:
        """What the commitments that were held made of the history; None where none was, or without a rate."""
        if self.rated is None or self.found.span is None:
            return None
        by_hour = [usd for day in self.found.span.days for usd in [self.commitments.on(day)] * HOURS_PER_DAY]
        return outcome_of(self.rated.history, by_hour) if any(by_hour) else None

    @property
    def tried(self) -> Outcome | None:
        """What a further commitment would have made of what is left; None without one or without a rate."""
        commitment = self.form.commitment_tried() if self.form.is_valid() else None
        return None if commitment is None or self.rated is None else outcome(self.rated.rest, commitment)


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
        "tiles": plan_tiles.tiles(found, best.advice if best else None, held, asked.committed),
        "best": best,
        "held": held,
        "outcomes": _outcomes(asked),
        "told": plan_told.rows(plan_use.told(asked.scoped.filter, found.span), asked.today),
        "today": asked.today,
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
    return htmx.figure(plan_charts.hourly(asked.found, _levels(asked)))


def _outcomes(asked: Asked) -> list[tuple[str, Outcome, Decimal]]:
    """What is held, and what the reader tries on top of it: words, what it made of the hours, what it lost."""
    words = "As you try, on top" if asked.committed else "As you try"
    pairs = (("What you hold", asked.held), (words, asked.tried))
    return [(label, found, -found.saved) for label, found in pairs if found is not None]


def _scenarios(found: Eligible, terms: dict[str, Decimal], committed: Decimal) -> list[Scenario]:
    """Rates that were entered for types, then a discount for each term; a term without one says so.

    committed: USD an hour that is held already.
    """
    if not found.usages:
        return []
    scenarios = []
    history = found.at_entered_rates()
    if history:
        excluded = sum((usage.usd for usage in found.unrated), Decimal(0))
        rest = beyond(history, [committed] * len(history))
        scenarios.append(Scenario(ENTERED, "Entered rates", history, rest, advise(rest), excluded=excluded))
    for key, label in TERMS.items():
        if key not in terms:
            scenarios.append(
                Scenario(key, label, (), (), None, f"The discount for {label} is not known: enter it above.")
            )
            continue
        history = found.at_discount(terms[key])
        named = f"{label}, {(terms[key] * 100).normalize():f} % off"
        rest = beyond(history, [committed] * len(history))
        scenarios.append(Scenario(key, named, history, rest, advise(rest)))
    return scenarios


def _levels(asked: Asked) -> list[tuple[str, Decimal]]:
    """Each commitment at on-demand prices, as it stands against the curve, on top of what is held: words, USD."""
    found, committed = [], asked.committed
    if committed and asked.rated is not None:
        found.append((f"held: {wording.usd(committed)} an hour", committed / _kept(asked.rated.history)))
    for each in asked.scenarios:
        if each.advice is not None and each.is_worth_it:
            hourly = each.advice.outcome.hourly
            found.append(
                (f"{each.label}: {wording.usd(hourly)} an hour", (committed + hourly) / _kept(each.history))
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

"""Budgets as people read them: their scope and period, what counts towards them, and where they stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fleet.models import Account, Budget, Endpoint, Shard
from fleet.queries.cost_scope import CostFilter, Span
from fleet.queries.scope import ScopeFilter
from fleet.types import Kind

QUARTER_MONTHS = 3
SUBJECT = "budget:"
"""How the subject of an incident about a budget begins; its id, the period's first month and the threshold follow."""


def account_of(where: CostFilter) -> str | None:
    """The one account a filter is narrowed to; "" for the whole fleet; None for every other filter."""
    scope = where.scope
    if not where.is_of_places or where.kinds or scope.regions or len(scope.accounts) > 1:
        return None
    return scope.accounts[0] if scope.accounts else ""


def find(where: CostFilter) -> Budget | None:
    """The oldest monthly budget of exactly this filter, None when there is none. One query."""
    if where.has_lines:
        return None
    return (
        Budget.objects.filter(
            period=Budget.Period.MONTHLY,
            accounts=sorted(where.scope.accounts),
            regions=sorted(where.scope.regions),
            teams=sorted(where.teams),
            kinds=sorted(where.kinds),
            tags=[list(pair) for pair in sorted(where.tags)],
            endpoints=sorted(where.endpoints),
        )
        .order_by("pk")
        .first()
    )


def name_for(account: Account | None) -> str:
    """How a budget made on the Costs page is called."""
    return f"Account {account.alias}" if account else "Whole fleet"


def where_of(budget: Budget) -> CostFilter:
    """Whose costs count towards the budget."""
    return CostFilter(
        ScopeFilter(tuple(budget.accounts), tuple(budget.regions)),
        tuple(budget.teams),
        tuple(budget.kinds),
        tuple((key, value) for key, value in budget.tags),
        tuple(budget.endpoints),
    )


def period_of(budget: Budget, day: date) -> Span:
    """The calendar month or quarter that `day` is in."""
    first = day.replace(day=1)
    months = 1
    if budget.period == Budget.Period.QUARTERLY:
        first = first.replace(month=first.month - (first.month - 1) % QUARTER_MONTHS)
        months = QUARTER_MONTHS
    after = date(first.year + (first.month - 1 + months) // 12, (first.month - 1 + months) % 12 + 1, 1)
    return Span(first, after - timedelta(days=1))


def period_words(budget: Budget, first: date) -> str:
    """ "November 2026", "Q4 2026"."""
    if budget.period == Budget.Period.QUARTERLY:
        return f"Q{(first.month + 2) // 3} {first.year}"
    return f"{first:%B %Y}"


def matching(where: CostFilter) -> int:
    """How many endpoints that are still there the filter holds. One query."""
    return Endpoint.objects.filter(where.q(""), closed_at=None).count()


def scope_words(budget: Budget, aliases: dict[str, str], names: dict[int, str]) -> str:
    """ "accounts prod and dev, team search"; aliases by account id and names by endpoint id, else the id itself."""
    if budget.is_whole_fleet:
        return "the whole fleet"
    parts = [
        _part("account", [aliases.get(each, each) for each in budget.accounts]),
        _part("region", budget.regions),
        _part("team", [each or "none" for each in budget.teams]),
        _part("kind", budget.kinds),
        _part("tag", [f"{key}={value}" for key, value in budget.tags]),
        _part("endpoint", [names.get(each, "one that is gone") for each in budget.endpoints]),
    ]
    return ", ".join(part for part in parts if part)


def _part(noun: str, values: Sequence[str]) -> str:
    if not values:
        return ""
    shown = list(values[:3])
    more = f" and {len(values) - 3} more" if len(values) > 3 else ""
    joined = ", ".join(shown) if more or len(shown) < 3 else f"{shown[0]}, {shown[1]} or {shown[2]}"
    if len(shown) == 2 and not more:
        joined = " or ".join(shown)
    return f"{noun}{'s' if len(values) > 1 else ''} {joined}{more}"


def all_words(budgets: Iterable[Budget]) -> dict[int, str]:
    """The scope of each budget in words, by its id. At most two queries."""
    found = list(budgets)
    accounts = {each for budget in found for each in budget.accounts}
    endpoints = {each for budget in found for each in budget.endpoints}
    aliases = dict(Account.objects.filter(account_id__in=accounts).values_list("account_id", "alias"))
    names = dict(Endpoint.objects.filter(pk__in=endpoints).values_list("pk", "name")) if endpoints else {}
    return {budget.pk: scope_words(budget, aliases, names) for budget in found}


@dataclass(frozen=True)
class Choices:
    """What a budget's scope can be made of: (value, words). teams: "" stands for endpoints without one."""

    accounts: list[tuple[str, str]]
    regions: list[str]
    teams: list[str]
    kinds: list[str]


def choices() -> Choices:
    """Accounts and regions that are watched, teams and kinds of the endpoints that are there. Three queries."""
    there = Endpoint.objects.filter(closed_at=None)
    return Choices(
        accounts=list(Account.objects.order_by("alias").values_list("account_id", "alias")),
        regions=list(Shard.objects.order_by("region").values_list("region", flat=True).distinct()),
        teams=list(there.order_by("team").values_list("team", flat=True).distinct()),
        kinds=[kind for kind in Kind if kind != Kind.UNKNOWN],
    )


def endpoints_called(names: Sequence[str]) -> dict[str, list[int]]:
    """Ids of the endpoints that are there by name; names nobody has are absent. One query."""
    found: dict[str, list[int]] = {}
    for name, pk in Endpoint.objects.filter(name__in=names, closed_at=None).values_list("name", "pk"):
        found.setdefault(name, []).append(pk)
    return found


def names_of(ids: Sequence[int]) -> list[str]:
    """Names of endpoints by id, in order; those that are gone for good are left out. One query."""
    return sorted(set(Endpoint.objects.filter(pk__in=ids).values_list("name", flat=True)))

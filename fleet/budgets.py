"""Making, changing and removing budgets, with their audit entries, and working out where each of them stands."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from fleet.access import audit
from fleet.access.roles import may
from fleet.errors import Refusal, Refused
from fleet.models import Account, Budget, BudgetStand, User
from fleet.models.budgets import usual_thresholds
from fleet.queries import budgets as queries
from fleet.queries import forecast

MOST_USD = Decimal(1_000_000_000)
"""A budget above this is taken for a slip of the keyboard."""
MOST_PCT = 1000
FORECAST_FOR = timedelta(hours=1)
"""How long a forecast stands, once there is one; what was spent is worked out each time."""


@dataclass(frozen=True)
class Wish:
    """What a person wants a budget to be; fields as of Budget."""

    name: str
    amount_usd: Decimal
    period: str = Budget.Period.MONTHLY
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    endpoints: tuple[int, ...] = ()
    thresholds: tuple[int, ...] = field(default_factory=lambda: tuple(usual_thresholds()))
    forecast_pct: int | None = 100
    owner: User | None = None
    owner_email: str = ""

    @classmethod
    def of(cls, budget: Budget) -> "Wish":
        """What stands."""
        fields: dict[str, Any] = {name: getattr(budget, name) for name in _PLAIN}
        fields |= {name: tuple(getattr(budget, name)) for name in _LISTS}
        return cls(**fields, tags=tuple((key, value) for key, value in budget.tags))


_PLAIN = ("name", "amount_usd", "period", "forecast_pct", "owner", "owner_email")
_LISTS = ("accounts", "regions", "teams", "kinds", "endpoints", "thresholds")


def save(
    wish: Wish, *, budget: Budget | None = None, actor: User, now: datetime, address: str | None = None
) -> Budget:
    """Make a budget, or change one, and work out where it stands; saving what stands changes and audits nothing.

    Raises Refused with a reason for each field that cannot stand.
    """
    if refusals := _refusals(wish, budget, actor):
        raise Refused(refusals)
    with transaction.atomic():
        found = budget or Budget()
        before = (
            {} if budget is None else _told(Wish.of(Budget.objects.select_for_update().get(pk=budget.pk)))
        )
        for name in _PLAIN:
            setattr(found, name, getattr(wish, name))
        for name in _LISTS:
            setattr(found, name, sorted(set(getattr(wish, name))))
        found.tags = [list(pair) for pair in sorted(set(wish.tags))]
        found.save()
        after = _told(Wish.of(found))
        changed = [name for name in after if before.get(name) != after[name]]
        if changed:
            audit.record(
                actor=actor,
                action="budget.set",
                target=found,
                before={name: before[name] for name in changed if name in before},
                after={name: after[name] for name in changed},
                address=address,
            )
        stand(found, now=now, is_new=True)
    return found


def set_monthly(
    *, account: Account | None, monthly_usd: Decimal, actor: User, now: datetime, address: str | None = None
) -> Budget:
    """Make or change the monthly budget of one account, or of the whole fleet (account None). Raises Refused."""
    found = _of_account(account)
    name = queries.name_for(account)
    wish = Wish(name, monthly_usd, accounts=(account.account_id,) if account else ())
    if found is not None:
        wish = replace(Wish.of(found), amount_usd=monthly_usd)
    return save(wish, budget=found, actor=actor, now=now, address=address)


@transaction.atomic
def remove(budget: Budget, *, actor: User, address: str | None = None) -> None:
    """Remove a budget; its open incidents end with the next evaluation. Raises Refused below operator."""
    if not may(actor, User.Role.OPERATOR):
        raise Refused([Refusal("", "role", "Budgets need the role operator.")])
    before = _told(Wish.of(budget))
    audit.record(actor=actor, action="budget.removed", target=budget, before=before, address=address)
    budget.delete()


def remove_of(account: Account | None, *, actor: User, address: str | None = None) -> bool:
    """Remove the monthly budget of one account or of the whole fleet; False when there was none."""
    found = _of_account(account)
    if found is not None:
        remove(found, actor=actor, address=address)
    return found is not None


def stands(*, now: datetime) -> list[tuple[Budget, BudgetStand]]:
    """Where every budget stands at `now`, worked out and stored. Queries by the number of budgets, not of endpoints."""
    found = Budget.objects.select_related("stand", "owner")
    return [(budget, stand(budget, now=now)) for budget in found]


def stand(budget: Budget, *, now: datetime, is_new: bool = False) -> BudgetStand:
    """Where one budget stands.

    The forecast is made anew each hour, for a new period, while there is none, where more is spent than it told, since
    days of the past were priced meanwhile, and where is_new.
    """
    today = now.date()
    period = queries.period_of(budget, today)
    kept = None if is_new else getattr(budget, "stand", None)
    if kept and kept.computed_at == now:
        return kept
    if kept and _holds(kept, period.first, now):
        sums = forecast.spent(queries.where_of(budget), period, today=today)
        if (sums.amount or 0) <= (kept.total or 0):
            kept.spent, kept.unpriced, kept.no_data = sums.amount, sums.unpriced, sums.no_data
            kept.computed_at = now
            kept.save(update_fields=["spent", "unpriced", "no_data", "computed_at"])
            return kept
    seen = forecast.outlook(queries.where_of(budget), period, today=today)
    ahead = seen.forecast
    fields = {
        "period_first": period.first,
        "spent": ahead.spent,
        "unpriced": seen.unpriced,
        "no_data": seen.no_data,
        **{name: getattr(ahead, name) for name in ("total", "low", "high", "reason")},
        "computed_at": now,
        "forecast_at": now,
    }
    return BudgetStand.objects.update_or_create(budget=budget, defaults=fields)[0]


def _holds(kept: BudgetStand, first: date, now: datetime) -> bool:
    """Whether its forecast still stands. One that could not be made does not: the days it lacked may be there now."""
    return kept.total is not None and kept.period_first == first and now - kept.forecast_at < FORECAST_FOR


def _of_account(account: Account | None) -> Budget | None:
    accounts = [account.account_id] if account else []
    nothing: dict[str, Any] = {name: [] for name in ("regions", "teams", "kinds", "tags", "endpoints")}
    found = Budget.objects.filter(period=Budget.Period.MONTHLY, accounts=accounts, **nothing)
    return found.order_by("pk").first()


def _refusals(wish: Wish, budget: Budget | None, actor: User) -> list[Refusal]:
    found = []
    if not may(actor, User.Role.OPERATOR):
        found.append(Refusal("", "role", "Budgets need the role operator."))
    others = Budget.objects.exclude(pk=budget.pk) if budget else Budget.objects.all()
    if others.filter(name__iexact=wish.name).exists():
        found.append(Refusal("name", "taken", "Another budget has this name."))
    found += _amount_refusals(wish.amount_usd)
    if not queries.matching(queries.where_of(Budget(**_lists(wish)))):
        found.append(Refusal("scope", "empty", "This scope matches no endpoint: nothing would ever count."))
    if not all(1 <= each <= MOST_PCT for each in (*wish.thresholds, wish.forecast_pct or 1)):
        found.append(Refusal("thresholds", "bounds", f"Give whole per cents from 1 to {MOST_PCT:,}."))
    return found


def _amount_refusals(amount: Decimal) -> Iterable[Refusal]:
    if amount <= 0:
        yield Refusal("amount_usd", "bounds", "A budget must be above $0.")
    elif amount > MOST_USD:
        yield Refusal("amount_usd", "bounds", f"More than ${MOST_USD:,} is more than a budget can hold.")


def _lists(wish: Wish) -> dict[str, Any]:
    found = {name: list(getattr(wish, name)) for name in _LISTS if name != "thresholds"}
    return {**found, "tags": [list(pair) for pair in wish.tags]}


def _told(wish: Wish) -> dict[str, Any]:
    """A wish as the audit log keeps it."""
    plain = asdict(replace(wish, owner=None))
    owner = wish.owner.get_username() if wish.owner else ""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in {**plain, "amount_usd": f"{wish.amount_usd:.2f}", "owner": owner}.items()
    }

"""What a Savings Plan does to an account's bill: marks what it covers, takes its price back, and charges its own fee.

A plan is spent on instance time as if that were even over the hours of a day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from simulator.charges import COVERED_USAGE, FEE, NEGATION, PLANS_SERVICE, USAGE, Charge
from simulator.world import Account

# What a Machine Learning Savings Plan covers of a bill: instance time of hosting, jobs, notebooks and training.
COVERED = ("Host:ml.", "Tsform:ml.", "Notebk:ml.", "Train:ml.")


def is_eligible(charge: Charge) -> bool:
    """Whether a plan could pay for a charge."""
    return charge.record_type == USAGE and any(part in charge.usage_type for part in COVERED)


def committed(account: Account, start: datetime, end: datetime) -> Decimal:
    """USD that the account has committed to in [start, end); 0 without a plan, or before its first day."""
    plan = account.savings_plan
    since = plan.get("since")
    begun = max(start, since) if since else start
    hours = Decimal(max(end - begun, timedelta(0)) // timedelta(seconds=1)) / 3600
    return hours * Decimal(str(plan.get("usd_per_hour", 0)))


def kept(account: Account) -> Decimal:
    """What the plan's rates leave of the on-demand price, 0 to 1."""
    return 1 - Decimal(str(account.savings_plan.get("discount", 0)))


def applied(account: Account, found: list[Charge], start: datetime, end: datetime) -> Iterator[Charge]:
    """The charges of one account for [start, end) within a UTC day, as its plan leaves them.

    Covered usage stays on the bill at its on-demand price, and a negation takes that back by region and usage type; the
    fee is due, used or not.
    """
    fee = committed(account, start, end)
    spend = sum((charge.usd for charge in found if is_eligible(charge)), Decimal(0))
    if not fee:
        yield from found
        return
    share = min(Decimal(1), fee / kept(account) / spend) if spend else Decimal(0)
    for charge in found:
        yield from _split(charge, share) if share and is_eligible(charge) else (charge,)
    yield from _negations(found, share)
    nothing = Decimal(0)
    yield Charge(account.id, "global", start.date(), "", "", "N/A", nothing, fee, FEE, (), PLANS_SERVICE)


def _split(charge: Charge, share: Decimal) -> Iterator[Charge]:
    covered = replace(
        charge, record_type=COVERED_USAGE, quantity=charge.quantity * share, usd=charge.usd * share
    )
    yield covered
    if share < 1:
        yield replace(charge, quantity=charge.quantity - covered.quantity, usd=charge.usd - covered.usd)


def _negations(found: Iterable[Charge], share: Decimal) -> Iterator[Charge]:
    taken: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    at: dict[tuple[str, str], Charge] = {}
    for charge in found:
        if share and is_eligible(charge):
            place = charge.region, charge.usage_type
            at.setdefault(place, charge)
            taken[place] += charge.usd * share
    for place, usd in taken.items():
        yield replace(at[place], endpoint="", quantity=Decimal(0), usd=-usd, record_type=NEGATION, tags=())

"""Discounts and Savings Plans rates that admins enter for their accounts, with their refusals and audit entries."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from fleet.costs.discounts import PLAN_COMPONENTS
from fleet.errors import Refusal, Refused
from fleet.models import Account, Discount
from fleet.price_entries import (
    Days,
    Who,
    amount_refusals,
    days_of,
    list_price,
    lock,
    need_admin,
    place_refusals,
    reason_refusals,
    record,
    told,
)
from fleet.types import CostComponent

STEEP = Decimal(90)
"""Percent from which a discount is taken for a slip until somebody confirms it."""


def add_percentage(
    *,
    name: str,
    account: Account | None,
    component: str,
    percent: Decimal,
    days: Days,
    reason: str,
    who: Who,
    is_confirmed: bool = False,
) -> Discount:
    """Enter a percentage off the list price: of one account or all (None), of one component or all ("").

    Raises Refused with one refusal for each field that cannot stand; two that could reach the same line on the same
    day are refused, with both named.
    """
    need_admin(who)
    refusals = [*_named(name), *days.refusals(), *reason_refusals(reason), *_percent(percent, is_confirmed)]
    if component and component not in list(CostComponent):
        refusals.append(Refusal("component", "unknown", "Choose what the discount is on."))
    if refusals:
        raise Refused(refusals)
    others = Discount.objects.exclude(percent=None)
    if account is not None:
        others = others.filter(Q(account=None) | Q(account=account))
    if component:
        others = others.filter(Q(component="") | Q(component=component))
    return _add(
        others, days, who, name=name, account=account, component=component, percent=percent, reason=reason
    )


def add_plan_rate(
    *,
    name: str,
    account: Account | None,
    region: str,
    component: str,
    item: str,
    usd_per_hour: Decimal,
    days: Days,
    reason: str,
    who: Who,
    is_confirmed: bool = False,
) -> Discount:
    """Enter the Savings Plans rate of one instance type of one account and region, USD per instance-hour.

    Raises Refused with one refusal for each field that cannot stand; a rate above the list price needs is_confirmed.
    """
    need_admin(who)
    refusals = [*_named(name), *days.refusals(), *reason_refusals(reason)]
    refusals += [*amount_refusals("usd_per_hour", usd_per_hour), *place_refusals(region, component, item)]
    if account is None:
        refusals.append(Refusal("account", "missing", "Choose the account that holds the Savings Plan."))
    if component in list(CostComponent) and CostComponent(component) not in PLAN_COMPONENTS:
        refusals.append(Refusal("component", "not-covered", "Savings Plans cover instances only."))
    if not refusals and not is_confirmed:
        usual = list_price(region, CostComponent(component), item, days.first)
        if usual is not None and usd_per_hour > usual:
            text = f"That is above the list price, ${usual.normalize():f}. Tick the box if it is meant."
            refusals.append(Refusal("is_confirmed", "absurd", text))
    if refusals:
        raise Refused(refusals)
    place = {"account": account, "region": region, "component": component, "item": item}
    others = Discount.objects.filter(percent=None, **place)
    return _add(others, days, who, name=name, usd_per_hour=usd_per_hour, reason=reason, **place)


def _add(others: QuerySet[Discount], days: Days, who: Who, **values: Any) -> Discount:
    values["name"], values["reason"] = values["name"].strip(), values["reason"].strip()
    with transaction.atomic():
        lock()
        other = days.overlapping(others)
        if other is not None:
            text = f"“{values['name']}” would overlap “{other.name}”, which holds {days_of(other)}."
            raise Refused([Refusal("first_day", "overlap", text)])
        row = Discount.objects.create(
            **values, first_day=days.first, last_day=days.last,
            author=who.actor, author_label=who.actor.get_username(), made_at=who.now,
        )  # fmt: skip
        record(who, "discount.entered", row, after=told(row))
    return row


def _named(name: str) -> list[Refusal]:
    text = "Give it a name: it stands beside every figure it lowers."
    return [] if name.strip() else [Refusal("name", "missing", text)]


def _percent(percent: Decimal, is_confirmed: bool) -> list[Refusal]:
    if not percent.is_finite() or not 0 < percent <= 100:
        return [Refusal("percent", "range", "A discount is more than 0 and at most 100 percent.")]
    if percent > STEEP and not is_confirmed:
        return [Refusal("is_confirmed", "absurd", f"{percent:f} % is steep. Tick the box if it is meant.")]
    return []

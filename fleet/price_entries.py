"""Prices and exchange rates that admins enter over AWS's price list, with their refusals and audit entries."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Model, Q, QuerySet

from fleet.access import audit
from fleet.access.regions import REGIONS
from fleet.access.roles import may
from fleet.costs.price_book import UNITS
from fleet.errors import Refusal, Refused
from fleet.models import ExchangeRate, Price, User
from fleet.queries import prices
from fleet.types import CostComponent

ABSURD = 100
"""A price this many times above or below the list price is taken for a slip until somebody confirms it."""
LEAPS = 10
"""An exchange rate this many times above or below another one of its currency likewise."""
_LOCK = 0x656E7472
_LARGEST = Decimal("99999999")
_STEP = Decimal("0.000000000001")


@dataclass(frozen=True)
class Who:
    """Who enters it, from where, and when (aware)."""

    actor: User
    now: datetime
    address: str | None = None


@dataclass(frozen=True)
class Days:
    """From `first` to `last`, UTC days, both included; last None = until further notice."""

    first: date
    last: date | None = None

    def __str__(self) -> str:
        return f"from {self.first} on" if self.last is None else f"from {self.first} to {self.last}"

    def refusals(self) -> list[Refusal]:
        """What is wrong with the days."""
        if self.last is not None and self.last < self.first:
            return [Refusal("last_day", "order", f"The last day comes before the first, {self.first}.")]
        return []

    def overlapping(self, entries: QuerySet[Any]) -> Any | None:
        """The first of these entries that holds on one of the days."""
        found = entries.filter(Q(last_day=None) | Q(last_day__gte=self.first))
        if self.last is not None:
            found = found.filter(first_day__lte=self.last)
        return found.order_by("first_day", "pk").first()


def days_of(entry: Any) -> Days:
    """The days of a stored entry, for words."""
    return Days(entry.first_day, entry.last_day)


def set_price(
    *,
    region: str,
    component: str,
    item: str,
    usd: Decimal,
    days: Days,
    reason: str,
    who: Who,
    is_confirmed: bool = False,
) -> Price:
    """Enter a price that takes the place of the list price on some days, USD per unit of the component.

    Raises Refused with one refusal for each field that cannot stand: below admin, without reason, negative, of an
    unknown region or item, on days that have an entered price already, or far from the list price without is_confirmed.
    """
    need_admin(who)
    refusals = [*days.refusals(), *reason_refusals(reason), *amount_refusals("usd", usd)]
    refusals += place_refusals(region, component, item)
    if not refusals and not is_confirmed:
        refusals = _absurd(region, CostComponent(component), item, usd, days.first)
    if refusals:
        raise Refused(refusals)
    with transaction.atomic():
        lock()
        place = {"region": region, "component": component, "item": item}
        other = days.overlapping(Price.objects.filter(origin=Price.Origin.MANUAL, **place))
        if other is not None:
            words = (
                f"{other.author_label} entered ${other.usd.normalize():f} {days_of(other)} ({other.reason})."
            )
            raise Refused([Refusal("first_day", "overlap", f"These days have a price: {words}")])
        row = Price.objects.create(
            **place, unit=UNITS[CostComponent(component)], usd=usd, origin=Price.Origin.MANUAL,
            source=f"entered by {who.actor.get_username()}: {reason}"[:512], source_date=who.now.date(),
            fetched_at=who.now, first_day=days.first, last_day=days.last, reason=reason.strip(),
            author=who.actor, author_label=who.actor.get_username(),
        )  # fmt: skip
        record(who, "price.entered", row, after=told(row))
    return row


def set_exchange_rate(
    *, currency: str, usd: Decimal, days: Days, reason: str, who: Who, is_confirmed: bool = False
) -> ExchangeRate:
    """Enter what one unit of a currency is worth in USD on some days, for prices that AWS lists in it.

    Raises Refused: below admin, without reason, not above zero, for USD or no currency, on days that have a rate, or
    far from another rate of the currency without is_confirmed.
    """
    need_admin(who)
    code = currency.strip().upper()
    refusals = [*days.refusals(), *reason_refusals(reason), *amount_refusals("usd", usd)]
    if len(code) != 3 or not code.isascii() or not code.isalpha() or code == "USD":
        refusals.append(
            Refusal("currency", "unknown", "Give the three letters of a currency other than USD.")
        )
    if usd == 0:
        refusals.append(Refusal("usd", "zero", "A rate of 0 would make every price in it vanish."))
    known = ExchangeRate.objects.filter(currency=code)
    former = known.order_by("-first_day").first()
    if not refusals and not is_confirmed and former and is_far(usd, former.usd, LEAPS):
        text = f"That is far from {former.usd.normalize():f}, the rate {days_of(former)}. Tick the box if it is meant."
        refusals.append(Refusal("is_confirmed", "absurd", text))
    if refusals:
        raise Refused(refusals)
    with transaction.atomic():
        lock()
        other = days.overlapping(known)
        if other is not None:
            words = (
                f"{other.author_label} entered {other.usd.normalize():f} {days_of(other)} ({other.reason})."
            )
            raise Refused([Refusal("first_day", "overlap", f"These days have a rate: {words}")])
        row = ExchangeRate.objects.create(
            currency=code, usd=usd, first_day=days.first, last_day=days.last, reason=reason.strip(),
            author=who.actor, author_label=who.actor.get_username(), made_at=who.now,
        )  # fmt: skip
        record(who, "exchange_rate.entered", row, after=told(row))
    return row


def remove(row: Model, who: Who) -> None:
    """Take an entry away as if it had never been: all its days are priced without it. Repeats do nothing."""
    need_admin(who)
    with transaction.atomic():
        lock()
        found = type(row)._default_manager.filter(pk=row.pk).first()
        if found is not None:
            record(who, f"{_word(row)}.removed", found, before=told(found))
            found.delete()


def end(row: Any, who: Who) -> bool:
    """Let an entry hold until today and no longer; False when it ends by itself before, or has not begun."""
    need_admin(who)
    today = who.now.date()
    with transaction.atomic():
        lock()
        found = type(row)._default_manager.filter(pk=row.pk, first_day__lte=today)
        stands = found.filter(Q(last_day=None) | Q(last_day__gt=today)).first()
        if stands is None:
            return False
        before = told(stands)
        stands.last_day = today
        stands.save(update_fields=["last_day"])
        record(who, f"{_word(row)}.ended", stands, before=before, after=told(stands))
    return True


def need_admin(who: Who) -> None:
    """Raises Refused below admin."""
    if not may(who.actor, User.Role.ADMIN):
        raise Refused([Refusal("", "role", "Entering prices and discounts needs the role admin.")])


def lock() -> None:
    """Let one entry be made at a time, so that two people cannot enter what overlaps. Inside a transaction only."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def record(who: Who, action: str, row: Model, **changed: Any) -> None:
    """The audit entry of a change; its reason is the entry's own."""
    audit.record(
        actor=who.actor,
        action=action,
        target=row,
        reason=getattr(row, "reason", ""),
        address=who.address,
        **changed,
    )


def told(row: Any) -> dict[str, str]:
    """What the audit keeps of an entry."""
    names = ("name", "account", "region", "component", "item", "currency", "usd", "percent", "usd_per_hour")
    found = {name: getattr(row, name, None) for name in (*names, "first_day", "last_day", "reason")}
    return {name: str(value) for name, value in found.items() if value not in (None, "")}


def reason_refusals(reason: str) -> list[Refusal]:
    """Nothing is entered without a reason."""
    return (
        [] if reason.strip() else [Refusal("reason", "missing", "Say why: whoever reads the costs will ask.")]
    )


def amount_refusals(field: str, amount: Decimal) -> list[Refusal]:
    """What no amount of money may be."""
    if not amount.is_finite() or amount > _LARGEST:
        return [Refusal(field, "invalid", "That is no price.")]
    if amount < 0:
        return [Refusal(field, "negative", "A price cannot be negative.")]
    if amount % _STEP:
        return [Refusal(field, "digits", "Use at most twelve decimals.")]
    return []


def place_refusals(region: str, component: str, item: str) -> list[Refusal]:
    """Whether there is such a region, component and item."""
    refusals = []
    if region not in {name for names in REGIONS.values() for name in names}:
        refusals.append(Refusal("region", "unknown", f"{region or 'Nothing'} is no region with SageMaker."))
    if component not in list(CostComponent):
        return [*refusals, Refusal("component", "unknown", "Choose what the price is for.")]
    if item not in prices.known_items(CostComponent(component)):
        text = f"{item or 'Nothing'} is not known: no price list names it and nothing runs on it."
        refusals.append(Refusal("item", "unknown", text))
    return refusals


def is_far(amount: Decimal, usual: Decimal, times: int) -> bool:
    """Whether one amount is more than `times` times the other, either way."""
    return amount > usual * times or amount * times < usual


def list_price(region: str, component: CostComponent, item: str, day: date) -> Decimal | None:
    """The list price on a day, USD, without what people entered; None where there is none."""
    stored = Price.objects.filter(region=region, component=component, item=item)
    found = prices.history_of(stored.exclude(origin=Price.Origin.MANUAL), [region]).on(day)
    point = found.find(region, component, item)
    return point.usd if point else None


def _absurd(region: str, component: CostComponent, item: str, usd: Decimal, day: date) -> list[Refusal]:
    usual = list_price(region, component, item, day)
    if usual is None or not is_far(usd, usual, ABSURD):
        return []
    text = f"The list price is ${usual.normalize():f}. Tick the box if ${usd.normalize():f} is meant."
    return [Refusal("is_confirmed", "absurd", text)]


def _word(row: Model) -> str:
    words = {"price": "price", "exchangerate": "exchange_rate", "plancommitment": "plan_commitment"}
    return words.get(row._meta.model_name or "", "discount")

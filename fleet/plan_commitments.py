"""Savings Plans commitments that admins enter for what AWS bills them already, with refusals and audit entries."""

from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction

from fleet.errors import Refusal, Refused
from fleet.models import Account, PlanCommitment
from fleet.price_entries import Days, Who, amount_refusals, need_admin, reason_refusals, record, told

MOST_AN_HOUR = Decimal(10_000)
"""A commitment above this is taken for a slip until somebody confirms it."""
TERMS = (1, 3)
"""Years; AWS sells no others ("Machine Learning Savings Plans", read November 2026)."""
_STEP = Decimal("0.001")


def add(
    *,
    name: str,
    account: Account | None,
    usd_per_hour: Decimal,
    years: int,
    payment: str,
    days: Days,
    reason: str,
    who: Who,
    is_confirmed: bool = False,
) -> PlanCommitment:
    """Enter a commitment of one account, or of all (None). Several at once add up, as AWS's do.

    days.last None = the last day of the term. Raises Refused with one refusal for each field that cannot stand.
    """
    need_admin(who)
    refusals = [*days.refusals(), *reason_refusals(reason), *_amount_refusals(usd_per_hour, is_confirmed)]
    if not name.strip():
        refusals.append(Refusal("name", "missing", "Give it a name, so that people can tell it from others."))
    if payment not in PlanCommitment.Payment.values:
        refusals.append(Refusal("payment", "unknown", "Choose how it is paid."))
    if years not in TERMS:
        refusals.append(Refusal("years", "unknown", "A term is 1 year or 3 years."))
    elif days.last is not None and days.last > (ends := last_day(days.first, years)):
        text = f"A term of {_years(years)} that begins on {days.first} ends on {ends}."
        refusals.append(Refusal("last_day", "beyond-term", text))
    if refusals:
        raise Refused(refusals)
    with transaction.atomic():
        row = PlanCommitment.objects.create(
            name=name.strip(), account=account, usd_per_hour=usd_per_hour, years=years, payment=payment,
            first_day=days.first, last_day=days.last or last_day(days.first, years), reason=reason.strip(),
            author=who.actor, author_label=who.actor.get_username(), made_at=who.now,
        )  # fmt: skip
        record(
            who, "plan_commitment.entered", row, after=told(row) | {"years": str(years), "payment": payment}
        )
    return row


def last_day(first: date, years: int) -> date:
    """The last day of a term of 365 days a year, as AWS counts it (a duration of 31,536,000 or 94,608,000 seconds)."""
    return first + timedelta(days=365 * years - 1)


def _amount_refusals(usd: Decimal, is_confirmed: bool) -> list[Refusal]:
    found = amount_refusals("usd_per_hour", usd)
    if found:
        return found
    if usd <= 0 or usd % _STEP:
        return [Refusal("usd_per_hour", "range", "A commitment is above $0 an hour, in steps of $0.001.")]
    if usd > MOST_AN_HOUR and not is_confirmed:
        return [
            Refusal("is_confirmed", "absurd", f"${usd:,f} an hour is steep. Tick the box if it is meant.")
        ]
    return []


def _years(years: int) -> str:
    return "1 year" if years == 1 else f"{years} years"

"""Whether the bill of an account is read: it costs money, so somebody has to say so."""

from datetime import datetime

from django.db import transaction

from fleet.access import audit
from fleet.access.accounts import lock_set_up, need_admin
from fleet.models import Account, BillReading, User


def switch(
    account: Account, *, enabled: bool, actor: User, now: datetime, address: str | None = None
) -> BillReading:
    """Have the bill of an account read each day, or no more; what was read stays. Repeats do nothing. now: aware.

    Raises Refused below admin, and for an account whose set-up is not finished.
    """
    need_admin(actor)
    with transaction.atomic():
        found = lock_set_up(account)
        reading, _ = BillReading.objects.get_or_create(account=found)
        if reading.enabled != enabled:
            reading.enabled, reading.error = enabled, None
            # Read today already: a second reading would cost and tell nothing new.
            if enabled and (reading.ok_at is None or reading.ok_at.date() != now.date()):
                reading.due_at = None
            reading.save(update_fields=["enabled", "error", "due_at"])
            audit.record(
                actor=actor,
                action="account.bill_on" if enabled else "account.bill_off",
                target=found,
                before={"bill": not enabled},
                after={"bill": enabled},
                address=address,
            )
    return reading

"""Whether the bill of an account is read, and by which tag: it costs money, so somebody has to say so."""

import re
from datetime import datetime

from django.db import transaction

from fleet.access import audit
from fleet.access.accounts import lock_set_up, need_admin
from fleet.errors import Refusal, Refused
from fleet.models import Account, BilledTag, BillReading, User

_TAG_KEY = re.compile(r"[\w .:/=+\-@]{0,128}")
"""Keys of tags in AWS's own words (API AddTags of SageMaker, TagKey, botocore 1.44.5)."""


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


def name_tag(
    account: Account, *, key: str, actor: User, now: datetime, address: str | None = None
) -> BillReading:
    """Have the bill read by a cost allocation tag as well, "" by none; what was read by another key is forgotten.

    It is read at once, where the bill is read. Repeats do nothing. now: aware. Raises Refused below admin, for an
    account whose set-up is not finished and for what cannot be the key of a tag.
    """
    need_admin(actor)
    wanted = key.strip()
    if not _TAG_KEY.fullmatch(wanted):
        words = "A tag key has at most 128 characters: letters, digits, spaces and . : / = + - @ _"
        raise Refused([Refusal("tag_key", "shape", f"{words}.")])
    with transaction.atomic():
        found = lock_set_up(account)
        BillReading.objects.get_or_create(account=found)
        reading = BillReading.objects.select_for_update().get(account=found)
        if reading.tag_key != wanted:
            before, reading.tag_key = reading.tag_key, wanted
            reading.tag_from = reading.tag_until = reading.tag_error = None
            if wanted:
                reading.due_at = None
            reading.save(update_fields=["tag_key", "tag_from", "tag_until", "tag_error", "due_at"])
            BilledTag.objects.filter(account=found).delete()
            audit.record(
                actor=actor,
                action="account.bill_tag",
                target=found,
                before={"tag": before},
                after={"tag": wanted},
                address=address,
            )
    return reading

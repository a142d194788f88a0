"""A fleet that Savings Plans could cover, and commitments held, for the tests of their page."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from django.test import Client

from fleet.models import CapacityPeriod, Endpoint, PlanCommitment, Shard
from fleet.types import Kind
from tests.data.dashboards import cost_rows, rows

URL = "/costs/savings-plans/"
DAYS = 2
SHAPE = {"instance_type": "ml.c5.large", "current_instance_count": 2, "desired_instance_count": 2}


def midnight(days_ago: int) -> datetime:
    return datetime.combine(cost_rows.today() - timedelta(days=days_ago), time(), UTC)


def searching(place: Shard) -> Endpoint:
    """Two whole days on ml.c5.large: one instance at night, three from 8 to 20 o'clock: 48 instance-hours a day."""
    found = rows.endpoint(place, "search", Kind.REAL_TIME, live=SHAPE)
    variant = rows.variant(found)
    for ago in range(DAYS, 0, -1):
        cost_rows.hours(found, "4.896", day=cost_rows.today() - timedelta(days=ago))
        start = midnight(ago)
        for first, last, count in ((0, 8, 1), (8, 20, 3), (20, 24, 1)):
            CapacityPeriod.objects.create(
                variant=variant,
                start=start + timedelta(hours=first),
                end=start + timedelta(hours=last),
                instance_type="ml.c5.large",
                instance_count=count,
            )
    return found


def page(client: Client, **query: str) -> str:
    response = client.get(URL, query)
    assert response.status_code == 200
    return rows.words(response.content.decode())


def commitment(usd: str, **fields: object) -> PlanCommitment:
    return PlanCommitment.objects.create(
        **{
            "name": "ML plan",
            "usd_per_hour": Decimal(usd),
            "years": 1,
            "payment": "No Upfront",
            "first_day": cost_rows.today() - timedelta(days=30),
            "last_day": cost_rows.today() + timedelta(days=334),
            "reason": "signed",
            "author_label": "ana",
            "made_at": rows.now(),
            **fields,
        }
    )

"""Hand-made bills for page tests: what Cost Explorer said of a day, by component or by tag."""

from datetime import date, timedelta
from decimal import Decimal

from django.test import Client

from fleet.models import Account, BilledCost, BilledTag, BillReading, Endpoint
from tests.data.dashboards import rows
from tests.data.dashboards.cost_rows import today

URL = "/costs/billed/"
DAY = timedelta(days=1)


def page(reader: Client, **query: str) -> str:
    response = reader.get(URL, query)
    assert response.status_code == 200
    return rows.words(response.content.decode())


def on(account: Account, **fields: object) -> BillReading:
    given = {"enabled": True, "read_from": today() - 40 * DAY, "read_until": today(), "ok_at": rows.now()}
    return BillReading.objects.create(account=account, **(given | fields))


def billed(
    of: Endpoint,
    day: date,
    usage_type: str,
    amount: str,
    quantity: str = "0",
    record: str = "Usage",
    **fields: object,
) -> BilledCost:
    given = {"currency": "USD", "unit": "Hrs", "is_estimated": False, "read_at": rows.now()}
    return BilledCost.objects.create(
        account=of.shard.account,
        day=day,
        region=of.shard.region,
        record_type=record,
        usage_type=usage_type,
        amount=Decimal(amount),
        quantity=Decimal(quantity),
        **(given | fields),
    )


def by_tag(of: Endpoint, value: str, usage_type: str, amount: str, **fields: object) -> BilledTag:
    given = {"day": today() - 3 * DAY, "currency": "USD", "is_estimated": False, "read_at": rows.now()}
    return BilledTag.objects.create(
        account=of.shard.account,
        tag_value=value,
        usage_type=usage_type,
        amount=Decimal(amount),
        **(given | fields),
    )


def tagged_on(account: Account, **fields: object) -> BillReading:
    given = {"tag_key": "team", "tag_from": today() - 40 * DAY, "tag_until": today()}
    return on(account, **(given | fields))

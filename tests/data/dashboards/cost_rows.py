"""Hand-made daily costs for page tests, and the chart that is drawn of them."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

from django.test import Client

from fleet.models import DailyCost, Endpoint
from fleet.types import Confidence, CostComponent
from tests.data.dashboards import rows

PRICE_LIST = "AWS Price List API, usage type USE1-Host, 2026-11-01"


def today() -> date:
    """The present UTC day, as the page sees it."""
    return datetime.now(UTC).date()


def cost(
    of: Endpoint,
    amount: str | None,
    *,
    day: date | None = None,
    component: CostComponent = CostComponent.EXECUTION_ON_DEMAND,
    item: str = "2048",
    usd: str | None = "0.00004",
    confidence: Confidence = Confidence.ESTIMATED,
    **fields: Any,
) -> DailyCost:
    """One line of `amount` dollars today; the quantity follows from the unit price."""
    at = day or today()
    price = None if usd is None else Decimal(usd)
    quantity = None if amount is None or not price else (Decimal(amount) / price).quantize(Decimal("1e-9"))
    return DailyCost.objects.create(
        **{
            "endpoint": of,
            "variant": rows.variant(of),
            "day": at,
            "component": component,
            "item": item,
            "quantity": quantity,
            "unit": "second",
            "usd_per_unit": price,
            "amount": None if amount is None else Decimal(amount),
            "confidence": confidence,
            "price_source": PRICE_LIST if price is not None else "",
            "computed_at": rows.now(),
            "data_until": datetime(at.year, at.month, at.day, tzinfo=UTC) + timedelta(days=1),
            **fields,
        }
    )


def hours(of: Endpoint, amount: str, *, day: date | None = None, item: str = "ml.c5.large") -> DailyCost:
    """Instance time at $0.102."""
    return cost(
        of,
        amount,
        day=day,
        component=CostComponent.INSTANCE_TIME,
        item=item,
        usd="0.102",
        unit="instance-hour",
    )


def unpriced(of: Endpoint, quantity: str, item: str = "ml.zz9.large") -> DailyCost:
    """Instance time without a price."""
    return cost(
        of,
        None,
        component=CostComponent.INSTANCE_TIME,
        item=item,
        usd=None,
        confidence=Confidence.UNPRICED,
        quantity=Decimal(quantity),
        unit="instance-hour",
        note=f"no price for {item} in us-east-1",
    )


def figure(reader: Client, query: str = "", **given: Any) -> Any:
    """What Plotly is given to draw the chart of a page."""
    response = reader.get(f"/costs/chart/{query}", given)
    found = re.search(r'<div id="cost-per-day-figure" hidden>(.*?)</div>', response.content.decode())
    assert found
    return json.loads(unescape(found[1]))

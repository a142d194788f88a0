"""Advice straight into rows, and what a reader of the Advisor's pages gets."""

import re
from decimal import Decimal
from typing import Any

from django.test import Client
from django.utils import timezone

from fleet.models import Advice, Endpoint
from tests.data.dashboards import rows

NOW = timezone.now()


def advise(of: Endpoint, rule: str, low: str | None, high: str | None, **fields: Any) -> Advice:
    common = {
        "version": 1, "decision": "size", "severity": 2, "effort": 0, "risk": 1, "title": f"Do {rule}",
        "why": "Because of what was seen.", "evidence": [["Most memory in use", "15 %", "MemoryUtilization, 14 days"]],
        "undo": "Set it back.", "first_seen_at": NOW, "last_seen_at": NOW,
        "saving_low": None if low is None else Decimal(low), "saving_high": None if high is None else Decimal(high),
    }  # fmt: skip
    return Advice.objects.create(endpoint=of, rule=rule, **{**common, **fields})


def words(client: Client, url: str, status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status
    return rows.words(response.content.decode())


def order(client: Client, url: str) -> list[str]:
    html = client.get(url).content.decode()
    return re.findall(r'data-row href="[^"]*">Do ([\w-]+)<', html)

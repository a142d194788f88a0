"""What reading an account's bill costs, as its settings show it: requests a day, USD a month, the limit of a day."""

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from fleet.costs.observer import USD_PER_BILL_REQUEST
from fleet.models import Account, BillReading

ACTION = "ce:GetCostAndUsage"
REQUESTS_A_MONTH = 2 * 30
"""Two a day, as long as each answer fits on a page."""
TAG_REQUESTS_A_MONTH = 30
"""One more a day where a tag is named."""
PLAN_REQUESTS_A_MONTH = 2 * 30
"""Two more a day where Savings Plans are held."""


@dataclass(frozen=True)
class Terms:
    """Whether the bill of one account is read, and by which tag ("" by none), and what that costs, USD.

    has_plans: what AWS says of its Savings Plans is read as well.
    """

    is_on: bool
    tag_key: str
    has_plans: bool
    request_usd: Decimal
    tag_month_usd: Decimal
    limit: int
    action: str = ACTION

    @property
    def month_requests(self) -> int:
        """As long as each answer fits on a page."""
        of_tag = TAG_REQUESTS_A_MONTH if self.tag_key else 0
        return REQUESTS_A_MONTH + of_tag + (PLAN_REQUESTS_A_MONTH if self.has_plans else 0)

    @property
    def month_usd(self) -> Decimal:
        return self.request_usd * self.month_requests

    @property
    def a_day(self) -> str:
        """Requests a day, in words."""
        return {2: "two", 3: "three", 4: "four", 5: "five"}[self.month_requests // 30]


def terms(account: Account) -> Terms:
    """One query."""
    found = (
        BillReading.objects.filter(account=account).values_list("enabled", "tag_key", "plan_until").first()
    )
    is_on, tag_key, plan_until = found or (False, "", None)
    of_tag = USD_PER_BILL_REQUEST * TAG_REQUESTS_A_MONTH
    return Terms(is_on, tag_key, plan_until is not None, USD_PER_BILL_REQUEST, of_tag, limit())


def limit() -> int:
    """Requests to Cost Explorer that an account may make in a UTC day."""
    return int(settings.COST_EXPLORER_DAILY_REQUESTS)

"""A line of the bill and the words it uses, as AWS's Cost and Usage Report has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

SERVICE = "Amazon SageMaker"
# What AWS books a Machine Learning Savings Plan's own fee under.
PLANS_SERVICE = "Savings Plans for AWS Machine Learning"
USAGE, CREDIT, TAX, DISCOUNT = "Usage", "Credit", "Tax", "Enterprise Discount Program Discount"
COVERED_USAGE, NEGATION, FEE = "SavingsPlanCoveredUsage", "SavingsPlanNegation", "SavingsPlanRecurringFee"
WITH_USAGE_TYPE = (USAGE, COVERED_USAGE, NEGATION)


@dataclass(frozen=True)
class Charge:
    """One line of the bill: a resource's usage of one type in one UTC day. endpoint "" where it belongs to none.

    quantity in the unit of the usage type, 0 for what is no usage; usd unrounded.
    """

    account: str
    region: str
    day: date
    endpoint: str
    usage_type: str
    unit: str
    quantity: Decimal
    usd: Decimal
    record_type: str = USAGE
    tags: tuple[tuple[str, str], ...] = ()
    service: str = SERVICE

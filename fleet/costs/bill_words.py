"""What the words of a bill mean: what a usage type pays for, what a record is, in which unit it counts. Pure."""

import re
from collections.abc import Iterable
from enum import StrEnum

from fleet.costs.price_book import UNITS
from fleet.types import CostComponent

OTHER, ADJUSTMENTS = "other", "adjustments"
"""Components of a bill that no cost line has: usage that is no hosting, and records that are no usage."""


class Cause(StrEnum):
    """Why the bill differs from the estimate; in the order in which they are shown."""

    NOT_HOSTING = "not-hosting"
    DISCOUNT = "discount"
    CREDIT = "credit"
    REFUND = "refund"
    TAX = "tax"
    FEE = "fee"
    PRICE = "price"
    UNPRICED = "unpriced"
    NO_DATA = "no-data"
    UNSEEN = "unseen"
    NOT_ESTIMATED = "not-estimated"
    NOT_FINAL = "not-final"
    LATE = "late"
    MEASURED = "measured"
    UNEXPLAINED = "unexplained"


_PLACES: tuple[tuple[re.Pattern[str], CostComponent], ...] = (
    (re.compile(r"ProvisionedConcurrency:Usage-(\d+)GB$"), CostComponent.KEPT_WARM),
    (re.compile(r"ProvisionedConcurrency:Mem-(\d+)GB$"), CostComponent.EXECUTION_PROVISIONED),
    (re.compile(r"ServerlessInf:Mem-(\d+)GB$"), CostComponent.EXECUTION_ON_DEMAND),
    (re.compile(r"Host:VolumeUsage\.(\w+)$"), CostComponent.STORAGE),
    (re.compile(r"(?:Host|AsyncInf):(ml\.[\w.-]+)$"), CostComponent.INSTANCE_TIME),
    (re.compile(r"Tsform:(ml\.[\w.-]+)$"), CostComponent.BATCH_TIME),
    (re.compile(r"Hst:Data-Bytes-In()$"), CostComponent.DATA_IN),
    (re.compile(r"Hst:Data-Bytes-Out()$"), CostComponent.DATA_OUT),
)
"""Usage types of hosting, by their ends: the prefix differs by region and may be missing (AWS Price List, 2026)."""

_UNIT_WORDS = {
    "hrs": "hour",
    "hours": "hour",
    "instance-hour": "hour",
    "seconds": "second",
    "second": "second",
    "unit-second": "second",
    "gb-mo": "GB-month",
    "gb-month": "GB-month",
    "gb": "GB",
}
_RECORDS = {"Credit": Cause.CREDIT, "Refund": Cause.REFUND, "Tax": Cause.TAX}


def place(usage_type: str) -> tuple[str, str]:
    """Component and item that a usage type pays for, in the words of cost lines; (OTHER, usage type) for no hosting."""
    for pattern, component in _PLACES:
        found = pattern.search(usage_type)
        if found:
            item = found[1]
            is_size = item.isdigit() and component is not CostComponent.STORAGE
            return component.value, str(int(item) * 1024) if is_size else item
    return OTHER, usage_type


def cause_of(record_type: str) -> Cause:
    """What a record that is no usage does to the bill (AWS Cost and Usage Report, lineItem/LineItemType)."""
    if record_type in _RECORDS:
        return _RECORDS[record_type]
    if "Discount" in record_type or record_type == "SavingsPlanNegation":
        return Cause.DISCOUNT
    return Cause.FEE if record_type.endswith(("Fee", "Support")) else Cause.UNEXPLAINED


def same_unit(component: str, units: Iterable[str]) -> bool:
    """Whether AWS counts in the unit of the cost line; only then quantities can be compared."""
    mine = _UNIT_WORDS.get(UNITS[CostComponent(component)].lower())
    return mine is not None and {_UNIT_WORDS.get(unit.lower()) for unit in units} == {mine}

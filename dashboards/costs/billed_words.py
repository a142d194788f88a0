"""Why a bill differs from its estimate, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from dashboards.status import COMPONENT_LABELS
from fleet.costs.bill_words import ADJUSTMENTS, OTHER, Cause

CAUSES: dict[Cause, tuple[str, str]] = {
    Cause.NOT_HOSTING: (
        "Not hosting",
        "SageMaker usage that serves no endpoint: notebooks, training, processing, Studio and whatever else has a "
        "usage type of its own.",
    ),
    Cause.DISCOUNT: (
        "Discount",
        "A lower rate than the list price, or what a Savings Plan takes back of the usage that it covers.",
    ),
    Cause.CREDIT: ("Credit", "Credits that AWS took off the bill."),
    Cause.REFUND: ("Refund", "Money that AWS gave back."),
    Cause.TAX: ("Tax", "Taxes; estimates are without them."),
    Cause.FEE: ("Fee", "Fees that no usage belongs to, such as the commitment of a Savings Plan."),
    Cause.PRICE: ("Higher rate", "AWS charged a higher rate than the price list or the manual price says."),
    Cause.UNPRICED: (
        "Unpriced",
        "Usage whose price Flotilla does not know: the bill has it, the estimate has not.",
    ),
    Cause.NO_DATA: (
        "No data",
        "Usage that was not read from CloudWatch, or of a volume whose size is not known.",
    ),
    Cause.UNSEEN: (
        "Not seen",
        "Hosting in a region that is not read, of an endpoint that may not be read, or from before Flotilla looked.",
    ),
    Cause.NOT_ESTIMATED: (
        "Data processed",
        "Data in and out of endpoints without an assumption about the size of their calls: AWS publishes no metric.",
    ),
    Cause.NOT_FINAL: (
        "Not final",
        "AWS has not settled these days: usage comes up to a day late and is revised.",
    ),
    Cause.LATE: ("Estimate not whole", "The estimate does not cover all hours of these days yet."),
    Cause.MEASURED: (
        "Measuring",
        "Within 1 % of the quantity: AWS bills begun milliseconds and seconds.",
    ),
    Cause.UNEXPLAINED: ("Unexplained", "What none of the other causes accounts for."),
}
"""Short name and explanation of each cause."""

_LABELS = {OTHER: "Other SageMaker usage", ADJUSTMENTS: "Credits, taxes, discounts"}


@dataclass(frozen=True)
class CauseRow:
    """One part of a gap; is_doubtful: nobody knows what it is."""

    cause: str
    label: str
    text: str
    usd: Decimal
    is_doubtful: bool


def causes(parts: Mapping[Cause, Decimal]) -> list[CauseRow]:
    """The parts of a gap, the largest first, what is unexplained last."""
    found = [
        CauseRow(cause.value, *CAUSES[cause], usd, cause is Cause.UNEXPLAINED) for cause, usd in parts.items()
    ]
    return sorted(found, key=lambda row: (row.is_doubtful, -abs(row.usd)))


def component_label(component: str) -> str:
    """ "Instance time", "Other SageMaker usage"."""
    return _LABELS.get(component) or COMPONENT_LABELS.get(component, component)

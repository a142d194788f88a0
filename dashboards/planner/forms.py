"""What a person wants of the planner: a budget, a limit of cold starts, and what avoiding one is worth."""

from decimal import Decimal
from typing import Any

from django import forms

from dashboards.forms import style
from fleet.analysis.planner.limits import Wishes
from fleet.types import ServerlessCapacity

MOST_USD, MOST_MS = 10_000_000, 900_000


def _figure(label: str, most: int, said: str, hint: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=0,
        max_value=most,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value", "max_whole_digits"), said),
        help_text=hint,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )


class WishesForm(forms.Form):
    """Read from the address, so that an answer can be passed on. Nothing is needed: an empty field asks nothing."""

    budget = _figure(
        "Budget, $ a month", MOST_USD, "Enter dollars a month, 0 or more.", "For this endpoint, all in."
    )
    cold = _figure(
        "Cold starts at most, % of calls",
        100,
        "Enter a share of calls in percent, 0 to 100.",
        "Held to the upper end of the range.",
    )
    p99 = _figure("Latency p99 at most, ms", MOST_MS, "Enter milliseconds, up to 900,000.", "")
    worth = _figure(
        "One avoided cold start is worth, $",
        MOST_USD,
        "Enter dollars, 0 or more.",
        "Only you know: what a caller's wait costs.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        style(self)

    def wishes(self, live: ServerlessCapacity) -> Wishes:
        """What was asked, within what AWS allows. Fields with an error ask nothing. Call after is_valid()."""
        found: dict[str, Decimal | None] = self.cleaned_data if self.is_bound else {}
        cold, p99 = found.get("cold"), found.get("p99")
        return Wishes(
            budget_usd=found.get("budget"),
            most_cold_share=None if cold is None else float(cold) / 100,
            most_p99_ms=None if p99 is None else float(p99),
            usd_per_cold_start=found.get("worth"),
            max_concurrency=live.max_concurrency,
        )

"""The forms of the Costs page: its days, and the monthly budget."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms

from dashboards.forms import style

LONGEST_DAYS = 396
"""Thirteen months."""


class RangeForm(forms.Form):
    """First and last UTC day of a page, `from` and `to`; both belong to it. today: the newest day that may be asked."""

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        for name, label in (("from", "From"), ("to", "To")):
            self.fields[name] = forms.DateField(
                label=label,
                widget=forms.DateInput(attrs={"type": "date", "max": today.isoformat()}, format="%Y-%m-%d"),
                input_formats=["%Y-%m-%d"],
                error_messages={
                    "required": f"Enter a day, for example {today.isoformat()}.",
                    "invalid": f"That is no day. Enter one as {today.isoformat()}.",
                },
            )
        style(self)

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        first, last = found.get("from"), found.get("to")
        for name, day in (("from", first), ("to", last)):
            if day is not None and day > self.today:
                self.add_error(
                    name, f"That day is still to come. The newest is today, {self.today.isoformat()} (UTC)."
                )
        if first is not None and last is not None and not self.errors:
            if last < first:
                self.add_error("to", f"The last day is before the first, {first.isoformat()}.")
            elif (last - first).days >= LONGEST_DAYS:
                oldest = last - timedelta(days=LONGEST_DAYS - 1)
                self.add_error("from", f"At most 13 months: {oldest.isoformat()} or later for this last day.")
        return found


class BudgetForm(forms.Form):
    """One amount a month; 0 and below are refused, as is more than the column holds."""

    monthly_usd = forms.DecimalField(
        label="Budget a month, $",
        min_value=Decimal("0.01"),
        max_value=Decimal("999999999999.99"),
        decimal_places=2,
        error_messages={
            "required": "Enter an amount, for example 30000.",
            "invalid": "Enter an amount in US dollars, for example 30000 or 1250.50.",
            "min_value": "A budget must be above $0. To have none, remove it.",
            "max_value": "That is more than a budget can hold.",
            "max_decimal_places": "Use at most two decimals: cents are the smallest step.",
            "max_digits": "That is more than a budget can hold.",
        },
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["monthly_usd"].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
        style(self)

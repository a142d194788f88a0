"""What the Savings Plans page is told: discounts of both terms, and a commitment to try. In its address."""

from decimal import Decimal
from typing import Any

from django import forms

from dashboards.forms import style

MOST_PERCENT = Decimal(64)
"""The most that AWS names for it: "up to 64 %" (AWS, "Machine Learning Savings Plans", read November 2026)."""


def _percent(label: str) -> forms.DecimalField:
    # Django fills these texts in by %, so that a percent sign is written twice.
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=Decimal("0.001"),
        max_value=MOST_PERCENT,
        decimal_places=3,
        error_messages={
            "invalid": "Enter a percentage, for example 25.",
            "min_value": "A discount is above 0 %%.",
            "max_value": f"AWS names {MOST_PERCENT} %% as the most; enter what it quotes you.",
            "max_decimal_places": "Use at most three decimals.",
        },
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )


class PlanForm(forms.Form):
    """Every field may stay empty: what is not known is not worked out."""

    one_year = _percent("Discount for 1 year, %")
    three_year = _percent("Discount for 3 years, %")
    commitment = forms.DecimalField(
        label="Commitment to try, $ an hour",
        required=False,
        min_value=Decimal("0.001"),
        max_value=Decimal(1_000_000),
        decimal_places=3,
        error_messages={
            "invalid": "Enter dollars an hour, for example 4.5.",
            "min_value": "A commitment is above $0 an hour.",
            "max_value": "That is more than $1,000,000 an hour.",
            "max_decimal_places": "Use at most three decimals.",
        },
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("one_year", "three_year"):
            self.fields[
                name
            ].help_text = "Off the on-demand price, over the types you use. AWS quotes it in its console."
        self.fields["commitment"].help_text = "On top of what you hold. Empty for none."
        style(self)

    def discounts(self) -> dict[str, Decimal]:
        """Discount of each term that was entered, 0 to 1. Call after is_valid()."""
        return {
            name: percent / 100
            for name in ("one_year", "three_year")
            if (percent := self.cleaned_data.get(name)) is not None
        }

    def commitment_tried(self) -> Decimal | None:
        """USD an hour; None = none was entered. Call after is_valid()."""
        found: Decimal | None = self.cleaned_data.get("commitment")
        return found

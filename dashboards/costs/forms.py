"""The monthly budget as a form."""

from decimal import Decimal

from django import forms

from dashboards.forms import style


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

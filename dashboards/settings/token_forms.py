"""The form of a new API token; fleet.access.tokens judges it."""

from collections.abc import Iterable
from typing import Any

from django import forms

from dashboards.forms import style
from fleet.access.tokens import LIFETIMES_DAYS


class TokenForm(forms.Form):
    """A token to be."""

    name = forms.CharField(
        label="Name", max_length=64, help_text="What it is for, for instance nightly report"
    )
    days = forms.TypedChoiceField(
        label="Works for", coerce=int, initial=90, choices=[(days, f"{days} days") for days in LIFETIMES_DAYS]
    )
    accounts = forms.MultipleChoiceField(
        label="Accounts",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: all accounts, also those added later.",
    )

    def __init__(self, accounts: Iterable[tuple[str, str]], data: Any = None) -> None:
        super().__init__(data)
        self.fields["accounts"].choices = list(accounts)  # type: ignore[attr-defined]
        style(self)

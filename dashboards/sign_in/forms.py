"""The form of the first visit."""

from typing import Any

from django import forms

from dashboards.forms import style
from fleet.models import User


class FirstAdminForm(forms.Form):
    """The first person; an admin."""

    username = forms.CharField(label="Name", max_length=150, validators=[User.username_validator])
    email = forms.EmailField(label="Mail address", required=False, help_text="Alert mails go there.")
    password = forms.CharField(
        label="Password", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters.",
    )  # fmt: skip
    password_again = forms.CharField(
        label="Password, again", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        style(self)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("password") and cleaned["password"] != cleaned.get("password_again"):
            self.add_error("password_again", "The two passwords differ.")
        return cleaned

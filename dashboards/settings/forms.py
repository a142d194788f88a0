"""Forms of the Settings pages; the services refuse, the forms put each refusal beside its field."""

from typing import Any

from django import forms

from dashboards.forms import style
from fleet.errors import Refused
from fleet.models import User


def add_refusals(form: forms.BaseForm, refused: Refused) -> None:
    """Put every refusal beside the field it concerns."""
    for refusal in refused.refusals:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)


class PersonForm(forms.Form):
    """A person's role, address and state."""

    email = forms.EmailField(label="Mail address", required=False)
    role = forms.ChoiceField(label="Role", choices=User.Role.choices)
    receives_alerts = forms.BooleanField(label="Gets alert mails", required=False, initial=True)
    is_active = forms.BooleanField(label="May sign in", required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        style(self)


class NewPersonForm(forms.Form):
    """A person to be."""

    username = forms.CharField(label="Name", max_length=150, validators=[User.username_validator])
    email = forms.EmailField(label="Mail address", required=False)
    role = forms.ChoiceField(label="Role", choices=User.Role.choices)
    password = forms.CharField(
        label="First password", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters; hand it over and have it changed.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        style(self)


class PasswordForm(forms.Form):
    """A new password."""

    password = forms.CharField(
        label="New password", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters. Every session of this person ends.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        style(self)


class MeForm(forms.Form):
    """One's own choices."""

    receives_alerts = forms.BooleanField(label="Send me alert mails", required=False)

"""Forms of the Settings pages; the services refuse, the forms put each refusal beside its field."""

from collections.abc import Iterable
from typing import Any

from django import forms

from dashboards.forms import style
from fleet.access.regions import REGIONS
from fleet.errors import Refused
from fleet.models import Account, User


def add_refusals(form: forms.BaseForm, refused: Refused) -> None:
    """Put every refusal beside the field it concerns."""
    for refusal in refused.refusals:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)


class AccountForm(forms.Form):
    """An AWS account; the model's validators judge the texts, in fleet.access.accounts.save."""

    account_id = forms.CharField(label="Account id", max_length=12, help_text="12 digits")
    alias = forms.CharField(label="Name", max_length=63, help_text="How Flotilla calls it, for instance prod")
    role_arn = forms.CharField(
        label="Role for reading", required=False, max_length=255,
        help_text="ARN of the IAM role Flotilla assumes. Empty: the worker's own credentials.",
    )  # fmt: skip
    act_role_arn = forms.CharField(
        label="Role for changing", required=False, max_length=255,
        help_text="ARN of the role that may change endpoints. Empty: the role for reading does both.",
    )  # fmt: skip
    external_id = forms.CharField(label="External id", required=False, max_length=255)
    regions = forms.MultipleChoiceField(
        label="Regions",
        required=False,
        choices=[(r, r) for r in REGIONS],
        widget=forms.CheckboxSelectMultiple,
    )
    enabled = forms.BooleanField(label="Read this account", required=False, initial=True)

    def __init__(self, account: Account, regions: Iterable[str], data: Any = None) -> None:
        initial = {name: getattr(account, name) for name in self.base_fields if name != "regions"}
        super().__init__(data, initial={**initial, "regions": list(regions)})
        self.account = account
        style(self)

    def apply(self) -> Account:
        """The account with the form's texts; not saved."""
        for name, value in self.cleaned_data.items():
            if name != "regions":
                setattr(self.account, name, value)
        return self.account


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

"""Forms of accounts: the steps of the set-up, and the form of an account that stands. The services refuse."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from dashboards.forms import style
from fleet.access.regions import REGIONS
from fleet.models import Account

ROLE, OWN = "role", "own"
_BUDGET_HELP = (
    "The most CloudWatch may charge per day (UTC) for reading this account. Empty: the installation's budget."
)


def region_choices(account: Account) -> list[tuple[str, str]]:
    """The regions AWS told of, else those of the partition where SageMaker runs; each with its state in words."""
    found: Mapping[str, bool | None] = account.found_regions.get("regions") or {}
    names = sorted(found) or REGIONS[account.partition]
    off = {name for name in names if found.get(name) is False}
    return [(name, f"{name}, off" if name in off else name) for name in names]


def _regions_field() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label="Regions", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="“off” beside a region: the account has not opted in to it; do that in AWS first.",
    )  # fmt: skip


def _budget_field() -> forms.DecimalField:
    return forms.DecimalField(
        label="CloudWatch budget", required=False, min_value=0, max_digits=10, decimal_places=2, help_text=_BUDGET_HELP
    )  # fmt: skip


class BeginForm(forms.Form):
    """Step 1: which account, and how Flotilla gets in."""

    account_id = forms.CharField(label="Account id", max_length=12, help_text="12 digits")
    alias = forms.CharField(label="Name", max_length=63, help_text="How Flotilla calls it, for instance prod")
    partition = forms.ChoiceField(
        label="Partition", choices=Account.Partition.choices, initial=Account.Partition.AWS,
        help_text="AWS's separate worlds: an account lives in one of them.",
    )  # fmt: skip
    access = forms.ChoiceField(
        label="Access",
        choices=[
            (ROLE, "A role that Flotilla assumes with an external id (recommended)"),
            (OWN, "The worker's own credentials: only for the account it runs in"),
        ],
        initial=ROLE,
        widget=forms.RadioSelect,
    )
    may_change = forms.BooleanField(
        label="A second role that may change endpoints; without it Flotilla only reads", required=False, initial=True
    )  # fmt: skip

    def __init__(self, account: Account, data: Any = None) -> None:
        initial = {} if account.pk is None else _begun(account)
        super().__init__(data, initial=initial)
        self.account = account
        style(self)

    def apply(self) -> Account:
        """The account with the form's texts; not saved."""
        for name in ("account_id", "alias", "partition"):
            setattr(self.account, name, self.cleaned_data[name])
        return self.account


def _begun(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "alias": account.alias,
        "partition": account.partition,
        "access": ROLE if account.role_arn else OWN,
        "may_change": bool(account.act_role_arn),
    }


class RolesForm(forms.Form):
    """Step 2: the ARNs of the roles that were made."""

    role_arn = forms.CharField(label="Role for reading", max_length=255)
    act_role_arn = forms.CharField(
        label="Role for changing", required=False, max_length=255, help_text="Empty: Flotilla only reads."
    )

    def __init__(self, account: Account, data: Any = None) -> None:
        super().__init__(data, initial={"role_arn": account.role_arn, "act_role_arn": account.act_role_arn})
        style(self)


class RegionsForm(forms.Form):
    """Step 4: what is read, and for how much."""

    regions = _regions_field()
    cloudwatch_daily_usd = _budget_field()

    def __init__(self, account: Account, data: Any = None) -> None:
        super().__init__(data, initial={"cloudwatch_daily_usd": account.cloudwatch_daily_usd})
        self.fields["regions"].choices = region_choices(account)  # type: ignore[attr-defined]
        style(self)


class AccountForm(forms.Form):
    """An account that stands; the model's validators judge the texts, in fleet.access.accounts.save."""

    alias = forms.CharField(label="Name", max_length=63, help_text="How Flotilla calls it, for instance prod")
    role_arn = forms.CharField(
        label="Role for reading", required=False, max_length=255,
        help_text="ARN of the IAM role Flotilla assumes. Empty: the worker's own credentials.",
    )  # fmt: skip
    act_role_arn = forms.CharField(
        label="Role for changing", required=False, max_length=255,
        help_text="ARN of the role that may change endpoints. Empty: read-only, as far as the role for reading is.",
    )  # fmt: skip
    external_id = forms.CharField(
        label="External id",
        required=False,
        max_length=255,
        help_text="What the roles' trust policies demand.",
    )
    regions = _regions_field()
    cloudwatch_daily_usd = _budget_field()

    def __init__(self, account: Account, regions: Iterable[str], data: Any = None) -> None:
        watched = list(regions)
        initial = {name: getattr(account, name) for name in self.base_fields if name != "regions"}
        super().__init__(data, initial={**initial, "regions": watched})
        choices = region_choices(account)
        others = [(name, name) for name in watched if name not in dict(choices)]
        self.fields["regions"].choices = [*choices, *others]  # type: ignore[attr-defined]
        self.account = account
        style(self)

    def apply(self) -> Account:
        """The account with the form's texts; not saved."""
        for name, value in self.cleaned_data.items():
            if name != "regions":
                setattr(self.account, name, value)
        return self.account
